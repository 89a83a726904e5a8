"""Theorems about how runs end over any number of replicas: what is answered and kept, whether replicas agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Statement, Theorem, WeakenedPremise
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import NUMBERS, AnySize, C, N, R, W
from overbooked.checker.theorems.by_induction import about, any_sizes, by_induction, ends_by_induction
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.setting import Setting
from overbooked.spec.users import programs

_CHECKED = AnySize("checking-availability", crashes=True, restarts=True)
_REPAIRED = _CHECKED._replace(repair=True, users=programs(("book",), ("check",)))
_IN_SESSION = AnySize("checking-availability", crashes=True, session=True)


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about how runs end, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about(
        "one booking; C crashes, any number of restarts", writes="parallel or serial writes, with or without a log"
    ).from_premise(
        "acknowledged-is-kept",
        "an acknowledged booking is on a live replica, or in the log",
        "durability",
        (C < W, C <= W),
        lambda premise: by_induction(
            any_sizes("durability", logs=True, crashes=True, restarts=True), premise, _kept_by_the_living, crashes=True
        ),
    )
    yield about("one booking; C crashes, any number of restarts", writes="parallel:W, no log").from_premise(
        "bookings-are-acknowledged",
        "a booking that was invoked is acknowledged in the end, or a restart ends the call",
        "booking-availability",
        (C <= N - W, C <= N - W + 1),
        lambda premise: ends_by_induction(
            [AnySize("booking-availability", crashes=True, restarts=True)], premise, _all_sent, crashes=True
        ),
    )
    yield about(
        "one check, or one booking and one check that repairs; C crashes, any number of restarts",
        writes="parallel:W by first:R or first:R:repair",
    ).from_premise(
        "checks-are-answered",
        "a check that was invoked is answered in the end, or a restart ends the call",
        "checking-availability",
        (C <= N - R, C <= N - R + 1),
        lambda premise: ends_by_induction([_CHECKED, _REPAIRED], premise, _answered, crashes=True),
    )
    yield about(
        "one booking and its user's check; C crashes, no restart", writes="parallel:W by first:R:session"
    ).from_premise(
        "sessions-are-answered",
        "a check that was invoked is answered in the end, as every live replica comes to have what its user was told",
        "checking-availability",
        (C <= N - R, C <= N - R + 1),
        lambda premise: ends_by_induction([_IN_SESSION], premise, _sent_and_answered, crashes=True),
    )
    yield about(
        "one booking and its user's check; C crashes, any number of restarts", writes="parallel:W by first:R:session"
    ).from_premise(
        "sessions-are-answered-after-restarts",
        "a check that was invoked is answered in the end, or a restart ends the call, as R live replicas have what its "
        "user was told, whatever the app server forgot to write",
        "checking-availability",
        (C <= W - R, C <= W - R + 1),
        lambda premise: ends_by_induction(
            [_IN_SESSION._replace(restarts=True)], premise, _kept_and_answered, crashes=True, restarts=1
        ),
    )
    yield about("two bookings; any number of crashes", writes="parallel:W, no log").with_twin(
        "replicas-converge",
        Statement(
            "in the end live replicas agree and lack no acknowledged booking",
            "if the app server does not restart",
            "no app-restart ⇒ convergence",
        ),
        WeakenedPremise("if it restarts at most once", "at most one app-restart ⇒ convergence"),
        lambda slack: ends_by_induction(
            [AnySize("convergence", crashes=True, restarts=slack > 0)], z3.BoolVal(val=True), _all_sent, restarts=slack
        ),
    )


def _kept_by_the_living(view: View, setting: Setting) -> Lines:
    known = {**invariants.bookings(view, setting), **invariants.acked_is_kept(view, setting, NUMBERS)}
    return {**known, **invariants.log(view, setting), **invariants.crashes(view, setting, C)}


def _all_sent(view: View, setting: Setting) -> Lines:
    known = {**invariants.bookings(view, setting), **invariants.all_sent(view, setting)}
    return known | invariants.crashes(view, setting, C)


def _sent_and_answered(view: View, setting: Setting) -> Lines:
    return {**_all_sent(view, setting), **_answered(view, setting)}


def _kept_and_answered(view: View, setting: Setting) -> Lines:
    known = {**_kept_by_the_living(view, setting), **_answered(view, setting)}
    return known | invariants.after_its_booking(view, setting)


def _answered(view: View, setting: Setting) -> Lines:
    return {**invariants.checks(view, setting, NUMBERS), **invariants.crashes(view, setting, C)}
