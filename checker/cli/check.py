"""The command ``overbooked check``: every cell that is asked for, judged; or compared with expected verdicts."""

from __future__ import annotations

import argparse
import time

from rich.console import Console

from overbooked.checker.choosing.as_json import keepers_object
from overbooked.checker.choosing.as_text import show_keepers
from overbooked.checker.cli import arguments
from overbooked.checker.cli.evaluated import evaluated
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, STOPPED, VIOLATED
from overbooked.checker.matrix import as_json, as_text, expected
from overbooked.checker.matrix.evaluation import Evaluation


def run(request: argparse.Namespace, console: Console) -> int:
    """Print the verdicts, or how they compare with the expected ones, and return the exit status."""
    return _expect(request, console) if request.expect else _check(request, console)


def _check(request: argparse.Namespace, console: Console) -> int:
    start = time.perf_counter()
    judging = evaluated(request, arguments.cells(request), runs=request.format == "json")
    broken = [each.cell for each in judging.verdicts if each.verdict == "violated"]
    if request.format == "text":
        as_text.show(console, judging.verdicts)
        show_keepers(console, broken)
        seconds = time.perf_counter() - start
        as_text.show_explored(console, judging.verdicts, judging.explored, seconds, finished=judging.finished)
        if _goes_on_from(request, judging):
            print(f"The same command, also with other bounds, goes on from {request.checkpoint}.")
    elif request.format == "json":
        keepers = keepers_object(broken)
        explored = as_json.explored_object(judging.explored, time.perf_counter() - start)
        about = {
            "goes_on_from": _goes_on_from(request, judging),
            "explored": explored,
            "what_keeps_what_is_broken": keepers,
        }
        print(as_json.as_json(judging.verdicts, finished=judging.finished, **about))
    else:
        print(as_json.as_csv(judging.verdicts))
    return _status(judging)


def _goes_on_from(request: argparse.Namespace, judging: Evaluation) -> str | None:
    """Return the checkpoint from which the same command goes on; ``None``, if it has none, or has nothing left."""
    return str(request.checkpoint) if request.checkpoint and _status(judging) in {STOPPED, BOUNDED} else None


def _expect(request: argparse.Namespace, console: Console) -> int:
    known = expected.read(request.expect)
    if request.format != "text":
        raise expected.ExpectationsError("--expect prints text: it takes no --format")
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
    verdicts = {verdict.verdict for verdict in judging.verdicts}
    if not judging.finished:
        return STOPPED
    if "violated" in verdicts:
        return VIOLATED
    return HOLDS if verdicts <= {"holds"} else BOUNDED
