"""The ports: what the app server needs of a replica, a log, a clock and of where they are kept.

Whoever implements these few methods can put any database, message broker or clock behind the app server.
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


class UnreachableError(ConnectionError):
    """A replica or the log cannot do now what it was asked; whether it did it all the same, nobody knows."""


class Replica(Protocol):
    """One replica of the database. Every method may raise :class:`UnreachableError`, and is then tried again."""

    async def apply(self, booking: Booking) -> None:
        """Keep the booking durably, if its timestamp is higher than that of the one kept for its room."""

    async def read(self, room: str) -> Booking | None:
        """Return the booking kept for a room."""

    async def close(self) -> None:
        """Let go of what the connection holds."""


class Log(Protocol):
    """A durable log of bookings with one consumer. Every method may raise :class:`UnreachableError`."""

    async def append(self, booking: Booking) -> None:
        """Keep the booking durably, as the last entry."""

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


class Storage(Protocol):
    """Where replicas, log and clock are kept: each call opens a connection to one that outlives the app server."""

    def replica(self, number: int) -> Replica:
        """Return a connection to the replica of that number, from 1 on."""

    def log(self) -> Log:
        """Return a connection to the log."""

    def clock(self) -> Clock:
        """Return the clock."""
