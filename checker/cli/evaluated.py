"""Cells judged as a request says: within its bounds, going on from its checkpoint, until Ctrl-C."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from overbooked.checker.cells import Cell, Explored
from overbooked.checker.cli.exit_status import SenselessError
from overbooked.checker.cli.progress import watched
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation

if TYPE_CHECKING:
    from overbooked.checker.engine.checkpoint import Checkpoint

Ready: TypeAlias = Callable[[Evaluation], Callable[[], None] | None]


def evaluated(
    request: argparse.Namespace,
    cells: list[Cell],
    *,
    runs: bool,
    until_broken: bool = False,
    ready: Ready | None = None,
) -> Evaluation:
    """Judge the cells, going on from the checkpoint; Ctrl-C ends it at once, with what was found so far.

    ``ready`` is asked after each step, and returns what prints that which is known for good by now.
    """
    bounds = Bounds(request.max_states, request.max_memory)
    with _checkpoint(request, [cells, request.reduce, runs, until_broken]) as checkpoint:
        how = {"runs": runs, "until_broken": until_broken, "reduce": request.reduce}
        judging = Evaluation(cells, bounds, **how, checkpoint=checkpoint)
        steps, far = judging.run(), _HowFar(judging)
        try:
            for _ in watched(steps, far, partial(ready, judging) if ready else lambda: None):
                pass
        except KeyboardInterrupt:
            steps.close()
    return judging


class _HowFar:
    """Says how far a search is: how many models of all it has begun, how many states it has found, and how fast."""

    def __init__(self, judging: Evaluation) -> None:
        self._judging = judging
        self._start = time.monotonic()

    def __call__(self, explored: Explored) -> str:
        rate = explored.states / max(0.001, time.monotonic() - self._start)
        at = f"model {explored.models:,} of {self._judging.models:,}"
        return f"{at}: {explored.states:,} states, {rate:,.0f} a second"


def one_run(request: argparse.Namespace, cell: Cell) -> Evaluation:
    """Judge the one cell that a ``trace`` or a ``replay`` asks for, with a run that breaks it."""
    return evaluated(request, [cell], runs=True, until_broken=True)


@contextmanager
def _checkpoint(request: argparse.Namespace, asked: object) -> Iterator[Checkpoint | None]:
    if not request.checkpoint:
        yield None
        return
    from overbooked.checker.engine.checkpoint import Checkpoint, CheckpointError  # noqa: PLC0415 - few searches need it

    try:
        with closing(Checkpoint(request.checkpoint, asked)) as checkpoint:
            yield checkpoint
    except CheckpointError as error:
        raise SenselessError(str(error)) from None
