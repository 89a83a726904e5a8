"""What is proved of a cell that a search could not finish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.verdicts import Verdict
from overbooked.checker.proving.theorem import judge
from overbooked.checker.theorems.quorum_intersection import named
from overbooked.checker.theorems.stale_run import GUARANTEE

_MOST = 50
"""So many cells are asked about at most, at some hundredths of a second each."""
_SECONDS = 2.0
_SAYS: dict[str, Verdict] = {"proved": "holds", "refuted": "violated"}


class Known(NamedTuple):
    """A cell that is unknown to the search, what is proved of it, and the command that proves it."""

    cell: Cell
    verdict: Verdict
    command: str


def proved_anyway(verdicts: Sequence[CellVerdict]) -> list[Known]:
    """Return those of the unknown verdicts that a proof knows: of ``read-after-write``, with no fault, and plain reads.

    Whether a check may be stale depends there on nothing but whether the sets meet that a write and a read wait for.
    """
    asked = [verdict.cell for verdict in verdicts if verdict.verdict == "unknown" and _is_proved_by_sets(verdict.cell)]
    return [known for known in map(_known, asked[:_MOST]) if known]


def _is_proved_by_sets(cell: Cell) -> bool:
    usual = (cell.guarantee, cell.fault, cell.bookings, cell.checks) == (GUARANTEE, "none", None, None)
    setting = cell.setting
    return usual and not (setting.write.unique or setting.read.repair or setting.read.session or setting.read.primary)


def _known(cell: Cell) -> Known | None:
    name = f"{cell.write}/{cell.read}"
    theorem = named(name, cell.replicas)
    found = judge(theorem, _SECONDS).proof if theorem else None
    if not found or found.wrong or found.verdict not in _SAYS:
        return None
    return Known(cell, _SAYS[found.verdict], f"overbooked prove {name} --replicas {cell.replicas}")
