"""What conforms, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from overbooked.checker.as_json import trace
from overbooked.checker.cells import Cell
from overbooked.checker.conformance.conform import Conformance
from overbooked.checker.conformance.following import Difference


def as_json(results: Sequence[Conformance], *, finished: bool) -> str:
    """Return the results as one JSON document, a line for each guarantee."""
    rows = ",\n".join("  " + json.dumps(_row(cell, result)) for result in results for cell in result.cells)
    return f'{{"schema": 1, "finished": {json.dumps(finished)}, "conformance": [\n{rows}\n]}}'


def _row(cell: Cell, result: Conformance) -> dict[str, object]:
    return {
        "write": cell.write,
        "read": cell.read,
        "replicas": cell.replicas,
        "fault": cell.fault,
        "guarantee": cell.guarantee,
        "states": result.states,
        "edges": result.edges,
        "covered": result.covered,
        "runs": result.runs,
        "verdict": result.verdict,
        "reason": result.reason or None,
        "trace": _trace(cell, result.difference) if result.difference else None,
    }


def _trace(cell: Cell, difference: Difference) -> dict[str, object]:
    rows = [dict(zip(("what", "spec", "reference"), row, strict=True)) for row in difference.rows]
    return {**trace(cell.world, difference.run), "differs": rows, "repeatable": difference.repeatable}
