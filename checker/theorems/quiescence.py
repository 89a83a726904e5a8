"""Theorems about how runs end over any number of replicas: what is answered and kept, whether replicas agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Statement, Theorem, WeakenedPremise
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import C, N, R, Setting, W
from overbooked.checker.theorems.by_induction import NUMBERS, about, by_induction, ends_by_induction, settings
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.world import World


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about how runs end, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield about(
        "one booking; C crashes, any number of restarts", writes="parallel or serial writes, with or without a log"
    ).with_twin(
        "acknowledged-is-kept",
        Statement("an acknowledged booking is on a live replica, or in the log", "if C < W", "C < W ⇒ durability"),
        WeakenedPremise("if C <= W", "C ≤ W ⇒ durability"),
        lambda slack: by_induction(
            settings("durability", logs=True, crashes=True, restarts=True),
            W + slack > C,
            _kept_by_the_living,
            crashes=True,
        ),
    )
    yield about("one booking; C crashes", writes="parallel:W, no log").with_twin(
        "bookings-are-acknowledged",
        Statement(
            "a booking that was invoked is acknowledged in the end", "if C <= N - W", "C ≤ N - W ⇒ booking-availability"
        ),
        WeakenedPremise("if C <= N - W + 1", "C ≤ N - W + 1 ⇒ booking-availability"),
        lambda slack: ends_by_induction(
            Setting("booking-availability", crashes=True), N - W + slack >= C, _all_sent, crashes=True
        ),
    )
    yield about("one check; C crashes", writes="first:R").with_twin(
        "checks-are-answered",
        Statement(
            "a check that was invoked is answered in the end", "if C <= N - R", "C ≤ N - R ⇒ checking-availability"
        ),
        WeakenedPremise("if C <= N - R + 1", "C ≤ N - R + 1 ⇒ checking-availability"),
        lambda slack: ends_by_induction(
            Setting("checking-availability", crashes=True), N - R + slack >= C, _answered, crashes=True
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
            Setting("convergence", crashes=True, restarts=slack > 0), z3.BoolVal(val=True), _all_sent, restarts=slack
        ),
    )


def _kept_by_the_living(view: View, world: World) -> Lines:
    known = {**invariants.bookings(view, world), **invariants.acked_is_kept(view, world, NUMBERS)}
    return {**known, **invariants.log(view, world), **invariants.crashes(view, world, C)}


def _all_sent(view: View, world: World) -> Lines:
    known = {**invariants.bookings(view, world), **invariants.all_sent(view, world)}
    return known | invariants.crashes(view, world, C)


def _answered(view: View, world: World) -> Lines:
    return {**invariants.checks(view, world, NUMBERS), **invariants.crashes(view, world, C)}
