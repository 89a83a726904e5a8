"""Theorems about reads that write back what they found before they tell, over any number of replicas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.accelerated_run import Stretch, once
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Prover, Statement, Theorem
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import NUMBERS, AnySize, N, R, W, unreliable
from overbooked.checker.theorems.by_induction import UNRELIABLE, about, any_sizes, by_induction
from overbooked.checker.theorems.invariants import Lines, own
from overbooked.checker.theorems.long_runs import RUNS, proved_run
from overbooked.spec.setting import Setting

ENOUGH = z3.And(R + W > N, 2 * R > N)
"""When reads that repair are linearizable: each meets every write, and every other read."""
A_WRITE_FEWER, A_READ_FEWER = z3.And(R + W >= N, 2 * R > N), z3.And(R + W > N, 2 * R >= N)
"""The same, where a read may miss a write, or another read."""
MEET, MISS = 2 * R > N, 2 * R <= N
"""When every two reads have a replica in common, and when two need not have one."""
STEPS = 3 * R + 5
"""How many steps the run has in which a second read misses what the first one told."""
TOLD_BY = z3.If(W <= R, W, R)
"""So many replicas keep a booking of which anybody was told: by an ack, for which W confirm, or by a check, for which R
agree."""


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about reads that repair, each with its twins."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, ...]]:
    yield _linearizable()
    yield about(
        f"one booking and two checks by first:R:repair; {UNRELIABLE}",
        writes="parallel or serial writes, with or without a log",
    ).from_premise(
        "monotonic-if-repaired",
        "a user told booked is not told available later",
        "monotonic-reads",
        (MEET, 2 * R >= N),
        lambda premise: by_induction(_systems("monotonic-reads", logs=True), premise, _told_by_r),
    )
    yield RUNS._replace(
        covers="every N, W and R, with no bound; one booking and two checks; parallel:W by first:R:repair"
    ).from_premise(
        "repaired-reads-may-miss-each-other",
        "a check may say available after another one said booked, whatever W: invoke the booking, R times apply, "
        "R of these answer the first check, and R others the second one",
        f"a run of {text_of(STEPS)} steps breaks linearizability",
        (MISS, 2 * R <= N + 1),
        lambda premise: proved_run(_FAULTLESS, premise, _stretches, STEPS),
    )


def _linearizable() -> tuple[Theorem, Theorem, Theorem]:
    """Return that both conditions together are enough, and for each that without it they are not."""

    def prove(premise: z3.BoolRef) -> Prover:
        return by_induction(_systems("linearizability"), premise, _told_by_acks_and_checks)

    claim, conclusion = "the answers fit an order that respects real time", "linearizability"
    theorem, first = about(f"one booking and two checks by first:R:repair; {UNRELIABLE}").from_premise(
        "linearizable-if-repaired", claim, conclusion, (ENOUGH, A_WRITE_FEWER), prove
    )
    second = theorem.twin(Statement.of(claim, A_READ_FEWER, conclusion), prove(A_READ_FEWER))
    return theorem, first, second._replace(name=f"{second.name}:reads")


def _systems(guarantee: str, *, logs: bool = False) -> list[AnySize]:
    return any_sizes(unreliable(guarantee)._replace(repair=True), logs=logs)


def _told_by_acks_and_checks(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS, kept=TOLD_BY)


def _told_by_r(view: View, setting: Setting) -> Lines:
    known = {**invariants.bookings(view, setting), **invariants.checks(view, setting, NUMBERS)}
    return known | invariants.told_is_kept(view, setting, NUMBERS, kept=R)


_FAULTLESS = AnySize("linearizability", repair=True)


def _stretches() -> Iterator[Stretch]:
    some = _FAULTLESS.setting(1)
    (b,), (first, second) = some.bookings, some.checks
    stored = own(some.stored(b.room, 1))
    answers = {own(some.answer(q, 1)): None for q in some.checks}
    yield once(f"invoke {b.name}")
    yield Stretch(f"apply {b.name}", R, answers)
    for q, has_it in ((first, 1), (second, 0)):
        yield once(f"invoke {q.name}")
        for times in (z3.IntVal(1), R - 1):
            yield Stretch(f"sample {q.name}", times, {stored: has_it, **answers})
        yield once(f"finish {q.name}")
