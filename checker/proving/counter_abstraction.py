"""States of a family: how many members are in each situation.

A member's situation is the values of its own fields. Members in the same situation are interchangeable: every step asks
how many there are of them, never which. So a state may be given as a number for each situation, and counting loses
nothing: the counted states of a family have exactly the runs of the family (counter abstraction: German and Sistla,
"Reasoning about systems with many processes", JACM 1992). The numbers are z3 integers without a bound; there is one for
each situation that a member may come into.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import z3

from overbooked.checker.proving.parameterized import Family
from overbooked.checker.proving.reachable_situations import Reachable, first_situations
from overbooked.checker.proving.ways import Combination, Situation
from overbooked.spec.language import Field, Value


class CountedState(NamedTuple):
    """A state: ``counts`` members in each situation, and ``shared`` fields: a place in the domain, or a number."""

    reach: Reachable
    counts: dict[Situation, z3.ArithRef]
    shared: dict[str, z3.ArithRef]

    @property
    def family(self) -> Family:
        """The family that it is a state of."""
        return self.reach.family

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

    @property
    def reachable(self) -> z3.BoolRef:
        """What is known of every reachable state: which values of two shared fields, and which situations, go together.

        It is said of two fields at a time, which is less than is known, but is soon said.
        """
        fields = [field for field in self.family.shared if field.domain]
        known = [
            self._either((other, one), list(self.reach.of([other.name, one.name])))
            for at, one in enumerate(fields)
            for other in fields[:at]
        ]
        for field in fields:
            for value, situations in self.reach.of([field.name]).items():
                impossible = [count for each, count in self.counts.items() if each not in situations]
                known.append(z3.Implies(self.is_(field.name, *value), z3.And([count == 0 for count in impossible])))
        return z3.And(known)

    def _either(self, names: tuple[Field, Field], together: list[Combination]) -> z3.BoolRef:
        """Return that two fields have values that were found together."""
        return z3.Or(
            [
                z3.And([self.is_(field.name, value) for field, value in zip(names, values, strict=True)])
                for values in together
            ]
        )


def any_state(reach: Reachable, name: str = "") -> CountedState:
    """Return a state of a family in which every number is unknown."""
    counts = {each: z3.Int(f"{name}{each}") for each in reach.situations}
    return CountedState(reach, counts, {field.name: z3.Int(f"{name}{field.name}") for field in reach.family.shared})


def first_state(reach: Reachable) -> CountedState:
    """Return the state in which every run begins; what may begin anywhere is an unknown number."""
    first = set(first_situations(reach.family))
    counts = {each: z3.Int(f"{each} at the start") if each in first else z3.IntVal(0) for each in reach.situations}
    return CountedState(reach, counts, {field.name: _initial(field) for field in reach.family.shared})


def start_of(counter: str) -> z3.ArithRef:
    """Return the number at which a counter that may begin anywhere begins."""
    return z3.Int(f"{counter} at the start")


def _initial(field: Field) -> z3.ArithRef:
    if field.domain:
        return z3.IntVal(field.domain.index(field.initial))
    return start_of(field.name) if field.initial is None else z3.IntVal(0)
