"""The same steps in another engine: z3, given the spec's own tables, finds violations of the same shortest length."""

from __future__ import annotations

import pytest
import z3

from checker.cells import Cell
from checker.tables import Factor, factors
from checker.verdicts import check
from spec.guarantees import GUARANTEES
from spec.language import Case, Model, Step
from spec.system import model


class Unrolled:
    """A model unrolled in time: an integer for each field at each moment, the code of its value."""

    def __init__(self, unrolled: Model) -> None:
        self.model = unrolled
        self.solver = z3.Solver()
        self.moments = [self._moment(0)]
        for field in unrolled.fields:
            self.solver.add(self.moments[0][field.name] == field.domain.index(field.initial))

    def _moment(self, at: int) -> dict[str, z3.BitVecRef]:
        return {field.name: z3.BitVec(f"{field.name} at {at}", 8) for field in self.model.fields}

    def go_on(self) -> None:
        """Let one more step be taken."""
        self.moments.append(self._moment(len(self.moments)))
        self.solver.add(z3.Or([self._taken(step) for step in self.model.steps]))

    def can_be(self, cases: tuple[Case, ...]) -> bool:
        """Return whether one of the cases can be true now."""
        now = self.moments[-1]
        either = [z3.And([_holds(factor, now) for factor in factors(case.parts)]) for case in cases]
        return bool(self.solver.check(z3.Or(either)) == z3.sat)

    def _taken(self, step: Step) -> z3.BoolRef:
        before, after = self.moments[-2:]
        its = factors(step.parts)
        touched = {field.name for factor in its for field in factor.fields}
        rest = [after[name] == before[name] for name in before if name not in touched]
        return z3.And([_moves(factor, its, before, after) for factor in its] + rest)


def _holds(factor: Factor, now: dict[str, z3.BitVecRef]) -> z3.BoolRef:
    names = [field.name for field in factor.fields]
    rows = factor.before.tolist()
    return z3.Or([z3.And([now[name] == code for name, code in zip(names, row, strict=True)]) for row in rows])


def _moves(
    factor: Factor, others: tuple[Factor, ...], before: dict[str, z3.BitVecRef], after: dict[str, z3.BitVecRef]
) -> z3.BoolRef:
    names = [field.name for field in factor.fields]
    elsewhere = {field.name for other in others if other is not factor for field in other.fields}
    moves = []
    for old, new in zip(factor.before.tolist(), factor.after.tolist(), strict=True):
        pairs = list(zip(names, old, new, strict=True))
        now = [before[name] == was for name, was, _ in pairs]
        then = [after[name] == will for name, was, will in pairs if will != was or name not in elsewhere]
        moves.append(z3.And(now + then))
    return z3.Or(moves)


@pytest.mark.parametrize(
    ("write", "read", "guarantee", "longest"),
    [
        ("serial-async", "one", "read-after-write", 12),
        ("serial-async", "quorum", "read-after-write", 12),
        ("message:serial-sync", "all", "read-after-write", 12),
        ("parallel:1", "one", "monotonic-reads", 12),
        ("serial-sync", "one", "linearizability", 12),
        ("parallel:2", "quorum", "read-after-write", 10),
    ],
)
def test_z3_finds_violations_of_the_same_length_in_the_same_tables(
    write: str, read: str, guarantee: str, longest: int
) -> None:
    """Unrolled step by step, the spec's tables first allow a violation after just as many steps as the search says."""
    asked = model(Cell(write, read, 3, "none", guarantee).world, GUARANTEES[guarantee])
    length = check(asked).judgements[guarantee].length
    unrolled = Unrolled(asked)
    for steps in range(longest + 1):
        found = unrolled.can_be(asked.properties[0].broken)
        assert found == (steps == length)
        if found:
            return
        unrolled.go_on()
    assert length is None
