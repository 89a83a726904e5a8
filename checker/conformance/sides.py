"""The spec and the reference, side by side along a run; and the shortest run along which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from checker.cells import Cell
from checker.conformance.driven import Driven
from checker.conformance.parts import Parts
from checker.conformance.views import View, differences, view_of
from checker.cover import covering_runs
from checker.graph import Edge, Graph
from checker.runs import Run

Row = tuple[str, str, str]


class Found(NamedTuple):
    """That the sides differ after so many steps of a run, and in what: what it is, in the spec, in the reference."""

    steps: int
    rows: list[Row]


class Difference(NamedTuple):
    """A run of the spec after whose last step the reference differs from it, and in what.

    It is ``repeatable`` when the same steps led to the same difference a second time; otherwise the reference is not
    deterministic between steps.
    """

    run: Run
    rows: list[Row]
    repeatable: bool


class Sides:
    """A graph of the spec, and the parts that are held against it."""

    def __init__(self, cell: Cell, graph: Graph, parts: Parts) -> None:
        self.graph = graph
        self._world = cell.world
        self._parts = parts
        self._labels = [step.label for step in graph.model.steps]
        self._views: dict[int, View] = {}
        self._alike: dict[object, frozenset[str]] = {}

    def first_difference(self, run: Sequence[Edge]) -> Found | None:
        """Take a run on both sides; return where they first differ."""
        taken = 0
        try:
            with self._parts.storage() as storage, closing(Driven(self._world, storage, self._parts.server)) as driven:
                if rows := self._differ(0, driven.view()):
                    return Found(0, rows)
                for step, state in run:
                    taken += 1
                    driven.take(self._labels[step])
                    if rows := self._differ(state, driven.view()):
                        return Found(taken, rows)
        except Exception as error:  # noqa: BLE001 - whatever the parts may raise is a difference
            return Found(taken, [("the reference", "goes on", f"{type(error).__name__}: {error}")])
        return None

    def told(self, run: Sequence[Edge], found: Found) -> Difference:
        """Return a difference with the run of the spec that leads to it, which is taken once more."""
        steps = run[: found.steps]
        states = [self.graph.state(number) for number in (0, *(state for _, state in steps))]
        model = self.graph.model
        taken = Run(model, tuple(model.steps[step] for step, _ in steps), tuple(states))
        return Difference(taken, found.rows, repeatable=self.first_difference(steps) == found)

    def _differ(self, state: int, seen: View) -> list[Row]:
        view = self._views.get(state)
        if view is None:
            labels = frozenset(self._labels[step] for step, _ in self.graph.edges[state])
            possible = self._alike.setdefault(labels, labels)
            view = self._views[state] = view_of(self._world, self.graph.state(state), possible)
        return [] if view == seen else differences(self._world, view, seen)


def shortest_difference(sides: Sides, run: Sequence[Edge], found: Found) -> Difference:
    """Return a difference that is reached in as few steps as any, given a run that leads to one.

    Every step that can be taken sooner is taken, by runs that cover them all; until none of them differs.
    """
    difference = sides.told(run, found)
    while difference.repeatable and (sooner := _sooner(sides, run[: found.steps])):
        run, found = sooner
        difference = sides.told(run, found)
    return difference


def _sooner(sides: Sides, run: Sequence[Edge]) -> tuple[list[Edge], Found] | None:
    graph = sides.graph
    if not run:
        return None
    shortest = [*graph.way_to(run[-2][1] if len(run) > 1 else 0), run[-1]]
    near = [edges if graph.depth(state) < len(run) - 1 else [] for state, edges in enumerate(graph.edges)]
    for shorter in (shortest, *covering_runs(near)):
        found = sides.first_difference(shorter)
        if found and found.steps < len(run):
            return list(shorter), found
    return None
