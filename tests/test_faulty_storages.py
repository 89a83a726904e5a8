"""Storages with one fault each, of the kind that databases and their drivers have: the stateful machine finds each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from overbooked.checker.conformance.lockstep import DiffersError
from overbooked.checker.stateful import SETTINGS, BookingMachine
from overbooked.reference.memory import MemoryClock, MemoryLog, MemoryReplica, MemoryStorage
from overbooked.reference.ports import Booking, Entry, RoomTakenError, Storage


class Slow(MemoryReplica):
    """A replica that other work may come between, whatever it does; that alone is no fault."""

    async def apply(self, booking: Booking) -> None:
        """Take a moment, then do it at once."""
        await asyncio.sleep(0)
        await super().apply(booking)

    async def claim(self, booking: Booking) -> None:
        """Likewise."""
        await asyncio.sleep(0)
        await super().claim(booking)


class ReadsThenWrites(MemoryReplica):
    """What is kept is read, compared, and then written, whatever was written meanwhile."""

    async def apply(self, booking: Booking) -> None:
        """Compare with what was there a moment ago."""
        kept = await self.read(booking.room)
        await asyncio.sleep(0)
        if kept is None or kept.timestamp < booking.timestamp:
            self._kept[booking.room] = booking


class LooksThenClaims(MemoryReplica):
    """A room is claimed that was free a moment ago."""

    async def claim(self, booking: Booking) -> None:
        """Look, and then take it."""
        kept = await self.read(booking.room)
        await asyncio.sleep(0)
        if kept not in {None, booking}:
            raise RoomTakenError(f"{booking.room} is taken")
        self._kept[booking.room] = booking


class Spelled(MemoryReplica):
    """What is written is spelled as the replica can."""

    room: Callable[[str], str] = staticmethod(str)
    timestamp: Callable[[int], int] = staticmethod(int)

    async def apply(self, booking: Booking) -> None:
        """Keep it as it can be kept."""
        await super().apply(self._spelled(booking))

    async def claim(self, booking: Booking) -> None:
        """Likewise."""
        await super().claim(self._spelled(booking))

    def _spelled(self, booking: Booking) -> Booking:
        return booking._replace(room=self.room(booking.room), timestamp=self.timestamp(booking.timestamp))

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return what is kept under what the room is called here."""
        kept = await super().read(self.room(room), at_least)
        return kept and kept._replace(room=room)


class RoomsCut(Spelled):
    """Rooms have 100 letters at most."""

    room = staticmethod(lambda room: room[:100])


class RoomsInSmallLetters(Spelled):
    """Rooms are found whatever their letters' case."""

    room = staticmethod(str.lower)


class RoomsTrimmed(Spelled):
    """Blanks at the end of a room's name count for nothing."""

    room = staticmethod(str.rstrip)


class RoomsInLatin(Spelled):
    """What is no letter of Latin-1 becomes a question mark."""

    room = staticmethod(lambda room: room.encode("latin-1", "replace").decode("latin-1"))


class TimestampsOf32Bits(Spelled):
    """After 2 ** 32 - 1, the next timestamp is 0."""

    timestamp = staticmethod(lambda timestamp: timestamp % 2**32)


class TimestampsAsFloats(Spelled):
    """Beyond 2 ** 53, two timestamps may be one."""

    timestamp = staticmethod(lambda timestamp: int(float(timestamp)))


class LogFlushedOnClose(MemoryLog):
    """What is appended is written when the log is closed."""

    def __init__(self, written: list[Booking], committed: list[int]) -> None:
        super().__init__()
        self._written, self._offset = written, committed
        self._bookings, self._committed = list(written), committed[0]

    async def next(self) -> Entry:
        """Return the next entry: there is one when this is called."""
        return Entry(self._committed, self._bookings[self._committed])

    async def commit(self, entry: Entry) -> None:
        """Commit at once: that is no fault."""
        await super().commit(entry)
        self._offset[0] = self._committed

    async def close(self) -> None:
        """Write it all."""
        self._written[:] = self._bookings


class ClockFlushedOnClose(MemoryClock):
    """How many timestamps were given is written when the clock is closed."""

    def __init__(self, written: list[int]) -> None:
        super().__init__()
        self._written = written
        self._last = written[0]

    async def close(self) -> None:
        """Write it."""
        self._written[0] = self._last


class WithLog(MemoryStorage):
    """A storage with such a log."""

    def __init__(self) -> None:
        super().__init__()
        self._written: tuple[list[Booking], list[int]] = ([], [0])

    def log(self) -> MemoryLog:
        """Return a new connection."""
        return LogFlushedOnClose(*self._written)


class WithClock(MemoryStorage):
    """A storage with such a clock."""

    def __init__(self) -> None:
        super().__init__()
        self._last = [0]

    def clock(self) -> MemoryClock:
        """Return a new connection."""
        return ClockFlushedOnClose(self._last)


def of(replica: type[MemoryReplica]) -> Callable[[], Storage]:
    """Return how to make a storage in memory with such replicas."""

    class Other(MemoryStorage):
        def replica(self, number: int) -> MemoryReplica:
            return self._replicas.setdefault(number, replica())

    return Other


def machine(storage: Callable[[], Storage], write: str) -> type[BookingMachine]:
    """Return the machine over such a storage, with one way to write, and few replicas, so that it gets there soon."""

    class Over(BookingMachine):
        write_strategies, read_strategies = write, "one:db1"
        most_replicas = 2

        def new_storage(self) -> AbstractContextManager[Storage]:
            return nullcontext(storage())

    return Over


def found(storage: Callable[[], Storage], write: str, most: int) -> str | None:
    """Return what the machine finds within so many runs, if anything."""
    until = settings(SETTINGS, max_examples=most, database=None, derandomize=True, phases=[Phase.generate])
    try:
        run_state_machine_as_test(machine(storage, write), settings=until)
    except DiffersError as error:
        return str(error)
    return None


FAULTY = {
    "a write that reads and then writes": (of(ReadsThenWrites), "parallel:1"),
    "a claim that looks and then claims": (of(LooksThenClaims), "claim:1"),
    "names of rooms that are cut": (of(RoomsCut), "parallel:1"),
    "names of rooms in small letters": (of(RoomsInSmallLetters), "parallel:1"),
    "names of rooms without blanks at the end": (of(RoomsTrimmed), "parallel:1"),
    "names of rooms in Latin-1": (of(RoomsInLatin), "parallel:1"),
    "timestamps that wrap": (of(TimestampsOf32Bits), "parallel:1"),
    "timestamps as floats": (of(TimestampsAsFloats), "parallel:1"),
    "a log that is flushed on closing": (WithLog, "message:parallel:1"),
    "a clock that is flushed on closing": (WithClock, "parallel:1"),
}


@pytest.mark.parametrize(("storage", "write"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_storage_is_found_out(storage: Callable[[], Storage], write: str) -> None:
    """Whatever is wrong with it, within 1,000 runs the spec and the app server over it differ."""
    assert found(storage, write, 1000) is not None


@pytest.mark.parametrize("write", ["parallel:1", "claim:1"])
def test_a_slow_storage_is_not_taken_for_a_faulty_one(write: str) -> None:
    """Several writes at one replica at a time, each of which takes a moment, do no harm by that."""
    told = found(of(Slow), write, 60)
    assert told is None, told
