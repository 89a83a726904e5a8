"""What becomes of replicas, a log and a clock that fail, hang, are damaged or have a bug, as callers see it."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import product

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.limits import Limits
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica
from overbooked.reference.outcomes import NotBookedError, UnknownOutcomeError
from overbooked.reference.ports import Booking, Clock, DamagedError, UnreachableError
from overbooked.reference.unfinished import Unfinished
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


@pytest.mark.parametrize(
    ("write", "read"),
    [*product(["parallel:2", "message:parallel:2"], ["quorum", "quorum:repair"]), ("claim:2", "quorum")],
)
@pytest.mark.parametrize("error", [DamagedError("db3.sqlite: is no database"), KeyError("a bug")])
def test_one_replica_that_fails_for_good_fails_no_call_that_others_answer(
    write: str, read: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Two of three confirm and answer; what the third lacks is handed back. Damage is told once, a bug each time."""

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
