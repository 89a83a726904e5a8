"""Theorems about reads in a session, where replicas wait for what the user was told, over any number of replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, Topic, WeakenedPremise
from overbooked.checker.theorems import invariants, primary_guarantees
from overbooked.checker.theorems.any_primary import AnyPrimary, Replicas
from overbooked.checker.theorems.any_size import NUMBERS, AnySize, unreliable
from overbooked.checker.theorems.by_induction import Reasons, about, any_sizes, by_induction
from overbooked.checker.theorems.invariants import Lines, own
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

WRITES = "claim:W, or parallel or serial writes, with or without a log"


def by_app_server() -> Iterator[Theorem]:
    """Yield the theorems about sessions where the app server writes to every replica, each with its twin."""
    topics = (
        about(f"{it.programs}; any number of crashes, restarts, lost writes and amnesias", writes=WRITES)
        for it in _KEPT
    )
    return _theorems("sessions", topics, _writes)


def by_primary() -> Iterator[Theorem]:
    """Yield the theorems about sessions where the database replicates by itself, each with its twin."""
    topics = (
        primary_guarantees.about(primary_guarantees.EITHER, f"{it.programs}; {primary_guarantees.MANY}") for it in _KEPT
    )
    return _theorems("sessions-with-standbys", topics, _primaries)


class _Kept(NamedTuple):
    """A guarantee that sessions keep: its theorem's name, what it claims and why it is kept, and the programs."""

    guarantee: str
    name: str
    claim: str
    reasons: Reasons
    programs: str


def _theorems(
    kind: str, topics: Iterable[Topic], systems: Callable[[str, bool], list[AnySize] | list[AnyPrimary]]
) -> Iterator[Theorem]:
    for topic, (guarantee, name, claim, reasons, _) in zip(topics, _KEPT, strict=True):
        yield from topic.with_twin(
            f"{kind}-{name}",
            Statement(claim, "if reads end in :session, whatever they ask", f"first:R:session ⇒ {guarantee}"),
            WeakenedPremise("if reads do not end in :session", f"first:R ⇒ {guarantee}"),
            partial(_prover, partial(systems, guarantee), reasons),
        )


def _prover(systems: Callable[[bool], list[AnySize] | list[AnyPrimary]], reasons: Reasons, slack: int) -> Prover:
    """Return a prover for all these; with slack, reads are plain, and break it where nothing fails."""
    in_session = [system._replace(session=not slack) for system in systems(not slack)]
    return by_induction(in_session, z3.BoolVal(val=True), reasons)


def _writes(guarantee: str, faults: bool) -> list[AnySize]:
    of = unreliable(guarantee)._replace(amnesias=True) if faults else AnySize(guarantee)
    systems = any_sizes(of, logs=True)
    return [*systems, systems[0]._replace(claims=True)]


def _primaries(guarantee: str, faults: bool) -> list[AnyPrimary]:
    """Return the system that confirms on receipt: it has every run of the one that does not, and more."""
    return [AnyPrimary(guarantee, on_receipt=True, crashes=faults, restarts=faults, failover=faults)]


def _own_is_seen(view: View, setting: Setting) -> Lines:
    (b,) = setting.bookings
    known = {**_known(view, setting), **invariants.after_its_booking(view, setting)}
    return known | _waited_for(view, setting, b, setting.timestamp(b).name)


def _seen_again(view: View, setting: Setting) -> Lines:
    first, _ = setting.checks
    known = {**_known(view, setting), **invariants.in_a_row(view, setting)}
    return known | _waited_for(view, setting, first, setting.latest(first).name)


_KEPT = (
    _Kept(
        "read-your-writes",
        "see-own-bookings",
        "a user's own check after the acknowledgement says booked",
        _own_is_seen,
        "one booking and its user's check",
    ),
    _Kept(
        "monotonic-reads",
        "are-monotonic",
        "a user told booked is not told available later",
        _seen_again,
        "one booking and another user's two checks",
    ),
)


def _known(view: View, setting: Setting) -> Lines:
    """Return what is true of checks, and of bookings, so far as it is needed: of a primary nothing is."""
    if setting.write.primary:
        return invariants.checks(Replicas(view, setting), setting, NUMBERS)
    return {**invariants.bookings(view, setting), **invariants.checks(view, setting, NUMBERS)}


def _waited_for(view: View, setting: Setting, before: Call, timestamp: str) -> Lines:
    """Return why no replica answers the last check less than what the user's call before it told, a timestamp."""
    if not setting.read.session:
        return {}
    *_, q = setting.checks
    seen = Replicas(view, setting) if setting.write.primary else view
    told, answer, some = setting.told(q.user, q.room).name, own(setting.answer(q, 1)), setting.timestamps
    is_told = view.is_(setting.call(before).name, "acked" if before.kind == "book" else "booked")
    remembered = [z3.Implies(view.is_(timestamp, at), view.is_(told, *some[at:])) for at in some]
    less = [z3.Implies(view.is_(timestamp, at), seen.count({answer: some[:at]}) == 0) for at in some]
    when = f"once {before.name} told {q.user} of a booking"
    return {
        f"{when}, that or a later one is what {q.user} was told of last": z3.Implies(is_told, z3.And(remembered)),
        f"{when}, no replica has answered {q.name} with less": z3.Implies(is_told, z3.And(less)),
    }
