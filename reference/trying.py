"""What fails for now is tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from overbooked.reference.ports import Booking, Clock, Primary, Replica, UnreachableError

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

    def __init__(self, replica: Replica, clock: Clock, confirmed: Callable[[Booking], None]) -> None:
        self._replica = replica
        self._clock = clock
        self._confirmed = confirmed

    async def apply(self, booking: Booking) -> None:
        """Return once the replica has confirmed."""
        await until_it_works(lambda: self._replica.apply(booking), self._clock)
        self._confirmed(booking)

    async def read(self, room: str) -> Booking | None:
        """Return what the replica answers."""
        return await until_it_works(lambda: self._replica.read(room), self._clock)

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

    async def read(self, room: str) -> Booking | None:
        """Return what whoever is the primary answers."""
        return await until_it_works(lambda: self._primary.read(room), self._clock)
