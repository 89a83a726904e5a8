"""In which parts of a region a fair run can go round for ever.

A run that never ends visits some states again and again; they lie in one strongly connected component. What fairness
asks of it are *demands*: one for each step that is owed by itself, one for each group of them. A component that is to
be gone round takes a step of each demand, or has, under weak fairness, a state in which none is possible; under strong
fairness, no state in which one is.

Where only a weak demand is not met, a smaller part of the component is no better. Where a strong one is not, its states
in which the demand can be met must be left out, and what is left comes apart into components of its own (Emerson and
Lei, Modalities for model checking, 1987, section 4; Manna and Pnueli, Temporal Verification of Reactive Systems:
Safety, 1995, chapter 5).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from overbooked.checker.engine.broken_region import Region
from overbooked.checker.engine.compiled import Marks
from overbooked.checker.engine.state_sets import size
from overbooked.spec.language import Owed, Step

NONE = -1
"""The number of no component, and of no demand."""


class Demands(NamedTuple):
    """What fairness asks of a run in a region.

    ``of`` has for each step of the region the number of its demand, ``strongly`` for each demand whether it is strong,
    and ``possible`` a row for each that says in which states it can be met.
    """

    of: NDArray[np.int64]
    strongly: list[bool]
    possible: Marks


def demands_of(region: Region) -> Demands:
    """Return the demands: those which can be met nowhere in the region are met by that."""
    numbers: dict[Hashable, int] = {}
    of = np.array([_number(step, at, numbers) for at, step in enumerate(region.steps)], np.int64)
    strongly = [False] * len(numbers)
    possible = np.zeros((len(numbers), size(region.states)), np.bool_)
    for step, number, its in zip(region.steps, of.tolist(), region.possible, strict=True):
        if number != NONE:
            strongly[number] = isinstance(step.owed, Owed) and step.owed.strongly
            possible[number] |= its
    return Demands(of, strongly, possible)


def _number(step: Step, at: int, numbers: dict[Hashable, int]) -> int:
    if not step.owed:
        return NONE
    group = step.owed.group if isinstance(step.owed, Owed) else None
    return numbers.setdefault(at if group is None else group, len(numbers))


def fair_components(region: Region, demands: Demands) -> NDArray[np.int64]:
    """Return for each state the number of its component, if that can be gone round for ever, and else ``NONE``.

    Every round that is fair lies in one of these, and through each of their states there is one.

    Cost: linear in states and transitions, for each demand; once more for each strong demand, at most.
    """
    found = np.full(size(region.states), NONE, np.int64)
    left: Marks = np.ones(size(region.states), np.bool_)
    while left.any():
        of, fair, hopeful, left_out = _judged(region, demands, left)
        its = left & fair[of]
        found[its] = of[its] + found.max(initial=NONE) + 1
        left = left & hopeful[of] & ~left_out
    return found


def _judged(region: Region, demands: Demands, left: Marks) -> tuple[NDArray[np.int64], Marks, Marks, Marks]:
    """Return the components of the states that are left, which of them are fair, and which may have parts that are.

    The last has the states that those parts have to do without.
    """
    inside = left[region.source] & left[region.target]
    graph = csr_array(
        (np.ones(int(inside.sum()), np.int8), (region.source[inside], region.target[inside])),
        shape=(len(left), len(left)),
    )
    count, of = connected_components(graph, directed=True, connection="strong")
    within = np.flatnonzero(inside)[of[region.source[inside]] == of[region.target[inside]]]
    home, met = of[region.source[within]], demands.of[region.taken[within]]
    rounds = np.zeros(count, np.bool_)
    rounds[home] = True
    sizes = np.bincount(of, minlength=count)
    fair, left_out = rounds.copy(), np.zeros(len(left), np.bool_)
    for number, (strongly, possible) in enumerate(zip(demands.strongly, demands.possible, strict=True)):
        where = np.bincount(of[possible & left], minlength=count)
        unmet = where > 0 if strongly else where == sizes
        unmet[home[met == number]] = False
        fair &= ~unmet
        if strongly:
            left_out |= possible & unmet[of]
        else:
            rounds &= ~unmet
    return of, fair, rounds & ~fair, left_out
