"""Steps that are taken at once: nothing that may still happen disturbs them, or can tell that they were taken.

Two steps *conflict* in a state where both are possible if one of them makes the other impossible, or the order in which
they are taken makes a difference. A case conflicts with a step that is possible in it and leads out of it. From the
tables follows in which states two steps conflict; from how each field may move, from which states such a state can
still be reached. Where that is so for no other step or case, a step that is possible and owed is taken *at once*, and
nothing else.

That loses nothing. Take any run from here to a broken state. If the step is taken on the way, nothing before it
conflicts with it, so it can be taken first, with the same end. If it is not, it stays possible to the end of the run;
a run that is over has then not ended, and in all others it can be taken first too: whatever the run did it still does,
and ends in a state that is as broken. So a broken state that could be reached in n steps can still be reached, in n at
most. Nothing is added, as what is taken is a step of the model; faults are steps like others.

This is the partial-order reduction by persistent sets (Godefroid, Partial-Order Methods for the Verification of
Concurrent Systems, 1996, chapter 4) with sets of one step. The condition on cycles is that steps taken at once
must come to an end; no more is needed, because runs to a broken state do not become longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np

from overbooked.checker.engine.certificates import every_run_ends
from overbooked.checker.engine.compiled import Marks
from overbooked.checker.engine.dense_tables import IMPOSSIBLE, Act, Acts, Shape, then
from overbooked.checker.engine.rule_tables import OUTSIDE, Codes
from overbooked.spec.language import Model, Step

Condition: TypeAlias = Mapping[str, frozenset[int]]
"""Some fields, by name, and the codes that they may have."""

_MOST_PAIRS = 1 << 22
"""Factors with more pairs of rows than this are not compared: they are said to conflict wherever both are possible."""


class AtOnce(NamedTuple):
    """A step, and the conditions under each of which something may still come to conflict with it."""

    step: Step
    disturbed: tuple[Condition, ...]


def at_once(model: Model, acts: Acts, kept: Mapping[str, Codes], idle: frozenset[str]) -> list[AtOnce]:
    """Return the steps that are taken at once in some states; ``idle`` are fields that may be forgotten on the way.

    Cost: the factors of each two steps that share what one of them changes are compared row by row, alike ones once.
    """
    towards = {name: _closed(moves, forgotten=name in idle) for name, moves in acts.moves.items()}
    found = []
    for at, step in enumerate(model.steps):
        others = [*acts.steps[:at], *acts.steps[at + 1 :], *acts.judged]
        conflicts = [each for other in others for each in _conflicts(acts.steps[at], other, kept, towards)]
        if step.owed and all(conflicts):
            found.append(AtOnce(step, tuple({frozenset(each.items()): each for each in conflicts}.values())))
    return found if every_run_ends([model._replace(steps=tuple(each.step for each in found))]) else []


def _closed(moves: Marks, *, forgotten: bool) -> Marks:
    """Return from which codes a field may still come to which."""
    reach = moves | np.eye(len(moves), dtype=np.bool_)
    if forgotten:
        reach[:, 0] = True
    for by in range(len(reach)):
        reach |= reach[:, by : by + 1] & reach[by]
    return reach


def _conflicts(
    one: tuple[Act, ...], other: tuple[Act, ...], kept: Mapping[str, Codes], towards: Mapping[str, Marks]
) -> list[Condition]:
    """Return the conditions under which two steps (or a step and a case) may still come to conflict."""
    found = []
    for a, b in product(one, other):
        if a.touches(b) and (conflict := _conflict(a, b, kept, unclear=a.mingles(other) or b.mingles(one))):
            elsewhere = [_possible(act) for act in (*one, *other) if act is not a and act is not b]
            found.append(_still([conflict, *elsewhere], towards))
    return found


def _still(conditions: Sequence[Condition], towards: Mapping[str, Marks]) -> Condition:
    """Return the codes that fields have where all these conditions may still come true, if not all codes are."""
    found: dict[str, frozenset[int]] = {}
    for name, codes in (item for condition in conditions for item in condition.items()):
        may = frozenset(np.flatnonzero(towards[name][:, sorted(codes)].any(axis=1)).tolist())
        found[name] = found.get(name, may) & may
    return {name: codes for name, codes in found.items() if len(codes) < len(towards[name])}


def _possible(act: Act) -> Condition:
    return dict(zip(act.names, _codes(act.shape), strict=True))


@cache
def _codes(of: Shape) -> tuple[frozenset[int], ...]:
    if of.is_wide:
        return tuple(frozenset(range(size)) for size in of.sizes)
    return tuple(frozenset(column.tolist()) for column in of.before.codes.T)


def _conflict(a: Act, b: Act, kept: Mapping[str, Codes], *, unclear: bool) -> Condition:
    """Return the codes that fields have where two factors conflict; nothing, where they never do."""
    if unclear:
        return {**_possible(a), **_possible(b)}
    every = (*a.names, *b.names)
    classes = tuple(tuple(kept[name].tolist()) if name in kept else None for name in every)
    codes = _conflicting(a.shape, b.shape, a.shared(b), classes)
    return dict(zip(every, codes, strict=True)) if codes else {}


@cache
def _conflicting(
    a: Shape, b: Shape, places: tuple[tuple[int, int], ...], classes: tuple[tuple[int, ...] | None, ...]
) -> tuple[frozenset[int], ...] | None:
    """Return, for each field of ``a`` and then of ``b``, the codes it has where they conflict."""
    if a.is_wide or b.is_wide or len(a.before.codes) * len(b.before.codes) > _MOST_PAIRS:
        return tuple(frozenset(range(size)) for size in (*a.sizes, *b.sizes))
    both = ~_outside(a)[:, None] & ~_outside(b)
    for i, j in places:
        both &= a.before.codes[:, i : i + 1] == b.before.codes[:, j]
    in_a, in_b = np.nonzero(both)
    old_a, new_a, old_b, new_b = a.before.codes[in_a], a.after.codes[in_a], b.before.codes[in_b], b.after.codes[in_b]
    b_last = then(new_a, old_b, b, places)
    a_last = then(new_b, old_a, a, [(j, i) for i, j in places])
    bad = (b_last == IMPOSSIBLE).any(axis=1) | (a_last == IMPOSSIBLE).any(axis=1)
    for i, j in places:
        bad |= _apart(a_last[:, i], b_last[:, j], classes[i])
    for i in set(range(len(a.sizes))) - {i for i, _ in places}:
        bad |= _apart(a_last[:, i], new_a[:, i], classes[i])
    for j in set(range(len(b.sizes))) - {j for _, j in places}:
        bad |= _apart(b_last[:, j], new_b[:, j], classes[len(a.sizes) + j])
    columns = [*old_a[bad].T, *old_b[bad].T]
    return tuple(frozenset(column.tolist()) for column in columns) if bad.any() else None


def _outside(of: Shape) -> Marks:
    outside: Marks = np.any(of.after.codes < 0, axis=1)
    return outside


def _apart(ones: Codes, others: Codes, classes: tuple[int, ...] | None) -> Marks:
    """Return where two columns of codes differ in what something can tell apart."""
    kept = np.array([*classes, IMPOSSIBLE, OUTSIDE]) if classes else None
    apart: Marks = ones != others if kept is None else kept[ones] != kept[others]
    return apart
