"""Theorems about what checks say over any number of replicas: not only that sets meet, but what follows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Statement, Theorem, WeakenedPremise
from overbooked.checker.theorems import invariants, where_sets_meet
from overbooked.checker.theorems.any_size import NUMBERS, AnySize, N, R, W, by_every_read, unreliable
from overbooked.checker.theorems.by_induction import UNRELIABLE, about, any_sizes, by_induction
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.setting import Setting

ENOUGH = R + W > N
"""When no read is stale."""
ALL, ALL_BUT_ONE = R == N, z3.And(R >= N - 1, W == N)
"""Every replica is read; or one is not, though every one is written to."""

_WITH_CLAIMS = "parallel or serial writes, no log, or claim:W"
_FAULTS = "any number of crashes and restarts"


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about what checks say, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about(
        f"one booking and one check by first:R, with or without :repair or :session; {UNRELIABLE}",
        writes=_WITH_CLAIMS,
    ).from_premise(
        "no-stale-read",
        "no check invoked after an acknowledgement says available",
        "read-after-write",
        (ENOUGH, R + W >= N),
        lambda premise: by_induction(_every_pair(), premise, _kept_by_w),
    )
    yield about(
        f"one booking and one check, with or without :repair or :session; {_FAULTS}",
        writes=_WITH_CLAIMS,
        numbers="every N and any sets, with no bound",
    ).with_twin(
        "no-stale-read-where-sets-meet",
        Statement(
            "no check invoked after an acknowledgement says available",
            "if it uses the answer of a replica that had confirmed by then, whatever the sets",
            "A ∩ B ≠ ∅ ⇒ read-after-write",
        ),
        WeakenedPremise("if it may use none such", "read-after-write"),
        where_sets_meet.by_app_server,
    )
    yield about(f"one booking and two checks; {UNRELIABLE}").from_premise(
        "linearizable-if-all-are-read",
        "the answers fit an order that respects real time",
        "linearizability",
        (ALL, ALL_BUT_ONE),
        lambda premise: by_induction(any_sizes(unreliable("linearizability")), premise, _kept_by_one),
    )
    yield about(
        f"one booking and two checks; {UNRELIABLE}", writes="parallel or serial writes, with or without a log"
    ).from_premise(
        "monotonic-if-all-are-read",
        "a user told booked is not told available later",
        "monotonic-reads",
        (ALL, ALL_BUT_ONE),
        lambda premise: by_induction(any_sizes(unreliable("monotonic-reads"), logs=True), premise, _told_is_kept),
    )


def _every_pair() -> list[AnySize]:
    """Return every way to write without a log, by every way to read."""
    direct = any_sizes(unreliable("read-after-write"))
    return by_every_read([*direct, direct[0]._replace(claims=True)])


def _kept_by_w(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS)


def _kept_by_one(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS, kept=1)


def _told_is_kept(view: View, setting: Setting) -> Lines:
    known = {**invariants.bookings(view, setting), **invariants.checks(view, setting, NUMBERS)}
    return known | invariants.told_is_kept(view, setting, NUMBERS)
