"""That no check is stale which uses the answer of a replica that had the booking: for any sets of replicas.

Of each replica it is settled beforehand whether it is in the set that a write waits for, and in that whose answers are
used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TypeAlias

import z3

from overbooked.checker.proving.induction import Induction, View
from overbooked.checker.proving.reachable_situations import ANY
from overbooked.checker.proving.theorem import Prover
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems import primary_invariants as because
from overbooked.checker.theorems.any_primary import AnyPrimary, Replicas
from overbooked.checker.theorems.any_size import AnySize, N, System, by_every_read
from overbooked.checker.theorems.by_induction import proved_or_run
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.language import Field, Value

_WRITTEN, _USED = "is in the write's set", "its answer is used"
_Seen: TypeAlias = Callable[[View], View]
_Lacking: TypeAlias = Mapping[str, Collection[Value]]
"""What a replica is like that is in no set which a write waits for."""


def by_app_server(slack: int) -> Prover:
    """Return a prover for any two sets, where the app server writes to every replica.

    With slack they may not meet, and that breaks it where nothing fails.
    """
    faults = meet = not slack
    parallel = AnySize("read-after-write", crashes=faults, restarts=faults)
    ways = by_every_read([parallel, parallel._replace(serial=True), parallel._replace(claims=True)])
    return proved_or_run([(way, partial(_of_writes, way, meet=meet)) for way in ways], _any(slack))


def by_primary(slack: int) -> Prover:
    """Return a prover for any two sets, where the database replicates by itself; with slack as above.

    A system that confirms on receipt has every run of the one that does not, and more.
    """
    faults = meet = not slack
    way = AnyPrimary("read-after-write", on_receipt=True, crashes=faults, restarts=faults, failover=faults)
    return proved_or_run([(way, partial(_of_primary, way, meet=meet))], _any(slack))


def _any(slack: int) -> z3.BoolRef | None:
    return z3.BoolVal(val=True) if slack else None


def _of_writes(system: AnySize, *, meet: bool) -> Induction:
    some = system.setting(1)
    lacking = {invariants.own(some.writing(some.bookings[0], 1)): ("unsent", "sent", "applied", "refused", "declined")}
    return _induction(system, lambda view: invariants.bookings(view, some), lambda view: view, lacking, meet=meet)


def _of_primary(system: AnyPrimary, *, meet: bool) -> Induction:
    some = system.setting(1)
    of_db1 = {mark: z3.Bool(f"db1 {mark}") for mark in (_WRITTEN, _USED)}

    def seen(view: View) -> Replicas:
        return Replicas(view, some, of_db1)

    lacking = {invariants.own(some.held(some.bookings[0], 2)): ("nothing", "received")}
    return _induction(system, lambda view: because.bookings(seen(view), some), seen, lacking, meet=meet)


def _induction(
    system: System, bookings: Callable[[View], Lines], seen: _Seen, lacking: _Lacking, *, meet: bool
) -> Induction:
    some, family = system.setting(1), system.family()
    (b,), (q,) = some.bookings, some.checks
    marks = tuple(Field(name, (False, True), ANY) for name in (_WRITTEN, _USED))
    shared, answer = z3.Int("replicas in both sets"), invariants.own(some.answer(q, 1))

    def stay(view: View) -> z3.BoolRef:
        return seen(view).count({_WRITTEN: (True,), _USED: (True,)}) == shared

    def lines(view: View) -> Lines:
        known = {**bookings(view), **invariants.checks(seen(view), some, system.numbers)}
        kept = invariants.sets_are_kept(seen(view), some, _WRITTEN, _USED)
        return {**known, **kept, "the sets stay as they are": stay(view)}

    only = {
        f"ack {b.name}": lambda view: seen(view).count({_WRITTEN: (True,), **lacking}) == 0,
        f"finish {q.name}": lambda view: seen(view).count({_USED: (True,), answer: (None,)}) == 0,
    }
    premises = (N >= 1, shared >= 1) if meet else (N >= 1,)
    wider = family._replace(own=(*family.own, *marks))
    return Induction(wider, system.members, premises, lines, system.guarantee, starts=stay, only=only)
