"""What becomes of replicas, a log and a clock that fail, hang, are damaged or have a bug, as callers see it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica
from overbooked.reference.outbox import Limits
from overbooked.reference.outcomes import BusyError, NotBookedError, UnknownOutcomeError
from overbooked.reference.ports import Booking, Clock, DamagedError, UnreachableError
from overbooked.reference.unfinished import Lacked, Unfinished
from test_reference import in_no_time, server, until


class Faulty(MemoryReplica):
    """A replica that does nothing but raise this error, for so many tries or for ever; it counts them."""

    def __init__(self, error: Exception, times: float = float("inf")) -> None:
        super().__init__()
        self.error, self.left, self.tries = error, times, 0

    async def apply(self, booking: Booking) -> None:
        """Fail, or apply."""
        self._fail()
        await super().apply(booking)

    async def claim(self, booking: Booking) -> None:
        """Fail, or claim."""
        self._fail()
        await super().claim(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Fail, or answer."""
        self._fail()
        return await super().read(room, at_least)

    def _fail(self) -> None:
        if self.left > 0:
            self.left -= 1
            self.tries += 1
            raise self.error


class Away(MemoryClock):
    """A clock that cannot be reached until so many seconds have passed."""

    def __init__(self, until: float, patience: float | None = None) -> None:
        super().__init__(patience)
        self._until = until

    async def timestamp(self) -> int:
        """Fail, or return the next number."""
        if asyncio.get_running_loop().time() < self._until:
            raise UnreachableError("the clock is away")
        return await super().timestamp()


def over(clock: Clock, *replicas: MemoryReplica, write: str = "parallel:1") -> AppServer:
    """Return an app server over these replicas with this clock."""
    return AppServer(replicas, MemoryLog(), clock, write, "one")


def told(log: pytest.LogCaptureFixture) -> list[str]:
    """Return what was told of errors, and forget it."""
    errors = [it for it in log.records if it.levelname == "ERROR"]
    log.clear()
    return [f"{it.getMessage()}: {it.exc_info[1]}" if it.exc_info else it.getMessage() for it in errors]


@pytest.mark.parametrize("write", ["parallel:1", "serial-sync", "claim:1", "message:serial-sync"])
def test_a_booking_that_has_no_timestamp_in_time_is_never_made(write: str) -> None:
    """Its user is told that nothing was booked, and it does not come up later to win over one that was acknowledged."""

    async def late() -> None:
        replica = MemoryReplica()
        app = over(Away(1.0, patience=0.9), replica, write=write)
        await app.start()
        with pytest.raises(NotBookedError, match="nothing was booked"):
            await app.book_room("u1", "r1")
        await asyncio.sleep(0.2)
        booking = await app.book_room("u2", "r1")
        await asyncio.sleep(60)
        assert await replica.read("r1") == booking == Booking("r1", "u2", 1)
        assert await app.close() == []

    in_no_time(late())


def test_a_booking_whose_caller_goes_away_before_it_has_a_timestamp_is_never_made() -> None:
    """Nothing was sent when the caller was cancelled, so nothing is."""

    async def leave() -> None:
        replica = MemoryReplica()
        app = over(Away(1.0), replica)
        await app.start()
        call = asyncio.create_task(app.book_room("u1", "r1"))
        await asyncio.sleep(0.5)
        call.cancel()
        await asyncio.sleep(60)
        assert await replica.read("r1") is None
        await app.close()

    in_no_time(leave())


@pytest.mark.parametrize("write", ["parallel:1", "message:serial-sync"])
def test_who_comes_first_has_the_lower_timestamp_also_when_the_clock_comes_back(write: str) -> None:
    """Calls that had to wait for the clock are stamped in the order in which they came in."""

    async def queue_up() -> None:
        app = over(Away(3.0), MemoryReplica(), write=write)
        await app.start()
        calls = []
        for i in range(20):
            calls.append(asyncio.create_task(app.book_room(f"u{i}", "r1")))
            await asyncio.sleep(0.21)
        assert [(await call).timestamp for call in calls] == list(range(1, 21))
        await app.close()

    in_no_time(queue_up())


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), TimeoutError("slow"), OSError(113, "no route")])
def test_an_error_that_passes_ends_neither_a_call_nor_the_consumer(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Of whatever kind it is, a replica that fails for now is tried again: by calls and by the log's consumer."""

    async def pass_by() -> None:
        for write in ("serial-sync", "message:serial-sync", "claim:1"):
            replica = Faulty(error, times=3)
            app, _ = server(replica, write=write)
            await app.start()
            booking = await app.book_room("u1", "r1")
            replica.left = 2
            await until(partial(is_booked, app))
            replica.left = 0
            assert await replica.read("r1") == booking
            assert (await app.close(), told(caplog)) == ([], [])

    async def is_booked(app: AppServer) -> bool:
        return not await app.is_room_available("r1")

    in_no_time(pass_by())


@pytest.mark.parametrize("write", ["parallel:2", "claim:2", "message:parallel:2"])
@pytest.mark.parametrize("read", ["quorum", "quorum:repair"])
@pytest.mark.parametrize("error", [DamagedError("db3.sqlite: is no database"), KeyError("a bug")])
def test_one_replica_that_fails_for_good_fails_no_call_that_others_answer(
    write: str, read: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Two of three confirm and answer; what the third lacks is handed back. Damage is told once, a bug each time."""
    if write.startswith("claim") and read.endswith("repair"):
        pytest.skip("they do not go together")

    async def go_on() -> None:
        broken = Faulty(error)
        app, _ = server(broken, MemoryReplica(), MemoryReplica(), write=write, read=read)
        await app.start()
        bookings = [await app.book_room("u1", f"r{i}") for i in range(3)]
        for i in range(3):
            await until(partial(is_booked, app, f"r{i}"))
        assert await app.close() == [Unfinished(booking, 1, claimed="claim" in write) for booking in bookings]
        assert broken.tries == 1 if isinstance(error, DamagedError) else broken.tries > 3
        assert told(caplog) == [f"db1 {'is damaged' if broken.tries == 1 else 'fails'}: {error}"] * broken.tries

    async def is_booked(app: AppServer, room: str) -> bool:
        return not await app.is_room_available(room)

    in_no_time(go_on())


@pytest.mark.parametrize("write", ["serial-sync", "serial-async", "message:serial-sync", "message:serial-async"])
@pytest.mark.parametrize("broken", [0, 1, 2])
@pytest.mark.parametrize("error", [DamagedError("spoilt"), KeyError("a bug")])
def test_a_serial_write_passes_by_a_replica_that_fails_for_good(write: str, broken: int, error: Exception) -> None:
    """Those that come after it are written all the same, also by the log's consumer, and nobody waits for ever."""

    async def pass_by() -> None:
        replicas = [MemoryReplica(), MemoryReplica(), MemoryReplica()]
        replicas[broken] = Faulty(error)
        app, _ = server(*replicas, write=write)
        await app.start()
        for i in range(3):
            if write == "serial-sync" or (write == "serial-async" and broken == 0):
                with pytest.raises(type(error)):
                    await app.book_room("u1", f"r{i}")
            else:
                await app.book_room("u1", f"r{i}")
        await asyncio.sleep(1)
        assert {it.replica for it in await app.close()} == {broken + 1}
        others = [each for each in replicas if each is not replicas[broken]]
        assert all([await each.read(f"r{i}") for each in others for i in range(3)])

    in_no_time(pass_by())


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


def test_a_call_that_needs_a_damaged_replica_is_told_so_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """It does not pass for slowness: the error names the file, for bookings and for checks, also for later ones."""

    async def call() -> None:
        app, _ = server(Faulty(DamagedError("db1.sqlite: is no database")), write="serial-sync")
        await app.start()
        for _ in range(2):
            with pytest.raises(DamagedError, match=r"db1\.sqlite: is no database"):
                await app.book_room("u1", "r1")
            with pytest.raises(DamagedError, match=r"db1\.sqlite: is no database"):
                await app.is_room_available("r1")
        assert told(caplog) == ["db1 is damaged: db1.sqlite: is no database"]
        await app.close()

    in_no_time(call())


def test_a_consumer_that_has_failed_says_why() -> None:
    """What ended it stands in each error that follows, and is their cause."""

    async def go_on() -> None:
        app, _ = server(Faulty(DamagedError("db1.sqlite: is no database")), write="message:serial-sync")
        await app.start()
        await app.book_room("u1", "r1")
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match=r"consumer has failed.*db1\.sqlite: is no database") as failed:
            await app.book_room("u2", "r1")
        assert isinstance(failed.value.__cause__, DamagedError)
        await app.close()

    in_no_time(go_on())


class Hanging(MemoryReplica):
    """A replica whose first so many tries never end; it counts them."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left, self.tries = times, 0

    async def apply(self, booking: Booking) -> None:
        """Hang, or apply."""
        await self._hang()
        await super().apply(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Hang, or answer."""
        await self._hang()
        return await super().read(room, at_least)

    async def _hang(self) -> None:
        self.tries += 1
        if self.left:
            self.left -= 1
            await asyncio.Event().wait()


def test_a_try_that_hangs_is_given_up_and_made_again() -> None:
    """A connection that never answers is one that has failed, after its time limit; without one it is waited for."""

    async def hang() -> None:
        replica = Hanging(2)
        clock, log = MemoryClock(), HangingLog()
        app = AppServer([replica], log, clock, "message:serial-sync", "one", limits=Limits(seconds=1.0))
        await app.start()
        await app.book_room("u1", "r1")
        await asyncio.sleep(10)
        assert (replica.tries, log.tries) == (3, 2)
        replica.left = 1
        assert not await app.is_room_available("r1")
        assert await app.close() == []

    class HangingLog(MemoryLog):
        tries = 0

        async def append(self, *bookings: Booking) -> None:
            self.tries += 1
            if self.tries == 1:
                await asyncio.Event().wait()
            await super().append(*bookings)

    in_no_time(hang())


def test_a_dead_replica_costs_neither_tasks_nor_tries() -> None:
    """Of five thousand bookings that one of three replicas lacks none is a task; one at a time is tried."""

    async def without_one() -> None:
        dead = Faulty(UnreachableError("db1 is away"))
        app, _ = server(dead, MemoryReplica(), MemoryReplica(), write="parallel:2", read="quorum")
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


def test_what_waits_for_the_log_is_appended_together_and_in_order() -> None:
    """However many book while one append is under way, the next one has them all, in the order of their timestamps."""

    class Counting(MemoryLog):
        def __init__(self) -> None:
            super().__init__()
            self.appends: list[tuple[int, ...]] = []

        async def append(self, *bookings: Booking) -> None:
            self.appends.append(tuple(booking.timestamp for booking in bookings))
            await asyncio.sleep(1)
            if len(self.appends) == 2:
                raise ConnectionResetError
            await super().append(*bookings)

    async def book() -> None:
        log = Counting()
        app = AppServer([MemoryReplica()], log, MemoryClock(), "message:serial-sync", "one")
        await app.start()
        first = asyncio.create_task(app.book_room("u0", "r1"))
        await asyncio.sleep(0.5)
        await asyncio.gather(first, *(app.book_room(f"u{i}", "r1") for i in range(1, 20)))
        assert log.appends == [(1,), tuple(range(2, 21)), tuple(range(2, 21))]
        await app.close()

    in_no_time(book())


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


def test_closing_takes_no_longer_than_it_says_whatever_does_not_let_itself_be_stopped() -> None:
    """Work that does not end when it is cancelled is left behind, after half a second."""

    class Deaf(MemoryReplica):
        let = asyncio.Event()

        async def apply(self, booking: Booking) -> None:
            while not self.let.is_set():
                try:
                    await self.let.wait()
                except asyncio.CancelledError:
                    continue
            await super().apply(booking)

    async def close() -> None:
        deaf = Deaf()
        app, _ = server(deaf, MemoryReplica())
        await app.start()
        booking = await app.book_room("u1", "r1")
        now = asyncio.get_running_loop().time
        begun = now()
        assert await app.close(within=1.0) == [Unfinished(booking, 1)]
        assert now() - begun <= 1.6
        deaf.let.set()
        await asyncio.sleep(1)

    in_no_time(close())


def test_an_answer_that_comes_when_patience_is_over_is_too_late() -> None:
    """A confirmation of the very moment in which the call has taken too long does not count as in time."""

    class Late(MemoryReplica):
        async def apply(self, booking: Booking) -> None:
            await asyncio.sleep(1.0)
            await super().apply(booking)

    async def late() -> None:
        app, _ = server(Late(), write="serial-sync", patience=1.0)
        await app.start()
        with pytest.raises(UnknownOutcomeError):
            await app.book_room("u1", "r1")
        assert await app.close() == []

    in_no_time(late())
