"""The ports, held: what the app server asks of replicas, log and clock waits until its step is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeAlias

from overbooked.checker.conformance.event_loop import DeterministicLoop, RestlessError
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
from overbooked.spec.users import Call

CALL: ContextVar[str] = ContextVar("CALL")
"""The call that is being served; tasks started for it inherit it, as asyncio copies the context.

What is asked elsewhere, by tasks that serve many calls, is taken to be for the first call that it can be for.
"""
_NO_CALL = "(no call)"
_ATTEMPTS = 1_000
_ANY = 0
"""What stands for whoever is the primary, where a replica's number is asked for."""


Turn: TypeAlias = Callable[[], Coroutine[Any, Any, str | None]]
"""Returns the label of the step that lets go on what waits, as the replica is now; ``None`` if it still has to wait."""


class Environment:
    """What waits for its step, and what outlives the app server: whose timestamps these are, the log, who has crashed.

    waiting
        By the label of the step that lets it go on, unless ``turns`` says that it is another one.
    turns
        By the label under which it waits, what depends on what a replica keeps.
    deadlines
        By call: what lets its patience end.
    of_primary, late_enough
        By call: what lets the primary answer it; whether what that shows is late enough.
    served
        The calls that have begun and not ended, by name.
    on_their_way
        The writes that were sent and have not arrived: of which call, to which replica.
    chosen
        By call: the timestamp that its booking gets, where clocks disagree.
    """

    def __init__(self, replicas: int) -> None:
        self.loop = DeterministicLoop()
        self.waiting: dict[str, asyncio.Future[None]] = {}
        self.turns: dict[str, Turn] = {}
        self.deadlines: dict[str, asyncio.Future[None]] = {}
        self.of_primary: dict[str, asyncio.Future[None]] = {}
        self.late_enough: dict[str, Turn] = {}
        self.served: dict[str, Call] = {}
        self.asked: set[tuple[str, int]] = set()
        self.on_their_way: set[str] = set()
        self.arrived: set[tuple[int, int]] = set()
        self.booked: dict[int, str] = {}
        self.chosen: dict[str, int] = {}
        self.logged: list[int] = []
        self.committed = 0
        self.appended = asyncio.Event()
        self.up = dict.fromkeys(range(1, replicas + 1), True)

    def forget(self) -> None:
        """Let go of all that waits, as when the app server loses its memory; a new loop runs the next one."""
        self.loop = DeterministicLoop()
        self.waiting.clear()
        self.turns.clear()
        self.deadlines.clear()
        self.of_primary.clear()
        self.served.clear()
        self.on_their_way.clear()
        self.arrived.clear()
        self.appended = asyncio.Event()

    def booker(self) -> str:
        """Return the call that asks for a timestamp."""
        bookings = (name for name, call in self.served.items() if call.kind == "book")
        return CALL.get(None) or next((name for name in bookings if name not in self.booked.values()), _NO_CALL)

    def asker(self, room: str, replica: int) -> str:
        """Return the call that asks a replica about a room."""
        checks = (name for name, call in self.served.items() if (call.kind, call.room) == ("check", room))
        asker = CALL.get(None) or next((name for name in checks if (name, replica) not in self.asked), _NO_CALL)
        self.asked.add((asker, replica))
        return asker

    def checking(self) -> str | None:
        """Return the check that is being served, if it is one."""
        served = self.served.get(CALL.get(_NO_CALL))
        return served.name if served and served.kind == "check" else None

    def call_of(self, timestamp: int) -> str:
        """Return the call that a timestamp was given to."""
        return self.booked.get(timestamp, f"(timestamp {timestamp}, which the clock did not give)")

    async def step(self, label: str, turn: Turn | None = None) -> None:
        """Wait until the step of that label is taken, or the one that is meant by its ``turn``."""
        while label in self.waiting:
            label += " again"
        if turn:
            self.turns[label] = turn
        try:
            await self._held(self.waiting, label)
        finally:
            self.turns.pop(label, None)

    async def asked_primary(self, call: str, turn: Turn) -> None:
        """Wait until whoever is the primary answers this call, when it is its turn."""
        self.late_enough[call] = turn
        await self._held(self.of_primary, call)

    def now(self, turn: Turn) -> str | None:
        """Return the label of the step that lets go on what waits for its turn, if it need not wait."""
        return self.loop.at_once(turn())

    async def patience(self, call: str) -> None:
        """Wait until the call has taken too long."""
        await self._held(self.deadlines, call)

    def lose(self, write: str) -> None:
        """Let a write that is on its way never arrive, and nobody know."""
        self.on_their_way.discard(write)
        self.waiting.pop(f"apply {write}", None)

    def cut(self, label: str) -> None:
        """Let what waits for a step fail: the message is lost, and whoever sent it is told so."""
        self.waiting.pop(label).set_exception(UnreachableError(f"{label}: the connection is lost"))

    async def _held(self, where: dict[str, asyncio.Future[None]], key: str) -> None:
        where[key] = gate = self.loop.create_future()
        try:
            await gate
        finally:
            if where.get(key) is gate:
                del where[key]


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
        """Append at once: it is part of the step ``invoke``."""
        await self._log.append(*bookings)
        self._stage.logged += [booking.timestamp for booking in bookings]
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
        """Return the next timestamp, or the one that was chosen where clocks disagree, and note whose it is."""
        booker = self._stage.booker()
        timestamp = self._stage.chosen.get(booker) or await self._clock.timestamp()
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
        await self._stage.patience(CALL.get(_NO_CALL))

    async def close(self) -> None:
        """Close the clock."""
        await self._clock.close()
