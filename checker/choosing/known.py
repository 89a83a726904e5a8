"""What is known beforehand: over three replicas, every verdict there is (``spec/expected.csv``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias, cast

from overbooked import spec
from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.verdicts import Verdict
from overbooked.checker.matrix import expected
from overbooked.spec.faults import FAULTS

REPLICAS = 3
_FILE = Path(spec.__path__[0]) / "expected.csv"
Known: TypeAlias = Mapping[Cell, CellVerdict]


def is_known(cell: Cell) -> bool:
    """Return whether a cell is one of those that are known, if the file is there."""
    usual = cell.replicas == REPLICAS and cell.bookings is cell.checks is None
    return usual and cell.fault in FAULTS and _FILE.is_file()


def known(replicas: int, faults: Iterable[str]) -> Known:
    """Return the verdicts that are known over so many replicas, under these faults; none, unless all of them are."""
    found: dict[Cell, CellVerdict] = {}
    every = list(faults)
    for fault in every if replicas == REPLICAS and FAULTS.keys() >= {*every} else ():
        found |= verdicts(fault)
    return found


@cache
def verdicts(fault: str) -> Known:
    """Return the verdicts of every pair under a fault; none, where the file is not there."""
    rows = expected.read(_FILE, fault) if _FILE.is_file() else {}
    return {cell: CellVerdict(cell, cast(Verdict, row["verdict"])) for cell, row in rows.items()}
