"""The command ``overbooked conform``."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing

from rich.console import Console

from overbooked.checker.cells import COVERED_WRITES, SOURCE_WRITES, Cell
from overbooked.checker.cli import arguments
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, STOPPED, VIOLATED
from overbooked.checker.cli.progress import watched
from overbooked.checker.conformance.as_json import as_json
from overbooked.checker.conformance.as_text import show_conformance
from overbooked.checker.conformance.coverage import Conformance, conform, programs_of
from overbooked.checker.conformance.cut_short import CutShortError, Watch
from overbooked.checker.conformance.exercises import EXERCISES, cell_named, is_usual
from overbooked.checker.conformance.loader import STORAGES, parts_called
from overbooked.checker.conformance.tested import Tested
from overbooked.checker.console import counted
from overbooked.checker.engine.search import Bounds
from overbooked.spec.guarantees import GUARANTEES

_MANY = 3_000_000
"""So many transitions may wait, some 300 MB; with more, a program is finished before it is the next one's turn."""


class Conforming:
    """Programs that are being covered: what is known of each, and whether all are finished."""

    def __init__(self, cells: list[Cell], request: argparse.Namespace) -> None:
        self.results = [Conformance(program) for program in programs_of(cells)]
        self.finished = False
        self._parts = parts_called(request.app, request.over)
        self._seconds: float | None = request.seconds
        self._orders: bool = request.orders
        self._bounds = Bounds(request.max_states, request.max_memory)

    def run(self) -> Generator[str, None, None]:
        """Cover all programs, in turns while there is time; yield how far it is."""
        until = math.inf if self._seconds is None else time.monotonic() + self._seconds
        waiting = deque(enumerate(self._covering(program, until) for program, *_ in self.results))
        reason = "stopped"
        try:
            while waiting and time.monotonic() < until:
                at, steps = waiting.popleft()
                turn = self._end_of_turn(until, len(waiting) + 1)
                for self.results[at] in steps:
                    yield self._progress(at)
                    now = time.monotonic()
                    if now > until or (now > turn and self._has_room(at, *(other for other, _ in waiting))):
                        waiting.append((at, steps))
                        break
            reason = f"stopped after {self._seconds:g} s" if waiting else ""
            self.finished = True
        finally:
            self._say_why(reason)

    def _covering(self, program: tuple[Cell, ...], until: float) -> Iterator[Conformance]:
        return conform(program, self._parts, self._bounds, orders=self._orders, until=until)

    @staticmethod
    def _end_of_turn(until: float, programs: int) -> float:
        """Return when it is the next program's turn: each has its share of the time that is left."""
        now = time.monotonic()
        return now + (until - now) / programs

    def _has_room(self, *waiting: int) -> bool:
        """Return whether the graphs of these programs may be kept while they wait."""
        return sum(self.results[at].transitions for at in waiting) <= _MANY

    def _progress(self, at: int) -> str:
        covered = sum(each.covered for each in self.results)
        return f"{counted(covered, 'transition')} covered, program {at + 1} of {len(self.results)}"

    def _say_why(self, reason: str) -> None:
        """Say of each program that was not finished why it was not; one that was cut short says where."""
        for at, result in enumerate(self.results):
            if result.verdict == "unknown":
                why = f"{reason}, {result.where}" if result.where else reason
                self.results[at] = result._replace(reason=result.reason or why)


def run(request: argparse.Namespace, console: Console) -> int:
    """Hold an app server against the spec, print what was found, and return the exit status.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such app server or storage.
    """
    start = time.perf_counter()
    cells = _cells(request)
    with Watch(request.seconds) as watch:
        try:
            found = Conforming(cells, request)
        except CutShortError as cut:
            print(f"overbooked: stopped {cut}, before anything could be covered", file=sys.stderr)
            return STOPPED if watch.asked else BOUNDED
        _search(found, watch)
    tested, seconds = Tested(request.app, request.over, request.orders), time.perf_counter() - start
    if request.format == "json":
        print(as_json(found.results, tested, seconds, finished=found.finished))
    else:
        show_conformance(console, found.results, tested, seconds, finished=found.finished)
    return _status(found)


def _cells(request: argparse.Namespace) -> list[Cell]:
    """Return the cells whose programs are covered: of guarantees and of exercises."""
    usual = (*arguments.ALL_BUT_LINEARIZABILITY, *EXERCISES)
    names = arguments.chosen("guarantee or exercise", request.guarantee, usual, (*GUARANTEES, *EXERCISES))
    own = request.app is not None or request.over not in STORAGES
    settings = arguments.settings(request, ("none",), SOURCE_WRITES if own else COVERED_WRITES)
    every = [cell_named(cell, name) for cell in settings for name in names]
    return [cell for cell in every if request.guarantee or is_usual(cell)]


def _search(found: Conforming, watch: Watch) -> None:
    """Cover what there is, until Ctrl-C or until time is up."""
    with closing(found.run()) as steps:
        for _ in watched(steps, str):
            if watch.asked:
                return


def _status(found: Conforming) -> int:
    verdicts = {result.verdict for result in found.results}
    if not found.finished:
        return STOPPED
    return VIOLATED if "differs" in verdicts else BOUNDED if "unknown" in verdicts else HOLDS
