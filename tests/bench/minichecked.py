"""Explores one model with minicheck: ``minichecked.py WRITE READ REPLICAS BOOKINGS CHECKS RESTARTS``, told as JSON.

The model is written as minicheck wants it, a function from a tuple to the tuples that follow it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, TypeVar

from minicheck import Protocol, check_safety

from sizes import Size

Whole: TypeAlias = tuple[int, ...]
T = TypeVar("T")
_ENDED = {1: 4}
"""What becomes of a call that runs when the app server restarts."""


class Booking(NamedTuple):
    """A booking: where its call is, its timestamp, and what was sent to, applied and confirmed by each replica."""

    call: int
    timestamp: int
    writes: Whole


class Check(NamedTuple):
    """A check: where its call is, what each replica answered (-1 for nothing), and whether it must say booked."""

    call: int
    answers: Whole
    bound: bool


class System(NamedTuple):
    """All there is: the replicas hold timestamps, and the log has committed some."""

    clock: int
    known: bool
    stored: Whole
    committed: int
    consuming: bool
    bookings: tuple[Booking, ...]
    checks: tuple[Check, ...]
    restarts: int


def initial(size: Size) -> System:
    """Return the state before anybody has called."""
    none = (0,) * size.replicas
    bookings, checks = (
        (Booking(0, 0, none),) * size.bookings,
        (Check(0, (-1,) * size.replicas, bound=False),) * size.checks,
    )
    return System(0, False, none, 0, False, bookings, checks, int(size.restarts))


def steps(size: Size, now: System) -> Iterator[tuple[str, System]]:
    """Yield the steps that are possible, by name, with what follows."""
    for at, booking in enumerate(now.bookings):
        for name, after, booked in _books(size, now, booking):
            yield f"{name} {at}", after._replace(bookings=_with(after.bookings, at, booked))
    for at, check in enumerate(now.checks):
        for name, checked in _checks(size, now, check):
            yield f"{name} {at}", now._replace(checks=_with(now.checks, at, checked))
    if now.restarts:
        yield "restart", _restarted(size, now)


def _restarted(size: Size, now: System) -> System:
    bookings = (Booking(_ENDED.get(it.call, it.call), it.timestamp, (0,) * size.replicas) for it in now.bookings)
    checks = (it._replace(call=_ENDED.get(it.call, it.call)) for it in now.checks)
    return now._replace(consuming=False, bookings=tuple(bookings), checks=tuple(checks), restarts=0)


def _books(size: Size, now: System, it: Booking) -> Iterator[tuple[str, System, Booking]]:
    sent = (1,) + (0,) * (size.replicas - 1) if size.serial else (1,) * size.replicas
    confirmed = it.writes.count(3)
    is_next = it.timestamp == now.committed + 1
    if not it.call:
        begun = Booking(1, now.clock + 1, it.writes if size.log else sent)
        yield "begin", now._replace(clock=now.clock + 1), begun
    for i, write in enumerate(it.writes):
        if write == 1:
            stored = _with(now.stored, i, max(now.stored[i], it.timestamp))
            yield f"apply {i}", now._replace(stored=stored), it._replace(writes=_with(it.writes, i, 2))
        if write == 2:
            writes = _with(it.writes, i, 3)
            onward = size.serial and i + 1 < size.replicas
            yield f"confirm {i}", now, it._replace(writes=_with(writes, i + 1, 1) if onward else writes)
    if size.log and is_next and not now.consuming:
        yield "take", now._replace(consuming=True), it._replace(writes=sent)
    if size.log and is_next and now.consuming and confirmed >= size.needed:
        yield "commit", now._replace(committed=now.committed + 1, consuming=False), it
    if it.call == 1 and (size.log or confirmed >= size.needed):
        yield "acknowledge", now._replace(known=True), it._replace(call=2)


def _checks(size: Size, now: System, it: Check) -> Iterator[tuple[str, Check]]:
    answered = size.replicas - it.answers.count(-1)
    if not it.call:
        yield "begin", it._replace(call=1, bound=now.known)
    elif it.call == 1 and answered < size.answers:
        for i, answer in enumerate(it.answers):
            if answer < 0:
                yield f"sample {i}", it._replace(answers=_with(it.answers, i, now.stored[i]))
    elif it.call == 1:
        yield "tell", it._replace(call=3 if max(it.answers) else 2)


def _with(values: tuple[T, ...], at: int, value: T) -> tuple[T, ...]:
    return (*values[:at], value, *values[at + 1 :])


def main() -> None:
    """Print how many states there are, whether read-after-write holds, and what it took to know."""
    write, read, *numbers = sys.argv[1:6]
    replicas, bookings, checks = map(int, numbers)
    size = Size(write, read, replicas, bookings, checks, restarts="True" in sys.argv)
    protocol = Protocol(
        name="booking",
        candidate=False,
        fields=System._fields,
        initial=initial(size),
        transitions=lambda now: list(steps(size, now)),
        invariants={"read-after-write": lambda now: all(not it.bound or it.call != 2 for it in now["checks"])},
    )
    start, start_cpu = time.perf_counter(), time.process_time()
    found = check_safety(protocol, max_states=10**9)
    took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    counts = {
        "states": found["reachable_states"],
        "transitions": None,
        "holds": found["properties"]["read-after-write"]["holds"],
    }
    print(json.dumps(counts | {"search": took, "search_cpu": cpu}))


if __name__ == "__main__":
    main()
