"""States of a family: how many members are in each situation.

A member's situation is the values of its own fields. Members in the same situation are interchangeable: every step asks
how many there are of them, never which. So a state may be given as a number for each situation, and counting loses
nothing: the counted states of a family have just the runs that the family has (counter abstraction: German and Sistla,
"Reasoning about systems with many processes", JACM 1992). The numbers are z3 integers without a bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import NamedTuple, TypeAlias

import z3

from overbooked.checker.engine.rule_tables import ModelError, name_of
from overbooked.checker.proving.parameterized import Family, Shape, named
from overbooked.checker.proving.symbolic_rules import Given, branches
from overbooked.spec.language import Field, Part, Value

Situation: TypeAlias = tuple[Value, ...]
_Way: TypeAlias = tuple[list[z3.BoolRef], dict[str, Given]]

ANY = "any"
"""The initial value of an own field that may begin with each value of its domain."""


class CountedState(NamedTuple):
    """A state: ``counts`` members in each situation, and ``shared`` fields: a place in the domain, or a number."""

    family: Family
    counts: dict[Situation, z3.ArithRef]
    shared: dict[str, z3.ArithRef]

    def count(self, where: Mapping[str, Collection[Value]] | None = None) -> z3.ArithRef:
        """Return how many members have one of the given values in each given field."""
        names = [field.name for field in self.family.own]
        of = [(names.index(name), values) for name, values in (where or {}).items()]
        return z3.Sum([n for values, n in self.counts.items() if all(values[at] in among for at, among in of)])

    def is_(self, name: str, *values: Value) -> z3.BoolRef:
        """Return the formula that a shared field has one of these values."""
        field = next(field for field in self.family.shared if field.name == name)
        return z3.Or([self.shared[name] == field.domain.index(value) for value in values])

    def number(self, name: str) -> z3.ArithRef:
        """Return a shared field that counts members."""
        return self.shared[name]

    @property
    def progress(self) -> z3.ArithRef:
        """How far the state is, as the sum of all places in their domains; over so many members it is bounded.

        If every step raises it, every run ends: values stand in their domain in the order in which they are taken.
        """
        places = [{value: at for at, value in enumerate(field.domain)} for field in self.family.own]
        own = [
            count * sum(place[value] for place, value in zip(places, values, strict=True))
            for values, count in self.counts.items()
        ]
        return z3.Sum(own + [self.shared[field.name] for field in self.family.shared if field.domain])

    @property
    def possible(self) -> z3.BoolRef:
        """No number is negative, and every field has a value of its domain."""
        shared = [self.shared[field.name] for field in self.family.shared]
        ends = [it < len(field.domain) for it, field in zip(shared, self.family.shared, strict=True) if field.domain]
        return z3.And([*(it >= 0 for it in (*self.counts.values(), *shared)), *ends])


class Move(NamedTuple):
    """One way in which a shape is possible: the condition, and the state after it."""

    situations: tuple[Situation, ...]
    condition: z3.BoolRef
    after: CountedState


def any_state(family: Family, name: str = "") -> CountedState:
    """Return a state in which every number is unknown."""
    counts = {each: z3.Int(f"{name}{each}") for each in product(*(field.domain for field in family.own))}
    return CountedState(family, counts, {field.name: z3.Int(f"{name}{field.name}") for field in family.shared})


def first_state(family: Family) -> CountedState:
    """Return the state in which every run begins; what may begin anywhere is an unknown number."""
    counts = {
        each: z3.Int(f"{each} at the start") if _is_first(family.own, each) else z3.IntVal(0)
        for each in product(*(field.domain for field in family.own))
    }
    return CountedState(family, counts, {field.name: _initial(field) for field in family.shared})


def start_of(counter: str) -> z3.ArithRef:
    """Return the number at which a counter that may begin anywhere begins."""
    return z3.Int(f"{counter} at the start")


def moves(shape: Shape, state: CountedState) -> Iterator[Move]:
    """Yield every way in which a shape is possible in ``state``, and the state after it.

    Cost: its rules are called for every combination of the values of the fields they touch.
    """
    shared = {field.name: field for field in state.family.shared}
    touched = {field.name for part in (*shape.parts, *shape.every) for _, field in part.fields}
    together = _Together(shape.every, state)
    finite = [field for name, field in shared.items() if name in touched and field.domain]
    unknown = {name: state.shared[name] for name, field in shared.items() if name in touched and not field.domain}
    for values in product(*(field.domain for field in finite)):
        known = dict(zip((field.name for field in finite), values, strict=True))
        here = [state.shared[field.name] == field.domain.index(known[field.name]) for field in finite]
        for taking_part, ways in _taking_part(shape, state, known | unknown):
            for condition, change in ways:
                there = [state.counts[each] >= many for each, many in Counter(taking_part).items()]
                after = _after(state, taking_part, change)
                if shape.every:
                    conditions, counts = together.with_(known)
                    there, after = [*there, *conditions], after._replace(counts=counts)
                yield Move(taking_part, z3.And([*here, *there, *condition]), after)


def possible(shape: Shape, state: CountedState) -> z3.BoolRef:
    """Return the formula that a shape is possible in ``state``."""
    return z3.Or([move.condition for move in moves(shape, state)])


def _is_first(own: tuple[Field, ...], situation: Situation) -> bool:
    """Return whether a member may begin like this; a field may be such that it begins with any value."""
    return all(field.initial in {value, ANY} for field, value in zip(own, situation, strict=True))


def _initial(field: Field) -> z3.ArithRef:
    if field.domain:
        return z3.IntVal(field.domain.index(field.initial))
    return start_of(field.name) if field.initial is None else z3.IntVal(0)


def _taking_part(
    shape: Shape, state: CountedState, shared: Mapping[str, Given]
) -> Iterator[tuple[tuple[Situation, ...], list[_Way]]]:
    """Yield the situations of the members that may take part, and in which ways; alike ones are worked out once."""
    names = {field.name for part in shape.parts for _, field in part.fields}
    known: dict[tuple[Value, ...], list[_Way]] = {}
    for taking_part in product(state.counts, repeat=shape.members):
        values = {name: value for name, value in _own(state, taking_part).items() if name in names}
        key = tuple(values.values())
        if key not in known:
            known[key] = list(_ways(shape.parts, {**shared, **values}))
        yield taking_part, known[key]


def _own(state: CountedState, taking_part: tuple[Situation, ...]) -> dict[str, Given]:
    fields = state.family.own
    return {named(f.name, k): value for k, of in enumerate(taking_part) for f, value in zip(fields, of, strict=True)}


def _ways(parts: tuple[Part, ...], values: Mapping[str, Given]) -> Iterator[_Way]:
    """Yield each way in which all parts are possible: its conditions on unknown numbers, and what changes."""
    ways: list[list[_Way]] = []
    for part in parts:
        roles = dict(part.fields)
        given = {role: values[field.name] for role, field in roles.items()} | dict(part.constants)
        found = [
            (of.condition, {roles[role].name: it for role, it in of.change.items()})
            for of in branches(part.rule, given)
        ]
        if not found:
            return
        ways.append(found)
    for way in product(*ways):
        yield [condition for condition, _ in way], {name: it for _, change in way for name, it in change.items()}


def _after(state: CountedState, taking_part: tuple[Situation, ...], change: dict[str, Given]) -> CountedState:
    counts = dict(state.counts)
    for k, was in enumerate(taking_part):
        now = tuple(change.get(named(f.name, k), value) for f, value in zip(state.family.own, was, strict=True))
        if now != was:
            counts[was], counts[now] = counts[was] - 1, counts[now] + 1
    changed = {field.name: _code(field, change[field.name]) for field in state.family.shared if field.name in change}
    return CountedState(state.family, counts, state.shared | changed)


def _code(field: Field, value: Given) -> z3.ArithRef:
    """Return a value's place in the domain; one outside of it has a place that no state may have."""
    if not field.domain:
        return value if z3.is_expr(value) else z3.IntVal(value)
    return z3.IntVal(field.domain.index(value) if value in field.domain else len(field.domain))


class _Together:
    """What every member does at once, worked out once for all values of the fields that it depends on."""

    def __init__(self, parts: tuple[Part, ...], state: CountedState) -> None:
        self._parts, self._state = parts, state
        if any(not field.domain for part in parts for _, field in part.fields):
            raise self._refused()
        self._names = {field.name for part in parts for _, field in part.fields}
        self._known: dict[tuple[Value, ...], tuple[list[z3.BoolRef], dict[Situation, z3.ArithRef]]] = {}

    def with_(self, known: Mapping[str, Value]) -> tuple[list[z3.BoolRef], dict[Situation, z3.ArithRef]]:
        """Return the conditions under which every member can do its part, and how many are where after all did."""
        values = {name: value for name, value in known.items() if name in self._names}
        key = tuple(values.values())
        if key not in self._known:
            self._known[key] = self._work_out(values)
        return self._known[key]

    def _work_out(self, known: Mapping[str, Value]) -> tuple[list[z3.BoolRef], dict[Situation, z3.ArithRef]]:
        fields = self._state.family.own
        becomes: dict[Situation, list[z3.ArithRef]] = {each: [] for each in self._state.counts}
        nobody = []
        for was, many in self._state.counts.items():
            ways = list(_ways(self._parts, {**known, **_own(self._state, (was,))}))
            if not ways:
                nobody.append(many == 0)
                continue
            change = self._same_change(ways)
            now = tuple(change.get(named(f.name, 0), value) for f, value in zip(fields, was, strict=True))
            becomes[now].append(many)
        return nobody, {each: z3.Sum(of) if of else z3.IntVal(0) for each, of in becomes.items()}

    def _same_change(self, ways: list[_Way]) -> dict[str, Given]:
        """Return what a member changes; it may depend on no unknown number, and change nothing that all share."""
        own = {named(field.name, 0) for field in self._state.family.own}
        certain = all(z3.is_true(z3.simplify(z3.And(condition))) for condition, _ in ways)
        if len(ways) > 1 or not certain or not ways[0][1].keys() <= own:
            raise self._refused()
        return ways[0][1]

    def _refused(self) -> ModelError:
        rules = ", ".join(sorted({name_of(part.rule) for part in self._parts}))
        return ModelError(f"{rules}: what every member does may not depend on a number, nor change what is shared")
