"""A read that repairs: what it finds is written back before it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from overbooked.reference.outbox import Outbox
from overbooked.reference.ports import Booking

_Task: TypeAlias = asyncio.Task[Booking | None]


class Repair:
    """One check: what replicas have answered, whom it still asks, and to whom it writes the latest back.

    A replica that was written to has answered the latest. A later answer is written back in place of the one before.
    """

    def __init__(self, room: str, replicas: Sequence[Outbox], needed: int) -> None:
        self._needed = needed
        self._has: dict[Outbox, Booking | None] = {}
        self._asking: dict[_Task, Outbox] = {asyncio.create_task(_ask(each, room)): each for each in replicas}
        self._writing: dict[_Task, tuple[Outbox, Booking]] = {}

    async def latest(self) -> Booking | None:
        """Return the latest booking that was found, once so many replicas as are needed have it."""
        try:
            while not self._is_done():
                if len(self._has) >= self._needed:
                    self._write_back()
                done, _ = await asyncio.wait({*self._asking, *self._writing}, return_when=asyncio.FIRST_COMPLETED)
                self._note(done)
            return latest(list(self._has.values()))
        finally:
            for task in (*self._asking, *self._writing):
                task.cancel()

    def _is_done(self) -> bool:
        found = latest(list(self._has.values()))
        return sum(booking == found for booking in self._has.values()) >= self._needed

    def _write_back(self) -> None:
        """Write the latest to each replica that has answered less, and no longer what was the latest before."""
        found = latest(list(self._has.values()))
        for task in [task for task, (_, booking) in self._writing.items() if booking != found]:
            self._writing.pop(task)
            task.cancel()
        written = {replica for replica, _ in self._writing.values()}
        for replica in [it for it, booking in self._has.items() if booking != found and it not in written]:
            if found:
                self._writing[asyncio.create_task(_apply(replica, found))] = (replica, found)

    def _note(self, done: set[_Task]) -> None:
        for task in done:
            replica = self._asking.pop(task) if task in self._asking else self._writing.pop(task)[0]
            if error := task.exception():
                self._drop(replica, error)
            else:
                self._has[replica] = task.result()

    def _drop(self, replica: Outbox, error: BaseException) -> None:
        """Do without a replica that has failed for good; raise what it has failed with, if too few are left."""
        self._has.pop(replica, None)
        if len(self._has) + len(self._asking) < self._needed:
            raise error


def latest(answers: Sequence[Booking | None]) -> Booking | None:
    """Return the booking with the highest timestamp among the answers, if there is one."""
    return max((booking for booking in answers if booking), key=lambda booking: booking.timestamp, default=None)


async def _ask(replica: Outbox, room: str) -> Booking | None:
    return await replica.read(room)


async def _apply(replica: Outbox, booking: Booking) -> Booking:
    await replica.repair(booking)
    return booking
