"""What fails for now is tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from overbooked.reference.ports import Booking, Clock, Primary, Replica, RoomTakenError, UnreachableError

T = TypeVar("T")


async def until_it_works(operation: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Return what ``operation`` returns, trying it again for as long as it raises :class:`UnreachableError`."""
    for attempt in count(1):
        try:
            return await operation()
        except UnreachableError:
            await clock.until_retry(attempt)
    raise AssertionError


class Persistent:
    """A replica that is asked again until it answers, so that one that comes back is one that was slow."""

    def __init__(self, replica: Replica, clock: Clock, answered: Callable[[Booking], None]) -> None:
        self._replica = replica
        self._clock = clock
        self._answered = answered

    async def apply(self, booking: Booking) -> None:
        """Return once the replica has confirmed."""
        await until_it_works(lambda: self._replica.apply(booking), self._clock)
        self._answered(booking)

    async def claim(self, booking: Booking) -> None:
        """Return once the replica has confirmed; raise :class:`RoomTakenError` once it has refused."""
        try:
            await until_it_works(lambda: self._replica.claim(booking), self._clock)
        except RoomTakenError:
            self._answered(booking)
            raise
        self._answered(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return what the replica answers, once that is late enough."""
        return await until_it_works(_reading(self._replica, room, at_least), self._clock)

    async def close(self) -> None:
        """Close the replica."""
        await self._replica.close()


class PersistentPrimary:
    """A primary that is asked again until it answers; what is written is not written twice."""

    def __init__(self, primary: Primary, clock: Clock) -> None:
        self._primary = primary
        self._clock = clock

    async def write(self, booking: Booking) -> None:
        """Return once the primary has confirmed."""
        await self._primary.write(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return what whoever is the primary answers, once that is late enough."""
        return await until_it_works(_reading(self._primary, room, at_least), self._clock)


def _reading(replica: Replica | Primary, room: str, at_least: int) -> Callable[[], Awaitable[Booking | None]]:
    """Return how to ask a replica, which need not know of sessions where there is none."""
    return lambda: replica.read(room, at_least) if at_least else replica.read(room)
