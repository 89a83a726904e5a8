"""Runs that go round for ever, among the states in which a property of how runs end is broken.

A run that never ends visits some states again and again; they lie in one strongly connected component. Under weak
fairness a component can be gone round for ever unless some step that is owed is possible in all of its states and
taken in none of its transitions; a smaller part of such a component is no better: to look at whole components is enough
(Manna and Pnueli, Temporal Verification of Reactive Systems: Safety, 1995, chapter 5).

A *round* is a way back to where it began on which every owed step is taken, or is not possible once. The shortest way
to one and round is looked for among pairs of a state and of what was met until there: which owed steps were taken or
not possible. As there may be many, what is looked at is bounded by a number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from overbooked.checker.engine.compiled import CompiledProperty, Marks, Rows, marks
from overbooked.checker.engine.layout import Words
from overbooked.checker.engine.runs import Run, level_of, run_to
from overbooked.checker.engine.search import Exploration
from overbooked.checker.engine.state_sets import find, join, ordered, size, take, where
from overbooked.checker.engine.successors import steps_from
from overbooked.spec.language import Step

_MOST = 300_000
"""So many pairs of a state and of what was met are looked at for a shorter round."""
_Met: TypeAlias = int
"""A set of owed steps, as bits."""
_Way: TypeAlias = list[tuple[int, int]]
"""Transitions one after the other: the place of each step among all, and the state that it leads to."""


class Lasso(NamedTuple):
    """A run that goes round for ever, and whether it is known that there is no shorter one."""

    run: Run
    shortest: bool


class _Region(NamedTuple):
    """The broken states, and what happens among them.

    ``steps`` are the model's, ``possible`` has a row for each of them that says in which states it is; transition by
    transition ``source``, ``target`` and ``taken`` have the states before and after, and the place of the step.
    """

    states: Words
    depths: NDArray[np.int64]
    steps: list[Step]
    possible: Marks
    source: Rows
    target: Rows
    taken: Rows


def fair_lasso(found: Exploration, tag: int, judge: CompiledProperty) -> Lasso | None:
    """Return a fair run that goes round for ever among states that break the property; ``None`` when there is none.

    It is a shortest one, the way there and the round together, where no more than ``_MOST`` pairs of a state and of
    what was met had to be looked at; otherwise one that is close to it.

    Cost: linear in the broken states and the transitions between them, on arrays; and what is looked at for the round.
    """
    region = _region(found, tag, judge)
    components = _fair_components(region) if region else np.full(1, -1)
    if not region or (components < 0).all():
        return None
    entry, way, shortest = _Rounds(region, components).shortest()
    target = take(region.states, slice(entry, entry + 1))
    to = run_to(found, tag, int(region.depths[entry]), target)
    return Lasso(_closed(found, tag, region, to, way), shortest)


def _region(found: Exploration, tag: int, judge: CompiledProperty) -> _Region | None:
    """Return the region; ``None`` when there is no transition from a state to another, or itself, in it."""
    of = found.compiled
    levels = [level_of(found, tag, depth) for depth in range(len(found.levels))]
    everything, depths = join(levels), np.repeat(np.arange(len(levels)), [size(level) for level in levels])
    broken = marks(judge.broken, everything, of.layout.tags(everything))
    unsorted, depths = where(everything, broken), depths[broken]
    states = ordered(of.layout, tuple(word.copy() for word in unsorted))
    at = find(of.layout, unsorted, states)[1]
    region_depths = np.empty_like(depths)
    region_depths[at] = depths
    steps: list[Step] = []
    possible, edges = [], []
    for lookup, rows, after in steps_from(of, states):
        inside, to = find(of.layout, after, states)
        edges.append((rows[inside], to[inside], np.full(int(inside.sum()), len(steps))))
        steps.append(lookup.step(tag, of.models[tag]))
        possible.append(np.isin(np.arange(size(states)), rows, assume_unique=True))
    if not any(len(source) for source, _, _ in edges):
        return None
    columns = [np.concatenate(column) for column in zip(*edges, strict=True)]
    return _Region(states, region_depths, steps, np.array(possible), *columns)


def _fair_components(region: _Region) -> NDArray[np.int64]:
    """Return for each state the number of its component, if that can be gone round for ever, and else -1.

    In such a one there is a transition, and every owed step is taken or once not possible.
    """
    states, ones = size(region.states), np.ones(len(region.source), np.int8)
    graph = csr_array((ones, (region.source, region.target)), shape=(states, states))
    count, of = connected_components(graph, directed=True, connection="strong")
    sizes = np.bincount(of, minlength=count)
    inside = of[region.source] == of[region.target]
    rounds = np.zeros(count, np.bool_)
    rounds[of[region.source[inside]]] = True
    for place, step in enumerate(region.steps):
        if step.owed:
            everywhere = np.bincount(of[region.possible[place]], minlength=count) == sizes
            everywhere[of[region.source[inside & (region.taken == place)]]] = False
            rounds &= ~everywhere
    return np.where(rounds[of], of, -1)


class _ManyError(Exception):
    """More was looked at than may be."""


class _Rounds:
    """The ways round in some components."""

    def __init__(self, region: _Region, components: NDArray[np.int64]) -> None:
        self._depths = region.depths.tolist()
        self._entries = sorted(np.flatnonzero(components >= 0).tolist(), key=self._depths.__getitem__)
        owed = [place for place, step in enumerate(region.steps) if step.owed]
        self._bits = {place: 1 << at for at, place in enumerate(owed)}
        self._possible = region.possible[owed]
        self._all = (1 << len(owed)) - 1
        inside = (components[region.source] == components[region.target]) & (components[region.source] >= 0)
        order = np.argsort(region.source[inside], kind="stable")
        self._starts = np.searchsorted(region.source[inside][order], np.arange(len(components) + 1))
        self._target, self._taken = region.target[inside][order], region.taken[inside][order]
        self._known: dict[int, list[tuple[int, int, _Met]]] = {}
        self._looked = 0

    def shortest(self) -> tuple[int, _Way, bool]:
        """Return where the shortest run goes round, how, and whether it is known to be the shortest."""
        entry = self._entries[0]
        way = self._greedy(entry)
        length = self._depths[entry] + len(way)
        try:
            for each in self._entries:
                if self._depths[each] + 1 >= length:
                    break
                if shorter := self._round(each, length - self._depths[each] - 1):
                    entry, way, length = each, shorter, self._depths[each] + len(shorter)
        except _ManyError:
            return entry, way, False
        return entry, way, True

    def _onward(self, state: int) -> list[tuple[int, int, _Met]]:
        """Return the transitions from a state, each with the owed steps that are met by taking it."""
        if state not in self._known:
            its = slice(self._starts[state], self._starts[state + 1])
            pairs = zip(self._taken[its].tolist(), self._target[its].tolist(), strict=True)
            self._known[state] = [(step, to, self._bits.get(step, 0) | self._met(to)) for step, to in pairs]
        return self._known[state]

    def _met(self, state: int) -> _Met:
        """Return the owed steps that are not possible in a state."""
        return sum(1 << at for at in np.flatnonzero(~self._possible[:, state]).tolist())

    def _round(self, entry: int, most: int) -> _Way | None:
        """Return a shortest round through a state, if there is one of at most so many transitions."""
        start = (entry, self._met(entry))
        came: dict[tuple[int, _Met], tuple[tuple[int, _Met], int]] = {}
        level = [start]
        for _ in range(most):
            following = []
            for here in level:
                for step, to, met in self._onward(here[0]):
                    there = (to, here[1] | met)
                    if there not in came:
                        came[there] = (here, step)
                        following.append(there)
                        self._count()
                    if there == (entry, self._all):
                        return _back(came, there, start)
            level = following
        return None

    def _count(self) -> None:
        self._looked += 1
        if self._looked > _MOST:
            raise _ManyError

    def _greedy(self, entry: int) -> _Way:
        """Return a round that always goes on to the nearest transition by which something more is met."""
        way: _Way = []
        here, met = entry, self._met(entry)
        while met != self._all or not way or here != entry:
            home = met == self._all
            more = self._nearest(here, (lambda to, _: to == entry) if home else (lambda _, its: bool(its & ~met)))  # noqa: B023 - asked at once
            for step, to in more:
                way.append((step, to))
                met |= next(its for taken, target, its in self._onward(here) if (taken, target) == (step, to))
                here = to
        return way

    def _nearest(self, start: int, is_it: Callable[[int, _Met], bool]) -> _Way:
        """Return the shortest way to a transition that is what is looked for."""
        came: dict[int, tuple[int, int]] = {}
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            for step, to, met in self._onward(here):
                if is_it(to, met):
                    way = [(step, to)]
                    while here != start:
                        before, taken = came[here]
                        way.insert(0, (taken, here))
                        here = before
                    return way
                if to not in came and to != start:
                    came[to] = (here, step)
                    waiting.append(to)
        raise AssertionError("a fair component has a round")


def _back(
    came: dict[tuple[int, _Met], tuple[tuple[int, _Met], int]], there: tuple[int, _Met], start: tuple[int, _Met]
) -> _Way:
    """Return the way that came to a pair from the start, which may be the same pair."""
    way: _Way = []
    while not way or there != start:
        before, step = came[there]
        way.append((step, there[0]))
        there = before
    return way[::-1]


def _closed(found: Exploration, tag: int, region: _Region, to: Run, way: _Way) -> Run:
    """Return a run with the round at its end."""
    model, layout = found.compiled.models[tag], found.compiled.layout
    states = [layout.unpack([int(word[state]) for word in region.states], model.fields) for _, state in way]
    steps = [region.steps[step] for step, _ in way]
    return Run(model, (*to.steps, *steps), (*to.states, *states), cycle_from=len(to.steps))
