"""A trace as a Mermaid sequence diagram, which GitHub and others draw."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.checker.traces.trace import Moment, Trace

_SPECIAL = str.maketrans({";": "#59;", "#": "#35;", "<": "#lt;", ">": "#gt;"})


def as_mermaid(trace: Trace) -> str:
    """Return the trace as a Mermaid sequence diagram; each step's first line begins with its number."""
    lines = ["sequenceDiagram", *(f"    participant {party}" for party in trace.parties)]
    for moment in trace.moments:
        lines += [f"    {line}" for line in _lines(trace, moment)]
    over = f"{trace.parties[0]},{trace.parties[-1]}"
    return "\n".join([*lines, f"    Note over {over}: breaks {trace.guarantee}", ""])


def _lines(trace: Trace, moment: Moment) -> Iterator[str]:
    number = f"{moment.number}. "
    for sender, receiver, text in moment.messages:
        yield f"{sender}->>{receiver}: {number}{_plain(text)}"
        number = ""
    if not moment.messages:
        held = "".join(f" ({was} → {now})" for was, now in trace.changes(moment).values())
        yield f"Note over {moment.who}: {number}{_plain(moment.what)}{held}"


def _plain(text: str) -> str:
    """Return a text without what Mermaid takes for its own."""
    return text.translate(_SPECIAL)
