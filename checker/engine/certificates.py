"""Two certificates that a model only moves forward, each found in its tables and checked there.

*Graded*: a weight for each value of each field such that every step makes the sum of the weights rise by exactly one,
and that sum is the same in all states in which a model may begin. All runs to a state then have the same length, so the
search need not remember the states of earlier levels. Weights are reckoned modulo a prime far above the length of any
run, which says the same and needs no fractions.

*Every run ends*: no step can be on a cycle. A cycle gives every field its old value back, so a step that
always changes some field along an acyclic order of its values is on none; without that step more orders become acyclic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from overbooked.checker.engine.rule_tables import OUTSIDE, Factor, factors
from overbooked.spec.language import Model

Equation: TypeAlias = tuple[tuple[tuple[int, int], ...], int]
"""What the sum of some unknowns, each times a factor, is."""
_RIGHT = -1
"""The column of a row that holds the right side of its equation."""
_MOST = 2000
"""Models with more equations than this, a reset of everything for one, are not worth the try."""
_MOST_WORK = 500_000
"""Nor are those whose elimination takes more operations than this: a tenth of a second or so."""
_PRIME = 2**61 - 1
"""What weights are reckoned modulo."""


def is_graded(models: Sequence[Model]) -> bool:
    """Return whether one weighting is found that makes every step of all these models rise by exactly one.

    States in which one model may begin have the same weight. A step of several factors rises by what they rise
    together, so each factor must rise by some constant of its own.

    Cost: elimination with an unknown for each value of each field, and an equation for each distinct
    change in the tables.
    """
    columns: dict[object, int] = {}
    equations: set[Equation] = set()
    for parts in {step.parts for model in models for step in model.steps}:
        its = factors(parts)
        if any(factor.is_wide for factor in its):
            return False
        rises = [(columns.setdefault((parts, at), len(columns)), 1) for at in range(len(its) - 1)]
        for at, factor in enumerate(its):
            own, right = ([(rises[at][0], -1)], 0) if at < len(rises) else (rises, 1)
            equations |= {((*_weights(change, columns), *own), right) for change in _changes(factor)}
            if len(equations) > _MOST:
                return False
    equations |= {(tuple(_weights(change, columns)), 0) for model in models for change in _differences(model)}
    return len(equations) <= _MOST and _solvable(equations)


def _differences(model: Model) -> Iterator[list[tuple[str, int, int]]]:
    """Yield what is different in the other states in which a model may begin from the first: fields and two codes."""
    codes = [[field.codes[start[field.name]] for field in model.fields] for start in model.initial_states]
    for other in codes[1:]:
        its = zip(model.fields, codes[0], other, strict=True)
        yield [(field.name, old, new) for field, old, new in its if old != new]


def every_run_ends(models: Sequence[Model]) -> bool:
    """Return whether no run of these models goes on for ever, not even one that takes the steps of all of them.

    ``False`` says only that this could not be shown. What a wide factor does is not known beforehand: it may take its
    fields anywhere.
    """
    steps = [factors(parts) for parts in {step.parts for model in models for step in model.steps}]
    loose = {field.name for its in steps for factor in its if factor.is_wide for field in factor.fields}
    left = [[_changes(factor) for factor in its if not factor.is_wide] for its in steps]
    while left:
        forward = _acyclic(changes for step in left for changes in step) - loose
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


def _solvable(equations: Iterable[Equation]) -> bool:
    """Return whether all these equations have a common solution modulo a prime, by elimination on sparse rows."""
    pivots: dict[int, dict[int, int]] = {}
    work = 0
    for terms, right in equations:
        row = {_RIGHT: right}
        for column, factor in terms:
            row[column] = row.get(column, 0) + factor
        for column, pivot in pivots.items():
            if times := row.pop(column, 0):
                work += len(pivot)
                if work > _MOST_WORK:
                    return False
                for other, value in pivot.items():
                    row[other] = (row.get(other, 0) - times * value) % _PRIME
        lead = next((column for column, value in row.items() if value and column != _RIGHT), None)
        if lead is not None:
            by = pow(row.pop(lead), -1, _PRIME)
            pivots[lead] = {column: value * by % _PRIME for column, value in row.items() if value}
        elif row[_RIGHT]:
            return False
    return True


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
