"""The command ``overbooked``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from overbooked.checker import as_json, expectations, options, table
from overbooked.checker.cells import Cell
from overbooked.checker.judging import Judging
from overbooked.checker.listing import show_list
from overbooked.checker.naming import trace_name
from overbooked.checker.progress_line import watched
from overbooked.checker.search import Bounds
from overbooked.checker.statuses import BOUNDED, HOLDS, NOBODY_READS, SENSELESS, STOPPED, VIOLATED, SenselessError
from overbooked.spec.faults import FAULTS
from overbooked.spec.names import StrategyError

if TYPE_CHECKING:
    from overbooked.checker.checkpoint import Checkpoint


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``overbooked`` with these arguments (the command line's, when none are given); return its exit status."""
    try:
        return _run(options.parse(sys.argv[1:] if arguments is None else arguments))
    except (StrategyError, expectations.ExpectationsError, SenselessError) as error:
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
        "traces": _traces,
        "claims": _claims,
        "report": _report,
        "prove": _prove,
        "conform": _conform,
        "latency": _latency,
        "simulate": _simulate,
        "list": _list,
    }
    return commands[request.command](request)


def _check(request: argparse.Namespace) -> int:
    start = time.perf_counter()
    judging = _judged(request, options.cells(request), runs=request.format == "json")
    if request.format == "text":
        console = _console()
        table.show(console, judging.verdicts)
        seconds = time.perf_counter() - start
        table.show_explored(console, judging.verdicts, judging.explored, seconds, finished=judging.finished)
        if request.checkpoint and _status(judging) in {STOPPED, BOUNDED}:
            print(f"The same command, also with other bounds, goes on from {request.checkpoint}.")
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
    cells = options.cells(request) if selects else [options.known(cell) for cell in expected]
    judging = _judged(request, cells, runs=False)
    compared = expectations.compare(judging.verdicts, expected)
    table.show_compared(_console(), compared, finished=judging.finished)
    if not judging.finished:
        return STOPPED
    outcomes = {each.outcome for each in compared} - {"as expected"}
    return BOUNDED if outcomes == {"unknown"} else VIOLATED if outcomes else HOLDS


def _trace(request: argparse.Namespace) -> int:
    from overbooked.checker.tracing import run_trace  # noqa: PLC0415 - the forms of a trace are needed here alone

    asked = options.asked(request)
    return run_trace(request, _one_run(request, asked.cell), asked.other + request.next, _console())


def _replay(request: argparse.Namespace) -> int:
    from overbooked.checker.replay import run_replay  # noqa: PLC0415 - asyncio takes 0.1 s to import, and few commands need it

    asked = options.asked(request)
    if asked.other:
        raise SenselessError(f"{trace_name(*asked)}: is replayed by its file: --format pytest writes one")
    judging = _one_run(request, asked.cell)
    return run_replay(request, judging.verdicts[0], _console()) if judging.finished else STOPPED


def _one_run(request: argparse.Namespace, cell: Cell) -> Judging:
    """Judge the one cell that a ``trace`` or a ``replay`` asks for, with a run that breaks it."""
    return _judged(request, [cell], runs=True, until_broken=True)


def _traces(request: argparse.Namespace) -> int:
    from overbooked.checker.writing_pages import run_traces  # noqa: PLC0415 - few commands need it

    return run_traces(request, _console())


def _claims(request: argparse.Namespace) -> int:
    from overbooked.checker.judging_claims import run_claims  # noqa: PLC0415 - z3 takes 0.1 s to import, and few commands need it

    return run_claims(request, _console())


def _report(request: argparse.Namespace) -> int:
    from overbooked.checker.reporting import run_report  # noqa: PLC0415 - few commands need it

    return run_report(request, options.cells(request, faults=tuple(FAULTS)), _console())


def _prove(request: argparse.Namespace) -> int:
    from overbooked.checker.prove import prove  # noqa: PLC0415 - z3 takes 0.1 s to import, and no other command needs it

    return prove(request, _console())


def _conform(request: argparse.Namespace) -> int:
    from overbooked.checker.conform import run_conform  # noqa: PLC0415 - asyncio takes 0.1 s to import, and few commands need it

    return run_conform(request, options.cells(request, options.ALL_BUT_LINEARIZABILITY), _console())


def _latency(request: argparse.Namespace) -> int:
    from overbooked.checker.latency import run_latency  # noqa: PLC0415 - few commands need it

    return run_latency(request, *options.strategies(request), _console())


def _simulate(request: argparse.Namespace) -> int:
    from overbooked.checker.simulate import run_simulate  # noqa: PLC0415 - SciPy takes 0.3 s to import, and few commands need it

    return run_simulate(request, *options.strategies(request), _console())


def _list(request: argparse.Namespace) -> int:
    show_list(_console(), request.replicas)
    return HOLDS


def _judged(request: argparse.Namespace, cells: list[Cell], *, runs: bool, until_broken: bool = False) -> Judging:
    """Judge the cells, going on from the checkpoint; Ctrl-C ends it at once, with what was found so far."""
    bounds = Bounds(request.max_states, request.max_memory)
    with _checkpoint(request, [cells, request.reduce, runs, until_broken]) as checkpoint:
        how = {"runs": runs, "until_broken": until_broken, "reduce": request.reduce}
        judging = Judging(cells, bounds, **how, checkpoint=checkpoint)
        steps = judging.run()
        try:
            for _ in watched(steps, str):
                pass
        except KeyboardInterrupt:
            steps.close()
    return judging


@contextmanager
def _checkpoint(request: argparse.Namespace, asked: object) -> Iterator[Checkpoint | None]:
    if not request.checkpoint:
        yield None
        return
    from overbooked.checker.checkpoint import Checkpoint, CheckpointError  # noqa: PLC0415 - few searches need it

    try:
        with closing(Checkpoint(request.checkpoint, asked)) as checkpoint:
            yield checkpoint
    except CheckpointError as error:
        raise SenselessError(str(error)) from None


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
