"""Replicas, log and clock in memory: for tests, and for exploring what an app server does over them."""

from __future__ import annotations

import asyncio

from overbooked.reference.ports import Booking, Entry, LogEntry, RoomTakenError
from overbooked.reference.session import no_earlier
from overbooked.reference.waiting import Waiting


class MemoryReplica:
    """A replica that is a dictionary."""

    def __init__(self) -> None:
        self._kept: dict[str, Booking] = {}

    async def apply(self, booking: Booking) -> None:
        """Keep the booking if it is the latest of its room."""
        kept = self._kept.get(booking.room)
        if kept is None or booking.timestamp > kept.timestamp:
            self._kept[booking.room] = booking

    async def claim(self, booking: Booking) -> None:
        """Keep the booking if it is the only one of its room."""
        if self._kept.setdefault(booking.room, booking) != booking:
            raise RoomTakenError(f"{booking.room} is taken")

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return the booking kept for a room, if it is late enough."""
        return no_earlier(self._kept.get(room), at_least)

    async def forget(self) -> None:
        """Keep nothing any more."""
        self._kept.clear()

    async def close(self) -> None:
        """Hold on to all of it: whoever connects next finds it."""


class MemoryNode:
    """A replica with a log that is a dictionary: of each booking, in order, whether it is shown."""

    def __init__(self, replica: MemoryReplica) -> None:
        self._replica = replica
        self._log: dict[Booking, bool] = {}

    async def log(self) -> list[LogEntry]:
        """Return the log."""
        return [LogEntry(*entry) for entry in self._log.items()]

    async def keep(self, booking: Booking) -> None:
        """Have the booking as the log's last entry, if it is not there."""
        self._log.setdefault(booking, False)

    async def show(self, booking: Booking) -> None:
        """Show the booking, if the log has it still, and it is the latest of its room."""
        if booking in self._log:
            await self._replica.apply(booking)
            self._log[booking] = True

    async def read(self, room: str) -> Booking | None:
        """Return the booking shown for a room."""
        return await self._replica.read(room)

    async def forget(self) -> None:
        """Have nothing in the log any more, and show nothing."""
        self._log.clear()
        await self._replica.forget()

    async def close(self) -> None:
        """Hold on to all of it: whoever connects next finds it."""


class MemoryLog:
    """A log that is a list."""

    def __init__(self) -> None:
        self._bookings: list[Booking] = []
        self._committed = 0
        self._appended = asyncio.Event()

    async def append(self, *bookings: Booking) -> None:
        """Keep the bookings as the last entries."""
        self._bookings += bookings
        self._appended.set()

    async def next(self) -> Entry:
        """Return the entry at the committed offset, once there is one."""
        while self._committed == len(self._bookings):
            self._appended.clear()
            await self._appended.wait()
        return Entry(self._committed, self._bookings[self._committed])

    async def commit(self, entry: Entry) -> None:
        """Move the committed offset on."""
        self._committed = entry.offset + 1

    async def close(self) -> None:
        """Hold on to all of it: whoever connects next finds it."""
        self._appended = asyncio.Event()


class MemoryClock(Waiting):
    """A clock that counts bookings."""

    def __init__(self, patience: float | None = None) -> None:
        super().__init__(patience)
        self._last = 0
        self._keys: dict[str, Booking] = {}

    async def remember(self, key: str, booking: Booking) -> Booking:
        """Return the first booking that was made under the key."""
        return self._keys.setdefault(key, booking)

    async def timestamp(self) -> int:
        """Return the next number."""
        self._last += 1
        return self._last


class MemoryStorage:
    """Replicas, log and clock that live as long as this object."""

    def __init__(self, patience: float | None = None) -> None:
        self._replicas: dict[int, MemoryReplica] = {}
        self._nodes: dict[int, MemoryNode] = {}
        self._log = MemoryLog()
        self._clock = MemoryClock(patience)

    def replica(self, number: int) -> MemoryReplica:
        """Return the replica of that number."""
        return self._replicas.setdefault(number, MemoryReplica())

    def node(self, number: int) -> MemoryNode:
        """Return the replica of that number, with its own log."""
        return self._nodes.setdefault(number, MemoryNode(self.replica(number)))

    def log(self) -> MemoryLog:
        """Return the log."""
        return self._log

    def clock(self) -> MemoryClock:
        """Return the clock."""
        return self._clock
