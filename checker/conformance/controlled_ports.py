"""The ports, held: what the app server asks of replicas, log and clock waits until its step is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from overbooked.checker.conformance.environment import CALL, NO_CALL, Environment
from overbooked.checker.conformance.event_loop import RestlessError
from overbooked.reference.ports import (
    BehindError,
    Booking,
    Clock,
    Entry,
    Log,
    Replica,
    RoomTakenError,
    UnreachableError,
)
from overbooked.reference.replication import ReplicatedDatabase

_ATTEMPTS = 1_000
_ANY = 0
"""What stands for whoever is the primary, where a replica's number is asked for."""


async def if_late_enough(label: str, read: Callable[[], Awaitable[Booking | None]]) -> str | None:
    """Return the label, if what is read is late enough; ``None`` where it is not, as the replica says itself."""
    try:
        await read()
    except BehindError:
        return None
    return label


class ControlledReplica:
    """A replica whose messages wait: a booking to be applied, its confirmation, an answer to a check."""

    def __init__(self, stage: Environment, replica: Replica, number: int) -> None:
        self._stage = stage
        self._replica = replica
        self._number = number

    async def apply(self, booking: Booking) -> None:
        """Apply at the step ``apply``; return at the step ``confirm``. Asked once more, apply once more at once.

        For a call that checks, all of it is the step ``repair``.
        """
        if check := self._stage.checking():
            await self._while_up()
            await self._stage.step(f"repair {check} db{self._number}")
            await self._replica.apply(booking)
            return
        write = await self._arrival(booking)
        await self._replica.apply(booking)
        await self._stage.step(f"confirm {write}")

    async def claim(self, booking: Booking) -> None:
        """Claim at the step ``apply`` or ``refuse``, as it is then; return at ``confirm``, or raise at ``decline``."""
        write = await self._arrival(booking, self._claiming)
        try:
            await self._replica.claim(booking)
        except RoomTakenError:
            await self._stage.step(f"decline {write}")
            raise
        await self._stage.step(f"confirm {write}")

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Answer at the step ``sample``, which has to wait while what is kept is not late enough."""
        await self._while_up()
        asker = self._stage.asker(room, self._number)
        label = f"sample {asker} db{self._number}"
        turn = partial(if_late_enough, label, lambda: self._replica.read(room, at_least))
        try:
            await self._stage.step(label, turn if at_least else None)
        except UnreachableError:
            self._stage.asked.discard((asker, self._number))
            raise
        return await (self._replica.read(room, at_least) if at_least else self._replica.read(room))

    async def close(self) -> None:
        """Close the replica."""
        await self._replica.close()

    async def _arrival(
        self, booking: Booking, claiming: Callable[[str, str], Coroutine[Any, Any, str]] | None = None
    ) -> str:
        """Wait until a write arrives, if it has not; return its name. It is on its way, also to a replica that is down.

        That is the step ``apply``, or the one that is meant by ``claiming``. A write that is lost never arrives.
        """
        write, sent = f"{self._stage.call_of(booking.timestamp)} db{self._number}", (booking.timestamp, self._number)
        if sent in self._stage.arrived:
            await self._while_up()
            return write
        self._stage.on_their_way.add(write)
        await self._while_up()
        await self._stage.step(f"apply {write}", claiming and partial(claiming, booking.room, write))
        self._stage.on_their_way.discard(write)
        self._stage.arrived.add(sent)
        return write

    async def _claiming(self, room: str, write: str) -> str:
        return f"{'refuse' if await self._replica.read(room) else 'apply'} {write}"

    async def _while_up(self) -> None:
        if not self._stage.up[self._number]:
            await self._stage.loop.create_future()


class ControlledPrimary:
    """A connection to the primary whose answers to checks wait; what is written waits for steps of the database."""

    def __init__(self, stage: Environment, database: ReplicatedDatabase) -> None:
        self._stage = stage
        self._database = database

    async def write(self, booking: Booking) -> None:
        """Return at the primary's step ``confirm``."""
        await self._database.write(booking)

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Answer at the step ``sample`` of whoever is the primary then, and shows a booking that is late enough."""
        asker = self._stage.asker(room, _ANY)
        await self._stage.asked_primary(
            asker, partial(if_late_enough, asker, lambda: self._database.read(room, at_least))
        )
        return await self._database.read(room, at_least)


class ControlledLog:
    """A log whose consumer waits: for the step ``consume``, and for the step ``commit``."""

    def __init__(self, stage: Environment, log: Log) -> None:
        self._stage = stage
        self._log = log

    async def append(self, *bookings: Booking) -> None:
        """Append at the end of the step ``invoke``: the log has them from then on."""
        await self._stage.come_in(f"log {' '.join(self._stage.call_of(each.timestamp) for each in bookings)}")
        await self._log.append(*bookings)
        for booking in bookings:
            self._stage.note_logged(booking.timestamp)
        self._stage.appended.set()

    async def next(self) -> Entry:
        """Return the next entry at the step ``consume``."""
        while self._stage.committed >= len(self._stage.logged):
            self._stage.appended.clear()
            await self._stage.appended.wait()
        await self._stage.step(f"consume {self._stage.call_of(self._stage.logged[self._stage.committed])}")
        return await self._log.next()

    async def commit(self, entry: Entry) -> None:
        """Commit at the step ``commit``."""
        await self._stage.step(f"commit {self._stage.call_of(entry.booking.timestamp)}")
        await self._log.commit(entry)
        self._stage.committed = entry.offset + 1

    async def close(self) -> None:
        """Close the log."""
        await self._log.close()


class ControlledClock:
    """A clock whose patience waits for the step ``timeout``; what failed may be tried again at once."""

    def __init__(self, stage: Environment, clock: Clock) -> None:
        self._stage = stage
        self._clock = clock

    async def timestamp(self) -> int:
        """Return, within the step ``invoke``, the next timestamp, or the one that was chosen where clocks disagree."""
        booker, lost = self._stage.booker(), None
        if booker not in {NO_CALL, self._stage.comes_in_now}:
            try:
                booker = (await self._stage.come_in(f"stamp {booker}")).removeprefix("stamp ")
            except UnreachableError as error:
                lost = error
        timestamp = self._stage.chosen.get(booker) or self._stage.spelling.earlier + await self._clock.timestamp()
        if lost:  # with its connection, and the timestamp with it
            raise lost
        self._stage.booked[timestamp] = booker
        return timestamp

    async def until_retry(self, attempt: int) -> None:
        """Return at once.

        Raises :class:`RestlessError` for what fails again and again.
        """
        if attempt > _ATTEMPTS:
            raise RestlessError(f"tried {_ATTEMPTS:,} times in vain: a replica or the log does not work")

    async def until_too_late(self) -> None:
        """Return at the call's step ``timeout``."""
        await self._stage.patience(CALL.get(NO_CALL))

    async def close(self) -> None:
        """Close the clock."""
        await self._clock.close()
