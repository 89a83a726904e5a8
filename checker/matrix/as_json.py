"""The verdicts as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from overbooked.checker.cells import Cell, CellVerdict, Explored
from overbooked.checker.documents import json_document
from overbooked.checker.engine.memory_limit import peak
from overbooked.checker.engine.runs import Run
from overbooked.checker.traces.names import command_for, trace_name
from overbooked.checker.traces.trace import Moment, Trace
from overbooked.spec.because import because
from overbooked.spec.faults import fault_named
from overbooked.spec.setting import Setting
from overbooked.spec.telling import contents, event, users_in_words

_ASKED = ("fault", "write", "read", "replicas", "guarantee", "bookings", "checks")
COLUMNS = (*_ASKED, "verdict", "length", "states", "transitions", "depth")


def as_json(verdicts: Sequence[CellVerdict], *, finished: bool, **beside: object) -> str:
    """Return the verdicts, each with its run, as one JSON document, a line each; ``beside`` stands before them."""
    faults = faults_object(verdict.cell for verdict in verdicts)
    rows = [_row(verdict) | {"trace": _trace(verdict)} for verdict in verdicts]
    return json_document(finished=finished, faults=faults, **beside, verdicts=rows)


def told_as_json(verdict: CellVerdict, trace: Trace | None, *, finished: bool, **beside: object) -> str:
    """Return one verdict as a JSON document, with its run told in full; ``beside`` is told of the run, too."""
    row = _row(verdict) | {"trace": _in_full(trace) | beside if trace else None}
    return json_document(finished=finished, faults=faults_object([verdict.cell]), verdicts=[row])


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


def explored_object(explored: Explored, seconds: float) -> dict[str, object]:
    """Return what was explored, and what it took: seconds, and the memory that this process has had at most."""
    return explored._asdict() | {"seconds": round(seconds, 3), "memory_bytes": peak()}


def faults_object(cells: Iterable[Cell]) -> dict[str, str]:
    """Return what each fault setting of these cells means, by its name."""
    return {fault: fault_named(fault).sentence for fault in dict.fromkeys(cell.fault for cell in cells)}


def run_object(setting: Setting, run: Run) -> dict[str, object]:
    """Return a run as JSON would have it: what each replica holds at first, and each step with what it holds then."""
    steps = [_step(setting, run, at) for at in range(len(run.steps))]
    return {"first": contents(setting, run.states[0]), "steps": steps}


def _trace(verdict: CellVerdict) -> dict[str, object] | None:
    """Return the run of a verdict, and why it breaks the guarantee; ``None``, if it has none."""
    cell, run = verdict.cell, verdict.run
    if run is None:
        return None
    setting = cell.setting
    reason = because(setting, cell.guarantee, run.states)
    told = {"name": trace_name(cell), "why": reason.why, "right": reason.right, "cycle_from": run.cycle_from}
    return told | run_object(setting, run)


_TOLD = (
    *("name", "command", "setting", "guarantee", "sentence", "users", "why", "right", "shortest", "no_fault_needed"),
    "each_fault",
    *("gives", "breaks", "parties", "bookings", "answers", "first"),
)


def _in_full(trace: Trace) -> dict[str, object]:
    """Return a trace with all that it tells."""
    told: Mapping[str, object] = {name: getattr(trace, name) for name in _TOLD}
    steps = [_moment(trace, moment) for moment in trace.moments]
    return {**told, "cycle_from": trace.run.cycle_from, "steps": steps}


def _moment(trace: Trace, moment: Moment) -> dict[str, object]:
    names = ("label", "is_fault", "who", "what", "read", "changed", "holds", "keeps")
    told = {name: getattr(moment, name) for name in names}
    messages = [dict(zip(("from", "to", "text"), message, strict=True)) for message in moment.messages]
    return moment.values | told | {"messages": messages, "without_it": trace.without[moment.number - 1]}


def _step(setting: Setting, run: Run, at: int) -> dict[str, object]:
    after = run.states[at + 1]
    it = event(setting, run.steps[at], run.states[at], after)
    return {**it.values, "who": it.who, "what": it.what, "holds": contents(setting, after)}


def cell_object(cell: Cell) -> dict[str, object]:
    """Return which cell it is, by name."""
    return {name: getattr(cell, name) for name in ("write", "read", "replicas", "fault", "guarantee")}


def _row(verdict: CellVerdict) -> dict[str, object]:
    """Return a verdict without its run."""
    cell = verdict.cell
    return {
        **cell_object(cell),
        "bookings": cell.bookings,
        "checks": cell.checks,
        "sentence": cell.judged.sentence,
        "users": users_in_words(cell.judged),
        "command": command_for(cell),
        "verdict": verdict.verdict,
        "witness": verdict.witness,
        "states": verdict.states,
        "transitions": verdict.transitions,
        "depth": verdict.depth,
        "complete": verdict.complete,
        "reduced": verdict.reduced,
        "length": verdict.length,
        "shortest": verdict.shortest if verdict.length else None,
    }
