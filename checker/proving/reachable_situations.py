"""What one member of a family can be like, beside what all members share, however many there are.

Whatever the others do, a member sees of it only what all share. So the pairs of a combination of shared values and one
member's situation are finitely many, and all that can come up are found by following every step from the first ones:
those that the member takes, those that others take beside it, and those that all take together (thread-modular
analysis: Flanagan, Qadeer, "Thread-modular model checking", SPIN 2003). Which situations others are in at the same
moment is forgotten, and so is every number: there may be pairs too many, but none is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import z3

from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.proving.parameterized import Family, Shape
from overbooked.checker.proving.ways import Combination, Rules, Situation
from overbooked.spec.language import Field, Value

ANY = "any"
"""The initial value of an own field that may begin with each value of its domain."""


class Reachable(NamedTuple):
    """A family, and for each combination of its shared values the situations that a member may be in beside it."""

    family: Family
    beside: Mapping[Combination, frozenset[Situation]]

    @property
    def situations(self) -> tuple[Situation, ...]:
        """Every situation that a member may come into, in the order of the fields' values."""
        found = frozenset[Situation]().union(*self.beside.values())
        return tuple(each for each in product(*(field.domain for field in self.family.own)) if each in found)

    def of(self, names: Iterable[str]) -> dict[Combination, frozenset[Situation]]:
        """Return the same for some of the shared fields only."""
        wanted = set(names)
        at = [place for place, field in enumerate(with_domain(self.family)) if field.name in wanted]
        found: dict[Combination, set[Situation]] = defaultdict(set)
        for combination, situations in self.beside.items():
            found[tuple(combination[place] for place in at)] |= situations
        return {values: frozenset(situations) for values, situations in found.items()}


def with_domain(family: Family) -> list[Field]:
    """Return the shared fields that are no numbers of members."""
    return [field for field in family.shared if field.domain]


def first_situations(family: Family) -> Iterator[Situation]:
    """Yield the situations in which a member may begin."""
    return product(*(field.domain if field.initial == ANY else (field.initial,) for field in family.own))


def reachable(family: Family) -> Reachable:
    """Return all that a member can be like beside what all share.

    Raises :class:`overbooked.checker.engine.rule_tables.ModelError` when a field may become what is none of its values.

    Cost: each pair is looked at once, with each step; rules are called once for all pairs that are alike to them. What
    was found for a family is kept.
    """
    if id(family) not in _FOUND:
        _FOUND[id(family)] = Reachable(family, {at: frozenset(it) for at, it in _Search(family).run().items()})
    return _FOUND[id(family)]


_FOUND: dict[int, Reachable] = {}


class _Onward(NamedTuple):
    """What follows a combination when somebody takes a step: the next one; ``by`` tells who took it, if all act."""

    after: Combination
    shape: _Steps
    by: tuple[Situation, ...] | None


class _Steps:
    """A shape and its rules: those of the members that take part, and those of every other one."""

    def __init__(self, shape: Shape, family: Family) -> None:
        numbers = {field.name: z3.Int(field.name) for field in family.shared if not field.domain}
        self.members, self.has_every = shape.members, bool(shape.every)
        self.some = Rules(shape.parts, family.own, shape.members, with_domain(family), numbers)
        self.every = Rules(shape.every, family.own, shape.members + 1, with_domain(family), numbers)


class _Search:
    """The pairs found so far, and those that are still to be looked at."""

    def __init__(self, family: Family) -> None:
        self.own, self.shared = family.own, with_domain(family)
        self.shapes = [_Steps(shape, family) for shape in family.steps]
        self.found: dict[Combination, dict[Situation, None]] = defaultdict(dict)
        self.onward: dict[Combination, dict[_Onward, None]] = {}
        self.todo: list[tuple[Combination, Situation]] = []
        self.first = tuple(field.initial for field in with_domain(family)), first_situations(family)

    def run(self) -> Mapping[Combination, Mapping[Situation, None]]:
        combination, situations = self.first
        self._come_to(combination)
        for each in situations:
            self._add(combination, each)
        while self.todo:
            self._look(*self.todo.pop())
        return self.found

    def _add(self, combination: Combination, situation: Situation) -> None:
        if situation not in self.found[combination]:
            self._refuse_outside(self.own, situation)
            self.found[combination][situation] = None
            self.todo.append((combination, situation))

    def _come_to(self, combination: Combination) -> None:
        """Take the steps in which no member takes part, the first time that this combination comes up."""
        if combination not in self.onward:
            self._refuse_outside(self.shared, combination)
            self.onward[combination] = {}
            for shape in self.shapes:
                if not shape.members:
                    self._take(shape, combination, ())

    def _refuse_outside(self, fields: Sequence[Field], values: tuple[Value, ...]) -> None:
        """Raise an error where a field has a value that it may not have: no situation stands for that."""
        for field, value in zip(fields, values, strict=True):
            if value not in field.domain:
                raise ModelError(f"{field.name} becomes {value!r}, which is none of its values")

    def _look(self, combination: Combination, situation: Situation) -> None:
        """Let this member stand by at every step that is known, and take every step in which it takes part."""
        for onward in list(self.onward[combination]):
            self._stand_by(combination, onward, situation)
        for shape in self.shapes:
            for place in range(shape.members):
                for others in product(list(self.found[combination]), repeat=shape.members - 1):
                    self._take(shape, combination, (*others[:place], situation, *others[place:]))

    def _take(self, shape: _Steps, combination: Combination, by: tuple[Situation, ...]) -> None:
        for way in shape.some.ways(combination, by):
            after = shape.some.shared_after(combination, way)
            self._come_to(after)
            for each in shape.some.own_after(by, way):
                self._add(after, each)
            onward = _Onward(after, shape, by if shape.has_every else None)
            if onward not in self.onward[combination]:
                self.onward[combination][onward] = None
                for each in list(self.found[combination]):
                    self._stand_by(combination, onward, each)

    def _stand_by(self, combination: Combination, onward: _Onward, situation: Situation) -> None:
        if onward.by is None:
            self._add(onward.after, situation)
            return
        acting = (*onward.by, situation)
        for way in onward.shape.every.ways(combination, acting):
            self._add(onward.after, onward.shape.every.own_after(acting, way)[-1])
