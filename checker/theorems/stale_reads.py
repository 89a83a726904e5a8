"""Theorems that a stale read is possible: a run in terms of N, W and R, each of its steps shown possible."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.accelerated_run import LongRun, Stretch, once
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.solver import Claim, values_of
from overbooked.checker.proving.theorem import Prover, Theorem, proof_of
from overbooked.checker.theorems.any_size import AnySize, N, R, W
from overbooked.checker.theorems.invariants import own
from overbooked.checker.theorems.long_runs import RUNS

TOO_FEW = R + W <= N
"""When a read may be stale."""
STEPS, STEPS_WITH_A_LOG = 2 * W + R + 4, R + 4
"""How many steps the run to a stale read has."""

_TOPIC = RUNS._replace(
    covers="every N, W and R, with no bound; one booking and one check; parallel:W by first:R, with or without :repair "
    "or :session"
)


def theorems() -> Iterator[Theorem]:
    """Yield the theorems that stale reads are possible, each with its twin."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield _TOPIC.from_premise(
        "stale-read",
        "a stale read is possible: invoke the booking, W times apply, W times confirm, ack, invoke the check, "
        "R times sample a replica that has not applied, finish",
        f"a run of {text_of(STEPS)} steps breaks read-after-write",
        (TOO_FEW, R + W <= N + 1),
        lambda premise: _stale_read(premise, log=False),
    )
    with_a_log = _TOPIC.covers.replace("parallel:W", "message:parallel:W")
    yield _TOPIC._replace(covers=with_a_log).from_premise(
        "stale-read-with-a-log",
        "a stale read is possible with a message log, whatever W and R: invoke the booking, ack, invoke the check, "
        "R times sample a replica, finish",
        f"a run of {text_of(STEPS_WITH_A_LOG)} steps breaks read-after-write",
        (R <= N, R <= N + 1),
        lambda premise: _stale_read(premise, log=True),
    )


def _stale_read(premise: z3.BoolRef, *, log: bool) -> Prover:
    plain = AnySize("read-after-write", log=log)
    sizes = (W >= 1, W <= N, R >= 1, premise)

    def claims() -> Iterator[Claim]:
        steps = STEPS_WITH_A_LOG if log else STEPS
        for system in (plain, plain._replace(repair=True), plain._replace(session=True)):
            run = LongRun(system.family(), N, sizes, tuple(_stretches(system)), steps, system.guarantee)
            for claim in run.claims((N, W, R)):
                yield claim._replace(what=claim.what + f", by first:R{system.ending}" * bool(system.ending))

    return proof_of(claims, lambda claim, case: f"{values_of(case, N, W, R)}; not possible: {claim.what}")


def _stretches(system: AnySize) -> Iterator[Stretch]:
    some = system.setting(1)
    (b,), (q,) = some.bookings, some.checks
    write, stored, answer = own(some.writing(b, 1)), own(some.stored(b.room, 1)), own(some.answer(q, 1))
    yield once(f"invoke {b.name}")
    if not system.log:
        yield Stretch(f"apply {b.name}", W, {answer: None})
        yield Stretch(f"confirm {b.name}", W, {answer: None, stored: 1})
    yield once(f"ack {b.name}")
    yield once(f"invoke {q.name}")
    behind = {stored: 0, answer: None, write: "unsent" if system.log else "sent"}
    yield Stretch(f"sample {q.name}", R, behind)
    yield once(f"finish {q.name}")
