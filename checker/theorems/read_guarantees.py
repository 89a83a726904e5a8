"""Theorems about what checks say over any number of replicas: not only that sets meet, but what follows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

import z3

from overbooked.checker.proving.induction import Induction, View
from overbooked.checker.proving.reachable_situations import ANY
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, WeakenedPremise
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import NUMBERS, AnySize, N, R, W
from overbooked.checker.theorems.by_induction import about, any_sizes, by_induction, proved_or_run
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.language import Field
from overbooked.spec.setting import Setting

ENOUGH = R + W > N
"""When no read is stale."""
ALL, ALL_BUT_ONE = R == N, z3.And(R >= N - 1, W == N)
"""Every replica is read; or one is not, though every one is written to."""


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about what checks say, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about("one booking and one check; any number of crashes and restarts").from_premise(
        "no-stale-read",
        "no check invoked after an acknowledgement says available",
        "read-after-write",
        (ENOUGH, R + W >= N),
        lambda premise: by_induction(any_sizes("read-after-write", crashes=True, restarts=True), premise, _kept_by_w),
    )
    yield about("one booking and one check; no fault", numbers="every N and any sets, with no bound").with_twin(
        "no-stale-read-where-sets-meet",
        Statement(
            "no check invoked after an acknowledgement says available",
            "if it uses the answer of a replica that had confirmed by then, whatever the sets",
            "A ∩ B ≠ ∅ ⇒ read-after-write",
        ),
        WeakenedPremise("if it may use none such", "read-after-write"),
        _where_sets_meet,
    )
    yield about("one booking and two checks; no fault").from_premise(
        "linearizable-if-all-are-read",
        "the answers fit an order that respects real time",
        "linearizability",
        (ALL, ALL_BUT_ONE),
        lambda premise: by_induction(any_sizes("linearizability"), premise, _kept_by_one),
    )
    yield about(
        "one booking and two checks; no fault", writes="parallel or serial writes, with or without a log"
    ).from_premise(
        "monotonic-if-all-are-read",
        "a user told booked is not told available later",
        "monotonic-reads",
        (ALL, ALL_BUT_ONE),
        lambda premise: by_induction(any_sizes("monotonic-reads", logs=True), premise, _told_is_kept),
    )


def _kept_by_w(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS)


def _kept_by_one(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS, kept=1)


def _told_is_kept(view: View, setting: Setting) -> Lines:
    known = {**invariants.bookings(view, setting), **invariants.checks(view, setting, NUMBERS)}
    return known | invariants.told_is_kept(view, setting, NUMBERS)


_AT_THE_ACK, _USED = "had confirmed at the ack", "its answer is used"


def _where_sets_meet(slack: int) -> Prover:
    """Return a prover for any two sets: of each replica it is settled beforehand in which of them it is."""
    ways = [AnySize("read-after-write", serial=serial) for serial in (False, True)]
    inductions = [(way, partial(_sets_induction, way, meet=not slack)) for way in ways]
    return proved_or_run(inductions, z3.BoolVal(val=True) if slack else None)


def _sets_induction(system: AnySize, *, meet: bool) -> Induction:
    some, family = system.setting(1), system.family()
    (b,), (q,) = some.bookings, some.checks
    write, answer = invariants.own(some.writing(b, 1)), invariants.own(some.answer(q, 1))
    marks = tuple(Field(name, (False, True), ANY) for name in (_AT_THE_ACK, _USED))
    shared = z3.Int("replicas in both sets")

    def stay(view: View) -> z3.BoolRef:
        return view.count({_AT_THE_ACK: (True,), _USED: (True,)}) == shared

    def lines(view: View) -> Lines:
        known = {**invariants.bookings(view, some), **invariants.checks(view, some, NUMBERS)}
        kept = invariants.sets_are_kept(view, some, _AT_THE_ACK, _USED)
        return {**known, **kept, "the sets stay as they are": stay(view)}

    only = {
        f"ack {b.name}": lambda view: view.count({_AT_THE_ACK: (True,), write: ("unsent", "sent", "applied")}) == 0,
        f"finish {q.name}": lambda view: view.count({_USED: (True,), answer: (None,)}) == 0,
    }
    premises = (N >= 1, shared >= 1) if meet else (N >= 1,)
    wider = family._replace(own=(*family.own, *marks))
    return Induction(wider, N, premises, lines, system.guarantee, starts=stay, only=only)
