"""Theorems about replicas that forget all that they keep: what A amnesias cost, over any number of replicas."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.accelerated_run import Stretch, once
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Prover, Statement, Theorem
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import NUMBERS, A, AnySize, N, R, W, unreliable
from overbooked.checker.theorems.by_induction import UNRELIABLE, about, any_sizes, by_induction
from overbooked.checker.theorems.invariants import WRITTEN, Lines, but, forgotten, own
from overbooked.checker.theorems.long_runs import RUNS, proved_run
from overbooked.checker.theorems.primary_guarantees import BOTH_BOOK
from overbooked.checker.theorems.repaired_reads import TOLD_BY
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

FRESH, REPAIRED, EXCLUDE = R + W > N + A, z3.And(R + W > N + A, 2 * R > N + A), 2 * W > N + A
"""When no read is stale, when reads that repair are linearizable, and when claims exclude each other."""
STALE, MISSED, BOTH = (z3.And(many > N, many <= N + A) for many in (R + W, 2 * R, 2 * W))
"""When a read is stale, reads that repair miss each other, or two claims succeed, only because replicas forget."""
STALE_STEPS, MISSED_STEPS, BOTH_STEPS = 3 * W + 2 * R - N + 4, 5 * R - N + 5, 6 * W - N + 4
"""How many steps the runs have in which that happens."""
_FAULTS = f"A amnesias, {UNRELIABLE}"
_NUMBERS = "every N, W, R and A, with no bound"


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about replicas that forget, each with its twins."""
    return chain.from_iterable(_listed())


def _listed() -> Iterator[tuple[Theorem, ...]]:
    yield about(f"one booking and one check; {_FAULTS}", numbers=_NUMBERS).from_premise(
        "no-stale-read-if-few-forget",
        "no check invoked after an acknowledgement says available",
        "read-after-write",
        (FRESH, R + W >= N + A),
        lambda premise: by_induction(_systems("read-after-write"), premise, _kept_by_w),
    )
    yield RUNS._replace(
        covers="every N, W, R and A, with no bound; one booking and one check; parallel:W by first:R, with or without "
        ":repair or :session"
    ).from_premise(
        "stale-read-as-replicas-forget",
        "a stale read is possible, though none is where no replica forgets: W replicas apply and confirm the booking, "
        "R + W - N of them forget it, and these and those that have not applied it answer",
        f"a run of {text_of(STALE_STEPS)} steps breaks read-after-write",
        (STALE, z3.And(R + W > N, R + W <= N + A + 1)),
        lambda premise: proved_run(_ONE_BOOKS, premise, _stale, STALE_STEPS, also=_ENDINGS),
    )
    yield _linearizable()
    yield RUNS._replace(
        covers="every N, W, R and A, with no bound; one booking and two checks; parallel:W by first:R:repair"
    ).from_premise(
        "repaired-reads-miss-each-other-as-replicas-forget",
        "a check may say available after another one said booked, though none does where no replica forgets: R "
        "replicas apply the booking and answer the first check, 2R - N of them forget it, and these and all others "
        "answer the second one",
        f"a run of {text_of(MISSED_STEPS)} steps breaks linearizability",
        (MISSED, z3.And(2 * R > N, 2 * R <= N + A + 1)),
        lambda premise: proved_run(_TWO_CHECK, premise, _missed, MISSED_STEPS),
    )
    yield about(
        f"two bookings of a room; {_FAULTS}", writes="claim:W", numbers="every N, W and A, with no bound"
    ).from_premise(
        "claims-exclude-each-other-if-few-forget",
        "no two users hold an acknowledgement for one room, whatever checks said before",
        "no-double-booking",
        (EXCLUDE, 2 * W >= N + A),
        lambda premise: by_induction(
            [_BOTH_BOOK._replace(crashes=True, restarts=True, lost_writes=True)], premise, _claimed
        ),
    )
    yield RUNS._replace(covers="every N, W and A, with no bound; two bookings of a room; claim:W").from_premise(
        "claims-both-succeed-as-replicas-forget",
        "two users may hold an acknowledgement for one room, though none do where no replica forgets: W replicas take "
        "and confirm the first, 2W - N of them forget it, and these and all others take the second",
        f"a run of {text_of(BOTH_STEPS)} steps breaks no-double-booking",
        (BOTH, z3.And(2 * W > N, 2 * W <= N + A + 1)),
        lambda premise: proved_run(_BOTH_BOOK, premise, _both, BOTH_STEPS),
    )


_ONE_BOOKS = AnySize("read-after-write", amnesias=True)
_ENDINGS = (_ONE_BOOKS._replace(repair=True), _ONE_BOOKS._replace(session=True))
_TWO_CHECK = AnySize("linearizability", repair=True, amnesias=True)
_BOTH_BOOK = AnySize("no-double-booking", claims=True, users=BOTH_BOOK, amnesias=True)


def _linearizable() -> tuple[Theorem, Theorem, Theorem]:
    """Return that both conditions together are enough, and for each that without it they are not."""

    def prove(premise: z3.BoolRef) -> Prover:
        systems = [system._replace(repair=True) for system in _systems("linearizability")]
        return by_induction(systems, premise, _told_by_acks_and_checks)

    claim, conclusion = "the answers fit an order that respects real time", "linearizability"
    fewer = z3.And(R + W >= N + A, 2 * R > N + A), z3.And(R + W > N + A, 2 * R >= N + A)
    theorem, first = about(f"one booking and two checks by first:R:repair; {_FAULTS}", numbers=_NUMBERS).from_premise(
        "linearizable-if-repaired-and-few-forget", claim, conclusion, (REPAIRED, fewer[0]), prove
    )
    second = theorem.twin(Statement.of(claim, fewer[1], conclusion), prove(fewer[1]))
    return theorem, first, second._replace(name=f"{second.name}:reads")


def _systems(guarantee: str) -> list[AnySize]:
    return any_sizes(unreliable(guarantee)._replace(amnesias=True))


def _kept_by_w(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS)


def _told_by_acks_and_checks(view: View, setting: Setting) -> Lines:
    return invariants.reads_see_writes(view, setting, NUMBERS, kept=TOLD_BY)


def _claimed(view: View, setting: Setting) -> Lines:
    """Return why two claims do not both succeed: but for one at each amnesia, whoever took a booking keeps it alone."""
    one, other = setting.bookings
    acked = [view.is_(setting.call(b).name, "acked") for b in setting.bookings]
    lines = invariants.bookings(view, setting) | {
        f"{one.name} and {other.name} are not both acknowledged": z3.Not(z3.And(acked)),
        f"a replica that has taken a booking keeps it, and has taken no other{but(setting)}": _alone(view, setting),
    }
    for b, rival, is_acked in ((one, other, acked[0]), (other, one, acked[1])):
        lines |= _kept(view, setting, b, rival, is_acked)
    return lines


def _alone(view: View, setting: Setting) -> z3.BoolRef:
    """Return that at most as many replicas as have forgotten took both bookings, or one that they do not keep."""
    one, other = setting.bookings
    writes, stored = [own(setting.writing(b, 1)) for b in setting.bookings], own(setting.stored(one.room, 1))
    both = view.count({writes[0]: WRITTEN, writes[1]: WRITTEN})
    cases = []
    for first in setting.timestamps:
        for second in setting.timestamps:
            gone = both
            for mine, its, at in ((writes[0], writes[1], first), (writes[1], writes[0], second)):
                lost = [t for t in setting.timestamps if t != at]
                gone = gone + view.count({mine: WRITTEN, its: _NOT_WRITTEN, stored: lost})
            now = [view.is_(setting.timestamp(b).name, at) for b, at in ((one, first), (other, second))]
            cases.append(z3.Implies(z3.And(now), gone <= forgotten(view, setting)))
    return z3.And(cases)


_NOT_WRITTEN = ("unsent", "sent", "refused", "declined")


def _kept(view: View, setting: Setting, b: Call, rival: Call, is_acked: z3.BoolRef) -> Lines:
    timestamp, stored = setting.timestamp(b).name, own(setting.stored(b.room, 1))
    alone = {own(setting.writing(rival, 1)): _NOT_WRITTEN}
    many = [
        z3.Implies(view.is_(timestamp, at), view.count({stored: (at,), **alone}) + forgotten(view, setting) >= W)
        for at in setting.timestamps[1:]
    ]
    return {
        f"once {b.name} is acknowledged, W replicas keep it that did not take {rival.name}{but(setting)}": z3.Implies(
            is_acked, z3.And(many)
        ),
        f"{b.name} is acknowledged only once it has a timestamp": z3.Implies(is_acked, z3.Not(view.is_(timestamp, 0))),
    }


def _stale() -> Iterator[Stretch]:
    some = _ONE_BOOKS.setting(1)
    (b,), (q,) = some.bookings, some.checks
    write, stored, answer = own(some.writing(b, 1)), own(some.stored(b.room, 1)), own(some.answer(q, 1))
    unasked = {answer: None}
    yield once(f"invoke {b.name}")
    yield Stretch(f"apply {b.name}", W, {stored: 0, **unasked})
    yield Stretch(f"confirm {b.name}", W, {stored: 1, **unasked})
    yield once(f"ack {b.name}")
    yield Stretch("forget", R + W - N, {write: "confirmed", stored: 1, **unasked})
    yield once(f"invoke {q.name}")
    yield Stretch(f"sample {q.name}", N - W, {write: "sent", stored: 0, **unasked})
    yield Stretch(f"sample {q.name}", R + W - N, {write: "confirmed", stored: 0, **unasked})
    yield once(f"finish {q.name}")


def _missed() -> Iterator[Stretch]:
    some = _TWO_CHECK.setting(1)
    (b,), (first, second) = some.bookings, some.checks
    stored, heard, last = own(some.stored(b.room, 1)), own(some.answer(first, 1)), own(some.answer(second, 1))
    yield once(f"invoke {b.name}")
    yield Stretch(f"apply {b.name}", R, {heard: None, last: None})
    yield once(f"invoke {first.name}")
    for times in (z3.IntVal(1), R - 1):
        yield Stretch(f"sample {first.name}", times, {stored: 1, heard: None, last: None})
    yield once(f"finish {first.name}")
    yield Stretch("forget", 2 * R - N, {stored: 1, heard: 1, last: None})
    yield once(f"invoke {second.name}")
    yield Stretch(f"sample {second.name}", N - R, {stored: 0, heard: None, last: None})
    yield Stretch(f"sample {second.name}", 2 * R - N, {stored: 0, heard: 1, last: None})
    yield once(f"finish {second.name}")


def _both() -> Iterator[Stretch]:
    some = _BOTH_BOOK.setting(1)
    first, second = some.bookings
    mine, its, stored = own(some.writing(first, 1)), own(some.writing(second, 1)), own(some.stored(first.room, 1))
    yield from (once(f"invoke {b.name}") for b in some.bookings)
    yield Stretch(f"apply {first.name}", W, {stored: 0, its: "sent"})
    yield Stretch(f"confirm {first.name}", W, {stored: 1, its: "sent"})
    yield once(f"ack {first.name}")
    yield Stretch("forget", 2 * W - N, {mine: "confirmed", its: "sent", stored: 1})
    for write, many in (("sent", N - W), ("confirmed", 2 * W - N)):
        yield Stretch(f"apply {second.name}", many, {mine: write, its: "sent", stored: 0})
    for write, many in (("sent", N - W), ("confirmed", 2 * W - N)):
        yield Stretch(f"confirm {second.name}", many, {mine: write, its: "applied", stored: 2})
    yield once(f"ack {second.name}")
