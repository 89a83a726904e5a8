"""Forgetting what no longer matters: values that nothing tells apart, and fields that nothing looks at any more.

*Values.* Two values of a field are the same to a model when no step and no case ever tells them apart: with one or
with the other the same is possible, and does the same. Then only one of them is needed. (That a replica answered
a check matters; what it answered does not, once the highest answer is known.)

*Fields.* A field is *idle* while another has some value for good when, from then on, what is possible and what it does
never depends on it: it may count for itself, but nobody looks. (The answers to a check that is over.) Then it is set
to the first value of its domain; and from then on says nothing of other fields itself.

Both are equivalences that no step and no case can tell (bisimulations; Milner, Communication and Concurrency, 1989),
so that every verdict and the length of every shortest run stay what they were, whatever the faults and properties.
The second is what compilers do with variables that are not live (Bozga, Fernandez and Ghirvu, State space reduction
based on live variables analysis, 1999).
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np

from overbooked.checker.engine.dense_tables import IMPOSSIBLE, Act, Acts, Shape, dense
from overbooked.checker.engine.rule_tables import Codes
from overbooked.spec.language import Model

Kept: TypeAlias = tuple[int, ...]
"""For each code of a field, the code that stands for it."""


def merged(model: Model, acts: Acts) -> dict[str, Codes]:
    """Return, for each field with values that nothing tells apart, the code that is kept for each code.

    Cost: a few passes over the tables: values are taken to be the same until something tells them apart.
    """
    kept = {field.name: (0,) * len(field.domain) for field in model.fields}
    every = [act for each in (*acts.steps, *acts.cases) for act in each]
    while True:
        told = {name: {codes} for name, codes in kept.items()}
        for act in every:
            classes = tuple(kept[name] for name in act.names)
            for at, name in enumerate(act.names):
                told[name].add(_told_apart(act.shape, at, classes))
        finer = {name: _together(kinds) for name, kinds in told.items()}
        if finer == kept:
            return {name: np.array(codes) for name, codes in kept.items() if len(set(codes)) < len(codes)}
        kept = finer


def idle(model: Model, acts: Acts) -> dict[str, dict[int, frozenset[str]]]:
    """Return, by field and by code that it keeps for good, the fields that are idle then.

    Cost: for each such field and code, a few passes over the factors; what one table depends on is found out once.
    """
    found: dict[str, dict[int, frozenset[str]]] = {}
    for field in model.fields:
        leaves = acts.moves[field.name] & ~np.eye(len(field.domain), dtype=np.bool_)
        for code in np.flatnonzero(~leaves.any(axis=1) & leaves.any(axis=0)):
            if others := _idle(model, acts, field.name, int(code)) - {field.name}:
                found.setdefault(field.name, {})[int(code)] = others
    return found


def _together(kinds: set[Kept]) -> Kept:
    """Return the first code that all of ``kinds`` put together with each code."""
    first: dict[tuple[int, ...], int] = {}
    return tuple(first.setdefault(row, code) for code, row in enumerate(zip(*kinds, strict=True)))


@cache
def _told_apart(of: Shape, at: int, classes: tuple[Kept, ...]) -> Kept:
    """Return, for each code of one field, the first one that the table does not tell apart from it."""
    if of.is_wide:
        return tuple(range(of.sizes[at]))
    table = dense(of).copy()
    for column, codes in enumerate(classes):
        inside = table[..., column] >= 0
        table[inside, column] = np.array(codes)[table[inside, column]]
    first: dict[bytes, int] = {}
    rows = np.moveaxis(table, at, 0)
    return tuple(first.setdefault(row.tobytes(), code) for code, row in enumerate(rows))


def _idle(model: Model, acts: Acts, name: str, code: int) -> frozenset[str]:
    """Return the fields that are idle while this one has this code: all, but for those that something depends on."""
    left = {field.name for field in model.fields}
    looks = [look for each in (*acts.steps, *acts.cases) for look in _looks(each, name, code)]
    while True:
        seen = {by for by, what in looks if what is None or what not in left}
        if not left & seen:
            return frozenset(left)
        left -= seen


def _looks(of: tuple[Act, ...], name: str, code: int) -> set[tuple[str, str | None]]:
    """Return which fields a step or case looks at, and which field depends on it (``None``: whether it is possible)."""
    found: set[tuple[str, str | None]] = set()
    for act in of:
        looks = _depends(act.shape, (act.names.index(name), code) if name in act.names else None)
        if looks is None:
            return set()
        found |= {(act.names[by], None if what is None else act.names[what]) for by, what in looks}
    return found


@cache
def _depends(of: Shape, fixed: tuple[int, int] | None) -> frozenset[tuple[int, int | None]] | None:
    """Return which places a table looks at, and for the sake of which; ``None`` when it is never possible."""
    places = range(len(of.sizes))
    if of.is_wide:
        return frozenset((by, None) for by in places)
    table = dense(of) if fixed is None else dense(of).take([fixed[1]], axis=fixed[0])
    possible = (table != IMPOSSIBLE).all(axis=-1)
    if not possible.any():
        return None
    found: set[tuple[int, int | None]] = set()
    for by in places:
        other = table.take([0], axis=by)
        differs = (table != other).any(axis=tuple(places))
        found |= {(by, what) for what in places if what != by and differs[what]}
        if (possible != possible.take([0], axis=by)).any():
            found.add((by, None))
    return frozenset(found)
