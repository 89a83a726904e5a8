"""A trace as a file for pytest, which replays it on the reference."""

from __future__ import annotations

import re
from collections.abc import Mapping

from overbooked.checker.traces.trace import Trace

_FILE = '''"""{trace.name}: replayed on the reference, step by step.

{why}
"""

from overbooked.checker.retrace import retrace

STEPS = (
{steps}
)


def {function}() -> None:
    """The reference breaks {trace.guarantee} in just this way."""
    end = retrace("{trace.name}", STEPS)
    assert end.told == {{
{told}
    }}
    assert end.holds == {{
{holds}
    }}
'''


def as_pytest(trace: Trace) -> str:
    """Return the trace as a file for pytest."""
    width = max(len(moment.label) for moment in trace.moments)
    steps = (f'    "{m.label}",{" " * (width - len(m.label))}  # {m.who} {m.what}' for m in trace.moments)
    return _FILE.format(
        trace=trace,
        why=_wrapped(trace.why),
        steps="\n".join(steps),
        function=f"test_{re.sub(r'[^a-z0-9]+', '_', trace.name)}",
        told=_items(trace.answers),
        holds=_items(trace.moments[-1].holds),
    )


def _items(values: Mapping[str, str]) -> str:
    return "\n".join(f'        "{name}": "{value}",' for name, value in values.items())


def _wrapped(text: str) -> str:
    from textwrap import fill  # noqa: PLC0415 - used here alone

    return fill(text, 100)
