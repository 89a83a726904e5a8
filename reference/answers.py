"""Futures by which somebody is told what has become of what they asked for, if they still want to know."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from overbooked.reference.ports import Booking


def settle(answer: asyncio.Future[None], error: Exception | None = None) -> None:
    """Let an answer be that all is well, or the error; one that was given, or is no longer wanted, stays as it is."""
    if answer.done():
        return
    if error is None:
        answer.set_result(None)
        return
    answer.set_exception(error)
    answer.exception()  # nobody may be waiting for it any more, which is no reason to log it


class Answers:
    """What writes of bookings have come to; it remembers those alone that somebody waits for."""

    def __init__(self) -> None:
        self._wanted: WeakValueDictionary[Booking, asyncio.Future[None]] = WeakValueDictionary()

    def to(self, booking: Booking) -> asyncio.Future[None]:
        """Return what will be the answer: the same one, however often it is asked for before it is given."""
        answer = self._wanted.get(booking)
        if answer is None or answer.done():
            answer = self._wanted[booking] = asyncio.get_running_loop().create_future()
        return answer

    def give(self, booking: Booking, error: Exception | None = None) -> None:
        """Tell whoever waits for a booking that all is well, or the error."""
        if (answer := self._wanted.get(booking)) is not None:
            settle(answer, error)

    def give_all(self, error: Exception) -> None:
        """Tell everybody who waits the error."""
        for answer in list(self._wanted.values()):
            settle(answer, error)
