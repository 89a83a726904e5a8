"""Theorems about how runs end over any number of replicas: what is answered and kept, whether replicas agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, WeakenedPremise
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import NUMBERS, A, AnySize, C, L, N, R, W, unreliable
from overbooked.checker.theorems.by_induction import about, any_sizes, by_induction, ends_by_induction
from overbooked.checker.theorems.invariants import Lines
from overbooked.spec.setting import Setting
from overbooked.spec.users import programs

_CHECKED = unreliable("checking-availability")._replace(amnesias=True)
_REPAIRED = _CHECKED._replace(repair=True, users=programs(("book",), ("check",)))
_IN_SESSION = _CHECKED._replace(restarts=False, session=True)


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about how runs end, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, ...]]:
    yield about(
        "one booking; C crashes, A amnesias, any number of restarts and lost writes",
        writes="parallel or serial writes, with or without a log",
    ).from_premise(
        "acknowledged-is-kept",
        "an acknowledged booking is on a live replica, or in the log",
        "durability",
        (C + A < W, C + A <= W),
        lambda premise: by_induction(any_sizes(_with_amnesias("durability"), logs=True), premise, _kept_by_the_living),
    )
    yield about(
        "one booking; C crashes, L lost writes, any number of restarts and amnesias", writes="parallel:W, no log"
    ).from_premise(
        "bookings-are-acknowledged",
        "a booking that was invoked is acknowledged in the end, or a restart ends the call",
        "booking-availability",
        (C + L <= N - W, C + L <= N - W + 1),
        lambda premise: ends_by_induction([_with_amnesias("booking-availability")], premise, _all_sent),
    )
    yield about(
        "one check, or one booking and one check that repairs; C crashes, any number of restarts, lost writes and "
        "amnesias",
        writes="parallel:W by first:R or first:R:repair",
    ).from_premise(
        "checks-are-answered",
        "a check that was invoked is answered in the end, or a restart ends the call",
        "checking-availability",
        (C <= N - R, C <= N - R + 1),
        lambda premise: ends_by_induction([_CHECKED, _REPAIRED], premise, _answered),
    )
    yield about(
        "one booking and its user's check; C crashes, L lost writes, A amnesias, no restart",
        writes="parallel:W by first:R:session",
    ).from_premise(
        "sessions-are-answered",
        "a check that was invoked is answered in the end, as so many live replicas come to have what its user was told",
        "checking-availability",
        (C + L + A <= N - R, C + L + A <= N - R + 1),
        lambda premise: ends_by_induction([_IN_SESSION], premise, _sent_and_answered),
    )
    yield about(
        "one booking and its user's check; C crashes, A amnesias, any number of restarts and lost writes",
        writes="parallel:W by first:R:session",
    ).from_premise(
        "sessions-are-answered-after-restarts",
        "a check that was invoked is answered in the end, or a restart ends the call, as R live replicas have what its "
        "user was told, whatever the app server forgot to write",
        "checking-availability",
        (C + A <= W - R, C + A <= W - R + 1),
        lambda premise: ends_by_induction(
            [_IN_SESSION._replace(restarts=True)], premise, _kept_and_answered, restarts=1
        ),
    )
    yield _converging()


def _converging() -> tuple[Theorem, ...]:
    """Return that replicas agree in the end, and three twins: for each fault that keeps them apart one of these."""
    claim, said = "in the end live replicas agree and lack no acknowledged booking", "{} ⇒ convergence"
    nothing = "no app-restart, lost-write or amnesia"
    theorem, first = about("two bookings; any number of crashes", writes="parallel:W, no log").with_twin(
        "replicas-converge",
        Statement(
            claim,
            "if the app server does not restart, no write is lost and no replica forgets",
            said.format(nothing),
        ),
        WeakenedPremise("if it restarts at most once", said.format("at most one app-restart")),
        lambda slack: _converges(_AGREEING._replace(restarts=slack > 0), z3.BoolVal(val=True), restarts=slack),
    )
    lost = Statement(claim, "if at most one write is lost", said.format("at most one lost-write"))
    gone = Statement(claim, "if at most one replica forgets", said.format("at most one amnesia"))
    second = theorem.twin(lost, _converges(_AGREEING._replace(lost_writes=True), L <= 1))
    third = theorem.twin(gone, _converges(_AGREEING._replace(amnesias=True), A <= 1))
    return (
        theorem,
        first,
        second._replace(name=f"{second.name}:lost-write"),
        third._replace(name=f"{third.name}:amnesia"),
    )


_AGREEING = AnySize("convergence", crashes=True)


def _converges(system: AnySize, premise: z3.BoolRef, restarts: int = 0) -> Prover:
    return ends_by_induction([system], premise, _all_sent, restarts=restarts)


def _with_amnesias(guarantee: str) -> AnySize:
    return unreliable(guarantee)._replace(amnesias=True)


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
