"""The ports: what the app server needs of a replica, a log, a clock and of where they are kept.

Whoever implements these few methods can put any database, message broker or clock behind the app server.

What they raise is one of three kinds. An :class:`OSError` passes, and so do :class:`UnreachableError`,
:class:`ConnectionError` and :class:`TimeoutError`: it is tried again. :class:`DamagedError`, and a file that is missing
or may not be opened, is damage: it is told once, and not tried again. Anything else is a bug, and told each time.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Booking(NamedTuple):
    """A room booked by a user; of two bookings of one room, the one with the higher timestamp counts."""

    room: str
    user: str
    timestamp: int


class Entry(NamedTuple):
    """A booking in the log, at its offset: 0, 1, 2, ..."""

    offset: int
    booking: Booking


class LogEntry(NamedTuple):
    """A booking in a replica's own log, and whether the replica shows it to readers."""

    booking: Booking
    shown: bool


class RoomTakenError(RuntimeError):
    """The primary, or a replica that takes one booking of a room alone, refuses this one: it has one."""


class FailoverError(ConnectionError):
    """Another replica has become the primary: whether what the former one was told is kept, nobody knows."""


class UnreachableError(ConnectionError):
    """A replica or the log cannot do now what it was asked; whether it did it all the same, nobody knows."""


class DamagedError(RuntimeError):
    """A replica, the log or the clock is damaged: asking again is of no use until somebody has mended it."""


class BehindError(UnreachableError):
    """The replica does not have yet what it was asked for."""


class Replica(Protocol):
    """One replica of the database. Every method may raise :class:`UnreachableError`, and is then tried again.

    ``claim`` is called by ``claim:K`` alone, and ``at_least`` is given by ``:session`` reads alone.
    """

    async def apply(self, booking: Booking) -> None:
        """Keep the booking durably, if its timestamp is higher than that of the one kept for its room."""

    async def claim(self, booking: Booking) -> None:
        """Keep the booking durably, if none is kept for its room; claimed again, it is kept as it is.

        Raises :class:`RoomTakenError` if another one is kept.
        """

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return the booking kept for a room.

        Raises :class:`BehindError` while its timestamp is lower than ``at_least`` (where none is kept, that is 0).
        """

    async def close(self) -> None:
        """Let go of what the connection holds."""


class Log(Protocol):
    """A durable log of bookings with one consumer. Every method may raise :class:`UnreachableError`."""

    async def append(self, *bookings: Booking) -> None:
        """Keep bookings durably, as the last entries, in this order: all of them, or none."""

    async def next(self) -> Entry:
        """Return the entry at the committed offset; wait for it while there is none."""

    async def commit(self, entry: Entry) -> None:
        """Move the committed offset on, durably, to the entry after this one."""

    async def close(self) -> None:
        """Let go of what the connection holds."""


class Clock(Protocol):
    """The time: what timestamp a booking gets, and how long to wait."""

    async def timestamp(self) -> int:
        """Return a timestamp higher than every one given before, by this clock or by one before a restart.

        May raise :class:`UnreachableError`, and is then tried again.
        """

    async def until_retry(self, attempt: int) -> None:
        """Return when it is time to try again what has failed ``attempt`` times, from 1 on."""

    async def until_too_late(self) -> None:
        """Return when a call that begins now has taken too long."""

    async def close(self) -> None:
        """Let go of what the clock holds."""


class KeyedClock(Clock, Protocol):
    """A clock that also remembers under which key a booking was made, for calls that are made again."""

    async def remember(self, key: str, booking: Booking) -> Booking:
        """Keep, durably, that the booking is made under the key; return the one that was before, if one was."""


class Primary(Protocol):
    """A connection to whichever replica is the primary now, of a database that replicates by itself."""

    async def write(self, booking: Booking) -> None:
        """Return once the primary confirms that it shows the booking.

        Raises :class:`RoomTakenError` where it refuses it, and :class:`FailoverError` where there is another primary
        before it has answered.
        """

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return the booking that the primary shows for a room.

        Raises :class:`BehindError` while its timestamp is lower than ``at_least`` (where none is shown, that is 0).
        """


class Node(Protocol):
    """One replica of a database that replicates by itself: what it does, and not when, which others may hold still.

    Every method may raise :class:`UnreachableError`, and is then tried again, so that doing it twice must do no harm.
    """

    async def log(self) -> list[LogEntry]:
        """Return the bookings of this replica's log, in their order."""

    async def keep(self, booking: Booking) -> None:
        """Have the booking as the log's last entry, durably, and do not show it yet; unless the log has it already."""

    async def show(self, booking: Booking) -> None:
        """Show a booking of the log: keep it for its room, durably, if its timestamp is higher than what is kept.

        One that the log has lost does nothing.
        """

    async def read(self, room: str) -> Booking | None:
        """Return the booking that is shown for a room."""

    async def close(self) -> None:
        """Let go of what the connection holds."""


class Forgetful(Protocol):
    """A replica, or a node, of which is tested what comes of it when it forgets; no app server calls this."""

    async def forget(self) -> None:
        """Lose, durably, all that it keeps, log included, as a replica does whose disk was replaced."""


class Droppable(Protocol):
    """A connection that holds what a system takes back from a killed process: a lock, say. No app server calls this."""

    async def drop(self) -> None:
        """Let go of it, and write nothing, as if the process were killed."""


class Storage(Protocol):
    """Where replicas, log and clock are kept: each call opens a connection to one that outlives the app server."""

    def replica(self, number: int) -> Replica:
        """Return a connection to the replica of that number, from 1 on."""

    def log(self) -> Log:
        """Return a connection to the log."""

    def clock(self) -> Clock:
        """Return the clock."""


class ReplicatedStorage(Storage, Protocol):
    """A storage whose replicas can also replicate by themselves."""

    def node(self, number: int) -> Node:
        """Return a connection to the replica of that number, from 1 on, by which it replicates."""
