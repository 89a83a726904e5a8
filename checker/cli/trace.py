"""The command ``overbooked trace``: one run that breaks a guarantee, in the form that is asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import islice

from rich.console import Console

from overbooked.checker.cells import CellVerdict
from overbooked.checker.choosing.as_json import way_out_object
from overbooked.checker.choosing.as_text import show_way_out
from overbooked.checker.cli import arguments
from overbooked.checker.cli.evaluated import one_run
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, SENSELESS, STOPPED, VIOLATED
from overbooked.checker.cli.progress import watched
from overbooked.checker.engine.other_runs import Other, different_runs
from overbooked.checker.engine.search import Bounds, Exploration, until_broken
from overbooked.checker.matrix.as_json import told_as_json
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.pages.kinds import kind_name
from overbooked.checker.traces.as_itf import as_itf
from overbooked.checker.traces.as_markdown import as_markdown
from overbooked.checker.traces.as_mermaid import as_mermaid
from overbooked.checker.traces.as_pytest import as_pytest
from overbooked.checker.traces.as_svg import as_svg
from overbooked.checker.traces.as_text import show_alike, show_beside, tell, tell_verdict
from overbooked.checker.traces.faults_in_time import told_in_time
from overbooked.checker.traces.from_booking import beside, trace_of, with_beside
from overbooked.checker.traces.names import pages
from overbooked.checker.traces.trace import Trace
from overbooked.spec.system import model

_MOST = 5_000
"""How many runs are looked at, to find another one."""
_BESIDE = Bounds(200_000)
"""Where the search for the other guarantees of the same setting ends."""
_FORMS: dict[str, Callable[[Trace], str]] = {
    "markdown": as_markdown,
    "mermaid": as_mermaid,
    "svg": as_svg,
    "itf": as_itf,
    "pytest": as_pytest,
}
_VERDICTS = {"text", "json"}
"""The forms that can also say that there is no run."""
_WHY_NONE = {
    "holds": "holds",
    "vacuous": "holds, only because nothing of the kind ever happened",
    "unknown": "is unknown: none was found within the bound",
    "violated": "is violated, but the search for a run came to a bound",
}


def run(request: argparse.Namespace, console: Console) -> int:
    """Print the run that is asked for, or so many runs after it another one, and return the exit status."""
    asked = arguments.asked(request)
    return show_run(request, one_run(request, asked.cell), asked.other + request.next, console)


def show_run(request: argparse.Namespace, judging: Evaluation, other: int, console: Console) -> int:
    """Print the run of a verdict, or so many runs after it another one, and return the exit status."""
    verdict = judging.verdicts[0]
    if verdict.run is None:
        return _without_run(request, judging, console)
    if not other:
        return _show(request, verdict, 0, console)
    found = Exploration([model(verdict.cell.setting, verdict.cell.judged)])
    if not until_broken(found, verdict.cell.guarantee, Bounds(request.max_states, request.max_memory)):
        print("overbooked: a bound was reached before another run was found (--max-states)", file=sys.stderr)
        return BOUNDED
    another = _other(found, verdict, other)
    if another is None:
        which = f"run number {other + 1} of {verdict.length} steps that breaks it and does something else"
        print(f"overbooked: there is no {which}, among the first {_MOST:,}", file=sys.stderr)
        return SENSELESS
    return _show(request, verdict._replace(run=another.run), other, console, is_new=another.is_new)


def _show(
    request: argparse.Namespace, verdict: CellVerdict, other: int, console: Console, *, is_new: bool = True
) -> int:
    """Print a run: as text first of all, since it may take a while to know what is beside it."""
    verdict = told_in_time(verdict)
    trace = trace_of(verdict, other)
    if request.format == "text":
        tell(console, trace)
        if not is_new:
            show_alike(console)
        show_beside(console, _with_beside(trace, verdict), kind_name(verdict, pages()))
        show_way_out(console, verdict.cell)
    elif request.format == "json":
        told = {"page": kind_name(verdict, pages()), "like_one_before": not is_new, **way_out_object(verdict.cell)}
        print(told_as_json(verdict, _with_beside(trace, verdict), finished=True, **told))
    else:
        print(_FORMS[request.format](trace), end="")
    return VIOLATED


def _with_beside(trace: Trace, verdict: CellVerdict) -> Trace:
    judging = Evaluation(beside(verdict.cell), _BESIDE, runs=False, until_broken=True)
    for _ in watched(judging.run(), str):
        pass
    return with_beside(trace, judging.verdicts)


def _without_run(request: argparse.Namespace, judging: Evaluation, console: Console) -> int:
    verdict = judging.verdicts[0]
    if verdict.cell.each_fault and judging.finished and verdict.verdict in {"holds", "vacuous"}:
        verdict = _plain(request, verdict)
    if request.format == "text":
        tell_verdict(console, verdict, finished=judging.finished)
    elif request.format == "json":
        print(told_as_json(verdict, None, finished=judging.finished))
    else:
        print(
            f"overbooked: there is no run to be shown: {verdict.cell.guarantee} {_why_none(judging.verdicts[0])}",
            file=sys.stderr,
        )
    if not judging.finished:
        return STOPPED
    if judging.verdicts[0].verdict == "holds" and request.format not in _VERDICTS:
        return SENSELESS
    if verdict.verdict == "holds":
        return HOLDS
    return VIOLATED if verdict.verdict == "violated" else BOUNDED


def _plain(request: argparse.Namespace, verdict: CellVerdict) -> CellVerdict:
    """Return what is said of all runs, where no run in which each fault happens breaks the guarantee."""
    plain = verdict.cell._replace(each_fault=False)
    judging = Evaluation([plain], Bounds(request.max_states, request.max_memory), runs=False, until_broken=True)
    for _ in watched(judging.run(), str):
        pass
    found = judging.verdicts[0]
    return found._replace(cell=verdict.cell) if found.verdict == "violated" else verdict


def _why_none(verdict: CellVerdict) -> str:
    if verdict.cell.each_fault and verdict.verdict == "holds":
        return "is broken by none in which each fault happens"
    return _WHY_NONE[verdict.verdict]


def _other(found: Exploration, verdict: CellVerdict, other: int) -> Other | None:
    """Return another run that is as short, so many after the first; ``None`` when there are not so many."""
    first = verdict.run.steps if verdict.run else ()
    every = (each for each in different_runs(found, verdict.cell.guarantee, _MOST) if each.run.steps != first)
    return next(islice(every, other - 1, None), None)
