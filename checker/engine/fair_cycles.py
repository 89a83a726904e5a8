"""Runs that break a property by where they stay: in its cases until they are over, or going round for ever.

A *round* is a way back to where it began that meets all demands of fairness. The shortest way to one and round is
looked for among pairs of a state and of what was met until there: which demands a step was taken of, which weak ones
could once not be met, and which strong ones could. As there may be many, what is looked at is bounded by a number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.broken_region import Region, Transition, broken_region
from overbooked.checker.engine.compiled import CompiledProperty
from overbooked.checker.engine.fair_components import NONE, Demands, demands_of, fair_components
from overbooked.checker.engine.memory_limit import Budget
from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.search import Exploration
from overbooked.checker.engine.successors import over
from overbooked.spec.language import OF_STATES

_MOST = 300_000
"""So many pairs of a state and of what was met are looked at for a shorter round."""
_OFTEN = 1 << 14
"""So often, in pairs, it is asked whether there is memory left."""
_Met: TypeAlias = int
"""What was met, as bits."""
_Way: TypeAlias = list[Transition]
"""Transitions one after the other."""


class Staying(NamedTuple):
    """A run that stays in a property's cases, and whether it is known that there is no shorter one."""

    run: Run
    shortest: bool


def staying_run(found: Exploration, tag: int, judge: CompiledProperty, budget: Budget) -> Staying | None:
    """Return a fair run that breaks a property by staying in its cases for ever; ``None`` when there is none.

    Of a property that is not of states it is also one that is over there. It is a shortest one, the way there and the
    round together, where no more than ``_MOST`` pairs of a state and of what was met had to be looked at; otherwise one
    that always went on to what was nearest of all that it still had to meet.

    Raises :class:`MemoryError` where the budget has no room to look for it.

    Cost: linear in the broken states and the transitions between them, on arrays; and what is looked at for the round.
    """
    region = broken_region(found, tag, judge, budget)
    ends = _over(region) if judge.when not in OF_STATES else None
    demands = demands_of(region)
    components = fair_components(region, demands)
    if (components == NONE).all():
        return ends
    entry, way, shortest = _Rounds(region, demands, components, budget).shortest()
    if ends and len(ends.run.steps) <= region.lengths[entry] + len(way):
        return ends._replace(shortest=shortest)
    begun = region.run(entry, way)
    return Staying(begun._replace(cycle_from=len(begun.steps) - len(way)), shortest)


def _over(region: Region) -> Staying | None:
    """Return a shortest run that is over here."""
    ends = np.flatnonzero(over(region.found.compiled, region.states))
    if not len(ends):
        return None
    return Staying(region.run(int(ends[region.lengths[ends].argmin()]), []), shortest=True)


class _ManyError(Exception):
    """More was looked at than may be."""


class _Rounds:
    """The ways round in some components.

    What was met is a number: a bit for each demand of which a step was taken, or, if it is weak, which could not be met
    in some state; above these, a bit for each that could be met in some state, if it is strong.
    """

    def __init__(self, region: Region, demands: Demands, components: NDArray[np.int64], budget: Budget) -> None:
        self._budget = budget
        self._lengths = region.lengths.tolist()
        self._components = components
        self._entries = sorted(np.flatnonzero(components != NONE).tolist(), key=self._lengths.__getitem__)
        self._demands = demands
        self._count_of = len(demands.strongly)
        self._strong = sum(1 << at for at, strongly in enumerate(demands.strongly) if strongly)
        self._weak = (1 << self._count_of) - 1 - self._strong
        inside = (components[region.source] == components[region.target]) & (components[region.source] != NONE)
        order = np.argsort(region.source[inside], kind="stable")
        self._starts = np.searchsorted(region.source[inside][order], np.arange(len(components) + 1))
        self._target, self._taken = region.target[inside][order], region.taken[inside][order]
        self._known: dict[int, list[tuple[int, int, _Met]]] = {}
        self._looked = 0

    def shortest(self) -> tuple[int, _Way, bool]:
        """Return where the shortest run goes round, how, and whether it is known to be the shortest."""
        entry = self._entries[0]
        way = self._greedy(entry)
        length = self._lengths[entry] + len(way)
        try:
            for each in self._entries:
                if self._lengths[each] + 1 >= length:
                    break
                if shorter := self._round(each, length - self._lengths[each] - 1):
                    entry, way, length = each, shorter, self._lengths[each] + len(shorter)
        except (_ManyError, MemoryError):
            return entry, way, False
        return entry, way, True

    def _onward(self, state: int) -> list[tuple[int, int, _Met]]:
        """Return the transitions from a state, each with what is met by taking it."""
        if state not in self._known:
            its = slice(self._starts[state], self._starts[state + 1])
            pairs = zip(self._taken[its].tolist(), self._target[its].tolist(), strict=True)
            self._known[state] = [(step, to, self._by(step) | self._met(to)) for step, to in pairs]
        return self._known[state]

    def _by(self, step: int) -> _Met:
        """Return what is met by taking a step."""
        demand = int(self._demands.of[step])
        return 0 if demand == NONE else 1 << demand

    def _met(self, state: int) -> _Met:
        """Return what is met in a state: the weak demands that cannot be met there, and the strong ones that can."""
        can = sum(1 << at for at in np.flatnonzero(self._demands.possible[:, state]).tolist())
        return (self._weak & ~can) | (self._strong & can) << self._count_of

    def _is_fair(self, met: _Met) -> bool:
        """Return whether a round that has met this is fair."""
        return met & self._weak == self._weak and not (met >> self._count_of) & ~met

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
                    if to == entry and self._is_fair(there[1]):
                        return _back(came, there, start)
            level = following
        return None

    def _count(self) -> None:
        self._looked += 1
        if self._looked > _MOST:
            raise _ManyError
        if self._looked % _OFTEN == 0:
            self._budget.spend(0)

    def _greedy(self, entry: int) -> _Way:
        """Return a round that always goes on to the nearest transition by which something is met that must be.

        That is every weak demand, and every strong one that could be met until then. Once all are, it goes home, and on
        its way may come to other strong ones.
        """
        way: _Way = []
        here, met = entry, self._met(entry)
        while not way or here != entry or not self._is_fair(met):
            owed = (self._weak | met >> self._count_of) & ~met
            more = self._nearest(
                here,
                (lambda _, its: bool(its & owed)) if owed else (lambda to, _: to == entry),  # noqa: B023 - asked at once
            )
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
                        way.append((taken, here))
                        here = before
                    return way[::-1]
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
