"""A model's steps and cases as dense tables, from which can be read what depends on what.

Whether two steps get into each other's way is asked of their factors, two by two. That is enough where of what a
factor looks at at most one factor of the other step changes something (:meth:`Act.mingles` tells where not).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.compiled import Marks
from overbooked.checker.engine.rule_tables import Codes, Factor, factors
from overbooked.spec.language import Model, Part

Dense: TypeAlias = NDArray[np.int64]
"""An axis for the old code of each field, and a last one along which stand the codes that they become."""

IMPOSSIBLE = -2
"""What all fields become where a factor is not possible."""


class Act(NamedTuple):
    """A factor of a step or case, or a case's, as it is looked into: its fields' names, and those that it changes."""

    names: tuple[str, ...]
    changed: frozenset[str]
    shape: Shape

    def touches(self, other: Act) -> bool:
        """Return whether one of two changes something that the other looks at."""
        return not (self.changed.isdisjoint(other.names) and other.changed.isdisjoint(self.names))

    def mingles(self, step: Iterable[Act]) -> bool:
        """Return whether several factors of a step change something that this one looks at."""
        return sum(not each.changed.isdisjoint(self.names) for each in step) > 1

    def shared(self, other: Act) -> tuple[tuple[int, int], ...]:
        """Return the places of the fields that two have in common, in one and in the other."""
        own = {name: at for at, name in enumerate(self.names)}
        return tuple((own[name], at) for at, name in enumerate(other.names) if name in own)


class Acts(NamedTuple):
    """A model's steps and cases as factors (a case is a step that changes nothing), and how each field may move.

    ``judged`` are the cases that are looked for in every state, and not only where runs end. ``moves`` tells of each
    field, by name, from which codes some step takes it to which.
    """

    steps: list[tuple[Act, ...]]
    cases: list[tuple[Act, ...]]
    judged: list[tuple[Act, ...]]
    moves: dict[str, Marks]


def acts(model: Model) -> Acts:
    """Return a model's steps and cases as factors."""
    steps = [steps_acts(step.parts) for step in model.steps]
    cases = [steps_acts(case.parts) for prop in model.properties for case in (*prop.broken, *prop.witness)]
    everywhere = ((*prop.witness, *(prop.broken if prop.when == "never" else ())) for prop in model.properties)
    judged = [steps_acts(case.parts) for cases in everywhere for case in cases]
    moves = {field.name: np.zeros((len(field.domain),) * 2, np.bool_) for field in model.fields}
    for act in (act for step in steps for act in step):
        for name, its in zip(act.names, _moves(act.shape), strict=True):
            moves[name] |= its
    return Acts(steps, cases, judged, moves)


def steps_acts(parts: tuple[Part, ...]) -> tuple[Act, ...]:
    """Return the factors of a step or case."""
    return tuple(_act(factor) for factor in factors(parts))


class Shape(NamedTuple):
    """A factor but for its fields' names: what alike factors have in common, so that it is looked into once.

    Of one that ``is_wide`` there is no table to look into: all that it touches is said to matter.
    """

    before: Shared
    after: Shared
    sizes: tuple[int, ...]
    is_wide: bool


class Shared:
    """A table that alike factors share, told apart from others by being itself."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes

    def __hash__(self) -> int:
        """Return the same for the same table."""
        return id(self.codes)

    def __eq__(self, other: object) -> bool:
        """Return whether both are the very same table."""
        return isinstance(other, Shared) and self.codes is other.codes


def _act(factor: Factor) -> Act:
    sizes = tuple(len(field.domain) for field in factor.fields)
    shape = Shape(Shared(factor.before), Shared(factor.after), sizes, factor.is_wide)
    names = tuple(field.name for field in factor.fields)
    return Act(names, frozenset(names[at] for at in _changed(shape)), shape)


@cache
def _changed(of: Shape) -> list[int]:
    if of.is_wide:
        return list(range(len(of.sizes)))
    places: list[int] = np.flatnonzero((of.before.codes != of.after.codes).any(axis=0)).tolist()
    return places


@cache
def _moves(of: Shape) -> list[Marks]:
    """Return, for each field, from which codes to which it is taken."""
    if of.is_wide:
        return [np.ones((size, size), np.bool_) for size in of.sizes]
    found = []
    for at, size in enumerate(of.sizes):
        moves, inside = np.zeros((size, size), np.bool_), of.after.codes[:, at] >= 0
        moves[of.before.codes[inside, at], of.after.codes[inside, at]] = True
        found.append(moves)
    return found


@cache
def dense(of: Shape) -> Dense:
    """Return factors of this shape as a dense table (not to be written to)."""
    table = np.full((*of.sizes, len(of.sizes)), IMPOSSIBLE, np.int64)
    table[tuple(of.before.codes.T)] = of.after.codes
    return table


def then(after: Codes, before: Codes, of: Shape, places: Sequence[tuple[int, int]]) -> Codes:
    """Return, row by row, what factors of a shape make of ``before`` once its fields in common are as in ``after``."""
    inputs = before.copy()
    for i, j in places:
        inputs[:, j] = after[:, i]
    made: Codes = dense(of)[tuple(inputs.T)]
    return made
