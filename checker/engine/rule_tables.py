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

from overbooked.spec.language import Change, Field, Part, Rule, Value, outcome

Codes: TypeAlias = NDArray[np.int64]
Row: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

WIDEST = 12
"""The most bits that the fields of one joined table take: 4,096 entries stay in a core's nearest memory."""
MOST = 24
"""The most bits that the fields of one part may take: its rule is called for every combination of their values."""
OUTSIDE = -1
"""The code of a new value that is not in its field's domain, or that the rule had no answer for."""


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


def name_of(rule: Rule) -> str:
    """Return what a message calls a rule."""
    return getattr(rule, "__name__", "a rule")


def factors(parts: tuple[Part, ...]) -> tuple[Factor, ...]:
    """Return the factors of a step or case made of ``parts``; there is at least one.

    Raises :class:`ModelError` when a part is more than a table can hold, or two parts change one field.

    Cost: a part's rule is called once for each combination of the values of its fields, and joining tables takes time
    with the number of rows that come out.
    """
    try:
        return _factors(parts, _types(parts))
    except TypeError as error:
        raise ModelError(f"{' and '.join(name_of(part.rule) for part in parts)}: {error}") from None


def _types(parts: tuple[Part, ...]) -> tuple[type, ...]:
    """Return the types of all values that the parts know, to keep apart what Python calls equal: ``True`` and 1."""
    return tuple(
        type(value)
        for part in parts
        for values in (*(field.domain for _, field in part.fields), (value for _, value in part.constants))
        for value in values
    )


@cache
def _factors(parts: tuple[Part, ...], _: tuple[type, ...]) -> tuple[Factor, ...]:
    for part in parts:
        _refuse_strange(part)
    _refuse_two_writers(parts)
    groups: list[list[Part]] = []
    for part in parts:
        if groups and sum(map(bits, _fields([*groups[-1], part]))) <= WIDEST:
            groups[-1].append(part)
        else:
            groups.append([part])
    return tuple(_factor(group) for group in groups or [[]])


def _refuse_strange(part: Part) -> None:
    fields = [field for _, field in part.fields]
    if len({field.name for field in fields}) < len(fields):
        twice = next(field.name for field in fields if [each.name for each in fields].count(field.name) > 1)
        raise ModelError(f"{name_of(part.rule)} is given {twice} in two roles: one is enough")
    if sum(map(bits, fields)) > MOST:
        raise ModelError(
            f"{name_of(part.rule)} touches more than 2**{MOST} combinations of values: split it into parts"
        )


def _refuse_two_writers(parts: tuple[Part, ...]) -> None:
    writer: dict[str, str] = {}
    for part in parts:
        rows = rows_of(part)
        for at, (_, field) in enumerate(part.fields):
            if any(before[at] != after[at] for before, after in rows if set(after) != {OUTSIDE}):
                if field.name in writer:
                    both = f"{writer[field.name]} and {name_of(part.rule)}"
                    raise ModelError(f"{both} both change {field.name} in one step: let one of them do it")
                writer[field.name] = name_of(part.rule)


def rows_of(part: Part) -> tuple[Row, ...]:
    """Return where a part is possible and what it changes, as codes of its fields: old and new, row by row."""
    roles = tuple(role for role, _ in part.fields)
    return _rows(part.rule, roles, tuple(field.domain for _, field in part.fields), part.constants, _types((part,)))


def _fields(parts: list[Part]) -> tuple[Field, ...]:
    return tuple(dict.fromkeys(field for part in parts for _, field in part.fields))


def _factor(parts: list[Part]) -> Factor:
    """Join parts; the fields' names do not matter to the table, so that alike parts share one."""
    fields = _fields(parts)
    place = {field: at for at, field in enumerate(fields)}
    shapes = tuple(
        (part.rule, tuple((role, place[field]) for role, field in part.fields), part.constants) for part in parts
    )
    return Factor(fields, *_joined(shapes, tuple(field.domain for field in fields), _types(tuple(parts))))


_Shape: TypeAlias = tuple[Rule, tuple[tuple[str, int], ...], tuple[tuple[str, Value], ...]]
_Codes: TypeAlias = dict[int, int]


@cache
def _joined(
    shapes: tuple[_Shape, ...], domains: tuple[tuple[Value, ...], ...], _: tuple[type, ...]
) -> tuple[Codes, Codes]:
    rows: list[tuple[_Codes, _Codes]] = [({}, {})]
    for rule, places, constants in shapes:
        roles, own = tuple(role for role, _ in places), tuple(domains[at] for _, at in places)
        types = tuple(type(value) for values in (*own, (value for _, value in constants)) for value in values)
        rows = _join(rows, [at for _, at in places], _rows(rule, roles, own, constants, types))
    width = range(len(domains))
    before = np.array([[old[at] for at in width] for old, _ in rows], np.int64).reshape(len(rows), len(domains))
    after = np.array([[new.get(at, old[at]) for at in width] for old, new in rows], np.int64)
    return before, after.reshape(before.shape)


def _join(rows: list[tuple[_Codes, _Codes]], places: list[int], more: tuple[Row, ...]) -> list[tuple[_Codes, _Codes]]:
    """Return the rows that follow from one of ``rows`` and one of ``more`` that agree where they have both a say."""
    shared = [(k, at) for k, at in enumerate(places) if rows and at in rows[0][0]]
    index: dict[tuple[int, ...], list[tuple[_Codes, _Codes]]] = {}
    for before, after in more:
        changed = {at: b for at, a, b in zip(places, before, after, strict=True) if a != b}
        entry = (dict(zip(places, before, strict=True)), changed)
        index.setdefault(tuple(before[k] for k, _ in shared), []).append(entry)
    return [
        (old | own, new | changed)
        for old, new in rows
        for own, changed in index.get(tuple(old[at] for _, at in shared), ())
    ]


@cache
def _rows(
    rule: Rule,
    roles: tuple[str, ...],
    domains: tuple[tuple[Value, ...], ...],
    constants: tuple[tuple[str, Value], ...],
    _: tuple[type, ...],
) -> tuple[Row, ...]:
    """Call a rule with every combination of its fields' values; return the codes where it is possible.

    Some combinations are never reached, and a rule need not have an answer for them: where it raises an exception it
    leaves every domain, which is an error only if the search comes there.
    """
    fixed = dict(constants)
    codes = [{value: code for code, value in enumerate(domain)} for domain in domains]
    rows = []
    for values in product(*domains):
        before = tuple(code[value] for code, value in zip(codes, values, strict=True))
        try:
            answer = rule(**dict(zip(roles, values, strict=True)), **fixed)
        except Exception:  # noqa: BLE001 - whatever a rule may raise
            rows.append((before, (OUTSIDE,) * len(before)))
            continue
        if (change := outcome(answer)) is not None:
            rows.append((before, _changed(rule, roles, codes, before, change)))
    return tuple(rows)


def _changed(
    rule: Rule, roles: tuple[str, ...], codes: list[dict[Value, int]], before: tuple[int, ...], change: Change
) -> tuple[int, ...]:
    if strange := change.keys() - set(roles):
        given = ", ".join(roles)
        raise ModelError(
            f"{name_of(rule)} changes {', '.join(sorted(strange))}, which it was not given: it has {given}"
        )
    return tuple(
        code.get(change[role], OUTSIDE) if role in change else old
        for role, code, old in zip(roles, codes, before, strict=True)
    )
