"""The verdicts as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Iterable

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.documents import json_document
from overbooked.checker.engine.runs import Run
from overbooked.checker.traces.trace import Moment, Trace
from overbooked.spec.language import Value
from overbooked.spec.setting import Setting
from overbooked.spec.telling import event

_ASKED = ("fault", "write", "read", "replicas", "guarantee", "bookings", "checks")
COLUMNS = (*_ASKED, "verdict", "length", "states", "transitions", "depth")


def as_json(verdicts: Iterable[CellVerdict], *, finished: bool, in_full: Trace | None = None) -> str:
    """Return the verdicts as one JSON document, a line each; a single one may have its run told ``in_full``."""
    more = {"trace": _in_full(in_full)} if in_full else {}
    return json_document(finished=finished, verdicts=[_row(verdict) | more for verdict in verdicts])


def as_csv(verdicts: Iterable[CellVerdict]) -> str:
    """Return the verdicts as CSV with a heading, which ``--expect`` reads."""
    rows = [",".join(COLUMNS), *(",".join(csv_row(verdict).values()) for verdict in verdicts)]
    return "\n".join(rows)


def csv_row(verdict: CellVerdict) -> dict[str, str]:
    """Return a verdict as the named cells of its line of CSV; what was not all explored has no counts."""
    values = {**verdict.cell._asdict(), **verdict._asdict()}
    if not verdict.complete or verdict.reduced:
        values |= {"states": None, "transitions": None, "depth": None}
    return {name: "" if values[name] is None else str(values[name]) for name in COLUMNS}


def trace(setting: Setting, run: Run) -> dict[str, object]:
    """Return a run as JSON would have it: its steps, and from where it goes round for ever if it does."""
    steps = [_step(setting, run, at) for at in range(len(run.steps))]
    return {"steps": steps} | ({} if run.cycle_from is None else {"cycle_from": run.cycle_from})


def _in_full(trace: Trace) -> dict[str, object]:
    """Return a trace with all that it tells."""
    plain = ("name", "command", "setting", "guarantee", "sentence", "why", "right", "shortest", "gives", "breaks")
    told = {name: getattr(trace, name) for name in (*plain, "parties", "first")}
    steps = [_moment(trace, moment) for moment in trace.moments]
    cycle = {} if trace.run.cycle_from is None else {"cycle_from": trace.run.cycle_from}
    return told | {"steps": steps} | cycle


def _moment(trace: Trace, moment: Moment) -> dict[str, object]:
    told = {name: getattr(moment, name) for name in ("label", "who", "what", "read", "changed", "holds", "keeps")}
    messages = [dict(zip(("from", "to", "text"), message, strict=True)) for message in moment.messages]
    return moment.values | told | {"messages": messages, "without_it": trace.without[moment.number - 1]}


def _step(setting: Setting, run: Run, at: int) -> dict[str, Value | list[str]]:
    return event(setting, run.steps[at], run.states[at], run.states[at + 1]).values


def cell_object(cell: Cell) -> dict[str, object]:
    """Return which cell it is, by name."""
    return {name: getattr(cell, name) for name in ("write", "read", "replicas", "fault", "guarantee")}


def _row(verdict: CellVerdict) -> dict[str, object]:
    cell = verdict.cell
    return {
        **cell_object(cell),
        "bookings": cell.bookings,
        "checks": cell.checks,
        "verdict": verdict.verdict,
        "witness": verdict.witness,
        "states": verdict.states,
        "transitions": verdict.transitions,
        "depth": verdict.depth,
        "complete": verdict.complete,
        "reduced": verdict.reduced,
        "length": verdict.length,
        "shortest": verdict.shortest if verdict.length else None,
        "trace": trace(cell.setting, verdict.run) if verdict.run else None,
    }
