"""Cells judged as a request says: within its bounds, going on from its checkpoint, until Ctrl-C."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from overbooked.checker.cells import Cell
from overbooked.checker.cli.exit_status import SenselessError
from overbooked.checker.cli.progress import watched
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation

if TYPE_CHECKING:
    from overbooked.checker.engine.checkpoint import Checkpoint


def evaluated(request: argparse.Namespace, cells: list[Cell], *, runs: bool, until_broken: bool = False) -> Evaluation:
    """Judge the cells, going on from the checkpoint; Ctrl-C ends it at once, with what was found so far."""
    bounds = Bounds(request.max_states, request.max_memory)
    with _checkpoint(request, [cells, request.reduce, runs, until_broken]) as checkpoint:
        how = {"runs": runs, "until_broken": until_broken, "reduce": request.reduce}
        judging = Evaluation(cells, bounds, **how, checkpoint=checkpoint)
        steps = judging.run()
        try:
            for _ in watched(steps, str):
                pass
        except KeyboardInterrupt:
            steps.close()
    return judging


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
