"""What an app server cannot hold it does not take, and what memory does not hold is kept elsewhere."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.limits import Limits
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica
from overbooked.reference.outcomes import BusyError, UnknownOutcomeError
from overbooked.reference.ports import Booking, DamagedError, UnreachableError
from overbooked.reference.unfinished import Lacked
from test_outbox import Faulty, Hanging
from test_reference import in_no_time, server


class Kept:
    """What one replica lacks, and memory does not hold."""

    def __init__(self) -> None:
        self.kept: list[Lacked] = []

    def __len__(self) -> int:
        """Return how many writes are kept."""
        return len(self.kept)

    def let_go(self) -> None:
        """Nothing was kept of what was taken."""

    def put(self, lacked: Lacked) -> None:
        """Keep it."""
        self.kept.append(lacked)

    def take(self, most: int) -> list[Lacked]:
        """Return the first so many."""
        taken, self.kept = self.kept[:most], self.kept[most:]
        return taken


class Overflowing:
    """Safekeeping in memory: what overflows, and how much room was asked for; there is room for so many writes."""

    def __init__(self, room: float = float("inf")) -> None:
        self._kept: dict[int, Kept] = {}
        self.room, self.reserved = room, 0

    @property
    def kept(self) -> list[Lacked]:
        """What db1 lacks."""
        return self._kept[1].kept

    def overflow(self, replica: int) -> Kept:
        """Return what is kept for a replica."""
        return self._kept.setdefault(replica, Kept())

    def replace(self, kept: Kept) -> None:
        """Keep what db1 lacks there."""
        self._kept[1] = kept

    def reserve(self, writes: int) -> None:
        """Note how much room is asked for."""
        self.reserved = max(self.reserved, writes)
        if writes > self.room:
            raise OSError(28, "no space left on device")


def test_a_replica_with_bugs_alone_is_taken_to_be_damaged_and_fills_no_memory() -> None:
    """After a hundred in a row it is asked no more, and what it lacks overflows; bookings go on."""

    async def go_on() -> None:
        broken, kept = Faulty(KeyError("a bug")), Overflowing()
        limits = Limits(in_memory=10, under_way=200)
        replicas = [broken, MemoryReplica(), MemoryReplica()]
        app = AppServer(replicas, MemoryLog(), MemoryClock(), "parallel:2", "one:db2", limits=limits, safekeeping=kept)
        await app.start()
        for i in range(1_000):
            await app.book_room("u1", f"r{i}")
        assert broken.tries == 100
        assert app.health().problems == ("db1 is damaged: db1 has failed 100 times in a row (KeyError('a bug'))",)
        assert len(await app.close()) + len(kept.kept) == 1_000

    in_no_time(go_on())


def test_an_overflow_that_cannot_be_read_for_a_while_strands_nobody() -> None:
    """It is told, and tried again after a pause."""

    class Moody(Kept):
        failures = 3

        def take(self, most: int) -> list[Lacked]:
            if self.failures:
                self.failures -= 1
                raise OSError(24, "too many open files")
            return super().take(most)

    async def overflow() -> None:
        replica, kept = Faulty(UnreachableError("away"), times=3), Overflowing()
        moody = Moody()
        kept.replace(moody)
        limits = Limits(in_memory=1, writers=1)
        app = AppServer([replica], MemoryLog(), MemoryClock(), "serial-sync", "one", limits=limits, safekeeping=kept)
        await app.start()
        await asyncio.gather(*(app.book_room("u1", f"r{i}") for i in range(20)))
        assert (moody.failures, len(moody), await app.close()) == (0, 0, [])

    in_no_time(overflow())


def test_checks_that_hang_keep_nobody_from_booking() -> None:
    """They have a limit of their own."""

    async def hang() -> None:
        limits = Limits(under_way=3)
        app = AppServer(
            [Hanging(3), MemoryReplica()], MemoryLog(), MemoryClock(), "parallel:1", "one:db1", limits=limits
        )
        await app.start()
        checks = [asyncio.create_task(app.is_room_available("r1")) for _ in range(3)]
        await asyncio.sleep(1)
        with pytest.raises(BusyError, match="too many checks under way"):
            await app.is_room_available("r1")
        await app.book_room("u1", "r1")
        await app.close(within=0.1)
        assert {type(end) for end in await asyncio.gather(*checks, return_exceptions=True)} == {UnknownOutcomeError}

    in_no_time(hang())


def test_a_dead_replica_costs_neither_tasks_nor_tries() -> None:
    """Of five thousand bookings that one of three replicas lacks none is a task; one at a time is tried."""

    async def without_one() -> None:
        dead = Faulty(UnreachableError("db1 is away"))
        replicas = [dead, MemoryReplica(), MemoryReplica()]
        app = AppServer(replicas, MemoryLog(), MemoryClock(), "parallel:2", "quorum", limits=Limits(probes=1))
        await app.start()
        for i in range(5_000):
            await app.book_room("u1", f"r{i}")
            await asyncio.sleep(0.001)
        assert len(asyncio.all_tasks()) < 10
        assert dead.tries < 30
        dead.left = 0
        await asyncio.sleep(5)
        assert [await dead.read(f"r{i}") for i in range(5_000)].count(None) == 0
        assert await app.close() == []

    in_no_time(without_one())


@pytest.mark.parametrize("write", ["parallel:1", "claim:1"])
def test_what_memory_does_not_hold_overflows_and_is_written_in_the_end(write: str) -> None:
    """Beyond so many writes that a replica lacks, memory does not grow; all reach it when it is back."""

    async def overflow() -> None:
        dead, kept = Faulty(UnreachableError("db1 is away")), Overflowing()
        replicas, limits = [dead, MemoryReplica()], Limits(in_memory=100)
        app = AppServer(replicas, MemoryLog(), MemoryClock(), write, "one:db2", limits=limits, safekeeping=kept)
        await app.start()
        for i in range(1_000):
            await app.book_room("u1", f"r{i}")
        assert 100 <= len(app.unfinished) <= 170
        assert len(app.unfinished) + len(kept.kept) == 1_000
        dead.left = 0
        assert await app.close(within=60) == []
        assert [await dead.read(f"r{i}") for i in range(1_000)].count(None) == 0
        assert (kept.kept, kept.reserved < 400) == ([], True)

    in_no_time(overflow())


def test_who_waits_for_what_has_overflowed_is_answered() -> None:
    """A booking that needs the replica that is away is acknowledged once that has it."""

    async def overflow() -> None:
        dead, kept = Faulty(UnreachableError("db1 is away")), Overflowing()
        limits = Limits(in_memory=4)
        app = AppServer([dead], MemoryLog(), MemoryClock(), "serial-sync", "one", limits=limits, safekeeping=kept)
        await app.start()
        calls = [asyncio.create_task(app.book_room("u1", f"r{i}")) for i in range(200)]
        await asyncio.sleep(10)
        assert kept.kept
        assert not any(call.done() for call in calls)
        dead.left = 0
        assert sorted([(await call).timestamp for call in calls]) == list(range(1, 201))
        assert await app.close() == []

    in_no_time(overflow())


def test_what_could_not_be_kept_is_not_taken() -> None:
    """Where there is no room to keep what may be unfinished, or too much is under way, nothing is booked."""

    async def refuse() -> None:
        replica, kept = Faulty(UnreachableError("db1 is away")), Overflowing(room=2)
        limits = Limits(under_way=3)
        app = AppServer([replica], MemoryLog(), MemoryClock(), "serial-sync", "one", limits=limits, safekeeping=kept)
        await app.start()
        calls = [asyncio.create_task(app.book_room("u1", "r1")) for _ in range(2)]
        await asyncio.sleep(1)
        with pytest.raises(BusyError, match=r"no space left on device\); nothing was booked"):
            await app.book_room("u2", "r1")
        kept.room = 100
        calls.append(asyncio.create_task(app.book_room("u1", "r1")))
        await asyncio.sleep(1)
        with pytest.raises(BusyError, match="too much under way; nothing was booked"):
            await app.book_room("u2", "r1")
        replica.left = 0
        await asyncio.gather(*calls)
        assert (await app.book_room("u2", "r1")).timestamp == 4
        assert await app.close() == []

    in_no_time(refuse())


def test_a_log_whose_consumer_is_too_far_behind_takes_no_more() -> None:
    """Who books then is told that nothing was booked; once the consumer has caught up, bookings are taken."""

    async def fall_behind() -> None:
        replica = Faulty(UnreachableError("away"))
        limits = Limits(lag=3)
        app = AppServer([replica], MemoryLog(), MemoryClock(), "message:serial-sync", "one", limits=limits)
        await app.start()
        for _ in range(3):
            await app.book_room("u1", "r1")
        with pytest.raises(BusyError, match="consumer is too far behind; nothing was booked"):
            await app.book_room("u1", "r1")
        replica.left = 0
        await asyncio.sleep(10)
        assert (await app.book_room("u1", "r1")).timestamp == 4
        await app.close()

    in_no_time(fall_behind())


@pytest.mark.parametrize(
    ("user", "room", "complaint"),
    [
        ("u1", None, "room is None, and should be text"),
        (1, "r1", "user is 1, and should be text: '1'"),
        (b"u1", "r1", "user is b'u1', and should be text"),
        ("", "r1", "user has 0 characters, and should have 1 to 200"),
        ("u1", "r" * 201, "room has 201 characters, and should have 1 to 200"),
        ("u1", "\ud800", "which cannot be written as UTF-8"),
    ],
)
def test_what_is_no_name_is_refused_before_anything_is_written(user: Any, room: Any, complaint: str) -> None:  # noqa: ANN401 - what callers give
    """A user or a room that is no text of bounded length is refused in a line; no timestamp is used for it."""

    async def refuse() -> None:
        app, storage = server(MemoryReplica(), write="serial-sync")
        await app.start()
        with pytest.raises((TypeError, ValueError), match=complaint):
            await app.book_room(user, room)
        if not isinstance(room, str) or len(room) != 2:
            with pytest.raises((TypeError, ValueError), match=complaint):
                await app.is_room_available(room)
        assert await storage.clock().timestamp() == 1
        assert await app.close() == []

    in_no_time(refuse())


def test_whoever_waits_for_a_replica_is_told_when_it_is_found_to_be_damaged() -> None:
    """Also when their write is between two tries, or has overflowed; a call that is never too late does not hang."""

    class Later(MemoryReplica):
        tries = 0

        async def apply(self, booking: Booking) -> None:
            self.tries += 1
            if self.tries == 1:
                raise OSError("passes")
            await asyncio.sleep(0.005)
            raise DamagedError(f"gone with {booking.room}")

    async def wait() -> None:
        limits, kept = Limits(in_memory=2, writers=2), Overflowing()
        app = AppServer([Later()], MemoryLog(), MemoryClock(), "parallel:1", "one", limits=limits, safekeeping=kept)
        await app.start()
        ends = await asyncio.gather(*(app.book_room("u1", f"r{i}") for i in range(10)), return_exceptions=True)
        assert [type(end) for end in ends] == [DamagedError] * 10
        assert len(await app.close()) + len(kept.kept) == 10
        assert kept.kept

    in_no_time(wait())
