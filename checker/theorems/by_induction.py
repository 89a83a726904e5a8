"""Proofs by induction of what the booking system guarantees, over any number of replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TypeAlias

import z3

from overbooked.checker.proving.counter_abstraction import start_of
from overbooked.checker.proving.induction import Induction, View
from overbooked.checker.proving.parameterized import SIZES, SMALL
from overbooked.checker.proving.solver import Claim
from overbooked.checker.proving.theorem import Proof, Prover, Topic, ask_all
from overbooked.checker.theorems.any_size import AnySize, System
from overbooked.checker.theorems.invariants import Lines
from overbooked.checker.theorems.smallest_run import smallest_run
from overbooked.spec.setting import Setting
from overbooked.spec.wording import listed

EVERY = "every N, W and R, with no bound"
_COMPARED = listed([str(size) for size in (*SMALL, *SIZES)])
COUNTED = (
    "The spec's own steps without the replicas' numbers: a state says how many replicas are in each situation (what "
    "was sent to them, what they keep and answered). A step asks how many there are, never which, so nothing is lost "
    f"by it. That steps are alike for every N is checked over {_COMPARED} replicas."
)
TOPIC = Topic(
    "protocol",
    "",
    f"{COUNTED} Only the order of a serial write is lost, which allows more runs than there are: what none of these "
    "does, none does. By induction: z3 checks that an invariant is true at the start, that every step keeps it, and "
    "that it excludes a violation; of how runs end, also that every step brings the end nearer. The weakened theorem "
    "is refuted by the smallest run that the search finds.",
)
"""How a guarantee is proved."""
UNRELIABLE = "any number of crashes, restarts and lost writes"
"""The faults of :func:`overbooked.checker.theorems.any_size.unreliable`, in words."""

Reasons: TypeAlias = Callable[[View, Setting], Lines]
"""The lines of an invariant, for a view of a state of a setting."""


def about(what: str, *, writes: str = "parallel or serial writes, no log", numbers: str = EVERY) -> Topic:
    """Return the topic of theorems about these programs, faults and ways to write."""
    return TOPIC._replace(covers=f"{numbers}; {writes}; {what}")


def any_sizes(of: AnySize, *, logs: bool = False) -> list[AnySize]:
    """Return the ways to write that a statement covers: in parallel, serially, with ``logs`` through one too."""
    ways = [(serial, log) for log in (False, True)[: 1 + logs] for serial in (False, True)]
    return [of._replace(serial=serial, log=log) for serial, log in ways]


def by_induction(of: Sequence[System], premise: z3.BoolRef, reasons: Reasons, *, restarts: int = 0) -> Prover:
    """Return a prover by induction, for each of these settings, that no state is such that the guarantee is broken.

    Where an induction fails, the smallest run is looked for that refutes the statement: with so many ``restarts`` at
    most, and as many other faults as the premise allows.
    """
    inductions = [(system, partial(_induction, system, premise, reasons)) for system in of]
    return proved_or_run(inductions, premise, restarts=restarts)


def ends_by_induction(of: Sequence[System], premise: z3.BoolRef, reasons: Reasons, *, restarts: int = 0) -> Prover:
    """Return a prover by induction, for each of these, that every run ends, and none where the guarantee is broken.

    These must be systems whose family has just the runs of the model: with more, fewer states would be ends.
    """
    inductions = [(system, partial(_induction, system, premise, reasons, ends=True)) for system in of]
    return proved_or_run(inductions, premise, restarts=restarts)


def proved_or_run(
    inductions: Sequence[tuple[System, Callable[[], Induction]]],
    premise: z3.BoolRef | None,
    *,
    restarts: int = 0,
) -> Prover:
    """Return a prover by these inductions; where one fails, it looks for the smallest run that ``premise`` allows.

    With no ``premise``, one that numbers cannot tell, no run is looked for.
    """
    made = [(system, cache(induction)) for system, induction in inductions]

    def claims() -> Iterator[Claim]:
        for system, induction in made:
            for claim in induction().claims():
                yield claim._replace(what=f"{system.in_words}: {claim.what}")

    def prove(seconds: float) -> Proof:
        asked = ask_all(claims(), seconds)
        system, induction = made[0]
        sentences = induction().sentences()
        if asked.verdict == "proved":
            return Proof("proved", asked.parts, invariant=sentences)
        run = None
        if premise is not None:
            run = smallest_run(system, premise, restarts=restarts)
        case, steps = run or (None, ())
        return Proof("refuted" if run else "unknown", asked.parts, case, steps, invariant=sentences)

    return prove


def _induction(system: System, premise: z3.BoolRef, reasons: Reasons, *, ends: bool = False) -> Induction:
    some = system.setting(1)

    def invariant(view: View) -> Lines:
        return reasons(view, some)

    premises = (*known(system), premise)
    return Induction(
        system.family(), system.members, premises, invariant, system.guarantee, ends=ends, first=system.first
    )


def known(system: System) -> tuple[z3.BoolRef, ...]:
    """Return what is known of a system's numbers."""
    some, numbers = system.setting(1), system.numbers
    faults = {
        some.crashes_left(): numbers.crashes,
        some.amnesias_left(): numbers.amnesias,
        some.lost_writes_left(): numbers.lost_writes,
    }
    return (*system.fit, *(start_of(left.name) == number for left, number in faults.items() if len(left.domain) > 1))
