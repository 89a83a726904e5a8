"""Two certificates that a model only moves forward, each found in its tables and checked there.

*Graded*: a weight for each value of each field such that every step makes the sum of the weights rise by exactly one.
All runs to a state then have the same length, so the search need not remember the states of earlier levels.

*Every run ends*: no step can be on a cycle. A cycle gives every field its old value back, so a step that
always changes some field along an acyclic order of its values is on none; without that step more orders become acyclic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter

import numpy as np

from checker.tables import OUTSIDE, Factor, factors
from spec.language import Model

_NEAR = 1e-7
"""How far from one a rise may be: d of them then add up to d and to no other length, for any d of a search."""
_MOST = 2000
"""Models with more equations than this, a reset of everything for one, are not worth the try."""


def is_graded(models: Sequence[Model]) -> bool:
    """Return whether one weighting is found that makes every step of all these models rise by exactly one.

    A step of several factors rises by what they rise together, so each factor must rise by some constant of its own.

    Cost: a least-squares problem with an unknown for each value of each field, and an equation for each distinct
    change in the tables.
    """
    columns: dict[object, int] = {}
    equations = set()
    for parts in {step.parts for model in models for step in model.steps}:
        its = factors(parts)
        rises = [(columns.setdefault((parts, at), len(columns)), 1) for at in range(len(its) - 1)]
        for at, factor in enumerate(its):
            own, right = ([(rises[at][0], -1)], 0) if at < len(rises) else (rises, 1)
            equations |= {(*_weights(change, columns), *own, (-1, right)) for change in _changes(factor)}
            if len(equations) > _MOST:
                return False
    return _solvable(equations, len(columns))


def every_run_ends(models: Sequence[Model]) -> bool:
    """Return whether no run of these models goes on for ever, not even one that takes the steps of all of them.

    ``False`` says only that this could not be shown.
    """
    parts = {step.parts for model in models for step in model.steps}
    left = [[_changes(factor) for factor in factors(each)] for each in parts]
    while left:
        forward = _acyclic(changes for step in left for changes in step)
        stay = [step for step in left if not _always_moves(step, forward)]
        if len(stay) == len(left):
            return False
        left = stay
    return True


def _always_moves(step: list[set[tuple[tuple[str, int, int], ...]]], forward: set[str]) -> bool:
    """Return whether each change of some factor moves one of these fields."""
    return any(all(any(name in forward for name, _, _ in change) for change in changes) for changes in step)


def _changes(factor: Factor) -> set[tuple[tuple[str, int, int], ...]]:
    """Return the distinct changes in a factor's rows: of each field that changes, its name and two codes."""
    names = [field.name for field in factor.fields]
    rows = zip(factor.before.tolist(), factor.after.tolist(), strict=True)
    changes = (zip(names, before, after, strict=True) for before, after in rows if OUTSIDE not in after)
    return {tuple((name, old, new) for name, old, new in change if old != new) for change in changes}


def _weights(change: Iterable[tuple[str, int, int]], columns: dict[object, int]) -> list[tuple[int, int]]:
    """Return the weights that a change adds and takes away, as columns and factors."""
    terms = []
    for name, old, new in change:
        terms += [(columns.setdefault((name, code), len(columns)), sign) for code, sign in ((new, 1), (old, -1))]
    return terms


def _solvable(equations: Iterable[tuple[tuple[int, int], ...]], unknowns: int) -> bool:
    rows = list(equations)
    left, right = np.zeros((len(rows), unknowns)), np.zeros(len(rows))
    for at, (*terms, (_, value)) in enumerate(rows):
        right[at] = value
        for column, factor in terms:
            left[at, column] += factor
    solution = np.linalg.lstsq(left, right, rcond=None)[0]
    return bool(np.all(np.abs(left @ solution - right) < _NEAR))


def _acyclic(steps: Iterable[set[tuple[tuple[str, int, int], ...]]]) -> set[str]:
    """Return the fields whose values these steps only ever move along an order without cycles."""
    orders: dict[str, dict[int, set[int]]] = {}
    for name, old, new in (change for changes in steps for each in changes for change in each):
        orders.setdefault(name, {}).setdefault(new, set()).add(old)
    return {name for name, order in orders.items() if _has_no_cycle(order)}


def _has_no_cycle(order: dict[int, set[int]]) -> bool:
    try:
        TopologicalSorter(order).prepare()
    except CycleError:
        return False
    return True
