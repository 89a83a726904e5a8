"""Theorems about what checks say over any number of replicas: not only that sets meet, but what follows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

import z3

from overbooked.checker.proving.counter_abstraction import ANY
from overbooked.checker.proving.induction import Induction, View
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, WeakenedPremise
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import N, R, Setting, W
from overbooked.checker.theorems.by_induction import NUMBERS, about, by_induction, proved_or_run, settings
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.language import Field
from overbooked.spec.world import World

ENOUGH = R + W > N
"""When no read is stale."""


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about what checks say, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about("one booking and one check; any number of crashes and restarts").with_twin(
        "no-stale-read",
        Statement(
            "no check invoked after an acknowledgement says available", "if R + W > N", "R + W > N ⇒ read-after-write"
        ),
        WeakenedPremise("if R + W >= N", "R + W ≥ N ⇒ read-after-write"),
        lambda slack: by_induction(
            settings("read-after-write", crashes=True, restarts=True), R + W >= N if slack else ENOUGH, _kept_by_w
        ),
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
    yield about("one booking and two checks; no fault").with_twin(
        "linearizable-if-all-are-read",
        Statement("the answers fit an order that respects real time", "if R = N", "R = N ⇒ linearizability"),
        WeakenedPremise("if R >= N - 1, even where W = N", "R ≥ N - 1, W = N ⇒ linearizability"),
        lambda slack: by_induction(settings("linearizability"), _all_read(slack), _kept_by_one),
    )
    yield about(
        "one booking and two checks; no fault", writes="parallel or serial writes, with or without a log"
    ).with_twin(
        "monotonic-if-all-are-read",
        Statement("a user told booked is not told available later", "if R = N", "R = N ⇒ monotonic-reads"),
        WeakenedPremise("if R >= N - 1, even where W = N", "R ≥ N - 1, W = N ⇒ monotonic-reads"),
        lambda slack: by_induction(settings("monotonic-reads", logs=True), _all_read(slack), _told_is_kept),
    )


def _all_read(slack: int) -> z3.BoolRef:
    return z3.And(R >= N - 1, W == N) if slack else R == N


def _kept_by_w(view: View, world: World) -> Lines:
    return invariants.reads_see_writes(view, world, NUMBERS)


def _kept_by_one(view: View, world: World) -> Lines:
    return invariants.reads_see_writes(view, world, NUMBERS, kept=1)


def _told_is_kept(view: View, world: World) -> Lines:
    known = {**invariants.bookings(view, world), **invariants.checks(view, world, NUMBERS)}
    return known | invariants.told_is_kept(view, world, NUMBERS)


_AT_THE_ACK, _USED = "had confirmed at the ack", "its answer is used"


def _where_sets_meet(slack: int) -> Prover:
    """Return a prover for any two sets: of each replica it is settled beforehand in which of them it is."""
    ways = [Setting("read-after-write", serial=serial) for serial in (False, True)]
    inductions = [(way, partial(_sets_induction, way, meet=not slack)) for way in ways]
    return proved_or_run(inductions, z3.BoolVal(val=True) if slack else None)


def _sets_induction(setting: Setting, *, meet: bool) -> Induction:
    some, family = setting.world(1), setting.family()
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
    return Induction(wider, N, premises, lines, setting.guarantee, starts=stay, only=only)
