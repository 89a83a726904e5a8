"""A step's parts as tables: which values of the touched fields make it possible, and what they become.

A part has few distinct inputs, so it is run once for each, for the whole life of the process. Parts of one step that
touch few bits together are joined to a single table; what is left are the step's *factors*, which must all be
possible.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spec.language import Field, Part, Rule, Value

Codes: TypeAlias = NDArray[np.int64]
Row: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

WIDEST = 12
"""The most bits that the fields of one joined table take: 4,096 entries stay in a core's nearest memory."""
OUTSIDE = -1
"""The code of a new value that is not in its field's domain."""


class ModelError(ValueError):
    """A model that contradicts itself; the message says where, and what would be right."""


class Factor(NamedTuple):
    """A table over ``fields``: row by row the codes of their old values and of their new ones.

    ``before`` and ``after`` have a row for each input that makes the factor possible and a column for each field.
    """

    fields: tuple[Field, ...]
    before: Codes
    after: Codes


def bits(field: Field) -> int:
    """Return how many bits a field's code takes: a value's code is its place in the domain.

    >>> bits(Field("light", ("red", "yellow", "green"), "red"))
    2
    """
    return max(1, (len(field.domain) - 1).bit_length())


@cache
def factors(parts: tuple[Part, ...]) -> tuple[Factor, ...]:
    """Return the factors of a step or case made of ``parts``.

    Cost: a part's rule is called once for each combination of the values of its fields.
    """
    _refuse_two_writers(parts)
    groups: list[list[Part]] = []
    for part in parts:
        if groups and sum(map(bits, _fields([*groups[-1], part]))) <= WIDEST:
            groups[-1].append(part)
        else:
            groups.append([part])
    return tuple(_factor(group) for group in groups or [[]])


def _refuse_two_writers(parts: tuple[Part, ...]) -> None:
    writer: dict[Field, Part] = {}
    for part in parts:
        fields = [field for _, field in part.fields]
        rows = _rows_of(part)
        for at, field in enumerate(fields):
            if any(before[at] != after[at] for before, after in rows) and writer.setdefault(field, part) is not part:
                names = " and ".join(getattr(each.rule, "__name__", "a rule") for each in (writer[field], part))
                raise ModelError(f"{names} both change {field.name} in one step: let one of them do it")


def _rows_of(part: Part) -> tuple[Row, ...]:
    roles = tuple(role for role, _ in part.fields)
    return _rows(part.rule, roles, tuple(field.domain for _, field in part.fields), part.constants)


def _fields(parts: list[Part]) -> tuple[Field, ...]:
    return tuple(dict.fromkeys(field for part in parts for _, field in part.fields))


def _factor(parts: list[Part]) -> Factor:
    """Join parts; the fields' names do not matter to the table, so that alike parts share one."""
    fields = _fields(parts)
    place = {field: at for at, field in enumerate(fields)}
    shapes = tuple(
        (part.rule, tuple((role, place[field]) for role, field in part.fields), part.constants) for part in parts
    )
    return Factor(fields, *_joined(shapes, tuple(field.domain for field in fields)))


_Shape: TypeAlias = tuple[Rule, tuple[tuple[str, int], ...], tuple[tuple[str, Value], ...]]


@cache
def _joined(shapes: tuple[_Shape, ...], domains: tuple[tuple[Value, ...], ...]) -> tuple[Codes, Codes]:
    rows: list[tuple[dict[int, int], dict[int, int]]] = [({}, {})]
    for rule, places, constants in shapes:
        roles = tuple(role for role, _ in places)
        more = _rows(rule, roles, tuple(domains[at] for _, at in places), constants)
        rows = _join(rows, [at for _, at in places], more)
    # A field that no part constrains does not occur: every part names all its fields in every row.
    width = range(len(domains))
    before = np.array([[old[at] for at in width] for old, _ in rows], np.int64).reshape(len(rows), len(domains))
    after = np.array([[new.get(at, old[at]) for at in width] for old, new in rows], np.int64).reshape(before.shape)
    return before, after


def _join(
    rows: list[tuple[dict[int, int], dict[int, int]]], places: list[int], more: tuple[Row, ...]
) -> list[tuple[dict[int, int], dict[int, int]]]:
    joined = []
    for old, new in rows:
        for before, after in more:
            if all(old.get(at, code) == code for at, code in zip(places, before, strict=True)):
                changed = {at: b for at, a, b in zip(places, before, after, strict=True) if a != b}
                joined.append((old | dict(zip(places, before, strict=True)), new | changed))
    return joined


@cache
def _rows(
    rule: Rule,
    roles: tuple[str, ...],
    domains: tuple[tuple[Value, ...], ...],
    constants: tuple[tuple[str, Value], ...],
) -> tuple[Row, ...]:
    """Call a rule with every combination of its fields' values; return the codes where it is possible."""
    fixed = dict(constants)
    codes = [{value: code for code, value in enumerate(domain)} for domain in domains]
    rows = []
    for values in product(*domains):
        change = rule(**dict(zip(roles, values, strict=True)), **fixed)
        if change is None or change is False:
            continue
        before = tuple(code[value] for code, value in zip(codes, values, strict=True))
        rows.append((before, before if change is True else _changed(rule, roles, codes, before, dict(change))))
    return tuple(rows)


def _changed(
    rule: Rule, roles: tuple[str, ...], codes: list[dict[Value, int]], before: tuple[int, ...], change: dict[str, Value]
) -> tuple[int, ...]:
    if strange := change.keys() - set(roles):
        name = getattr(rule, "__name__", "a rule")
        raise ModelError(
            f"{name} changes {', '.join(sorted(strange))}, which it was not given: it has {', '.join(roles)}"
        )
    return tuple(
        code.get(change[role], OUTSIDE) if role in change else old
        for role, code, old in zip(roles, codes, before, strict=True)
    )
