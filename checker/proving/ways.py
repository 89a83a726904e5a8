"""In which ways the parts of a shape are possible together, for given values of the fields that they touch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

import z3

from overbooked.checker.proving.parameterized import named
from overbooked.checker.proving.symbolic_rules import Given, branches
from overbooked.spec.language import Field, Part, Value

Situation: TypeAlias = tuple[Value, ...]
"""The values of a member's own fields."""
Combination: TypeAlias = tuple[Value, ...]
"""The values of shared fields, of those that have a domain."""


class Way(NamedTuple):
    """One way: what must be true of numbers that are not known, and what changes, by the fields' names."""

    conditions: list[z3.BoolRef]
    change: dict[str, Given]


class Rules:
    """The rules of parts, called once for all values that are alike to them.

    own, members
        The fields that each member has, and how many members the parts touch.
    shared, numbers
        The shared fields that a combination has the values of, and those that are numbers of members, by their names.
    """

    def __init__(
        self,
        parts: tuple[Part, ...],
        own: Sequence[Field],
        members: int,
        shared: Sequence[Field],
        numbers: Mapping[str, z3.ArithRef],
    ) -> None:
        """Find out which values the parts depend on; no rule is called yet."""
        touched = {field.name for part in parts for _, field in part.fields}
        its = [(k, at, named(field.name, k)) for k in range(members) for at, field in enumerate(own)]
        self._parts, self._numbers = parts, numbers
        self._shared = [(at, field.name) for at, field in enumerate(shared) if field.name in touched]
        self._own = [it for it in its if it[2] in touched]
        self._known: dict[tuple[Value, ...], list[Way]] = {}

    def depends_on(self, combination: Combination, by: Sequence[Situation]) -> tuple[Value, ...]:
        """Return the values that the parts depend on, of members in these situations (of those that there are)."""
        own = [by[k][at] for k, at, _ in self._own if k < len(by)]
        return (*[combination[at] for at, _ in self._shared], *own)

    def ways(self, combination: Combination, by: Sequence[Situation]) -> list[Way]:
        """Return each way in which all parts are possible, for members in these situations."""
        values = self.depends_on(combination, by)
        if values not in self._known:
            names = (*(name for _, name in self._shared), *(name for *_, name in self._own))
            self._known[values] = list(_ways(self._parts, {**self._numbers, **dict(zip(names, values, strict=True))}))
        return self._known[values]

    def shared_after(self, combination: Combination, way: Way) -> Combination:
        """Return the shared values that a way leaves."""
        after = list(combination)
        for at, name in self._shared:
            after[at] = way.change.get(name, after[at])
        return tuple(after)

    def own_after(self, by: Sequence[Situation], way: Way) -> tuple[Situation, ...]:
        """Return the situations in which a way leaves the members."""
        changed = [(k, at, way.change[name]) for k, at, name in self._own if name in way.change]
        if not changed:
            return tuple(by)
        after = [list(each) for each in by]
        for k, at, value in changed:
            after[k][at] = value
        return tuple(map(tuple, after))


def _ways(parts: tuple[Part, ...], values: Mapping[str, Given]) -> Iterator[Way]:
    """Yield each way in which all parts are possible; ``values`` has one for each field that they touch."""
    found: list[list[Way]] = []
    for part in parts:
        roles = dict(part.fields)
        given = {role: values[field.name] for role, field in roles.items()} | dict(part.constants)
        of_part = [
            Way([of.condition], {roles[role].name: it for role, it in of.change.items()})
            for of in branches(part.rule, given)
        ]
        if not of_part:
            return
        found.append(of_part)
    for way in product(*found):
        conditions = [condition for it in way for condition in it.conditions]
        yield Way(conditions, {name: value for it in way for name, value in it.change.items()})
