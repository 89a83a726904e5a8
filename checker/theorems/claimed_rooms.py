"""Theorems about replicas that each take one booking of a room at most, over any number of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.accelerated_run import Stretch, once
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Theorem
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import AnySize, C, N, W, unreliable
from overbooked.checker.theorems.by_induction import UNRELIABLE, about, by_induction, ends_by_induction
from overbooked.checker.theorems.invariants import WRITTEN, Lines, own
from overbooked.checker.theorems.long_runs import RUNS, proved_run
from overbooked.checker.theorems.primary_guarantees import BOTH_BOOK
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

EXCLUDE, MAY_NOT = 2 * W > N, 2 * W <= N
"""When every two sets of W replicas have one in common, and when two need not."""
STEPS = 4 * W + 4
"""How many steps the run has in which a room is booked twice, whatever checks said before."""


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about claims, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about(
        f"two bookings of a room; {UNRELIABLE}",
        writes="claim:W",
        numbers="every N and W, with no bound",
    ).from_premise(
        "claims-exclude-each-other",
        "no two users hold an acknowledgement for one room, whatever checks said before",
        "no-double-booking",
        (EXCLUDE, 2 * W >= N),
        lambda premise: by_induction([_UNRELIABLE], premise, _claimed),
    )
    yield RUNS._replace(covers="every N and W, with no bound; two bookings of a room; claim:W").from_premise(
        "claims-may-both-succeed",
        "two users may hold an acknowledgement for one room, whatever checks said before: invoke both bookings, W "
        "replicas take the one and W others the other, each confirms, ack both",
        f"a run of {text_of(STEPS)} steps breaks no-double-booking",
        (MAY_NOT, 2 * W <= N + 1),
        lambda premise: proved_run(_TWO_BOOK, premise, _stretches, STEPS),
    )
    yield about(
        "two bookings of a room; C crashes, no restart", writes="claim:W", numbers="every N and W, with no bound"
    ).from_premise(
        "claims-are-answered",
        "whoever books is told in the end that the room is booked, or that it is taken",
        "booking-availability",
        (C == 0, z3.And(C <= 1, C <= N - W)),
        lambda premise: ends_by_induction([_ANSWERED], premise, _confirmed_or_declined),
    )


_TWO_BOOK = AnySize("no-double-booking", claims=True, users=BOTH_BOOK)
_UNRELIABLE = unreliable("no-double-booking")._replace(claims=True, users=BOTH_BOOK)
_ANSWERED = AnySize("booking-availability", claims=True, crashes=True, users=BOTH_BOOK)


def _confirmed_or_declined(view: View, setting: Setting) -> Lines:
    known = {**invariants.bookings(view, setting), **invariants.all_sent(view, setting)}
    return known | invariants.crashes(view, setting, C)


def _claimed(view: View, setting: Setting) -> Lines:
    lines = invariants.bookings(view, setting)
    for b in setting.bookings:
        lines |= _taken_for_good(view, setting, b)
    return lines


def _taken_for_good(view: View, setting: Setting, b: Call) -> Lines:
    """Return that whoever took a booking keeps it, and nothing else, for ever."""
    timestamp, write, stored = setting.timestamp(b).name, own(setting.writing(b, 1)), own(setting.stored(b.room, 1))
    acked = view.is_(setting.call(b).name, "acked")
    others = {at: [t for t in setting.timestamps if t != at] for at in setting.timestamps[1:]}
    kept = [
        z3.Implies(view.is_(timestamp, at), view.count({write: WRITTEN, stored: them}) == 0)
        for at, them in others.items()
    ]
    many = [z3.Implies(view.is_(timestamp, at), view.count({stored: (at,)}) >= W) for at in others]
    return {
        f"a replica that has taken {b.name} keeps it, and no other booking": z3.And(kept),
        f"once {b.name} is acknowledged, W replicas keep it": z3.Implies(acked, z3.And(many)),
        f"{b.name} is acknowledged only once it has a timestamp": z3.Implies(acked, z3.Not(view.is_(timestamp, 0))),
    }


def _stretches() -> Iterator[Stretch]:
    some = _TWO_BOOK.setting(1)
    stored = own(some.stored(some.rooms[0], 1))
    yield from (once(f"invoke {b.name}") for b in some.bookings)
    for b in some.bookings:
        yield Stretch(f"apply {b.name}", W, {stored: 0})
    for at, b in enumerate(some.bookings, 1):
        yield Stretch(f"confirm {b.name}", W, {stored: at})
    yield from (once(f"ack {b.name}") for b in some.bookings)
