"""The reference's database that replicates by itself: what it acknowledges it keeps, whatever node stops or is slow."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.background import Background
from overbooked.reference.hotel import hotel
from overbooked.reference.memory import MemoryNode, MemoryStorage
from overbooked.reference.outcomes import UnknownOutcomeError
from overbooked.reference.ports import Booking, LogEntry, RoomTakenError, UnreachableError
from overbooked.reference.replication import ReplicatedDatabase, Replication, replicate, replication
from overbooked.reference.sqlite import SQLiteStorage
from test_reference import finished, in_no_time, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TWO_OF_THREE = Replication(needed=2, failover=True)


@asynccontextmanager
async def booking_app(
    how: Replication, storage: MemoryStorage, read: str = "one:primary"
) -> AsyncIterator[tuple[AppServer, ReplicatedDatabase]]:
    """Yield an app server that writes to a primary, over three nodes in memory that replicate by themselves."""
    database = ReplicatedDatabase([storage.node(number) for number in (1, 2, 3)], how)
    work = Background()
    replicas = [storage.replica(number) for number in (1, 2, 3)]
    server = AppServer(replicas, storage.log(), storage.clock(), "primary:2", read, database)
    work.start(replicate(database, storage.clock()))
    await server.start()
    try:
        yield server, database
    finally:
        await server.close(0)
        await work.stop()


@pytest.mark.parametrize("write", ["primary:1", "primary:2:received", "primary:3"])
def test_the_primary_shows_what_it_has_acknowledged_and_standbys_follow(write: str, tmp_path: Path) -> None:
    """Over SQLite: whoever asks the primary is told at once, also when the hotel has been opened again."""

    async def twice() -> None:
        async with hotel(tmp_path, write=write, read="one:primary", patience=None) as app:
            bookings = await asyncio.gather(*(app.book_room(f"u{i}", f"r{i % 3}") for i in range(12)))
            assert not await app.is_room_available("r1")
            assert await app.is_room_available("r7")
        async with hotel(tmp_path, write=write, read="one:primary", patience=None) as app:
            assert not await app.is_room_available("r1")
            latest = max((b for b in bookings if b.room == "r1"), key=lambda b: b.timestamp)
            replicas = [SQLiteStorage(tmp_path).replica(number) for number in (1, 2, 3)]

            async def agree() -> bool:
                return all([await replica.read("r1") == latest for replica in replicas])

            await until(agree)
            for replica in replicas:
                await replica.close()

    finished(twice())


def test_with_unique_one_of_all_who_book_a_room_gets_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ten at once: one is acknowledged, and the others are told that it is taken; of another room that says nothing."""

    async def crowd() -> None:
        async with hotel(tmp_path, write="primary:2:unique", patience=None) as app:
            calls = [app.book_room(f"u{i}", "r1") for i in range(10)]
            told = await asyncio.gather(*calls, return_exceptions=True)
            assert sum(isinstance(each, Booking) for each in told) == 1
            assert sum(isinstance(each, RoomTakenError) for each in told) == 9
            await app.book_room("u1", "r2")

    finished(crowd())
    assert caplog.records == [], "a refusal is an answer, and no failure"


def test_what_was_acknowledged_survives_the_failover_and_what_is_running_is_unknown() -> None:
    """The standby that has it takes over; who waits for the former primary is told ``unknown``; later calls go on."""

    class Deaf(MemoryNode):
        async def keep(self, booking: Booking) -> None:
            if booking.user == "u2":
                raise UnreachableError("db1 is slow")
            await super().keep(booking)

    async def story() -> None:
        storage = MemoryStorage()
        async with booking_app(TWO_OF_THREE, storage) as (app, database):
            await app.book_room("u1", "r1")
            database._nodes[1] = Deaf(storage.replica(1))  # noqa: SLF001 - db1 becomes slow
            running = asyncio.create_task(app.book_room("u2", "r2"))
            await asyncio.sleep(1)
            database.stop(1)
            with pytest.raises(UnknownOutcomeError, match="is the primary now"):
                await running
            assert database.primary in {2, 3}
            assert not await app.is_room_available("r1")
            assert (await app.book_room("u3", "r3")).user == "u3"
            assert not await app.is_room_available("r3")

    in_no_time(story())


def test_a_node_that_cannot_be_reached_now_is_tried_again() -> None:
    """Each of a node's operations may fail, before or after it was done, and nothing is lost or done twice."""

    class Flaky(MemoryNode):
        calls = 0

        async def keep(self, booking: Booking) -> None:
            await super().keep(booking)
            self._fail()

        async def show(self, booking: Booking) -> None:
            self._fail()
            await super().show(booking)

        def _fail(self) -> None:
            self.calls += 1
            if self.calls % 2:
                raise UnreachableError("not now")

    async def story() -> None:
        storage = MemoryStorage()
        storage._nodes = {number: Flaky(storage.replica(number)) for number in (1, 2, 3)}  # noqa: SLF001 - its nodes
        async with booking_app(Replication(needed=3), storage, "one:db3") as (app, _):
            for user in ("u1", "u2", "u3"):
                await app.book_room(user, "r1")
            assert not await app.is_room_available("r1")
            for number in (1, 2, 3):
                assert [entry.booking.user for entry in await storage.node(number).log()] == ["u1", "u2", "u3"]

    in_no_time(story())


def test_a_standby_that_is_away_holds_nobody_up_and_catches_up() -> None:
    """While one of two standbys cannot be reached the other confirms; once it is back it gets what it has missed."""

    class Away(MemoryNode):
        is_away = True

        async def log(self) -> list[LogEntry]:
            if self.is_away:
                raise UnreachableError("away")
            return await super().log()

    async def story() -> None:
        storage = MemoryStorage()
        db3 = Away(storage.replica(3))
        storage._nodes[3] = db3  # noqa: SLF001 - one of its nodes
        async with booking_app(Replication(needed=2), storage) as (app, _):
            for user in ("u1", "u2"):
                await app.book_room(user, "r1")
            db3.is_away = False
            await asyncio.sleep(10)
            assert [entry.booking.user for entry in await db3.log()] == ["u1", "u2"]

    in_no_time(story())


def test_who_reads_the_primary_waits_while_there_is_none() -> None:
    """A read is tried again until the primary answers; once it has stopped whoever takes over does, and else nobody."""

    class Busy(MemoryNode):
        failures = 3

        async def read(self, room: str) -> Booking | None:
            self.failures -= 1
            if self.failures >= 0:
                raise UnreachableError("busy")
            return await super().read(room)

    async def story(how: Replication) -> bool:
        storage = MemoryStorage(patience=30)
        storage._nodes[1] = Busy(storage.replica(1))  # noqa: SLF001 - one of its nodes
        async with booking_app(how, storage) as (app, database):
            await app.book_room("u1", "r1")
            assert not await app.is_room_available("r1")
            database.stop(1)
            return await app.is_room_available("r1")

    assert in_no_time(story(TWO_OF_THREE)) is False
    with pytest.raises(UnknownOutcomeError):
        in_no_time(story(Replication(needed=2)))


class Slow(MemoryNode):
    """A node that takes some time for everything."""

    chance = random.Random(1)  # noqa: S311 - nothing here is secret

    async def log(self) -> list[LogEntry]:
        """Take a while."""
        await asyncio.sleep(self.chance.random())
        return await super().log()

    async def keep(self, booking: Booking) -> None:
        """Take a while."""
        await asyncio.sleep(self.chance.random())
        await super().keep(booking)

    async def show(self, booking: Booking) -> None:
        """Take a while."""
        await asyncio.sleep(self.chance.random())
        await super().show(booking)


@pytest.mark.parametrize("needed", [2, 3])
def test_whenever_the_primary_stops_no_acknowledged_booking_is_lost(needed: int) -> None:
    """With slow nodes, ten users at once, and a crash at any moment: who holds an acknowledgement is in the new log."""

    async def story(at: float) -> int:
        storage = MemoryStorage()
        storage._nodes = {number: Slow(storage.replica(number)) for number in (1, 2, 3)}  # noqa: SLF001 - its nodes
        async with booking_app(Replication(needed, failover=True), storage) as (app, database):
            calls = [asyncio.create_task(app.book_room(f"u{i}", f"r{i % 4}")) for i in range(10)]
            await asyncio.sleep(at)
            database.stop(1)
            await asyncio.sleep(100)
            acked = [call.result() for call in calls if call.done() and not call.exception()]
            kept = [entry.booking for entry in await storage.node(database.primary).log()]
            assert database.primary in {2, 3}
            assert all(call.done() for call in calls)
            assert set(acked) <= set(kept)
            assert await app.is_room_available("r1") == all(booking.room != "r1" for booking in kept)
        return len(acked)

    acked = [in_no_time(story(at)) for at in range(1, 60, 2)]
    assert acked[0] == 0
    assert len(set(acked)) > 4, "the crash came at too few moments"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("primary:4", "primary:4: no such way to replicate over 3 replicas; there is primary:K, K from 1 to 3"),
        ("primary:2:unique:received", "may end in :received, :unique or both, in this order"),
    ],
)
def test_a_way_to_replicate_that_does_not_exist_is_refused(name: str, complaint: str) -> None:
    """It is said which ways there are."""
    with pytest.raises(ValueError, match=complaint):
        replication(name, 3)


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        ("primary:1", "so give the app server a primary"),
        ("message:primary:1", "message: goes with no primary:"),
    ],
)
def test_an_app_server_without_a_primary_cannot_write_to_one(write: str, complaint: str) -> None:
    """It is said what is missing, or does not go together."""
    storage = MemoryStorage()
    with pytest.raises(ValueError, match=complaint):
        AppServer([storage.replica(1)], storage.log(), storage.clock(), write, "one")
