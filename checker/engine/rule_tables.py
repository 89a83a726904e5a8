"""A step's parts as tables: which values of the touched fields make it possible, and what they become.

A part has few distinct inputs, so it is run once for each, for the whole life of the process. Parts of one step that
touch few bits together are joined to a single table; what is left are the step's *factors*, which must all be
possible. Of a part that has many inputs there is no such table: it is run for those that occur.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from overbooked.spec.language import AnswerError, Change, Field, Part, Rule, Value, kinds, outcome

Codes: TypeAlias = NDArray[np.int64]

WIDEST = 12
"""The most bits that the fields of one joined table take: 4,096 entries stay in a core's nearest memory."""
_MOST_LISTED = 18
"""Nor is a table made of more bits than this."""
LISTED = 1 << 12
"""A part with more combinations of values than this is run only for those that occur."""
OUTSIDE = -1
"""The code of a new value that is not in its field's domain, or that the rule had no answer for."""
_MOST_BITS = 62
"""The most bits that the fields of one part may take: what tells its inputs apart is one word."""
_T = TypeVar("_T")


class ModelError(ValueError):
    """A model that contradicts itself; the message says where, and what would be right."""


class Rows(NamedTuple):
    """Where a part is possible, and what it does there.

    ``before`` and ``after`` have a row for each such input, and a column for each field: the codes of the old values
    and of the new ones. In the rows that are ``raised`` the rule raised an exception: ``after`` is all outside there.
    """

    before: Codes
    after: Codes
    raised: NDArray[np.bool_]


class Factor(NamedTuple):
    """A table over ``fields``: row by row the codes of their old values and of their new ones.

    ``before`` and ``after`` have a row for each input that makes the factor possible and a column for each field.
    Rows that ``escape`` may not be taken: a rule raised an exception there, or led outside a domain. A *wide* factor is
    one ``part``, and has no rows.
    """

    fields: tuple[Field, ...]
    before: Codes
    after: Codes
    escape: NDArray[np.bool_]
    part: Part | None = None

    @property
    def is_wide(self) -> bool:
        """Whether it has no rows, as its part is run only for what occurs."""
        return self.part is not None


def bits(field: Field) -> int:
    """Return how many bits a field's code takes: a value's code is its place in the domain.

    >>> bits(Field("light", ("red", "yellow", "green"), "red"))
    2
    """
    return max(1, (len(field.domain) - 1).bit_length())


def name_of(rule: Rule) -> str:
    """Return what a message calls a rule."""
    return getattr(rule, "__name__", "a rule")


def is_wide(part: Part) -> bool:
    """Return whether a part has too many inputs to be run for all of them."""
    fields = [field for _, field in part.fields]
    return prod(len(field.domain) for field in fields) > LISTED or sum(map(bits, fields)) > _MOST_LISTED


def factors(parts: tuple[Part, ...]) -> tuple[Factor, ...]:
    """Return the factors of a step or case made of ``parts``; there is at least one.

    Raises :class:`ModelError` when a part touches more than a table can tell apart, or two parts change one field.

    Cost: a part's rule is called once for each combination of the values of its fields, if these are not too many; and
    joining tables takes time with the number of rows that come out.
    """
    fields = tuple(field for part in parts for _, field in part.fields)
    return _once(("factors", tuple(map(_key, parts)), fields), lambda: _factors(parts))


def factors_of(label: str, parts: tuple[Part, ...]) -> tuple[Factor, ...]:
    """Return the factors of what has this label, which is named where something is wrong with them."""
    try:
        return factors(parts)
    except ModelError as error:
        raise ModelError(f"{label}: {error}") from None


def rows_of(part: Part) -> Rows:
    """Return the rows of a part that is not wide."""
    return _once(("rows", *_key(part)), lambda: _rows(part))


def writers(parts: Sequence[Part]) -> dict[str, str]:
    """Return which rule changes which field, by their names, as far as that is known of parts that are not wide.

    Raises :class:`ModelError` when two of them change one field.
    """
    found: dict[str, str] = {}
    for part in (each for each in parts if not is_wide(each)):
        before, after, raised = rows_of(part)
        changed = (before != after)[~raised].any(axis=0)
        note_writes(found, part, [field.name for (_, field), does in zip(part.fields, changed, strict=True) if does])
    return found


def note_writes(known: dict[str, str], part: Part, fields: Sequence[str]) -> None:
    """Note that a part changes these fields; raise :class:`ModelError` when another one of its step does, too."""
    for field in fields:
        if field in known:
            both = f"{known[field]} and {name_of(part.rule)}"
            raise ModelError(f"{both} both change {field} in one step: let one of them do it")
    known.update(dict.fromkeys(fields, name_of(part.rule)))


def ask(part: Part, inputs: Sequence[tuple[Value, ...]]) -> Iterator[tuple[int, list[int] | None]]:
    """Run a part for these values of its fields; yield for each at which it is possible its place, and the new codes.

    ``None`` are the codes where the rule raised an exception. Some combinations are never reached, and a rule need not
    have an answer for them: that is an error only if the search comes there.
    """
    roles, fields, fixed = [role for role, _ in part.fields], dict(part.fields), dict(part.constants)
    for at, values in enumerate(inputs):
        asked = dict(zip(roles, values, strict=True))
        try:
            answer = part.rule(**asked, **fixed)
        except Exception:  # noqa: BLE001 - whatever a rule may raise
            yield at, None
            continue
        if answer is not None and answer is not False:
            change = answer_of(part, asked, answer)
            yield at, [_code(fields[role], change.get(role, old)) for role, old in asked.items()]


def answer_of(part: Part, asked: Mapping[str, Value], answer: Change | bool) -> Change:
    """Return what an answer changes, by role; raise :class:`ModelError` when it is none that a part may give."""
    try:
        change = answer if type(answer) is dict else outcome(answer) or {}
    except AnswerError as error:
        raise ModelError(f"{name_of(part.rule)}, asked for {dict(asked) or 'nothing'}: {error}") from None
    if strange := change.keys() - asked.keys():
        given = ", ".join(asked) or "no field"
        changed = ", ".join(sorted(map(str, strange)))
        raise ModelError(f"{name_of(part.rule)} changes {changed}, which it was not given: it has {given}")
    return change


def _code(field: Field, value: Value) -> int:
    code = field.code(value)
    return OUTSIDE if code is None else code


_KNOWN: dict[Hashable, object] = {}


def _once(key: Hashable, make: Callable[[], _T]) -> _T:
    """Return what was made for this key, now or before."""
    if key not in _KNOWN:
        _KNOWN[key] = make()
    return cast("_T", _KNOWN[key])


def _key(part: Part) -> tuple[Hashable, ...]:
    """Return what parts have in common that do the same to fields of other names."""
    roles = tuple([(role, field.kind) for role, field in part.fields])
    constants = part.constants
    return part.rule, roles, constants, kinds([value for _, value in constants]) if constants else ()


def _fields(parts: Sequence[Part]) -> tuple[Field, ...]:
    return tuple(dict.fromkeys(field for part in parts for _, field in part.fields))


def _factors(parts: tuple[Part, ...]) -> tuple[Factor, ...]:
    for part in parts:
        _refuse_unfit(part)
    writers(parts)
    groups: list[list[Part]] = []
    for part in parts:
        narrow = groups and not is_wide(part) and not is_wide(groups[-1][0])
        if narrow and sum(map(bits, _fields([*groups[-1], part]))) <= WIDEST:
            groups[-1].append(part)
        else:
            groups.append([part])
    return tuple(_factor(group) for group in groups or [[]])


def _refuse_unfit(part: Part) -> None:
    fields = [field for _, field in part.fields]
    if len({field.name for field in fields}) < len(fields):
        twice = next(field.name for field in fields if [each.name for each in fields].count(field.name) > 1)
        raise ModelError(f"{name_of(part.rule)} is given {twice} in two roles: one is enough")
    if sum(map(bits, fields)) > _MOST_BITS:
        raise ModelError(f"{name_of(part.rule)} touches more than {_MOST_BITS} bits: split it into parts")


def _factor(parts: Sequence[Part]) -> Factor:
    """Join parts; the fields' names do not matter to the table, so that alike parts share one."""
    fields = _fields(parts)
    place = {field: at for at, field in enumerate(fields)}
    places = tuple(tuple(place[field] for _, field in part.fields) for part in parts)
    key = ("joined", tuple(map(_key, parts)), places)
    if parts and is_wide(parts[0]):
        nothing = np.empty((0, len(fields)), np.int64)
        return Factor(fields, *_once(key, lambda: (nothing, nothing.copy(), np.empty(0, np.bool_))), parts[0])
    return Factor(
        fields, *_once(key, lambda: _joined(len(fields), list(zip(map(rows_of, parts), places, strict=True))))
    )


def _rows(part: Part) -> Rows:
    fields = [field for _, field in part.fields]
    found = list(ask(part, list(product(*(field.domain for field in fields)))))
    where = np.array([at for at, _ in found], np.intp)
    before = np.empty((len(where), len(fields)), np.int64)
    if fields:
        before[:] = np.stack(np.unravel_index(where, [len(field.domain) for field in fields]), axis=1)
    after = np.array([codes or [OUTSIDE] * len(fields) for _, codes in found], np.int64).reshape(before.shape)
    return Rows(before, after, np.array([codes is None for _, codes in found], np.bool_))


def _joined(width: int, tables: Sequence[tuple[Rows, tuple[int, ...]]]) -> tuple[Codes, Codes, NDArray[np.bool_]]:
    """Return the rows that follow from one of each table's that agree; each table's columns lie at these places."""
    before, after, escape = np.zeros((1, width), np.int64), np.zeros((1, width), np.int64), np.zeros(1, np.bool_)
    known: set[int] = set()
    for rows, places in tables:
        shared = [(k, at) for k, at in enumerate(places) if at in known]
        mine, others = _agreeing(before[:, [at for _, at in shared]], rows.before[:, [k for k, _ in shared]])
        before, after, escape = before[mine], after[mine], escape[mine]
        for k, at in enumerate(places):
            old, new = rows.before[others, k], rows.after[others, k]
            so_far = after[:, at] if at in known else old
            after[:, at] = np.where((old == new) | (so_far == OUTSIDE), so_far, new)
            before[:, at] = old
        escape |= (rows.after[others] == OUTSIDE).any(axis=1) | rows.raised[others]
        known |= set(places)
    return before, after, escape


def _agreeing(ones: Codes, others: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of rows that are equal, as the places of both."""
    both = np.vstack([ones, others])
    same = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1) if both.size else np.zeros(len(both), np.int64)
    one, other = same[: len(ones)], same[len(ones) :]
    order = np.argsort(other, kind="stable")
    first, last = (np.searchsorted(other[order], one, side) for side in ("left", "right"))
    counts = last - first
    mine = np.repeat(np.arange(len(one)), counts)
    return mine, order[np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(len(mine))]
