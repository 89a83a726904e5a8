"""The command ``overbooked check``: every cell that is asked for, judged; or compared with expected verdicts."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.choosing.as_json import keepers_object
from overbooked.checker.choosing.as_text import show_keepers
from overbooked.checker.cli import arguments
from overbooked.checker.cli.evaluated import evaluated
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, STOPPED, VIOLATED
from overbooked.checker.console import show_line, sign
from overbooked.checker.matrix import as_json, as_text, expected
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.matrix.only_holding import holding, of_pairs, show_holding

if TYPE_CHECKING:
    from overbooked.checker.theorems.proved_anyway import Known


def run(request: argparse.Namespace, console: Console) -> int:
    """Print the verdicts, or how they compare with the expected ones, and return the exit status."""
    return _expect(request, console) if request.expect else _check(request, console)


def _check(request: argparse.Namespace, console: Console) -> int:
    start = time.perf_counter()
    cells = arguments.cells(request)
    tables = None if request.only_holding or request.format != "text" else as_text.Tables(console, cells)
    judging = evaluated(request, cells, runs=request.format == "json", ready=tables.ready if tables else None)
    keep, may = holding(judging.verdicts)
    shown = of_pairs(judging.verdicts, [*keep, *may]) if request.only_holding else judging.verdicts
    if request.format == "json":
        print(_as_json(request, judging, shown, time.perf_counter() - start))
    elif request.format == "csv":
        print(as_json.as_csv(shown))
    else:
        _show(request, judging, tables, console)
        seconds = time.perf_counter() - start
        as_text.show_explored(console, judging.verdicts, judging.explored, seconds, finished=judging.finished)
        if _goes_on_from(request, judging):
            print(f"The same command, also with other bounds, goes on from {request.checkpoint}.")
    if request.only_holding and judging.finished:
        return HOLDS if keep else BOUNDED if may else VIOLATED
    return _status(judging)


def _as_json(request: argparse.Namespace, judging: Evaluation, shown: Sequence[CellVerdict], seconds: float) -> str:
    about = {
        "left_out": arguments.left_out(request, judging.cells),
        "goes_on_from": _goes_on_from(request, judging),
        "explored": as_json.explored_object(judging.explored, seconds),
        "what_keeps_what_is_broken": keepers_object(_broken(shown)),
        "proved": [
            as_json.cell_object(cell) | {"verdict": verdict, "command": command}
            for cell, verdict, command in _proved_anyway(shown)
        ],
    }
    return as_json.as_json(shown, finished=judging.finished, **about)


def _show(request: argparse.Namespace, judging: Evaluation, tables: as_text.Tables | None, console: Console) -> None:
    """Print the tables, with what keeps what is broken there; or else the pairs that keep all."""
    if tables is None:
        show_holding(console, judging.verdicts)
    else:
        tables.show_rest(judging.verdicts)
    if left := arguments.left_out(request, judging.cells):
        show_line(console, f"Left out, as no way to write goes with it: {', '.join(left)}.\n")
    if tables:
        _show_proved(console, _proved_anyway(judging.verdicts))
        show_keepers(console, _broken(judging.verdicts))


def _show_proved(console: Console, proved: Sequence[Known]) -> None:
    if proved:
        show_line(console, "Unknown to the search, and proved all the same:\n")
    for cell, verdict, command in proved:
        says = f"{cell.guarantee} {verdict}, {cell.write} by {cell.read}"
        show_line(console, f"  {sign(verdict, console)} {says}: {command}")
    if proved:
        console.print()


def _proved_anyway(verdicts: Sequence[CellVerdict]) -> Sequence[Known]:
    if not any(verdict.verdict == "unknown" for verdict in verdicts):
        return ()
    from overbooked.checker.theorems.proved_anyway import proved_anyway  # noqa: PLC0415 - z3 takes 0.1 s to import

    return proved_anyway(verdicts)


def _broken(verdicts: Sequence[CellVerdict]) -> list[Cell]:
    return [each.cell for each in verdicts if each.verdict == "violated"]


def _goes_on_from(request: argparse.Namespace, judging: Evaluation) -> str | None:
    """Return the checkpoint from which the same command goes on; ``None``, if it has none, or has nothing left."""
    return str(request.checkpoint) if request.checkpoint and _status(judging) in {STOPPED, BOUNDED} else None


def _expect(request: argparse.Namespace, console: Console) -> int:
    known = expected.read(request.expect)
    if request.format != "text" or request.only_holding:
        wrong = "--only-holding" if request.only_holding else "--format"
        raise expected.ExpectationsError(f"--expect compares every verdict, and prints text: it takes no {wrong}")
    selects = request.write or request.read or request.guarantee or request.fault
    cells = arguments.cells(request) if selects else [arguments.known(cell) for cell in known]
    judging = evaluated(request, cells, runs=False)
    compared = expected.compare(judging.verdicts, known)
    as_text.show_compared(console, compared, finished=judging.finished)
    if not judging.finished:
        return STOPPED
    outcomes = {each.outcome for each in compared} - {"as expected"}
    return BOUNDED if outcomes == {"unknown"} else VIOLATED if outcomes else HOLDS


def _status(judging: Evaluation) -> int:
    found = {verdict.verdict for verdict in judging.verdicts}
    if not judging.finished:
        return STOPPED
    if "violated" in found:
        return VIOLATED
    return HOLDS if found <= {"holds"} else BOUNDED
