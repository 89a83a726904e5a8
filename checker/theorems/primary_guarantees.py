"""Theorems about built-in replication over any number of replicas: what holds, whoever crashes and takes over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.parameterized import SIZES
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, Topic, WeakenedPremise
from overbooked.checker.theorems import invariants, where_sets_meet
from overbooked.checker.theorems import primary_invariants as because
from overbooked.checker.theorems.any_primary import NUMBERS, SMALL, AnyPrimary, K, Replicas
from overbooked.checker.theorems.any_size import C, N, R
from overbooked.checker.theorems.by_induction import Reasons, by_induction, ends_by_induction
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.setting import Setting
from overbooked.spec.users import programs
from overbooked.spec.wording import listed

SHOWN = R + K > N
"""When no read is stale, where an acknowledgement waits for K replicas to show the booking."""
BOTH_BOOK = programs(("book",), ("book",))
"""Two users who book, whatever a check would tell them, so that what is proved holds for every way to read."""
_COMPARED = listed([str(standbys + 1) for standbys in (*SMALL, *SIZES)])
COUNTED = (
    "The spec's own steps without the standbys' numbers: a state says what db1, the primary at first, is like, and how "
    "many standbys are in each situation (what they have, show, have confirmed and answered; whether one leads). A "
    "step asks how many there are, never which, so nothing is lost by it. That steps are alike for every N is checked "
    f"over {_COMPARED} replicas."
)
TOPIC = Topic(
    "primary",
    "",
    f"{COUNTED} By induction: z3 checks that an invariant is true at the start, that every step keeps it, and that it "
    "excludes a violation; of how runs end, also that every step brings the end nearer. Beside the invariant z3 knows "
    "which situations there can be at all: all that one standby can be like beside what all share is found by "
    "following every step, its own and those of others. The weakened theorem is refuted by the smallest run that the "
    "search finds.",
)
"""How a guarantee is proved."""
MANY, EITHER = "any number of crashes, failovers and restarts", "primary:K or primary:K:received"


def theorems() -> Iterator[Theorem]:
    """Yield the theorems, each with its twin."""
    return chain.from_iterable(_listed())


def about(writes: str, what: str) -> Topic:
    """Return the topic of theorems about these ways to write, programs and faults."""
    return TOPIC._replace(covers=f"every N, K and R, with no bound; {writes}; {what}")


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about(
        "primary:K by first:R (of any one: R = 1, so K = N)", f"one booking and one check; {MANY}"
    ).from_premise(
        "standbys-are-fresh",
        "no check invoked after an acknowledgement says available, whichever replicas answer",
        "read-after-write",
        (SHOWN, R + K >= N),
        lambda premise: by_induction([_faulty("read-after-write")], premise, _seen(_shown_by_k)),
    )
    with_sets = TOPIC._replace(
        covers=f"every N and K and any sets, with no bound; {EITHER}; one booking and one check; {MANY}"
    )
    yield with_sets.with_twin(
        "standbys-are-fresh-where-sets-meet",
        Statement(
            "no check invoked after an acknowledgement says available",
            "if it uses the answer of a replica that showed the booking by then, whatever the sets",
            "A ∩ B ≠ ∅ ⇒ read-after-write",
        ),
        WeakenedPremise("if it may use none such", "read-after-write"),
        where_sets_meet.by_primary,
    )
    yield about("primary:K:received by first:R", f"one booking and one check; {MANY}").from_premise(
        "standbys-that-received-are-fresh",
        "no check invoked after an acknowledgement says available, where standbys need not show the booking for that",
        "read-after-write",
        (R == N, R >= N - 1),
        lambda premise: by_induction(
            [_faulty("read-after-write")._replace(on_receipt=True)], premise, _seen(_shown_by_the_primary)
        ),
    )
    yield about(EITHER, "one booking; C crashes, any number of restarts").from_premise(
        "acknowledged-survives-failover",
        "an acknowledged booking is on a live replica in the end, and whoever takes over shows it",
        "durability",
        (C < K, C <= K),
        lambda premise: _in_the_end(_faulty("durability"), premise, _kept_by_k),
    )
    yield about(EITHER, "one booking; C crashes, any number of restarts").from_premise(
        "bookings-are-answered-after-failover",
        "nobody waits for ever for the answer to a booking: it is acknowledged, or a failover or restart ends the call",
        "booking-availability",
        (C <= N - K, C <= N - K + 1),
        lambda premise: _in_the_end(_faulty("booking-availability"), premise, _enough_live),
    )
    yield about(EITHER, "two bookings of a room; C crashes").from_premise(
        "replicas-converge-after-failover",
        "in the end live replicas agree and lack no acknowledged booking",
        "convergence",
        (z3.And(C < K, C <= N - K), z3.And(C <= K, C <= N - K)),
        lambda premise: _in_the_end(_faulty("convergence")._replace(restarts=False), premise, _one_log),
    )
    yield about(f"{EITHER}, with :unique", "two bookings of a room; C crashes").from_premise(
        "unique-survives-failover",
        "no two users hold an acknowledgement for one room, whatever checks said before",
        "no-double-booking",
        (z3.Or(C < K, 2 * K > N), z3.Or(C <= K, 2 * K > N)),
        lambda premise: by_induction([_unique()], premise, _seen(_one_of_a_room)),
    )


def _in_the_end(system: AnyPrimary, premise: z3.BoolRef, reasons: Callable[[Replicas, Setting], Lines]) -> Prover:
    """Return a prover of what holds in the end, whether standbys confirm what they show or what they have received."""
    both = [system._replace(on_receipt=on_receipt) for on_receipt in (False, True)]
    return ends_by_induction(both, premise, _seen(reasons))


def _faulty(guarantee: str) -> AnyPrimary:
    return AnyPrimary(guarantee, crashes=True, restarts=True, failover=True)


def _unique() -> AnyPrimary:
    """Return the system that confirms on receipt: it has every run of the one that does not, and more."""
    return AnyPrimary("no-double-booking", on_receipt=True, unique=True, crashes=True, failover=True, users=BOTH_BOOK)


def _seen(reasons: Callable[[Replicas, Setting], Lines]) -> Reasons:
    """Return reasons about all replicas as reasons about the standbys."""

    def lines(view: View, setting: Setting) -> Lines:
        return reasons(Replicas(view, setting), setting)

    return lines


def _shown_by_k(view: Replicas, setting: Setting) -> Lines:
    return _shown_by(view, setting, K)


def _shown_by_the_primary(view: Replicas, setting: Setting) -> Lines:
    return _shown_by(view, setting, 1)


def _shown_by(view: Replicas, setting: Setting, many: int | z3.ArithRef) -> Lines:
    known = {**because.bookings(view, setting), **invariants.checks(view, setting, NUMBERS)}
    return known | invariants.known_is_kept(view, setting, NUMBERS, many)


def _enough_live(view: Replicas, setting: Setting) -> Lines:
    return {**because.bookings(view, setting), **invariants.crashes(view, setting, C)}


def _had_by_k(view: Replicas, setting: Setting) -> Lines:
    return {**_enough_live(view, setting), **because.acked_is_had(view, setting)}


def _kept_by_k(view: Replicas, setting: Setting) -> Lines:
    return {**_had_by_k(view, setting), **because.acked_survives(view, setting)}


def _one_of_a_room(view: Replicas, setting: Setting) -> Lines:
    known = {**_had_by_k(view, setting), **because.one_log(view, setting)}
    return known | because.one_of_a_room(view, setting)


def _one_log(view: Replicas, setting: Setting) -> Lines:
    known = {**_kept_by_k(view, setting), **because.one_log(view, setting)}
    return {**known, **because.in_order(view, setting), **because.shown_is_kept(view, setting)}
