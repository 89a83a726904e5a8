"""Theorems of what goes wrong with built-in replication: runs in terms of N, K and R, each step shown possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import z3

from overbooked.checker.proving.accelerated_run import LongRun, Stretch, once
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.solver import values_of
from overbooked.checker.proving.theorem import Prover, Theorem, Topic, proof_of
from overbooked.checker.theorems.any_primary import AnyPrimary, K
from overbooked.checker.theorems.any_size import C, N, R
from overbooked.checker.theorems.by_induction import known
from overbooked.checker.theorems.invariants import own
from overbooked.checker.theorems.primary_guarantees import BOTH_BOOK, COUNTED
from overbooked.spec.language import Value
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

_TOPIC = Topic(
    "primary",
    "",
    f"{COUNTED} z3 checks of each step of the run that it is possible, each time it is taken, and of its end that the "
    "guarantee is violated, and where it speaks of the end of runs, that nothing more is owed.",
)


def theorems() -> Iterator[Theorem]:
    """Yield the theorems, each with its twin."""
    return chain.from_iterable(_listed())


def _about(writes: str, what: str) -> Topic:
    return _TOPIC._replace(covers=f"every N, K and R, with no bound; {writes}; {what}")


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield _about("primary:K by first:R", "one booking and one check").from_premise(
        "stale-standbys",
        "a stale read is possible: the booking is acknowledged once K - 1 standbys show it, and R of the others answer",
        f"a run of {text_of(STALE)} steps breaks read-after-write",
        (R + K <= N, R + K <= N + 1),
        lambda premise: _prover(lambda: _stale(premise), N, K, R),
    )
    yield _about("primary:K:received by first:R", "one booking and one check").from_premise(
        "stale-standbys-if-received",
        "a stale read is possible, whatever K: K - 1 standbys have received and confirmed the booking, and R that do "
        "not show it answer, these first",
        f"a run of {text_of(STALE_IF_RECEIVED)} steps breaks read-after-write",
        (R < N, R <= N),
        lambda premise: _prover(lambda: _stale_if_received(premise), N, K, R),
    )
    yield _about("primary:K", "one booking; C crashes").from_premise(
        "acknowledged-is-lost-on-failover",
        "an acknowledged booking may be lost: the primary and the K - 1 standbys that have it crash, and another one "
        "takes over",
        f"a run of {text_of(LOST)} steps breaks durability",
        (z3.And(C >= K, K < N), z3.And(C >= K - 1, K < N)),
        lambda premise: _prover(lambda: _lost(premise), N, K, C),
    )
    yield _about("primary:K:unique", "two bookings of a room; C crashes").from_premise(
        "unique-is-lost-on-failover",
        "two users may hold an acknowledgement for one room: all that have the first booking crash, one that lacks it "
        "takes over, and K others have the second booking",
        f"a run of {text_of(BOOKED_TWICE)} steps breaks no-double-booking",
        (z3.And(C >= K, 2 * K <= N), z3.And(C >= K, 2 * K <= N + 1)),
        lambda premise: _prover(lambda: _booked_twice(premise), N, K, C),
    )


STALE, STALE_IF_RECEIVED = 3 * K + R + 4, 2 * K + R + 5
LOST, BOOKED_TWICE = 4 * K + 3, 7 * K + 5
"""How many steps these runs have."""
_ONE = z3.IntVal(1)


def _prover(run: Callable[[], LongRun], *numbers: z3.ArithRef) -> Prover:
    return proof_of(
        lambda: run().claims(numbers), lambda claim, case: f"{values_of(case, *numbers)}; not possible: {claim.what}"
    )


def _stale(premise: z3.BoolRef) -> LongRun:
    system = AnyPrimary("read-after-write")
    some = system.setting(1)
    (b,), (q,) = some.bookings, some.checks
    held = own(some.held(b, 2))
    sampled = Stretch(f"sample {q.name}", R, {held: "nothing"})
    stretches = (*_acked(some, b), once(f"invoke {q.name}"), sampled, once(f"finish {q.name}"))
    return _run(system, premise, stretches, STALE)


def _stale_if_received(premise: z3.BoolRef) -> LongRun:
    system = AnyPrimary("read-after-write", on_receipt=True)
    some = system.setting(1)
    (b,), (q,) = some.bookings, some.checks
    held = own(some.held(b, 2))
    by_these = z3.If(R <= K - 1, R, K - 1)
    checked = (
        once(f"invoke {q.name}"),
        Stretch(f"sample {q.name}", by_these, {held: "received"}),
        Stretch(f"sample {q.name}", R - by_these, {held: "nothing"}),
        once(f"finish {q.name}"),
    )
    return _run(system, premise, (*_acked(some, b), *checked), STALE_IF_RECEIVED)


def _lost(premise: z3.BoolRef) -> LongRun:
    system = AnyPrimary("durability", crashes=True, failover=True)
    some = system.setting(1)
    (b,) = some.bookings
    return _run(system, premise, (*_acked(some, b), *_failed_over(own(some.held(b, 2)))), LOST, over=True)


def _booked_twice(premise: z3.BoolRef) -> LongRun:
    system = AnyPrimary("no-double-booking", unique=True, crashes=True, failover=True, users=BOTH_BOOK)
    some = system.setting(1)
    first, second = some.bookings
    lost = _failed_over(own(some.held(first, 2)))
    stretches = (*_acked(some, first), *lost, *_acked(some, second, by_db1=False))
    return _run(system, premise, stretches, BOOKED_TWICE)


def _run(
    system: AnyPrimary, premise: z3.BoolRef, stretches: tuple[Stretch, ...], steps: z3.ArithRef, *, over: bool = False
) -> LongRun:
    premises = (*known(system), premise)
    return LongRun(system.family(), system.members, premises, stretches, steps, system.guarantee, over)


def _acked(setting: Setting, b: Call, *, by_db1: bool = True) -> Iterator[Stretch]:
    """Yield how a booking is acknowledged that K - 1 standbys have confirmed, by db1 or by who took over from it."""
    standbys, held, db1 = K - 1, own(setting.held(b, 2)), " db1" * by_db1
    standby: dict[str, Value] = {"leads": False} if setting.fault.failover else {}
    primary: dict[str, Value] = {} if by_db1 else {"leads": True}
    yield once(f"invoke {b.name}")
    yield Stretch(f"append {b.name}{db1}", _ONE, primary)
    yield Stretch(f"receive {b.name}", standbys, standby)
    if not setting.write.on_receipt:
        yield Stretch(f"apply {b.name}", standbys, standby)
    yield Stretch(f"confirm {b.name}", standbys, {**standby, held: "received" if setting.write.on_receipt else "shown"})
    yield Stretch(f"apply {b.name}{db1}", _ONE, primary)
    yield Stretch(f"confirm {b.name}{db1}", _ONE, primary)
    yield once(f"ack {b.name}")


def _failed_over(held: str) -> Iterator[Stretch]:
    """Yield how all crash that have a booking, and one takes over that lacks it."""
    yield once("crash db1")
    yield Stretch("crash", K - 1, {held: "shown"})
    yield Stretch("promote", _ONE, {held: "nothing"})
