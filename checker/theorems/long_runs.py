"""Proofs that a run of the booking system is possible, given in terms of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import z3

from overbooked.checker.proving.accelerated_run import LongRun, Stretch
from overbooked.checker.proving.solver import values_of
from overbooked.checker.proving.theorem import Prover, Topic, proof_of
from overbooked.checker.theorems.any_size import AnySize, N
from overbooked.checker.theorems.by_induction import COUNTED, known
from overbooked.checker.theorems.smallest_run import occurs

RUNS = Topic(
    "protocol",
    "",
    f"{COUNTED} z3 checks of each step of the run that it is possible, each time it is taken, and of its end that the "
    "guarantee is violated.",
)
"""How a run is proved."""


def proved_run(
    system: AnySize, premise: z3.BoolRef, stretches: Callable[[], Iterable[Stretch]], steps: z3.ArithRef
) -> Prover:
    """Return a prover that this run of so many steps breaks the system's guarantee wherever ``premise`` holds.

    A case in which a step is not possible is told by the numbers that occur in the premise or the run's length, and N.
    """

    def run() -> LongRun:
        premises = (*known(system), premise)
        return LongRun(system.family(), N, premises, tuple(stretches()), steps, system.guarantee)

    numbers = tuple(it for it in system.numbers if it is N or occurs(it, premise) or occurs(it, steps))
    return proof_of(
        lambda: run().claims(numbers), lambda claim, case: f"{values_of(case, *numbers)}; not possible: {claim.what}"
    )
