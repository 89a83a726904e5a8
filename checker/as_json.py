"""The verdicts as JSON and as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable

from checker.cells import CellVerdict
from checker.runs import Run
from spec.language import Value
from spec.telling import event
from spec.world import World

COLUMNS = ("fault", "write", "read", "replicas", "guarantee", "verdict", "length", "states", "transitions", "depth")


def as_json(verdicts: Iterable[CellVerdict], *, finished: bool) -> str:
    """Return the verdicts as one JSON document, a line each."""
    rows = ",\n".join("  " + json.dumps(_row(verdict)) for verdict in verdicts)
    return f'{{"schema": 1, "finished": {json.dumps(finished)}, "verdicts": [\n{rows}\n]}}'


def as_csv(verdicts: Iterable[CellVerdict]) -> str:
    """Return the verdicts as CSV with a heading, which ``--expect`` reads."""
    rows = [",".join(COLUMNS), *(",".join(csv_row(verdict).values()) for verdict in verdicts)]
    return "\n".join(rows)


def csv_row(verdict: CellVerdict) -> dict[str, str]:
    """Return a verdict as the named cells of its line of CSV; a search that is not complete has no counts."""
    values = {**verdict.cell._asdict(), **verdict._asdict()}
    if not verdict.complete:
        values |= {"states": None, "transitions": None, "depth": None}
    return {name: "" if values[name] is None else str(values[name]) for name in COLUMNS}


def trace(world: World, run: Run) -> dict[str, object]:
    """Return a run as JSON would have it: its steps, and from where it goes round for ever if it does."""
    steps = [_step(world, run, at) for at in range(len(run.steps))]
    return {"steps": steps} | ({} if run.cycle_from is None else {"cycle_from": run.cycle_from})


def _step(world: World, run: Run, at: int) -> dict[str, Value | list[str]]:
    return event(world, run.steps[at], run.states[at], run.states[at + 1]).values


def _row(verdict: CellVerdict) -> dict[str, object]:
    cell = verdict.cell
    return {
        "write": cell.write,
        "read": cell.read,
        "replicas": cell.replicas,
        "fault": cell.fault,
        "guarantee": cell.guarantee,
        "verdict": verdict.verdict,
        "witness": verdict.witness,
        "states": verdict.states,
        "transitions": verdict.transitions,
        "depth": verdict.depth,
        "complete": verdict.complete,
        "length": verdict.length,
        "trace": trace(cell.world, verdict.run) if verdict.run else None,
    }
