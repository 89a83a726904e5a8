"""Proof by induction that no run of a family, with any number of members, breaks a property.

An *invariant* is true where runs begin, and every step keeps it; so it is true in every state that a run reaches,
however long the run and however many the members. z3 checks the two, and that the invariant excludes what breaks the
property (Floyd 1967; for systems of any size: Pnueli, Ruah, Zuck 2001). A step that fails to keep an invariant refutes
nothing: the state before it may be one that no run reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple, Protocol, TypeAlias

import z3

from overbooked.checker.proving.counted_moves import moves, possible
from overbooked.checker.proving.counter_abstraction import CountedState, any_state, first_state
from overbooked.checker.proving.parameterized import Family
from overbooked.checker.proving.reachable_situations import reachable
from overbooked.checker.proving.solver import Claim
from overbooked.spec.language import Value


class View(Protocol):
    """A state as an invariant sees it: shared fields, and how many members there are of a kind."""

    def count(self, where: Mapping[str, Collection[Value]] | None = None) -> z3.ArithRef:
        """Return how many members have one of the given values in each given field."""

    def is_(self, name: str, *values: Value) -> z3.BoolRef:
        """Return the formula that a shared field has one of these values."""

    def number(self, name: str) -> z3.ArithRef:
        """Return a shared field that counts members."""


Invariant: TypeAlias = Callable[[View], dict[str, z3.BoolRef]]
"""Formulas that are true in every reachable state, each under the sentence that it says."""


class Induction(NamedTuple):
    """What an induction is about.

    members, premises
        The number of members, and what is known of the numbers that the statement is about.
    ends
        Whether the property is judged only where runs end (where no owed step is possible), and that they do is proved.
    starts
        What is known of the state in which runs begin.
    only
        Conditions under which alone some steps, by their shape's name, are taken.
    first
        Where runs end: numbers, the first of which goes before the next one, and all before how far a state is. None
        is negative, and a step that raises one, or makes a state less far, lowers one that goes before.
    """

    family: Family
    members: z3.ArithRef
    premises: tuple[z3.BoolRef, ...]
    invariant: Invariant
    goal: str
    ends: bool = False
    starts: Callable[[View], z3.BoolRef] = lambda _: z3.BoolVal(val=True)
    only: Mapping[str, Callable[[View], z3.BoolRef]] = {}
    first: Callable[[View], tuple[z3.ArithRef, ...]] = lambda _: ()

    def claims(self) -> Iterator[Claim]:
        """Yield what z3 has to show: that the invariant is enough, holds at the start, and is kept by every step.

        Raises :class:`ValueError` when it is about how runs end, and the family has more runs than the models.

        Cost: one question for each shape; each has a case for every way in which the shape is possible.
        """
        if self.ends and not self.family.exact:
            raise ValueError(f"{self.goal}: how runs end is not known where members come in an order")
        reach = reachable(self.family)
        start, now = first_state(reach), any_state(reach)
        invariant, so_far = self._all(now), now.progress
        known = (*self.premises, now.possible, now.reachable, now.count() == self.members, invariant)
        yield Claim(f"the invariant excludes that {self.goal} is violated", known, z3.Not(self._broken(now)))
        begins = (*self.premises, start.possible, start.count() == self.members, self.starts(start))
        yield Claim("it holds at the start", begins, self._all(start))
        for shape in self.family.steps:
            taken = self.only[shape.name](now) if shape.name in self.only else z3.BoolVal(val=True)
            ways = list(moves(shape, now))
            kept = [z3.Implies(move.condition, _at(now, move.after, invariant)) for move in ways]
            by = f" by {shape.members} members" if shape.members > 1 else ""
            yield Claim(f"{shape.name}{by} keeps it", (*known, taken), z3.And(kept))
            if self.ends:
                nearer = [z3.Implies(move.condition, self._is_nearer(now, move.after, so_far)) for move in ways]
                yield Claim(f"{shape.name}{by} brings the end nearer", known, z3.And(nearer))

    def sentences(self) -> tuple[str, ...]:
        """Return the invariant in words."""
        return tuple(self.invariant(any_state(reachable(self.family))))

    def _all(self, state: CountedState) -> z3.BoolRef:
        return z3.And([state.possible, state.count() == self.members, *self.invariant(state).values()])

    def _broken(self, state: CountedState) -> z3.BoolRef:
        broken = z3.Or([possible(shape, state) for shape in self.family.broken[self.goal]])
        over = [z3.Not(possible(shape, state)) for shape in self.family.steps if shape.owed] if self.ends else []
        return z3.And([broken, *over])

    def _is_nearer(self, now: CountedState, after: CountedState, so_far: z3.ArithRef) -> z3.BoolRef:
        """Return that of the numbers that go first the first that changes falls, or else that ``after`` is further."""
        nearer = _at(now, after, so_far) > so_far
        for number in reversed(self.first(now)):
            then = _at(now, after, number)
            nearer = z3.And(then >= 0, z3.Or(then < number, z3.And(then == number, nearer)))
        return nearer


def _at(now: CountedState, after: CountedState, formula: z3.ExprRef) -> z3.ExprRef:
    """Return what a formula about ``now`` is of ``after``; replacing what changed is faster than making it anew."""
    terms = [(now.counts[each], after.counts[each]) for each in now.counts]
    terms += [(now.shared[name], after.shared[name]) for name in now.shared]
    return z3.substitute(formula, *((old, new) for old, new in terms if old is not new))
