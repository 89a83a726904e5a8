"""What is known beforehand: over three replicas, every verdict there is (``spec/expected.csv``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias, cast

from overbooked import spec
from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.verdicts import Verdict
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
    """Return the verdicts of every pair under a fault, with the lengths of their shortest runs.

    Cost: the lines of one fault, some 5,000 of them, take about 20 ms.
    """
    lines = _FILE.read_text(encoding="utf-8").splitlines() if _FILE.is_file() else []
    rows = [line.split(",") for line in lines if line.startswith(f"{fault},")]
    found = {}
    for _, write, read, _, guarantee, _, _, verdict, length, *_ in rows:
        cell = Cell(write, read, REPLICAS, fault, guarantee)
        found[cell] = CellVerdict(cell, cast(Verdict, verdict), length=int(length) if length else None)
    return found
