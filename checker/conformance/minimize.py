"""The spec and the reference, side by side along a run; and a shortest run found along which they differ."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.cut_short import CutShortError
from overbooked.checker.conformance.implementation import Implementation
from overbooked.checker.conformance.observations import Observation, observation_of
from overbooked.checker.conformance.replay import Difference, Found, first_difference
from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.state_graph import Graph, Transition
from overbooked.checker.engine.transition_cover import covering_runs


class Sides:
    """A graph of the spec, and the parts that are held against it."""

    def __init__(self, cell: Cell, graph: Graph, parts: Implementation) -> None:
        self.graph = graph
        self._setting = cell.setting
        self._parts = parts
        self._labels = [step.label for step in graph.model.steps]
        self._views: dict[int, Observation] = {}
        self._alike: dict[frozenset[str], frozenset[str]] = {}

    def first_difference(self, run: Sequence[Transition]) -> Found | None:
        """Take a run on both sides; return where they first differ."""
        steps = ((self._labels[step], self._view(state)) for step, state in run)
        return first_difference(self._setting, self._parts, self._view(0), steps)

    def difference_after(self, run: Sequence[Transition], found: Found) -> Difference:
        """Return a difference with the run of the spec that leads to it, which is taken once more."""
        steps = run[: found.steps]
        states = [self.graph.state(number) for number in (0, *(state for _, state in steps))]
        model = self.graph.model
        taken = Run(model, tuple(model.steps[step] for step, _ in steps), tuple(states))
        return Difference(taken, found.rows, repeatable=self._leads_there_again(steps, found))

    def _leads_there_again(self, run: Sequence[Transition], found: Found) -> bool | None:
        with suppress(CutShortError):
            return self.first_difference(run) == found
        return None

    def _view(self, state: int) -> Observation:
        view = self._views.get(state)
        if view is None:
            labels = frozenset(self._labels[step] for step, _ in self.graph.transitions[state])
            possible = self._alike.setdefault(labels, labels)
            view = self._views[state] = observation_of(self._setting, self.graph.state(state), possible)
        return view


def shortest_difference(sides: Sides, run: Sequence[Transition], found: Found, until: float) -> Difference:
    """Return a difference that is reached in few steps, given a run that leads to one.

    Every step that can be taken sooner is taken, by runs that cover them all, until none of them differs; or until
    then, a time of :func:`time.monotonic`.
    """
    difference = sides.difference_after(run, found)
    try:
        while difference.repeatable and (sooner := _sooner(sides, run[: found.steps], until)):
            run, found = sooner
            difference = sides.difference_after(run, found)
    except (MemoryError, CutShortError, TimeoutError):
        return difference
    return difference._replace(is_shortest=bool(difference.repeatable))


def _sooner(sides: Sides, run: Sequence[Transition], until: float) -> tuple[list[Transition], Found] | None:
    """Return a run on which they differ sooner; ``None`` when there is none.

    Raises :class:`TimeoutError` when there is no time to find one.
    """
    graph = sides.graph
    if not run:
        return None
    shortest = [*graph.way_to(run[-2][1] if len(run) > 1 else 0), run[-1]]
    near = [
        transitions if graph.depth(state) < len(run) - 1 else [] for state, transitions in enumerate(graph.transitions)
    ]
    for shorter in (shortest, *covering_runs(near)):
        if time.monotonic() > until:
            raise TimeoutError
        found = sides.first_difference(shorter)
        if found and found.steps < len(run):
            return list(shorter), found
    return None
