"""Appending to the log: in the order of timestamps, and together what waits together."""

from __future__ import annotations

import asyncio

from overbooked.reference.background import Background
from overbooked.reference.ports import Booking, Clock, Log
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
                error = await self._failure([booking for booking, _ in together])
                for _, in_log in together:
                    _settle(in_log, error)
        finally:
            self._is_at_work = False

    async def _failure(self, bookings: list[Booking]) -> Exception | None:
        """Append bookings; return what that failed with, if it was not to be tried again."""
        try:
            await until_it_works(lambda: self._log.append(*bookings), self._clock, self._limit)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait
            return error
        return None


def _settle(in_log: asyncio.Future[None], error: Exception | None) -> None:
    if in_log.done():
        return
    if error is None:
        in_log.set_result(None)
        return
    in_log.set_exception(error)
    in_log.exception()  # nobody may be waiting for it any more
