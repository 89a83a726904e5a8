"""A rule called with numbers that are not known: what it answers, and under which condition.

A rule is a plain Python function. Given an unknown number where it expects a number, it computes a z3 term, and where
it must know whether a comparison is true, both ways are followed, one after the other (symbolic execution: King, CACM
1976). What comes out is exact: the conditions exclude each other and leave nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import z3

from overbooked.spec.language import Rule, Value, outcome

_MOST = 1000
"""A rule that decides more often than this on one way through does not come to an end."""


class SymbolicInt:
    """A number that is not known: a z3 integer that a rule can count on and compare."""

    def __init__(self, term: z3.ArithRef, way: _Way) -> None:
        """Stand for ``term`` on this way through a rule."""
        self.term, self._way = term, way

    def __add__(self, other: SymbolicInt | int) -> SymbolicInt:
        """Return the sum."""
        return SymbolicInt(self.term + _term(other), self._way)

    def __sub__(self, other: SymbolicInt | int) -> SymbolicInt:
        """Return the difference."""
        return SymbolicInt(self.term - _term(other), self._way)

    def __lt__(self, other: SymbolicInt | int) -> bool:
        """Decide which is smaller."""
        return self._way.decide(self.term < _term(other))

    def __le__(self, other: SymbolicInt | int) -> bool:
        """Decide which is smaller."""
        return self._way.decide(self.term <= _term(other))

    def __gt__(self, other: SymbolicInt | int) -> bool:
        """Decide which is larger."""
        return self._way.decide(self.term > _term(other))

    def __ge__(self, other: SymbolicInt | int) -> bool:
        """Decide which is larger."""
        return self._way.decide(self.term >= _term(other))

    def __eq__(self, other: object) -> bool:
        """Decide whether they are equal."""
        return isinstance(other, SymbolicInt | int) and self._way.decide(self.term == _term(other))

    def __bool__(self) -> bool:
        """Decide whether it is other than 0."""
        return self._way.decide(self.term != 0)

    __hash__ = None  # type: ignore[assignment] # an unknown number is no key
    __radd__ = __add__


Given: TypeAlias = Value | z3.ArithRef
"""What a rule is called with: a value, or a z3 integer for a number that is not known."""


class Branch(NamedTuple):
    """One way through a rule: the condition under which it is taken, and what changes then."""

    condition: z3.BoolRef
    change: Mapping[str, Given]


class _Way:
    """One way through a rule: what was decided, the first decisions as told, later ones for true."""

    def __init__(self, told: tuple[bool, ...]) -> None:
        self.told, self.conditions = told, list[z3.BoolRef]()

    def decide(self, condition: z3.BoolRef) -> bool:
        at = len(self.conditions)
        if at >= _MOST:
            raise RecursionError("a rule compares unknown numbers without end")
        taken = at >= len(self.told) or self.told[at]
        self.conditions.append(condition if taken else z3.Not(condition))
        return taken


def branches(rule: Rule, given: Mapping[str, Given]) -> list[Branch]:
    """Return every way through a rule on which it is possible.

    Cost: the rule is called once for each way; n comparisons of unknown numbers make up to 2**n.

    >>> confirmations, needed = z3.Ints("confirmations needed")
    >>> given = {"confirmations": confirmations, "needed": needed}
    >>> branches(lambda confirmations, needed: confirmations >= needed, given)
    [Branch(condition=And(confirmations >= needed), change={})]
    """
    found: list[Branch] = []
    open_ways: list[tuple[bool, ...]] = [()]
    while open_ways:
        told = open_ways.pop()
        way = _Way(told)
        values = {role: SymbolicInt(value, way) if z3.is_expr(value) else value for role, value in given.items()}
        answer: object = rule(**values)
        change = outcome(bool(answer) if isinstance(answer, SymbolicInt) else answer)  # type: ignore[arg-type]
        made = len(way.conditions)
        open_ways += [(*told, *(True,) * (at - len(told)), False) for at in range(len(told), made)]
        if change is not None:
            found.append(Branch(z3.And(way.conditions), {role: _term(value) for role, value in change.items()}))
    return found


def _term(value: SymbolicInt | Value) -> Given:
    return value.term if isinstance(value, SymbolicInt) else value
