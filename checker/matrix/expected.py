"""Verdicts held against a file of expected ones: what is as expected, and what is not."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.matrix.as_json import COLUMNS, csv_row
from overbooked.spec.names import RequestError

Outcome: TypeAlias = Literal[
    "as expected", "missing violation", "new violation", "other numbers", "unknown", "vacuous", "not in the file"
]
_VERDICTS = {"holds", "violated", "vacuous"}


class ExpectationsError(RequestError):
    """A file of expected verdicts that cannot be read; the message says which line is wrong and what would be right."""


class Compared(NamedTuple):
    """One verdict beside the expected one (``None``: the file has none)."""

    outcome: Outcome
    found: CellVerdict
    expected: dict[str, str] | None


def read(file: Path, fault: str | None = None) -> dict[Cell, dict[str, str]]:
    """Return the expected verdicts in a file as ``overbooked check --format csv`` prints them; or those of one fault.

    Raises :class:`ExpectationsError` when there is no such file or a line of it makes no sense.
    """
    text = _text(file)
    rows = csv.DictReader(text.splitlines())
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ExpectationsError(f"{file}:1: the heading should be {','.join(COLUMNS)}")
    expected = dict(_row(file, rows.line_num, row) for row in rows if fault is None or row["fault"] == fault)
    if not expected:
        raise ExpectationsError(f"{file}: has no verdicts, so there is nothing to compare")
    return expected


def compare(found: Sequence[CellVerdict], expected: dict[Cell, dict[str, str]]) -> list[Compared]:
    """Return each verdict with the expected one, and what comes of it; of the names of a way to read any will do."""
    rows = [(it, expected.get(it.cell) or expected.get(it.cell.first_named)) for it in found]
    return [Compared(_outcome(it, row), it, row) for it, row in rows]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ExpectationsError(f"{file}: there is no such file; spec/expected.csv is one") from None
    except UnicodeDecodeError:
        raise ExpectationsError(f"{file}: is no text; it should be what check --format csv prints") from None
    except OSError as error:
        raise ExpectationsError(f"{file}: cannot be read ({error.strerror})") from None


def _row(file: Path, line: int, row: dict[str, str]) -> tuple[Cell, dict[str, str]]:
    columns = f"{len(COLUMNS)} values, {','.join(COLUMNS)}"
    if None in row or None in row.values() or not re.fullmatch("[1-9][0-9]?", row["replicas"]):
        raise ExpectationsError(f"{file}:{line}: should have {columns}, with replicas from 1 on")
    if not all(re.fullmatch("([1-9][0-9]?)?", row[each]) for each in ("bookings", "checks")):
        raise ExpectationsError(f"{file}:{line}: should have {columns}, with bookings and checks from 1 on, or empty")
    if row["verdict"] not in _VERDICTS:
        should = "should be holds, violated or vacuous"
        raise ExpectationsError(f"{file}:{line}: the verdict is {row['verdict']!r}, and {should}")
    bookings, checks = (int(row[each]) if row[each] else None for each in ("bookings", "checks"))
    asked = (row["write"], row["read"], int(row["replicas"]), row["fault"], row["guarantee"])
    return Cell(*asked, bookings, checks), row


def _outcome(found: CellVerdict, expected: dict[str, str] | None) -> Outcome:
    if expected is None:
        return "not in the file"
    if found.verdict == "unknown" or (found.verdict == expected["verdict"] and not found.complete):
        return "unknown"
    if found.verdict == "vacuous" != expected["verdict"]:
        return "vacuous"
    if found.verdict != expected["verdict"]:
        return "new violation" if found.verdict == "violated" else "missing violation"
    now = csv_row(found)
    same = all(now[each] == expected[each] for each in _counted(found))
    return "as expected" if same else "other numbers"


def _counted(found: CellVerdict) -> list[str]:
    """Return the columns that are compared: not the way to read, which has names, and counts only of what is whole."""
    left_out = {"read", *(("states", "transitions", "depth") if found.reduced else ())}
    return [each for each in COLUMNS if each not in left_out]
