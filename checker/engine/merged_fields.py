"""Fields kept together: what is about one user, say, takes one number for all that it can be at once.

Most combinations of values never come up: a call that has not begun has been sent nowhere. So the fields in whose names
one of a model's names stands are a *group*, and its *local states* are what its fields can be at once, as far as can be
told from them alone: all that follows from their first values by the steps, whatever the other fields are. That is
more than can be reached, and so no state is missed; it is much less than all combinations, so that a state takes fewer
bits. (A model is the product of its groups then, as a network of automata is of its automata.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from overbooked.checker.engine.rule_tables import OUTSIDE, Codes, Factor, bits, factors, is_wide, rows_of
from overbooked.spec.language import Field, Model, Part, State, Value

Local: TypeAlias = tuple[int, ...]
_Move: TypeAlias = list[tuple[tuple[int, ...], dict[Local, set[tuple[tuple[int, int], ...]]]]]
"""What a step's factors look at of some fields, and for each of their codes there what they may change."""
_Known: TypeAlias = tuple[list[Local], list[_Move], Codes]
"""Where some fields may begin, how they move, and their local states."""
_MOST_STATES = 1 << 12
"""A group of more local states than this is none."""
_MOST_ROWS = 1 << 18
"""Nor are groups for which tables would have to be joined in more ways than this."""


class Group(NamedTuple):
    """Fields kept together: ``field`` stands for them all, and its code for a row of ``codes``, a column for each."""

    field: Field
    members: tuple[Field, ...]
    codes: Codes

    def keys(self, codes: Codes, members: Sequence[int]) -> Codes:
        """Return codes of some of the members, row by row, as one number each; below 0 where one is outside."""
        radix = np.cumprod([1, *(len(self.members[at].domain) for at in members)])[:-1]
        keys: Codes = codes @ radix.astype(np.int64)
        keys[(codes < 0).any(axis=1)] = OUTSIDE
        return keys

    def code(self, values: Sequence[Value]) -> int:
        """Return the code of these values of the members."""
        local = [field.codes[value] for field, value in zip(self.members, values, strict=True)]
        return int(np.flatnonzero((self.codes == local).all(axis=1))[0])


class WideError(Exception):
    """Tables that would be too large."""


def groups(model: Model) -> list[Group]:
    """Return a model's groups: those about its users, say, or its replicas, whichever take the fewest bits.

    A lamp that breaks only while it is on can be in three states, and not in four:

    >>> from overbooked.spec.language import part, step
    >>> on, broken = (Field(f"a {name}", (False, True), initial=False) for name in ("on", "broken"))
    >>> switch = step("switch", part(lambda on, broken: None if broken else {"on": not on}, on=on, broken=broken))
    >>> burn_out = step("burn out", part(lambda on, broken: {"broken": True} if on else None, on=on, broken=broken))
    >>> [group] = groups(Model("lamp", (on, broken), (switch, burn_out), (), (("a",),)))
    >>> group.codes.tolist()
    [[0, 0], [1, 0], [1, 1]]

    Cost: the local states of each group are found one by one; those of groups that move alike, once.
    """
    if any(factor.is_wide for step in model.steps for factor in factors(step.parts)):
        return []
    known: list[_Known] = []
    starts = model.initial_states
    return max((_groups(model, starts, names, known) for names in model.alike), key=_saved, default=[])


def _groups(model: Model, starts: Sequence[State], names: Sequence[str], known: list[_Known]) -> list[Group]:
    left, found = list(model.fields), []
    for name in names:
        if group := _group(model, starts, name, left, known):
            found.append(group)
            left = [field for field in left if field not in group.members]
    return found


def _saved(kind: list[Group]) -> int:
    return sum(sum(map(bits, group.members)) - bits(group.field) for group in kind)


def _group(
    model: Model, starts: Sequence[State], name: str, fields: Sequence[Field], known: list[_Known]
) -> Group | None:
    """Return the group of one name among these fields, if it has two or more, and not too many local states."""
    members = tuple(field for field in fields if re.search(rf"\b{re.escape(name)}\b", field.name))
    if len(members) < 2 or prod(len(field.domain) for field in members) >= 1 << 62:  # noqa: PLR2004
        return None
    moves = [move for step in model.steps if (move := _moves(factors(step.parts), members))]
    first = list(dict.fromkeys(tuple(field.codes[start[field.name]] for field in members) for start in starts))
    codes = next((codes for was, did, codes in known if (was, did) == (first, moves)), None)
    if codes is None:
        codes = _local_states(first, moves)
        known.append((first, moves, codes))
    return Group(Field(f"all of {name}", tuple(range(len(codes))), 0), members, codes) if len(codes) else None


def _local_states(first: list[Local], moves: list[_Move]) -> Codes:
    """Return all that follows from these local states, which come first; nothing, if that is too much."""
    found, known = list(first), set(first)
    for local in found:
        fresh = dict.fromkeys(after for move in moves for after in _after(local, move) if after not in known)
        known |= fresh.keys()
        found += fresh
        if len(found) > _MOST_STATES:
            return np.empty((0, len(first[0])), np.int64)
    return np.array(found, np.int64)


def _moves(its: Iterable[Factor], members: tuple[Field, ...]) -> _Move:
    """Return what a step looks at and changes of these fields, if it changes any."""
    place = {field: at for at, field in enumerate(members)}
    move: _Move = []
    changes = False
    for factor in its:
        inside = [at for at, field in enumerate(factor.fields) if field in place]
        if not inside:
            continue
        table: dict[Local, set[tuple[tuple[int, int], ...]]] = {}
        where = tuple(place[factor.fields[at]] for at in inside)
        rows = np.unique(np.hstack([factor.before[:, inside], factor.after[:, inside]]), axis=0).tolist()
        for before, after in ((tuple(row[: len(inside)]), tuple(row[len(inside) :])) for row in rows):
            if OUTSIDE not in after:
                changed = tuple((at, new) for at, old, new in zip(where, before, after, strict=True) if old != new)
                table.setdefault(before, set()).add(changed)
                changes |= bool(changed)
        move.append((where, table))
    return move if changes else []


def _after(local: Local, move: _Move) -> list[Local]:
    """Return what a step may make of a local state."""
    options = []
    for where, table in move:
        changes = table.get(tuple(local[at] for at in where))
        if changes is None:
            return []
        options.append(changes)
    found = []
    for chosen in product(*options):
        after = list(local)
        for at, new in (change for changes in chosen for change in changes):
            after[at] = new
        found.append(tuple(after))
    return found


def regrouped(parts: Sequence[Part], groups: Sequence[Group]) -> tuple[Factor, ...]:
    """Return the factors of a step over groups; parts that change the same group make one factor.

    Raises :class:`WideError` where that would make a table too large.
    """
    clusters = [[each] for each in parts]
    for group in groups:
        members = set(group.members)
        writers = [at for at, cluster in enumerate(clusters) if any(_changes(each, members) for each in cluster)]
        for at in reversed(writers[1:]):
            clusters[writers[0]] += clusters.pop(at)
    found = []
    for cluster in clusters or [[]]:
        its = factors(tuple(cluster))
        if any(each.is_wide for each in its):
            raise WideError
        factor = reduce(_joined, its)
        for group in groups:
            factor = _over(factor, group) if set(group.members).intersection(factor.fields) else factor
        found.append(factor)
    return tuple(found)


def _changes(each: Part, members: set[Field]) -> bool:
    if is_wide(each):
        raise WideError
    before, after, _ = rows_of(each)
    inside = [at for at, (_, field) in enumerate(each.fields) if field in members]
    return bool((before != after)[:, inside].any())


def _joined(one: Factor, other: Factor) -> Factor:
    """Return two factors of a step as one: it is possible where both are, and changes what either changes."""
    if len(one.before) * len(other.before) > _MOST_ROWS:
        raise WideError
    shared = [(one.fields.index(field), at) for at, field in enumerate(other.fields) if field in one.fields]
    more = [at for at, field in enumerate(other.fields) if field not in one.fields]
    agree = np.ones((len(one.before), len(other.before)), np.bool_)
    for i, j in shared:
        agree &= one.before[:, i : i + 1] == other.before[:, j]
    rows, others = np.nonzero(agree)
    before, after = one.before[rows], one.after[rows]
    for i, j in shared:
        after[:, i] = np.where(after[:, i] == before[:, i], other.after[others, j], after[:, i])
    return Factor(
        (*one.fields, *(other.fields[at] for at in more)),
        np.hstack([before, other.before[others][:, more]]),
        np.hstack([after, other.after[others][:, more]]),
        one.escape[rows] | other.escape[others],
    )


def _over(factor: Factor, group: Group) -> Factor:
    """Return a factor with the group in the place of those fields that are its members."""
    place = {field: at for at, field in enumerate(group.members)}
    inside = [at for at, field in enumerate(factor.fields) if field in place]
    rest = [at for at, field in enumerate(factor.fields) if field not in place]
    members = [place[factor.fields[at]] for at in inside]
    keys = group.keys(group.codes[:, members], members)
    order = np.argsort(keys, kind="stable")
    wanted = group.keys(factor.before[:, inside], members)
    first, last = (np.searchsorted(keys[order], wanted, side) for side in ("left", "right"))
    counts = last - first
    if counts.sum() > _MOST_ROWS:
        raise WideError
    rows = np.repeat(np.arange(len(counts)), counts)
    local = order[np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(len(rows))]
    after = group.codes[local]
    after[:, members] = factor.after[rows][:, inside]
    together = _codes(group, after)
    return Factor(
        (group.field, *(factor.fields[at] for at in rest)),
        np.column_stack([local, factor.before[rows][:, rest]]),
        np.column_stack([together, factor.after[rows][:, rest]]),
        factor.escape[rows] | (together == OUTSIDE),
    )


def _codes(group: Group, codes: Codes) -> Codes:
    """Return the group's codes for these codes of its members; outside, where one of them is."""
    everyone = range(len(group.members))
    keys, wanted = group.keys(group.codes, everyone), group.keys(codes, everyone)
    order = np.argsort(keys)
    found = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where(wanted == keys[order][found], order[found], OUTSIDE)
