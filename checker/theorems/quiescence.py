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
    yield about("one booking; C crashes", writes="parallel:W, no log").from_premise(
        "bookings-are-acknowledged",
        "a booking that was invoked is acknowledged in the end",
        "booking-availability",
        (C <= N - W, C <= N - W + 1),
        lambda premise: ends_by_induction(
            [AnySize("booking-availability", crashes=True)], premise, _all_sent, crashes=True
        ),
    )
    yield about("one check; C crashes", writes="first:R").from_premise(
        "checks-are-answered",
        "a check that was invoked is answered in the end",
        "checking-availability",
        (C <= N - R, C <= N - R + 1),
        lambda premise: ends_by_induction(
            [AnySize("checking-availability", crashes=True)], premise, _answered, crashes=True
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


def _answered(view: View, setting: Setting) -> Lines:
    return {**invariants.checks(view, setting, NUMBERS), **invariants.crashes(view, setting, C)}
