"""The app server, as who runs it meets it: real time, real files, calls at the same time."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.hotel import hotel
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica, MemoryStorage
from overbooked.reference.outcomes import ClosedError, UnknownOutcomeError
from overbooked.reference.ports import Booking, Entry, Replica, UnreachableError
from overbooked.reference.sqlite import SQLiteReplica, SQLiteStorage
from overbooked.reference.sqlite_log import SQLiteLog
from overbooked.reference.unfinished import Unfinished
from virtual_time import in_virtual_time

T = TypeVar("T")
WRITES = ("serial-sync", "serial-async", "parallel:1", "parallel:2", "message:serial-sync", "message:parallel:1")


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns, in real time; fail when it does not end, or leaves a task behind."""
    return asyncio.run(watched(work))


def in_no_time(work: Coroutine[Any, Any, T]) -> T:
    """Likewise, in virtual time: what is in memory is never slower than what waits for it."""
    return in_virtual_time(lambda: watched(work))


async def watched(work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns; fail when it does not end, or leaves a task behind."""
    try:
        return await asyncio.wait_for(work, 600)
    finally:
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}


class Slow(MemoryReplica):
    """A replica that does nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()

    async def apply(self, booking: Booking) -> None:
        """Apply once it is let."""
        await self.let.wait()
        await super().apply(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Answer once it is let."""
        await self.let.wait()
        return await super().read(room, at_least)


class Failing(MemoryReplica):
    """A replica that fails so many times, after it has done what it was asked."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    async def apply(self, booking: Booking) -> None:
        """Apply, and fail all the same."""
        await super().apply(booking)
        self._fail()

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Fail, or answer."""
        self._fail()
        return await super().read(room, at_least)

    def _fail(self) -> None:
        if self.left:
            self.left -= 1
            raise UnreachableError("not now")


def server(
    *replicas: Replica, write: str = "parallel:1", read: str = "one", patience: float | None = None
) -> tuple[AppServer, MemoryStorage]:
    """Return an app server over these replicas, with log and clock in memory."""
    storage = MemoryStorage(patience)
    return AppServer(replicas, storage.log(), storage.clock(), write, read), storage


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds."""
    while not await condition():  # noqa: ASYNC110 - what is waited for may be in another thread, or in a file
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("read", ["one", "quorum", "all", "one:db2", "first:2"])
def test_what_is_booked_is_seen_in_the_end(write: str, read: str, tmp_path: Path) -> None:
    """Over SQLite, with every kind of strategy, a booked room is soon told to be booked, and others are not."""

    async def book() -> None:
        async with hotel(tmp_path / "hotel", write=write, read=read, patience=None) as app:
            assert await app.is_room_available("r1")
            booking = await app.book_room("u1", "r1")
            assert booking == Booking("r1", "u1", 1)

            async def is_booked() -> bool:
                return not await app.is_room_available("r1")

            await until(is_booked)
            assert await app.is_room_available("r2")

    finished(book())


@pytest.mark.parametrize("write", WRITES)
def test_many_calls_at_once_leave_replicas_that_agree(write: str, tmp_path: Path) -> None:
    """A hundred bookings of five rooms at once: each gets a timestamp of its own, and all replicas keep the latest."""

    async def crowd() -> None:
        async with hotel(tmp_path, write=write, patience=None) as app:
            bookings = await asyncio.gather(*(app.book_room(f"u{i}", f"r{i % 5}") for i in range(100)))
            assert len({booking.timestamp for booking in bookings}) == 100
        async with hotel(tmp_path, write=write):
            storage = SQLiteStorage(tmp_path)
            replicas = [storage.replica(number) for number in (1, 2, 3)]
            for room in range(5):
                latest = max((b for b in bookings if b.room == f"r{room}"), key=lambda b: b.timestamp)

                async def agree(room: str = f"r{room}", latest: Booking = latest) -> bool:
                    return all([await replica.read(room) == latest for replica in replicas])

                await until(agree)
            for replica in replicas:
                await replica.close()

    finished(crowd())


def test_timestamps_and_bookings_outlive_the_app_server(tmp_path: Path) -> None:
    """Opened again, the hotel still has its bookings, and gives a timestamp that it has not given before."""

    async def twice() -> None:
        async with hotel(tmp_path, write="serial-sync", patience=None) as app:
            first = await app.book_room("u1", "r1")
        async with hotel(tmp_path, write="serial-sync", patience=None) as app:
            assert not await app.is_room_available("r1")
            assert (await app.book_room("u2", "r2")).timestamp > first.timestamp

    finished(twice())


def test_a_call_that_takes_too_long_ends_with_unknown_and_its_write_goes_on() -> None:
    """After patience the user is told that nobody knows; the replica gets the booking when it comes back."""

    async def late() -> None:
        slow = Slow()
        app, _ = server(slow, patience=0.02)
        await app.start()
        with pytest.raises(UnknownOutcomeError, match="unknown"):
            await app.book_room("u1", "r1")
        with pytest.raises(TimeoutError):
            await app.is_room_available("r1")
        slow.let.set()

        async def applied() -> bool:
            return await slow.read("r1") == Booking("r1", "u1", 1)

        await until(applied)
        assert await app.close() == []

    in_no_time(late())


def test_what_was_sent_goes_on_when_the_caller_goes_away() -> None:
    """A call whose caller is cancelled is no more waited for; its writes are finished all the same."""

    async def leave() -> None:
        slow, fast = Slow(), MemoryReplica()
        app, _ = server(slow, fast, write="serial-sync")
        await app.start()
        call = asyncio.create_task(app.book_room("u1", "r1"))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        slow.let.set()
        assert await app.close() == []
        assert await fast.read("r1") == Booking("r1", "u1", 1)

    in_no_time(leave())


def test_what_fails_is_tried_again_until_it_is_confirmed() -> None:
    """A replica that fails a few times, having applied or not, is written and read in the end."""

    async def stubborn() -> None:
        replica = Failing(3)
        app, _ = server(replica, write="serial-sync")
        await app.start()
        await app.book_room("u1", "r1")
        assert replica.left == 0
        replica.left = 2
        assert not await app.is_room_available("r1")
        assert await app.close() == []

    in_no_time(stubborn())


def test_one_replica_that_is_away_does_not_keep_a_quorum_from_answering() -> None:
    """With two of three, bookings are acknowledged and checks answered; the third gets the booking when it is back."""

    async def without_one() -> None:
        away, *others = Slow(), MemoryReplica(), MemoryReplica()
        app, _ = server(away, *others, write="parallel:2", read="quorum")
        await app.start()
        await app.book_room("u1", "r1")
        assert not await app.is_room_available("r1")
        away.let.set()
        assert await app.close() == []
        assert await away.read("r1") == Booking("r1", "u1", 1)

    in_no_time(without_one())


def test_what_cannot_be_finished_is_handed_back_and_taken_up() -> None:
    """Closing gives up after a while and says which replica lacks which booking; the next app server writes it."""

    async def hand_over() -> None:
        away, other = Slow(), MemoryReplica()
        app, _ = server(away, other, write="parallel:1")
        await app.start()
        booking = await app.book_room("u1", "r1")
        unfinished = await app.close(within=0.02)
        assert unfinished == [Unfinished(booking, 1)]
        away.let.set()
        following, _ = server(away, other, write="parallel:1")
        await following.start(unfinished)
        assert await following.close() == []
        assert await away.read("r1") == booking

    in_no_time(hand_over())


def test_serial_writes_that_were_not_yet_sent_are_handed_back_too() -> None:
    """Of a serial write that is stuck at db2, db2 and db3 are both handed back."""

    async def stuck() -> None:
        app, _ = server(MemoryReplica(), Slow(), MemoryReplica(), write="serial-async")
        await app.start()
        booking = await app.book_room("u1", "r1")
        assert await app.close(within=0.02) == [Unfinished(booking, 2), Unfinished(booking, 3)]

    in_no_time(stuck())


def test_a_write_left_for_a_replica_that_is_no_more_is_kept() -> None:
    """With fewer replicas than before, what was left for one of the others is handed back once more."""

    async def fewer() -> None:
        left = Unfinished(Booking("r1", "u1", 1), 3)
        app, _ = server(MemoryReplica())
        await app.start([left])
        assert await app.close() == [left]

    in_no_time(fewer())


def test_a_clock_that_fails_is_asked_again() -> None:
    """Where the clock cannot be reached for a while, the booking waits for its timestamp."""

    class Away(MemoryClock):
        failures: list[bool]

        async def timestamp(self) -> int:
            if self.failures.pop():
                raise UnreachableError("not now")
            return await super().timestamp()

    async def ask() -> None:
        clock = Away()
        clock.failures = [False, True, True]
        app = AppServer([MemoryReplica()], MemoryStorage().log(), clock, "serial-sync", "one")
        await app.start()
        assert await app.book_room("u1", "r1") == Booking("r1", "u1", 1)
        await app.close()

    in_no_time(ask())


def test_a_consumer_that_fails_is_reported_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody waits for does not fail in silence: it is logged, and the entry stays in the log."""

    class Broken(MemoryReplica):
        async def apply(self, booking: Booking) -> None:
            raise KeyError(booking.room)

    async def consume() -> None:
        app, storage = server(Broken(), write="message:serial-sync")
        await app.start()
        booking = await app.book_room("u1", "r1")
        await asyncio.sleep(0.01)
        assert {record.message for record in caplog.records} == {"db1 fails", "work in the background failed"}
        assert (await storage.log().next()).booking == booking
        await app.close()

    in_no_time(consume())


def test_a_call_that_is_running_when_the_app_server_closes_ends_with_unknown() -> None:
    """Nobody cancelled the caller, so that is not what it is told; the write is handed back."""

    async def cut_off() -> None:
        app, _ = server(Slow(), write="serial-sync")
        await app.start()
        calls = [asyncio.create_task(app.book_room("u1", "r1")), asyncio.create_task(app.is_room_available("r1"))]
        await asyncio.sleep(0.01)
        assert await app.close(within=0.02) == [Unfinished(Booking("r1", "u1", 1), 1)]
        for call in calls:
            with pytest.raises(UnknownOutcomeError):
                await call

    in_no_time(cut_off())


def test_what_is_unfinished_is_kept_even_if_closing_is_cancelled(tmp_path: Path) -> None:
    """A hotel that is cancelled while it waits for a slow replica remembers what that one lacks."""
    booked = asyncio.Event()

    async def stay() -> None:
        with closing(sqlite3.connect(tmp_path / "db3.sqlite")) as lock:
            lock.execute("BEGIN IMMEDIATE")
            async with hotel(tmp_path, write="parallel:2", patience=None) as app:
                await app.book_room("u1", "r1")
                booked.set()

    async def leave() -> None:
        async with hotel(tmp_path):
            pass
        staying = asyncio.create_task(stay())
        await booked.wait()
        staying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await staying

    finished(leave())
    left = (tmp_path / "unfinished.jsonl").read_text(encoding="utf-8")
    assert json.loads(left)[3:] == [3, False]


def test_what_is_left_in_the_log_is_consumed_whatever_the_strategy() -> None:
    """A booking that was only appended reaches the replicas of an app server that writes to them directly."""

    async def change() -> None:
        replica, storage = MemoryReplica(), MemoryStorage()
        booking = Booking("r1", "u1", 1)
        await storage.log().append(booking)
        app = AppServer([replica], storage.log(), storage.clock(), "serial-sync", "one")
        await app.start()

        async def applied() -> bool:
            return await replica.read("r1") == booking

        await until(applied)
        await app.close()

    in_no_time(change())


def test_the_order_of_the_log_does_not_depend_on_how_long_appending_takes() -> None:
    """Where the first append takes longest, it is still the first entry."""

    class Uneven(MemoryLog):
        async def append(self, *bookings: Booking) -> None:
            await asyncio.sleep(0.02 / bookings[0].timestamp)
            await super().append(*bookings)

    async def append() -> None:
        log = Uneven()
        app = AppServer([Slow()], log, MemoryClock(), "message:serial-sync", "one")
        bookings = await asyncio.gather(*(app.book_room(f"u{i}", "r1") for i in range(4)))
        assert [booking.timestamp for booking in bookings] == [1, 2, 3, 4]
        for booking in bookings:
            entry = await log.next()
            assert entry.booking == booking
            await log.commit(entry)
        await app.close()

    in_no_time(append())


def test_an_app_server_that_is_closed_takes_no_more_calls() -> None:
    """Both calls are refused once it is closing down."""

    async def closed() -> None:
        app, _ = server(MemoryReplica())
        await app.start()
        await app.close()
        with pytest.raises(ClosedError, match="takes no more calls"):
            await app.book_room("u1", "r1")
        with pytest.raises(ClosedError):
            await app.is_room_available("r1")

    in_no_time(closed())


def test_an_entry_that_was_not_committed_is_consumed_again(tmp_path: Path) -> None:
    """An app server that went down before it could write its log's entry leaves it to the next one."""

    async def outage() -> None:
        storage = SQLiteStorage(tmp_path)
        log, clock = storage.log(), storage.clock()
        app = AppServer([Slow()], log, clock, "message:serial-sync", "one")
        await app.start()
        booking = await app.book_room("u1", "r1")
        assert set(await app.close(within=0)) <= {Unfinished(booking, 1)}
        replica = MemoryReplica()
        following = AppServer([replica], log, clock, "message:serial-sync", "one")
        await following.start()

        async def applied() -> bool:
            return await replica.read("r1") == Booking("r1", "u1", 1)

        await until(applied)
        await following.close()
        await log.close()
        await clock.close()

    finished(outage())


def test_the_log_keeps_the_order_of_timestamps(tmp_path: Path) -> None:
    """However many append at once, entries come out in the order of their timestamps, and outlive the connection."""

    async def append() -> list[Entry]:
        storage = SQLiteStorage(tmp_path)
        log, clock = storage.log(), storage.clock()
        app = AppServer([Slow()], log, clock, "message:serial-sync", "one")
        await asyncio.gather(*(app.book_room(f"u{i}", "r1") for i in range(20)))
        await log.close()
        again, entries = storage.log(), []
        for _ in range(20):
            entries.append(await again.next())
            await again.commit(entries[-1])
        await again.close()
        await clock.close()
        await app.close(within=0)
        return entries

    entries = finished(append())
    assert [entry.offset for entry in entries] == list(range(20))
    assert [entry.booking.timestamp for entry in entries] == list(range(1, 21))


def test_a_replica_keeps_the_latest_booking_whatever_the_order(tmp_path: Path) -> None:
    """In a file as in memory: applying an older booking, or the same once more, changes nothing."""

    async def out_of_order(replica: Replica) -> Booking | None:
        for timestamp in (2, 1, 3, 3, 2):
            await replica.apply(Booking("r1", f"u{timestamp}", timestamp))
        kept = await replica.read("r1")
        assert await replica.read("r2") is None
        await replica.close()
        return kept

    assert finished(out_of_order(SQLiteReplica(tmp_path / "db1.sqlite"))) == Booking("r1", "u3", 3)
    assert finished(out_of_order(MemoryReplica())) == Booking("r1", "u3", 3)


def test_a_database_that_cannot_be_opened_is_unreachable_and_leaves_no_thread(tmp_path: Path) -> None:
    """A replica whose folder is missing says so, in one line, as often as it is asked; closed, its thread is gone."""

    async def open_it() -> None:
        log = SQLiteLog(tmp_path / "missing" / "log.sqlite")
        for _ in range(2):
            with pytest.raises(UnreachableError, match=r"log\.sqlite: unable to open"):
                await log.append(Booking("r1", "u1", 1))
        await log.close()

    before = threading.active_count()
    finished(open_it())
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("write", "read", "complaint"),
    [
        ("parallel:4", "one", "parallel:4: no such way to write to 3 replicas"),
        ("message:serial", "one", "serial: no such way to write"),
        ("parallel:2", "two", "two: no such way to read 3 replicas; there are one, quorum"),
    ],
)
def test_a_strategy_that_does_not_exist_is_refused(write: str, read: str, complaint: str, tmp_path: Path) -> None:
    """The hotel does not open, and says which strategies there are."""

    async def opened() -> None:
        async with hotel(tmp_path, write=write, read=read):
            pass

    with pytest.raises(ValueError, match=complaint):
        finished(opened())


def test_a_replica_with_a_bug_does_not_pass_for_one_that_is_slow() -> None:
    """What is no failure to reach a replica is not tried again: the caller sees it, and the write is handed back."""

    class Broken(MemoryReplica):
        async def apply(self, booking: Booking) -> None:
            raise KeyError(booking.room)

    async def call() -> None:
        app, _ = server(Broken(), write="serial-sync")
        await app.start()
        with pytest.raises(KeyError):
            await app.book_room("u1", "r1")
        assert await app.close() == [Unfinished(Booking("r1", "u1", 1), 1)]

    in_no_time(call())
