"""What conforms, as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.coverage import Conformance
from overbooked.checker.conformance.replay import Difference
from overbooked.checker.conformance.tested import Tested
from overbooked.checker.documents import json_document
from overbooked.checker.matrix.as_json import cell_object, faults_object, run_object
from overbooked.spec.telling import users_in_words


def as_json(results: Sequence[Conformance], tested: Tested, seconds: float, *, finished: bool) -> str:
    """Return the results as one JSON document, a line for each guarantee; those of one program have its number."""
    numbered = [(cell, at, result) for at, result in enumerate(results, 1) for cell in result.cells]
    return json_document(
        finished=finished,
        tested=tested._asdict(),
        faults=faults_object(cell for cell, _, _ in numbered),
        in_all=_in_all(results) | {"seconds": round(seconds, 3)},
        conformance=[_row(cell, at, result, tested) for cell, at, result in numbered],
    )


def _in_all(results: Sequence[Conformance]) -> dict[str, int]:
    """Return the sums over all programs."""
    sums = {name: sum(getattr(result, name) for result in results) for name in ("transitions", "covered", "runs")}
    return {"programs": len(results)} | sums


def _row(cell: Cell, program: int, result: Conformance, tested: Tested) -> dict[str, object]:
    return {
        **cell_object(cell),
        "program": program,
        "users": users_in_words(cell.judged),
        "command": tested.command(cell),
        "states": result.states,
        "transitions": result.transitions,
        "covered": result.covered,
        "runs": result.runs,
        "verdict": result.verdict,
        "reason": result.reason or None,
        "trace": _trace(cell, result.difference) if result.difference else None,
    }


def _trace(cell: Cell, difference: Difference) -> dict[str, object]:
    rows = [dict(zip(("what", "spec", "reference"), row, strict=True)) for row in difference.rows]
    return {**run_object(cell.setting, difference.run), "differs": rows, "repeatable": difference.repeatable}
