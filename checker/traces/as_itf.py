"""A trace in the Informal Trace Format, as Apalache's ADR-015 has it, for the viewers that open it."""

from __future__ import annotations

import json
import re

from overbooked.checker.traces.trace import Trace
from overbooked.spec.language import Field, State, Value

_DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"
STEP = "step"
"""The variable that has the step which led to a state."""


def as_itf(trace: Trace) -> str:
    """Return the trace as ITF: a variable for each field, and one for the step that was taken.

    Numbers are big integers, and a field that may have nothing is a sequence of no value or one. A run that goes round
    for ever says to which state it comes back.
    """
    fields = {identifier(field.name): field for field in trace.run.model.fields}
    told = [("", "in the beginning"), *((moment.label, f"{moment.who} {moment.what}") for moment in trace.moments)]
    states = [
        {"#meta": {"index": at, "description": what}, STEP: label, **_values(fields, trace.run.states[at])}
        for at, (label, what) in enumerate(told)
    ]
    round_for_ever = {} if trace.run.cycle_from is None else {"loop": trace.run.cycle_from}
    meta = {"format": "ITF", "format-description": _DESCRIPTION, "source": trace.name, "description": trace.why}
    whole = {"#meta": meta, "params": [], "vars": [STEP, *fields], "states": states} | round_for_ever
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def identifier(name: str) -> str:
    """Return a field's name as an identifier.

    >>> identifier("write u1.book db1")
    'write_u1_book_db1'
    """
    return re.sub(r"\W", "_", name)


def _values(fields: dict[str, Field], state: State) -> dict[str, object]:
    return {name: _value(field, state[field.name]) for name, field in fields.items()}


def _value(field: Field, value: Value) -> object:
    if None in field.domain:
        return [] if value is None else [_plain(value)]
    return _plain(value)


def _plain(value: Value) -> object:
    return {"#bigint": str(value)} if isinstance(value, int) and not isinstance(value, bool) else value
