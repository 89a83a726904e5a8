"""The command ``overbooked``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from checker import as_json, expectations, options, story, table
from checker.cells import Cell, Judging
from checker.listing import show_list
from checker.progress_line import watched
from checker.statuses import BOUNDED, HOLDS, NOBODY_READS, SENSELESS, STOPPED, VIOLATED
from spec.names import StrategyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``overbooked`` with these arguments (the command line's, when none are given); return its exit status."""
    try:
        return _run(options.parse(sys.argv[1:] if arguments is None else arguments))
    except (StrategyError, expectations.ExpectationsError) as error:
        print(f"overbooked: {error}", file=sys.stderr)
        return SENSELESS
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"overbooked: the output cannot be written ({error.strerror})", file=sys.stderr)
        return SENSELESS
    except MemoryError:
        print("overbooked: out of memory; a lower --max-states or fewer replicas need less", file=sys.stderr)
        return BOUNDED
    except KeyboardInterrupt:
        return STOPPED


def _run(request: argparse.Namespace) -> int:
    commands = {
        "check": _expect if getattr(request, "expect", None) else _check,
        "trace": _trace,
        "replay": _replay,
        "prove": _prove,
        "conform": _conform,
        "list": _list,
    }
    return commands[request.command](request)


def _check(request: argparse.Namespace) -> int:
    start = time.perf_counter()
    judging = Judging(options.cells(request), request.max_states, runs=request.format == "json")
    _judge(judging)
    if request.format == "text":
        console = _console()
        table.show(console, judging.verdicts)
        seconds = time.perf_counter() - start
        table.show_explored(console, judging.verdicts, judging.explored, seconds, finished=judging.finished)
    elif request.format == "json":
        print(as_json.as_json(judging.verdicts, finished=judging.finished))
    else:
        print(as_json.as_csv(judging.verdicts))
    return _status(judging)


def _expect(request: argparse.Namespace) -> int:
    expected = expectations.read(request.expect)
    if request.format != "text":
        raise expectations.ExpectationsError("--expect prints text: it takes no --format")
    selects = request.write or request.read or request.guarantee or request.fault
    judging = Judging(
        options.cells(request) if selects else [options.known(c) for c in expected], request.max_states, runs=False
    )
    _judge(judging)
    compared = expectations.compare(judging.verdicts, expected)
    table.show_compared(_console(), compared, finished=judging.finished)
    if not judging.finished:
        return STOPPED
    outcomes = {each.outcome for each in compared} - {"as expected"}
    return BOUNDED if outcomes == {"unknown"} else VIOLATED if outcomes else HOLDS


def _trace(request: argparse.Namespace) -> int:
    judging = _one_run(request)
    if request.format == "json":
        print(as_json.as_json(judging.verdicts, finished=judging.finished))
    else:
        story.tell(_console(), judging.verdicts[0], finished=judging.finished)
    return _status(judging)


def _replay(request: argparse.Namespace) -> int:
    from checker.replay import run_replay  # noqa: PLC0415 - asyncio takes 0.1 s to import, and few commands need it

    judging = _one_run(request)
    return run_replay(request, judging.verdicts[0], _console()) if judging.finished else STOPPED


def _one_run(request: argparse.Namespace) -> Judging:
    """Judge the one cell that a ``trace`` or a ``replay`` asks for, with a run that breaks it."""
    cell = options.known(Cell(request.write, request.read, request.replicas, request.fault, request.guarantee))
    judging = Judging([cell], request.max_states, runs=True, until_broken=True)
    _judge(judging)
    return judging


def _prove(request: argparse.Namespace) -> int:
    from checker.prove import prove  # noqa: PLC0415 - z3 takes 0.1 s to import, and no other command needs it

    return prove(request, _console())


def _conform(request: argparse.Namespace) -> int:
    from checker.conform import run_conform  # noqa: PLC0415 - asyncio takes 0.1 s to import, and few commands need it

    return run_conform(request, options.cells(request, options.ALL_BUT_LINEARIZABILITY), _console())


def _list(request: argparse.Namespace) -> int:
    show_list(_console(), request.replicas)
    return HOLDS


def _judge(judging: Judging) -> None:
    """Judge the cells; Ctrl-C ends it at once, with what was found so far."""
    steps = judging.run()
    try:
        for _ in watched(steps, str):
            pass
    except KeyboardInterrupt:
        steps.close()


def _status(judging: Judging) -> int:
    verdicts = {verdict.verdict for verdict in judging.verdicts}
    if not judging.finished:
        return STOPPED
    if "violated" in verdicts:
        return VIOLATED
    return BOUNDED if "unknown" in verdicts else HOLDS


class _Console(Console):
    """One that leaves a pipe whose reader has left to :func:`main`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console() -> Console:
    return _Console(width=None if sys.stdout.isatty() else 100)
