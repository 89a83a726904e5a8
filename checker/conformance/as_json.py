"""What conforms, as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.coverage import Conformance
from overbooked.checker.conformance.replay import Difference
from overbooked.checker.documents import json_document
from overbooked.checker.matrix.as_json import cell_object, trace


def as_json(results: Sequence[Conformance], *, finished: bool) -> str:
    """Return the results as one JSON document, a line for each guarantee."""
    rows = [_row(cell, result) for result in results for cell in result.cells]
    return json_document(finished=finished, conformance=rows)


def _row(cell: Cell, result: Conformance) -> dict[str, object]:
    return {
        **cell_object(cell),
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
    return {**trace(cell.setting, difference.run), "differs": rows, "repeatable": difference.repeatable}
