"""Appending to the log: in the order of timestamps, and together what waits together."""

from __future__ import annotations

import asyncio

from overbooked.reference.answers import settle
from overbooked.reference.background import Background
from overbooked.reference.ports import Booking, Clock, Log
from overbooked.reference.some_of import failure_of
from overbooked.reference.trying import until_it_works

_TOGETHER = 512


class Appender:
    """Appends bookings in the order in which it is given them, so many at once at most.

    One append is under way at a time, so that one that has to be tried again is not overtaken.
    """

    def __init__(self, log: Log, clock: Clock, background: Background, limit: float | None = None) -> None:
        self._log = log
        self._clock = clock
        self._background = background
        self._limit = limit
        self._waiting: list[tuple[Booking, asyncio.Future[None]]] = []
        self._is_at_work = False

    def append(self, booking: Booking) -> asyncio.Future[None]:
        """Append a booking, also if nobody waits for it; what is returned is done once the log has it."""
        in_log = asyncio.get_running_loop().create_future()
        self._waiting.append((booking, in_log))
        if not self._is_at_work:
            self._is_at_work = True
            self._background.start(self._append_all())
        return in_log

    async def _append_all(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                failure = await failure_of(self._append([booking for booking, _ in together]))
                for _, in_log in together:
                    settle(in_log, failure)
        finally:
            self._is_at_work = False

    async def _append(self, bookings: list[Booking]) -> None:
        await until_it_works(lambda: self._log.append(*bookings), self._clock, self._limit)
