"""Proofs that a run of the booking system is possible, given in terms of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import z3

from overbooked.checker.proving.accelerated_run import LongRun, Stretch
from overbooked.checker.proving.solver import Claim, values_of
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
    system: AnySize,
    premise: z3.BoolRef,
    stretches: Callable[[], Iterable[Stretch]],
    steps: z3.ArithRef,
    also: Sequence[AnySize] = (),
) -> Prover:
    """Return a prover that this run of so many steps breaks the system's guarantee wherever ``premise`` holds.

    It is the same run in those systems that it is ``also`` one of. A case in which a step is not possible is told by
    the numbers that occur in the premise or the run's length, and N.
    """

    def claims() -> Iterator[Claim]:
        for each in (system, *also):
            run = LongRun(each.family(), N, (*known(each), premise), tuple(stretches()), steps, each.guarantee)
            for claim in run.claims(numbers):
                yield claim._replace(what=claim.what + f", by first:R{each.ending}" * bool(each.ending))

    numbers = tuple(it for it in system.numbers if it is N or occurs(it, premise) or occurs(it, steps))
    return proof_of(claims, lambda claim, case: f"{values_of(case, *numbers)}; not possible: {claim.what}")
