"""The command ``overbooked conform``."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Generator
from contextlib import closing
from typing import Self

from rich.console import Console

from checker.cells import Cell
from checker.conformance.as_json import as_json
from checker.conformance.conform import Conformance, conform, programs_of
from checker.conformance.named import parts_called
from checker.conformance.shown import show_conformance
from checker.progress_line import watched
from checker.statuses import BOUNDED, HOLDS, STOPPED, VIOLATED


class Conforming:
    """Programs that are being covered: what is known of each, and whether all are finished."""

    def __init__(self, cells: list[Cell], request: argparse.Namespace) -> None:
        self.results = [Conformance(program) for program in programs_of(cells)]
        self.finished = False
        self._parts = parts_called(request.app, request.over)
        self._seconds: float = request.seconds
        self._orders: bool = request.orders
        self._max_states: int = request.max_states

    def run(self) -> Generator[str, None, None]:
        """Cover one program after the other, each for its share of the time that is left; yield how far it is."""
        until = time.monotonic() + self._seconds
        for at, (program, *_) in enumerate(self.results):
            share = (until - time.monotonic()) / (len(self.results) - at)
            for result in conform(program, self._parts, share, self._max_states, orders=self._orders):
                self.results[at] = result
                covered = sum(each.covered for each in self.results)
                yield f"{covered:,} edges covered, program {at + 1} of {len(self.results)}"
        self.finished = True


class _Stop:
    """Ctrl-C asks to stop between two runs, as no run is to be cut in the middle; a second one stops at once."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, *_: object) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self._before)


def run_conform(request: argparse.Namespace, cells: list[Cell], terminal: Console) -> int:
    """Hold the reference against the spec, print what was found, and return the exit status.

    Raises :class:`spec.names.StrategyError` when there is no such app server or storage.
    """
    start = time.perf_counter()
    found = Conforming(cells, request)
    with _Stop() as stop, closing(found.run()) as steps:
        for _ in watched(steps, str):
            if stop.asked:
                break
    if request.format == "json":
        print(as_json(found.results, finished=found.finished))
    else:
        show_conformance(terminal, found.results, request, time.perf_counter() - start, finished=found.finished)
    verdicts = {result.verdict for result in found.results}
    if not found.finished:
        return STOPPED
    return VIOLATED if "differs" in verdicts else BOUNDED if "unknown" in verdicts else HOLDS
