"""What whoever operates the reference sees: keys of calls made again, counts, health, what is logged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.hotel import hotel
from overbooked.reference.limits import Limits
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica
from overbooked.reference.operating import Health
from overbooked.reference.outcomes import BusyError, ClosedError, KeyReusedError, UnknownOutcomeError
from overbooked.reference.ports import Booking, Clock, DamagedError, RoomTakenError, UnreachableError
from overbooked.reference.waiting import Waiting
from test_outbox import Away, Faulty
from test_reference import finished, in_no_time, server

WRITES = ["serial-sync", "parallel:2", "claim:2", "message:serial-sync", "primary:2:unique"]


@pytest.mark.parametrize("write", WRITES)
def test_a_call_made_again_with_its_key_books_once(write: str, tmp_path: Path) -> None:
    """At once, later, and after the hotel was opened again: each is answered with the one booking that was made."""

    async def again() -> list[Booking]:
        async with hotel(tmp_path, write=write, patience=None) as app:
            together = await asyncio.gather(*(app.book_room("u1", "r1", key="k") for _ in range(5)))
            later = await app.book_room("u1", "r1", key="k")
        async with hotel(tmp_path, write=write, patience=None) as app:
            reopened = await app.book_room("u1", "r1", key="k")
            other = await app.book_room("u1", "r2", key="k2")
        assert other.room == "r2"
        return [*together, later, reopened]

    assert set(finished(again())) == {Booking("r1", "u1", 1)}


def test_after_an_unknown_outcome_a_key_tells_what_became_of_it() -> None:
    """A claim that was made while two replicas were away is acknowledged when it is made again, and not refused."""

    async def again() -> None:
        away = [Faulty(UnreachableError("away")) for _ in range(2)]
        app, _ = server(*away, MemoryReplica(), write="claim:2", patience=1.0)
        await app.start()
        with pytest.raises(UnknownOutcomeError):
            await app.book_room("u1", "r1", key="k")
        for each in away:
            each.left = 0
        assert await app.book_room("u1", "r1", key="k") == Booking("r1", "u1", 1)
        with pytest.raises(RoomTakenError):
            await app.book_room("u1", "r1", key="another")
        assert await app.close() == []

    in_no_time(again())


def test_a_key_of_another_booking_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is booked for whoever uses one twice, and it is no failure to be told of."""

    async def reuse() -> None:
        app, _ = server(MemoryReplica(), write="serial-sync")
        await app.start()
        await app.book_room("u1", "r1", key="k")
        with pytest.raises(KeyReusedError, match="key 'k' is of a booking of r1 for u1; use another one"):
            await app.book_room("u1", "r2", key="k")
        with pytest.raises(ValueError, match="key has 0 characters"):
            await app.book_room("u1", "r2", key="")
        assert await app.is_room_available("r2")
        assert caplog.records == []
        await app.close()

    in_no_time(reuse())


def test_a_clock_that_remembers_no_keys_says_so() -> None:
    """Who gives a key where none is remembered is told at once; without keys such a clock will do."""

    class Plain(Waiting):
        async def timestamp(self) -> int:
            return 7

    async def book() -> None:
        clock: Clock = Plain()
        app = AppServer([MemoryReplica()], MemoryLog(), clock, "serial-sync", "one")
        with pytest.raises(TypeError, match="this clock remembers no keys"):
            await app.book_room("u1", "r1", key="k")
        assert (await app.book_room("u1", "r1")).timestamp == 7
        await app.close()

    in_no_time(book())


def test_every_end_of_a_call_is_counted() -> None:
    """Bookings and checks by outcome, what is under way, and what each replica lacks, as plain numbers."""

    async def calls() -> None:
        dead = Faulty(UnreachableError("away"))
        app, _ = server(dead, MemoryReplica(), write="parallel:1", read="one:db2", patience=1.0)
        await app.start()
        await app.book_room("u1", "r1")
        await app.is_room_available("r1")
        with pytest.raises(TypeError):
            await app.book_room("u1", None)  # type: ignore[arg-type]
        await asyncio.sleep(10)
        counts = app.metrics()
        assert counts.pop("db1_retries") == dead.tries > 5
        assert counts == {
            "bookings_acknowledged": 1,
            "bookings_refused": 1,
            "checks_answered": 1,
            "bookings_under_way": 0,
            "log_lag": 0,
            "db1_lacks": 1,
            "db1_overflowed": 0,
            "db1_breaker_open": 1,
            "db1_damaged": 0,
            "db2_lacks": 0,
            "db2_overflowed": 0,
            "db2_retries": 0,
            "db2_breaker_open": 0,
            "db2_damaged": 0,
        }
        await app.close()
        with pytest.raises(ClosedError):
            await app.book_room("u1", "r1")
        assert app.metrics()["bookings_closed"] == 1

    async def too_late() -> None:
        app, _ = server(Faulty(UnreachableError("away")), write="serial-sync", patience=1.0)
        stuck = AppServer([MemoryReplica()], MemoryLog(), Away(9, patience=1.0), "serial-sync", "one")
        for call in (app.book_room("u1", "r1"), app.is_room_available("r1"), stuck.book_room("u1", "r1")):
            with pytest.raises(TimeoutError):
                await call
        counts = app.metrics() | stuck.metrics()
        found = {what: counts[what] for what in ("bookings_unknown", "checks_unknown", "bookings_not_booked")}
        assert set(found.values()) == {1}
        for each in (app, stuck):
            await each.close()

    in_no_time(calls())
    in_no_time(too_late())


def test_health_says_what_is_wrong_and_whether_that_keeps_bookings_away() -> None:
    """A replica that is away or damaged is a problem; too busy, it is not ready; without a consumer, not alive."""

    async def look() -> None:
        dead = Faulty(UnreachableError("away"))
        limits = Limits(under_way=1)
        replicas = [dead, Faulty(DamagedError("db2.sqlite: is no database")), MemoryReplica()]
        app = AppServer(replicas, MemoryLog(), MemoryClock(), "parallel:1", "one:db3", limits=limits)
        await app.start()
        assert app.health() == Health(is_alive=True, is_ready=True, problems=())
        await app.book_room("u1", "r1")
        await asyncio.sleep(10)
        away = f"db1 has failed {dead.tries} times in a row"
        damaged = "db2 is damaged: db2.sqlite: is no database"
        assert app.health() == Health(is_alive=True, is_ready=True, problems=(away, damaged))
        await app.close()
        assert (app.health().is_alive, app.ready()) == (False, False)

    async def busy() -> None:
        app = AppServer(
            [Faulty(UnreachableError("away"))],
            MemoryLog(),
            MemoryClock(2.0),
            "serial-sync",
            "one",
            limits=Limits(under_way=1),
        )
        await app.start()
        with pytest.raises(UnknownOutcomeError):
            await app.book_room("u1", "r1")
        with pytest.raises(BusyError):
            await app.book_room("u1", "r1")
        assert (app.health().is_alive, app.ready()) == (True, False)
        assert app.health().problems[0].startswith("the app server has too much under way")
        await app.close()

    async def dead_consumer() -> None:
        app, _ = server(Faulty(KeyError("a bug")), write="message:serial-sync")
        await app.start()
        await app.book_room("u1", "r1")
        await asyncio.sleep(1)
        (problem,) = app.health().problems
        assert problem == "the log's consumer has failed: no booking reaches a replica (KeyError: 'a bug')"
        assert (app.health().is_alive, app.ready()) == (False, False)
        await app.close()

    for each in (look(), busy(), dead_consumer()):
        in_no_time(each)


def test_a_replica_that_goes_and_comes_back_is_logged_with_its_number(caplog: pytest.LogCaptureFixture) -> None:
    """One record each, however often it has failed, with fields that a program can read."""

    async def go_and_come() -> None:
        dead = Faulty(UnreachableError("no route"))
        app, _ = server(dead, MemoryReplica())
        await app.start()
        await app.book_room("u1", "r1")
        await asyncio.sleep(10)
        dead.left = 0
        await asyncio.sleep(5)
        await app.close()

    with caplog.at_level("INFO", "overbooked.reference"):
        in_no_time(go_and_come())
    told = [(it.levelname, it.getMessage(), it.__dict__["replica"], it.__dict__["lacks"]) for it in caplog.records]
    assert told == [
        ("WARNING", "db1 has failed 5 times in a row (no route)", 1, 1),
        ("INFO", "db1 answers again", 1, 0),
    ]
