"""Everything that was explored of one model as a graph: its states, and every step between them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from overbooked.checker.engine.layout import Column, Words
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.shortest_runs import level_of
from overbooked.checker.engine.state_sets import find, size, take
from overbooked.checker.engine.successors import steps_from
from overbooked.spec.language import Model, Value

Transition: TypeAlias = tuple[int, int]
"""The place of a step in the model, and the state that it leads to."""


class Graph:
    """The reachable states of a model, numbered by their distance from where it begins; an initial state is 0.

    ``transitions`` lists for each state the steps that are possible in it.
    """

    def __init__(self, model: Model, found: Exploration) -> None:
        self.model = model
        self._of = found.compiled
        self._levels = [level_of(found, 0, depth) for depth in range(len(found.levels))]
        self._starts = np.cumsum([0, *(size(level) for level in self._levels)])
        self.transitions: list[list[Transition]] = [[] for _ in range(int(self._starts[-1]))]
        for depth, level in enumerate(self._levels):
            for lookup, rows, after in steps_from(self._of, level):
                step = lookup.of[0] or 0
                targets = self._numbers(after, depth)
                for row, target in zip((rows + self._starts[depth]).tolist(), targets.tolist(), strict=True):
                    self.transitions[row].append((step, target))

    def state(self, number: int) -> dict[str, Value]:
        """Return the state of that number."""
        depth = self.depth(number)
        words = take(self._levels[depth], slice(number - int(self._starts[depth]), None))
        return self._of.layout.unpack([int(word[0]) for word in words], self.model.fields)

    def depth(self, number: int) -> int:
        """Return how many steps the state of that number is away from an initial one."""
        return int(np.searchsorted(self._starts, number, side="right")) - 1

    def way_to(self, number: int) -> list[Transition]:
        """Return a shortest run from an initial state to the state of that number, as its steps."""
        way: list[Transition] = []
        while last := self.depth(number):
            level = range(*self._starts[last - 1 : last + 1].tolist())
            before, step = next(
                (state, step) for state in level for step, to in self.transitions[state] if to == number
            )
            way.insert(0, (step, number))
            number = before
        return way

    def _numbers(self, states: Words, depth: int) -> Column:
        """Return the numbers of states that follow ones of a level: most are on the next one, none beyond."""
        numbers = np.full(size(states), -1, np.int64)
        for at in range(min(depth + 1, len(self._levels) - 1), -1, -1):
            missing = np.flatnonzero(numbers < 0)
            if not len(missing):
                break
            known, rows = find(self._of.layout, take(states, missing), self._levels[at])
            numbers[missing[known]] = rows[known] + self._starts[at]
        return numbers


def graph_of(model: Model, max_states: int) -> Graph | None:
    """Return everything reachable of a model as a graph; ``None`` when that is more than ``max_states``.

    >>> from overbooked.spec.language import Field, part, step
    >>> count = Field("count", (0, 1, 2), 0)
    >>> up = step("up", part(lambda count: {"count": count + 1} if count < 2 else None, count=count))
    >>> graph_of(Model("counter", (count,), (up,), ()), 10).transitions
    [[(0, 1)], [(0, 2)], []]

    Cost: that of the search, and a pair of numbers for each step.
    """
    found = Exploration([model])
    for _ in explore(found, Bounds(max_states)):
        pass
    return Graph(model, found) if found.complete[0] else None
