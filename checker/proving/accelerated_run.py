"""A run of a family, given in terms of its numbers: "W times, a replica applies the booking".

Each stretch of it is one step, repeated. z3 shows that the step is possible every time, and that its effects add up to
what the next stretch begins with; so the run exists for all numbers that the premises allow. Counted states have
just the runs that the family has, so it is a run of the system, and not of something larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import z3

from overbooked.checker.proving.counted_moves import Move, moves, possible
from overbooked.checker.proving.counter_abstraction import CountedState, first_state
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.parameterized import Family
from overbooked.checker.proving.reachable_situations import reachable
from overbooked.checker.proving.solver import Claim
from overbooked.spec.language import Value


class Stretch(NamedTuple):
    """A step, by its shape's name, taken ``times`` times, each time by a member that is like ``by`` says."""

    step: str
    times: z3.ArithRef
    by: Mapping[str, Value]

    def in_words(self) -> str:
        """Return the stretch in words."""
        return self.step if z3.is_int_value(self.times) else f"{text_of(self.times)} times {self.step}"


def once(step: str) -> Stretch:
    """Return a step that is taken once, by no member in particular."""
    return Stretch(step, z3.IntVal(1), {})


class LongRun(NamedTuple):
    """The run, over so many members, for all numbers that the premises allow; it ends where ``goal`` is broken.

    With ``over`` nothing more is owed there, so that what is broken in the end is.
    """

    family: Family
    members: z3.ArithRef
    premises: tuple[z3.BoolRef, ...]
    stretches: tuple[Stretch, ...]
    steps: z3.ArithRef
    goal: str
    over: bool = False

    def claims(self, small: tuple[z3.ArithRef, ...]) -> Iterator[Claim]:
        """Yield what z3 has to show: that every step of the run is possible, and that its last state is as wanted.

        Raises :class:`ValueError` when a stretch does not say which way its step is taken, or the family has more runs
        than the models.
        """
        if not self.family.exact:
            raise ValueError(f"{self.goal}: a run of members that come in an order need not be one of the models")
        first = first_state(reachable(self.family))
        known = (*self.premises, first.possible, first.count() == self.members)
        state = first
        often = z3.And([stretch.times >= 0 for stretch in self.stretches])
        yield Claim("every step is taken 0 times or more", known, often, small)
        for number, stretch in enumerate(self.stretches):
            done = z3.IntVal(0) if z3.is_int_value(stretch.times) else z3.Int(f"done of stretch {number}")
            effect = _effect(state, _the_move(state, stretch))
            move, onward = _the_move(_after(state, effect, done), stretch), _after(state, effect, done + 1)
            possible_now = z3.And(move.condition, _same(move.after, onward))
            yield Claim(stretch.in_words(), (*known, done >= 0, done < stretch.times), possible_now, small)
            state = _after(state, effect, stretch.times)
        taken = z3.Sum([stretch.times for stretch in self.stretches])
        yield Claim(f"that is {text_of(self.steps)} steps", known, taken == self.steps, small)
        broken = z3.Or([possible(shape, state) for shape in self.family.broken[self.goal]])
        yield Claim(f"at the end {self.goal} is violated", known, broken, small)
        if self.over:
            owed = z3.Or([possible(shape, state) for shape in self.family.steps if shape.owed])
            yield Claim("at the end nothing more is owed", known, z3.Not(owed), small)


def _the_move(state: CountedState, stretch: Stretch) -> Move:
    """Return the one way in which the step is taken: shared fields have known values all along the run."""
    names = [field.name for field in state.family.own]
    found = [
        move
        for shape in state.family.steps
        if shape.name == stretch.step
        for move in moves(shape, state)
        if all(
            dict(zip(names, each, strict=True))[name] == value
            for each in move.situations
            for name, value in stretch.by.items()
        )
        and not z3.is_false(z3.simplify(move.condition))
    ]
    if len(found) != 1:
        raise ValueError(f"{stretch.in_words()} may be taken in {len(found)} ways: say by whom, so that it is one")
    return found[0]


def _effect(state: CountedState, move: Move) -> CountedState:
    """Return by how much each number changes when the step is taken once."""
    counts = {each: z3.simplify(move.after.counts[each] - count) for each, count in state.counts.items()}
    shared = {name: z3.simplify(move.after.shared[name] - value) for name, value in state.shared.items()}
    return CountedState(state.reach, counts, shared)


def _after(state: CountedState, effect: CountedState, times: z3.ArithRef) -> CountedState:
    """Return the state after a step was taken so many times."""
    counts = {each: z3.simplify(count + times * effect.counts[each]) for each, count in state.counts.items()}
    shared = {name: z3.simplify(value + times * effect.shared[name]) for name, value in state.shared.items()}
    return CountedState(state.reach, counts, shared)


def _same(one: CountedState, other: CountedState) -> z3.BoolRef:
    counts = [it == other.counts[each] for each, it in one.counts.items()]
    return z3.And(counts + [it == other.shared[name] for name, it in one.shared.items()])
