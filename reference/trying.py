"""What fails for now is tried again; what is damaged, or a bug, is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from overbooked.reference.ports import Booking, Clock, DamagedError, FailoverError, Primary, Replica

T = TypeVar("T")
_DAMAGE = (DamagedError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


def is_damage(error: BaseException) -> bool:
    """Return whether an error says that a port is of no use until somebody has mended it."""
    return isinstance(error, _DAMAGE)


def passes(error: BaseException) -> bool:
    """Return whether an error is one of an operation that may work if it is tried again.

    These are :class:`OSError`, and so :class:`UnreachableError`, :class:`ConnectionError` and :class:`TimeoutError`,
    but for damage. What is neither is a bug.

    >>> passes(ConnectionResetError()), passes(TimeoutError()), passes(PermissionError()), passes(KeyError())
    (True, True, False, False)
    """
    return isinstance(error, OSError) and not isinstance(error, FailoverError) and not is_damage(error)


async def one_try(operation: Callable[[], Awaitable[T]], limit: float | None) -> T:
    """Return what ``operation`` returns; raise :class:`TimeoutError` after ``limit`` seconds, if there is a limit."""
    if limit is None:
        return await operation()
    async with asyncio.timeout(limit):
        return await operation()


async def until_it_works(operation: Callable[[], Awaitable[T]], clock: Clock, limit: float | None = None) -> T:
    """Return what ``operation`` returns, trying it again for as long as it fails with what passes.

    A try that takes longer than ``limit`` seconds is given up, and counts as one that has failed.
    """
    for attempt in count(1):
        try:
            return await one_try(operation, limit)
        except OSError as error:
            if not passes(error):
                raise
            await clock.until_retry(attempt)
    raise AssertionError


class PersistentPrimary:
    """A primary that is asked again until it answers; what is written is not written twice."""

    def __init__(self, primary: Primary, clock: Clock, limit: float | None = None) -> None:
        self._primary = primary
        self._clock = clock
        self._limit = limit

    async def write(self, booking: Booking) -> None:
        """Return once the primary has confirmed."""
        await self._primary.write(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return what whoever is the primary answers, once that is late enough."""
        return await until_it_works(reading(self._primary, room, at_least), self._clock, self._limit)


def reading(replica: Replica | Primary, room: str, at_least: int) -> Callable[[], Awaitable[Booking | None]]:
    """Return how to ask a replica, which need not know of sessions where there is none."""
    return lambda: replica.read(room, at_least) if at_least else replica.read(room)
