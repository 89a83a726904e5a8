"""The command ``overbooked replay``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.cli import arguments
from overbooked.checker.cli.evaluated import one_run
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, SENSELESS, STOPPED, VIOLATED, SenselessError
from overbooked.checker.conformance.cut_short import CutShortError, Watch
from overbooked.checker.conformance.difference_text import show_difference
from overbooked.checker.conformance.implementation import Implementation, Names, NewStorage
from overbooked.checker.conformance.loader import parts_called
from overbooked.checker.conformance.replay import Difference, replayed
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.checker.console import plain_table, show_paragraph, show_whole
from overbooked.checker.traces.as_text import show_head, show_violation
from overbooked.checker.traces.faults_in_time import told_in_time
from overbooked.checker.traces.from_booking import trace_of
from overbooked.checker.traces.names import trace_name
from overbooked.checker.traces.trace import Trace
from overbooked.reference.ports import Storage
from overbooked.reference.sqlite import SQLiteStorage
from overbooked.spec.names import StrategyError

_SPELLED = {"sqlite": "SQLite"}


def run(request: argparse.Namespace, console: Console) -> int:
    """Lead the app server along the run that is asked for, print what came of it, and return the exit status.

    Raises :class:`overbooked.checker.cli.exit_status.SenselessError` when the run is not the first of its kind.
    """
    asked = arguments.asked(request)
    if asked.other:
        raise SenselessError(f"{trace_name(*asked)}: is replayed by its file: --format pytest writes one")
    judging = one_run(request, asked.cell)
    return _replay(request, told_in_time(judging.verdicts[0]), console) if judging.finished else STOPPED


def _replay(request: argparse.Namespace, verdict: CellVerdict, console: Console) -> int:
    """Lead the app server along the run of a verdict, print what came of it, and return the exit status.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such app server or storage, or the folder is
    not empty.
    """
    if verdict.run is None:
        return _nothing(verdict)
    with Watch() as watch:
        try:
            parts = _parts(request)
            difference = replayed(verdict.cell.setting, verdict.run, parts)
        except CutShortError as cut:
            print(f"overbooked: stopped {cut}", file=sys.stderr)
            return STOPPED
    if watch.asked:
        return STOPPED
    return _show(request, verdict, console, parts.names, difference)


def _parts(request: argparse.Namespace) -> Implementation:
    parts = parts_called(request.app, request.over)
    if request.folder and request.over != "sqlite":
        raise StrategyError(f"--folder keeps SQLite files, so it goes with --over sqlite, and not {request.over}")
    storage = parts.storage if parts.names.storage else threaded(parts.storage)
    return parts._replace(storage=_kept_in(request.folder) if request.folder else storage)


def _show(
    request: argparse.Namespace, verdict: CellVerdict, console: Console, names: Names, difference: Difference | None
) -> int:
    cell, trace = verdict.cell, trace_of(verdict)
    show_head(console, trace)
    if difference:
        show_difference(console, cell.setting, difference, names)
        _say(console, f"{_begun(names.both)} cannot follow the run that breaks {cell.guarantee}.")
        return VIOLATED
    show_violation(console, trace)
    where = (
        f"SQLite files in {request.folder}"
        if request.folder
        else f"replicas in {_SPELLED.get(request.over, request.over)}"
    )
    does = "After each step its replicas held what stands on the right, and it could do just what the spec can."
    _say(console, f"\n{_begun(names.app)} did just that, over {where}. {does}")
    _show_answers(console, cell, trace)
    return HOLDS


def _nothing(verdict: CellVerdict) -> int:
    asked = f"{verdict.cell.guarantee} by {verdict.cell.write} and {verdict.cell.read}"
    if verdict.verdict in {"holds", "vacuous"}:
        which = "in which each fault happens and which breaks it" if verdict.cell.each_fault else "that breaks it"
        holds = "" if verdict.cell.each_fault else " holds"
        print(f"overbooked: {asked}{holds}: there is no run {which} to be replayed", file=sys.stderr)
        return SENSELESS
    print(f"overbooked: {asked} is unknown: no run that breaks it was found within the bound", file=sys.stderr)
    return BOUNDED


def _show_answers(console: Console, cell: Cell, trace: Trace) -> None:
    table = plain_table()
    for heading in ("user", "call", "was told"):
        table.add_column(heading)
    for call in cell.setting.calls:
        table.add_row(call.user, call.spelled, trace.answers[call.name])
    console.print()
    show_whole(console, table)


def _kept_in(folder: Path) -> NewStorage:
    """Return how to make a storage in a folder, whose files stay there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StrategyError(f"{folder}: is not empty, and the replicas should begin empty: name a new folder")
    except OSError as error:
        raise StrategyError(f"{folder}: cannot be made a folder ({error.strerror})") from error

    @contextmanager
    def storage() -> Iterator[Storage]:
        for file in folder.glob("*.sqlite*"):
            file.unlink()
        yield SQLiteStorage(folder)

    return threaded(storage)


def _begun(app: str) -> str:
    return app[:1].upper() + app[1:] if app.startswith("the ") else app


def _say(console: Console, text: str) -> None:
    show_paragraph(console, text)
