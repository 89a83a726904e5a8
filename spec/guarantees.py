"""What must hold: the guarantees, what users do to put each to the test, and when it is violated.

Some guarantees have to remember something (that a booking was acknowledged before this check was invoked).
Such a *memory* is a field added to the system only when that guarantee is judged, and set by parts added to its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations
from typing import NamedTuple

from overbooked.spec.booking import while_up
from overbooked.spec.language import Case, Change, Field, Part, When, case, part
from overbooked.spec.message_log import out_of_log
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call, Kind, Program, programs


class Memory(NamedTuple):
    """Fields that a guarantee adds, and the parts it adds to steps, by the step's name and call."""

    fields: tuple[Field, ...] = ()
    parts: tuple[tuple[tuple[str, str], Part], ...] = ()


class Guarantee(NamedTuple):
    """A guarantee: the users' programs that test it, what it remembers, and the cases in which it is broken.

    ``anomaly`` is the word for a violation, ``question`` what somebody would ask who fears it.
    It ``implies`` others: whoever keeps it keeps those. One that is judged only ``on_request`` is not in the table.
    With a read strategy that knows what users were told, users do what ``in_session`` says, if it says anything.
    """

    name: str
    sentence: str
    anomaly: str
    question: str
    users: tuple[Program, ...]
    when: When
    broken: Callable[[Setting], Iterator[Case]]
    witness: Callable[[Setting], Iterator[Case]]
    memory: Callable[[Setting], Memory] = lambda _: Memory()
    implies: tuple[str, ...] = ()
    on_request: bool = False
    in_session: tuple[Program, ...] = ()

    def tested_by(self, read: ReadStrategy) -> Guarantee:
        """Return the guarantee with the users' programs that test it with this way to read."""
        return self._replace(users=self.in_session) if read.session and self.in_session else self


# What is remembered.


def note(known: bool) -> Change:  # noqa: ARG001 - a role that is only written
    """Somebody now knows that the room is booked."""
    return {"known": True}


def note_told(known: bool, latest: int) -> Change:
    """Somebody now knows, if the check that finishes says ``booked``."""
    return {"known": known or latest > 0}


def remember(known: bool, bound: bool) -> Change:  # noqa: ARG001 - a role that is only written
    """The check that begins is bound to say ``booked`` if somebody already knew."""
    return {"bound": known}


def remember_acked(call: str, earlier: bool) -> Change:  # noqa: ARG001 - a role that is only written
    """The booking that begins comes after this other one, if that was acknowledged."""
    return {"earlier": call == "acked"}


def known(room: str) -> Field:
    """Return whether somebody was already told that the room is booked."""
    return Field(f"known {room}", (False, True), initial=False)


def bound(check: Call) -> Field:
    """Return whether a check was invoked when somebody already knew, so that it must say ``booked``."""
    return Field(f"bound {check.name}", (False, True), initial=False)


def earlier(one: Call, other: Call) -> Field:
    """Return whether one booking was acknowledged before the other was invoked."""
    return Field(f"earlier {one.name} {other.name}", (False, True), initial=False)


def acks_before_checks(setting: Setting) -> Memory:
    """Remember of each check whether a booking of its room was acknowledged before it was invoked."""
    acked = [(("ack", b.name), part(note, known=known(b.room))) for b in setting.bookings]
    begun = [(("invoke", q.name), part(remember, known=known(q.room), bound=bound(q))) for q in setting.checks]
    fields = (*(known(room) for room in setting.rooms), *(bound(q) for q in setting.checks))
    return Memory(fields, (*acked, *begun))


def answers_before_checks(setting: Setting) -> Memory:
    """Remember also whether another check had been told ``booked`` before it was invoked."""
    fields, parts = acks_before_checks(setting)
    told = [
        (("finish", q.name), part(note_told, known=known(q.room), latest=setting.latest(q))) for q in setting.checks
    ]
    return Memory(fields, (*parts, *told))


def acks_before_bookings(setting: Setting) -> Memory:
    """Remember of each two bookings of a room whether one was acknowledged before the other was invoked."""
    fields, parts = [], []
    for one, other in _of_one_room(setting):
        fields.append(earlier(one, other))
        remembers = part(remember_acked, call=setting.call(one), earlier=earlier(one, other))
        parts.append((("invoke", other.name), remembers))
    return Memory(tuple(fields), tuple(parts))


def _of_one_room(setting: Setting) -> Iterator[tuple[Call, Call]]:
    """Yield every two bookings of one room, both ways round."""
    for one, other in permutations(setting.bookings, 2):
        if one.room == other.room:
            yield one, other


# When a guarantee is violated.


def is_so(call: str, answer: str) -> bool:
    """The call stands like this, or its user was told this."""
    return call == answer


def is_settled(call: str) -> bool:
    """The booking was acknowledged or refused."""
    return call in {"acked", "taken"}


def is_over(call: str) -> bool:
    """The check was told something."""
    return call in {"available", "booked"}


def is_bound(bound: bool) -> bool:
    """What came before counts: the check must say ``booked``, or the booking is the later one."""
    return bound


def differ(stored: int, other: int) -> bool:
    """Two replicas keep different bookings."""
    return stored != other


def lacks(stored: int, timestamp: int) -> bool:
    """The replica keeps an older booking than this one, or none."""
    return stored < timestamp


def keeps(stored: int, timestamp: int) -> bool:
    """The replica keeps just this booking."""
    return stored == timestamp


def is_gone(stored: int, timestamp: int, up: bool) -> bool:
    """No live replica is this one, or it lacks the booking."""
    return not up or stored < timestamp


def told(setting: Setting, call: Call, answer: str) -> Part:
    """Return the condition that a call stands like this."""
    return part(is_so, call=setting.call(call), answer=answer)


def over(setting: Setting, check: Call) -> Part:
    """Return the condition that a check is over."""
    return part(is_over, call=setting.call(check))


def a_bound_check_says_available(setting: Setting) -> Iterator[Case]:
    """Yield: a check that must say ``booked`` says ``available``."""
    for q in setting.checks:
        yield case(told(setting, q, "available"), part(is_bound, bound=bound(q)), check=q.name)


def a_bound_check_is_over(setting: Setting) -> Iterator[Case]:
    """Yield: a check that must say ``booked`` has been answered."""
    for q in setting.checks:
        yield case(over(setting, q), part(is_bound, bound=bound(q)), check=q.name)


def own_check_says_available(setting: Setting) -> Iterator[Case]:
    """Yield: a user's check after that user's own booking says ``available``."""
    for booking, q in _in_a_row(setting, "book"):
        yield case(told(setting, booking, "acked"), told(setting, q, "available"), booking=booking.name, check=q.name)


def own_check_is_over(setting: Setting) -> Iterator[Case]:
    """Yield: a user's check after that user's own booking has been answered."""
    for booking, q in _in_a_row(setting, "book"):
        yield case(told(setting, booking, "acked"), over(setting, q), booking=booking.name, check=q.name)


def booked_then_available(setting: Setting) -> Iterator[Case]:
    """Yield: a user told ``booked`` is told ``available`` by a later check."""
    for first, second in _in_a_row(setting, "check"):
        yield case(
            told(setting, first, "booked"), told(setting, second, "available"), first=first.name, check=second.name
        )


def booked_then_answered(setting: Setting) -> Iterator[Case]:
    """Yield: a user told ``booked`` has had a later check answered."""
    for first, second in _in_a_row(setting, "check"):
        yield case(told(setting, first, "booked"), over(setting, second), check=second.name)


def _in_a_row(setting: Setting, kind: Kind) -> Iterator[tuple[Call, Call]]:
    """Yield each check of a room with each call of that kind, on that room, that its user made before."""
    for program in setting.users:
        for first, second in combinations(program, 2):
            if first.kind == kind and second.kind == "check" and first.room == second.room:
                yield first, second


def two_acks(setting: Setting) -> Iterator[Case]:
    """Yield: two users hold an acknowledgement for one room."""
    for one, other in combinations(setting.bookings, 2):
        if one.room == other.room and one.user != other.user:
            yield case(told(setting, one, "acked"), told(setting, other, "acked"), one=one.name, other=other.name)


def an_ack_and_another_answer(setting: Setting) -> Iterator[Case]:
    """Yield: a user holds an acknowledgement, and another user was told something about the room."""
    for b in setting.bookings:
        for q in setting.checks:
            if b.user != q.user and b.room == q.room:
                yield case(told(setting, b, "acked"), over(setting, q), booking=b.name, check=q.name)


def replicas_differ_or_lack(setting: Setting) -> Iterator[Case]:
    """Yield: live replicas differ, or lack an acknowledged booking (keep an older one or none)."""
    for room in setting.rooms:
        for i, j in combinations(setting.numbers, 2):
            differs = part(differ, stored=setting.stored(room, i), other=setting.stored(room, j))
            yield case(differs, *while_up(setting, i), *while_up(setting, j), one=f"db{i}", other=f"db{j}", room=room)
    for b in setting.bookings:
        for i in setting.numbers:
            missing = part(lacks, stored=setting.stored(b.room, i), timestamp=setting.timestamp(b))
            yield case(told(setting, b, "acked"), missing, *while_up(setting, i), booking=b.name, replica=f"db{i}")


def all_acked(setting: Setting) -> Iterator[Case]:
    """Yield: every booking was acknowledged."""
    yield case(*(told(setting, b, "acked") for b in setting.bookings))


def all_answered(setting: Setting) -> Iterator[Case]:
    """Yield: every booking was acknowledged, or refused, as the room is taken."""
    yield case(*(part(is_settled, call=setting.call(b)) for b in setting.bookings))


def an_acked_booking_is_lost(setting: Setting) -> Iterator[Case]:
    """Yield: an acknowledged booking is in no live replica, nor in the log's uncommitted part."""
    for b in setting.bookings:
        gone = [_gone(setting, b, i) for i in setting.numbers]
        yield case(told(setting, b, "acked"), *gone, *out_of_log(setting, b), booking=b.name)


def _gone(setting: Setting, booking: Call, replica: int) -> Part:
    stored, timestamp = setting.stored(booking.room, replica), setting.timestamp(booking)
    up = setting.up(replica) if setting.fault.stops_replicas else True
    return part(is_gone, stored=stored, timestamp=timestamp, up=up)


def the_older_one_stays(setting: Setting) -> Iterator[Case]:
    """Yield: a live replica keeps a booking that was acknowledged before another was invoked, also acknowledged."""
    for one, other in _of_one_room(setting):
        for i in setting.numbers:
            older = part(keeps, stored=setting.stored(one.room, i), timestamp=setting.timestamp(one))
            in_order = (told(setting, other, "acked"), part(is_bound, bound=earlier(one, other)))
            yield case(*in_order, older, *while_up(setting, i), one=one.name, other=other.name, replica=f"db{i}")


def acked_in_order(setting: Setting) -> Iterator[Case]:
    """Yield: two bookings were acknowledged, one before the other was invoked."""
    for one, other in _of_one_room(setting):
        yield case(told(setting, other, "acked"), part(is_bound, bound=earlier(one, other)))


def a_booking_still_runs(setting: Setting) -> Iterator[Case]:
    """Yield: a booking that was invoked has no answer."""
    for b in setting.bookings:
        yield case(told(setting, b, "running"), call=b.name)


def a_check_still_runs(setting: Setting) -> Iterator[Case]:
    """Yield: a check that was invoked has no answer."""
    for q in setting.checks:
        yield case(told(setting, q, "running"), call=q.name)


def a_booking_is_acked(setting: Setting) -> Iterator[Case]:
    """Yield: a booking was acknowledged."""
    for b in setting.bookings:
        yield case(told(setting, b, "acked"), call=b.name)


def a_check_is_over(setting: Setting) -> Iterator[Case]:
    """Yield: a check was answered."""
    for q in setting.checks:
        yield case(over(setting, q), call=q.name)


GUARANTEES = {
    guarantee.name: guarantee
    for guarantee in (
        Guarantee(
            "read-after-write",
            "a check invoked after a booking's acknowledgement says booked",
            "stale read",
            "May a guest be told that a room is free after somebody booked it?",
            programs(("book",), ("check",)),
            "never",
            a_bound_check_says_available,
            a_bound_check_is_over,
            acks_before_checks,
            implies=("read-your-writes",),
        ),
        Guarantee(
            "read-your-writes",
            "a user's own check after the acknowledgement says booked",
            "own booking unseen",
            "May I be told that the room is free that I have just booked?",
            programs(("book", "check")),
            "never",
            own_check_says_available,
            own_check_is_over,
        ),
        Guarantee(
            "monotonic-reads",
            "a user told booked is not told available later",
            "backwards read",
            "May a room that looked taken look free again?",
            programs(("book",), ("check", "check")),
            "never",
            booked_then_available,
            booked_then_answered,
        ),
        Guarantee(
            "linearizability",
            "the answers fit an order of the calls that respects real time",
            "new/old inversion",
            "May a guest be told the old state of things after another guest was told the new one?",
            programs(("book",), ("check",), ("check",)),
            "never",
            a_bound_check_says_available,
            a_bound_check_is_over,
            answers_before_checks,
            implies=("read-after-write", "monotonic-reads"),
        ),
        Guarantee(
            "no-double-booking",
            "no two users hold an acknowledgement for one room",
            "double booking",
            "May two guests hold the same room?",
            programs(("check", "book"), ("check", "book"), if_available=True),
            "never",
            two_acks,
            an_ack_and_another_answer,
        ),
        Guarantee(
            "convergence",
            "once all is quiet, live replicas agree and lack no acknowledged booking",
            "divergence",
            "May the replicas disagree for ever?",
            programs(("book",), ("book",)),
            "in the end",
            replicas_differ_or_lack,
            all_answered,
        ),
        Guarantee(
            "durability",
            "once all is quiet, a live replica or the log still has an acknowledged booking",
            "lost booking",
            "May a booking that was confirmed to me be lost?",
            programs(("book",)),
            "in the end",
            an_acked_booking_is_lost,
            all_acked,
        ),
        Guarantee(
            "booking-availability",
            "no booking that was invoked waits for ever for its acknowledgement",
            "unanswered booking",
            "May I wait for ever for the confirmation of my booking?",
            programs(("book",)),
            "in the end",
            a_booking_still_runs,
            a_booking_is_acked,
        ),
        Guarantee(
            "checking-availability",
            "no check that was invoked waits for ever for its answer",
            "unanswered check",
            "May I wait for ever to be told whether a room is free?",
            programs(("check",)),
            "in the end",
            a_check_still_runs,
            a_check_is_over,
            in_session=programs(("book", "check")),
        ),
        Guarantee(
            "last-write-wins",
            "once all is quiet, no live replica holds a booking that was acknowledged before another one began",
            "lost update",
            "May an older booking push out a later one?",
            programs(("book",), ("book",)),
            "in the end",
            the_older_one_stays,
            acked_in_order,
            acks_before_bookings,
            on_request=True,
        ),
    )
}

TABLE = tuple(name for name, guarantee in GUARANTEES.items() if not guarantee.on_request)
"""The guarantees that are judged unless others are asked for."""


def strongest(kept: Iterable[str]) -> list[str]:
    """Return those of these guarantees that no other one of them implies: who keeps these keeps them all.

    >>> strongest(["read-after-write", "read-your-writes", "durability"])
    ['read-after-write', 'durability']
    """
    names = list(kept)
    return [name for name in names if not any(name in implied(other) for other in names)]


def weakest(broken: Iterable[str]) -> list[str]:
    """Return those of these guarantees that imply no other one of them: who breaks these breaks them all.

    >>> weakest(["read-after-write", "linearizability", "monotonic-reads"])
    ['read-after-write', 'monotonic-reads']
    """
    names = list(broken)
    return [name for name in names if not implied(name) & set(names)]


def implied(name: str) -> set[str]:
    """Return every guarantee that this one implies.

    >>> sorted(implied("linearizability"))
    ['monotonic-reads', 'read-after-write', 'read-your-writes']
    """
    direct = GUARANTEES[name].implies
    return set(direct).union(*(implied(each) for each in direct))
