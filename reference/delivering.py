"""How bookings get to replicas: by the strategy, through the log where it says so, and whatever is slow or fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from overbooked.reference.appending import Appender
from overbooked.reference.background import Background
from overbooked.reference.consuming import consume
from overbooked.reference.limits import Limits
from overbooked.reference.outbox import Outbox
from overbooked.reference.outcomes import BusyError, KeyReusedError
from overbooked.reference.ports import (
    Booking,
    Clock,
    DamagedError,
    FailoverError,
    KeyedClock,
    Log,
    Replica,
    RoomTakenError,
)
from overbooked.reference.some_of import some_of
from overbooked.reference.trying import until_it_works
from overbooked.reference.unfinished import Lacked, Safekeeping, Unfinished
from overbooked.reference.writing import Write


class Way(NamedTuple):
    """How bookings are written.

    write
        What acknowledges them; with ``is_logged`` that is an append to the log.
    from_log
        What writes those that are in the log.
    claims
        Replicas may refuse what ``write`` sends them.
    by_primary
        The database sees to it that all replicas get it.
    """

    write: Write
    from_log: Write
    is_logged: bool = False
    claims: bool = False
    by_primary: bool = False


class Deliveries:
    """Bookings under way: what gives them timestamps, what each replica lacks, and the log's two ends.

    It takes no more than it can hold, and none that could not be kept when it is closed.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - these are what it is made of
        self,
        replicas: Sequence[Replica],
        log: Log,
        clock: Clock,
        way: Way,
        limits: Limits,
        safekeeping: Safekeeping | None,
    ) -> None:
        self._log, self._clock, self._way = log, clock, way
        self._limits, self._safekeeping = limits, safekeeping
        self.calls = Background(RoomTakenError, FailoverError, DamagedError, KeyReusedError)
        """What calls have begun, and goes on when they have ended."""
        self.checks = Background(DamagedError)
        """Checks that are under way."""
        self._writers = Background()
        self._appender = Appender(log, clock, self._writers, limits.seconds)
        self.replicas = [self._outbox(number, replica) for number, replica in enumerate(replicas, 1)]
        self._in_log: set[Booking] = set()
        self._of_nobody: list[Unfinished] = []
        self._stamping = asyncio.Lock()
        self._consumer: asyncio.Task[None] | None = None

    def start(self, unfinished: Iterable[Unfinished]) -> None:
        """Begin to consume the log, and to write what an earlier app server left unfinished.

        Raises :class:`OSError`, and begins nothing, when that could not be kept again.
        """
        left = list(unfinished)
        if self._safekeeping:
            self._safekeeping.reserve(len(left))
        for booking, replica, claimed in left:
            if 1 <= replica <= len(self.replicas):
                self.replicas[replica - 1].send(Lacked(booking, claimed))
            else:
                self._of_nobody.append(Unfinished(booking, replica, claimed))
        for outbox in self.replicas:
            outbox.wake()
        self._consumer = self._writers.start(consume(self._log, self._clock, self._consumed, self._limits.seconds))

    @property
    def unfinished(self) -> list[Unfinished]:
        """The writes that replicas have not confirmed, but for what has overflowed."""
        return sorted([*(it for each in self.replicas for it in each.unfinished), *self._of_nobody])

    def metrics(self) -> dict[str, int]:
        """Return what can be counted, as plain numbers."""
        of_replicas = {f"db{it.number}_{what}": number for it in self.replicas for what, number in it.metrics().items()}
        return {"bookings_under_way": len(self.calls), "log_lag": len(self._in_log), **of_replicas}

    async def close(self, within: float) -> None:
        """Finish what is under way, for so many seconds at most. What is in the log stays there."""
        if self._consumer:
            self._consumer.cancel()
        all_work = (self.checks, self.calls, self._writers)
        end = asyncio.get_running_loop().time() + within
        try:
            for each in all_work:
                await each.rest(end - asyncio.get_running_loop().time())
        finally:
            await asyncio.gather(*(each.stop() for each in all_work))

    def refuse_if_failed(self) -> None:
        """Raise :class:`RuntimeError` when nobody consumes the log any more, with what was the cause."""
        if self._consumer and self._consumer.done():
            error = None if self._consumer.cancelled() else self._consumer.exception()
            cause = f"{type(error).__name__}: {error}"
            raise RuntimeError(f"the log's consumer has failed: no booking reaches a replica ({cause})") from error

    def refuse_if_busy(self) -> None:
        """Raise :class:`BusyError` when another booking could not be held."""
        if len(self.calls) >= self._limits.under_way or any(each.is_full for each in self.replicas):
            raise BusyError("the app server has too much under way; nothing was booked: call again later")
        if len(self._in_log) >= self._limits.lag:
            raise BusyError("the log's consumer is too far behind; nothing was booked: call again later")

    def refuse_if_busy_checking(self) -> None:
        """Raise :class:`BusyError` when too many checks are under way."""
        if len(self.checks) >= self._limits.under_way:
            raise BusyError("the app server has too many checks under way: call again later")

    def refuse_if_not_kept(self) -> None:
        """Raise :class:`BusyError` when another booking could not be kept, if all were closed now."""
        try:
            self._reserve(len(self.calls) + 1)
        except OSError as error:
            raise BusyError(f"what may be unfinished could not be kept ({error}); nothing was booked") from error

    def _reserve(self, calls: int) -> None:
        """Have room for what is unfinished, and for what so many calls may leave."""
        if self._safekeeping:
            lacking = sum(len(each.lacking) + calls for each in self.replicas)
            self._safekeeping.reserve(lacking + len(self._of_nobody))

    async def book(self, user: str, room: str, stamped: list[Booking], key: str | None = None) -> Booking:
        """Return the booking once it is acknowledged; it is in ``stamped`` from when it may be sent.

        Made again with the same key it is the same booking, with the same timestamp, so that it is written once.
        """
        booking = await self._stamped(user, room)
        if key is not None:
            booking = await self._of_key(key, booking)
        stamped.append(booking)
        if self._way.is_logged:
            await self._to_log(booking)
        else:
            await self._to_replicas(booking)
        return booking

    async def _stamped(self, user: str, room: str) -> Booking:
        """Give timestamps to bookings in the order in which they come in, also where the clock is asked again."""
        async with self._stamping:
            at = await until_it_works(self._clock.timestamp, self._clock, self._limits.seconds)
        return Booking(room, user, at)

    async def _of_key(self, key: str, booking: Booking) -> Booking:
        clock = cast("KeyedClock", self._clock)
        first = await until_it_works(lambda: clock.remember(key, booking), self._clock, self._limits.seconds)
        if (first.user, first.room) != (booking.user, booking.room):
            raise KeyReusedError(f"key {key!r} is of a booking of {first.room} for {first.user}; use another one")
        return first

    async def _to_log(self, booking: Booking) -> None:
        self._in_log.add(booking)
        try:
            await self._appender.append(booking)
        except Exception:
            self._in_log.discard(booking)
            raise

    async def _to_replicas(self, booking: Booking) -> None:
        await self._written(booking, self._way.write)

    async def _consumed(self, booking: Booking) -> None:
        """Write what is in the log; where a replica fails for good, go on once another one has it."""
        try:
            await self._written(booking, self._way.from_log)
        except Exception:  # noqa: BLE001 - whatever it is, it was told of; it is raised if nobody can take the booking
            await some_of([replica.apply(booking) for replica in self.replicas], 1)
        self._in_log.discard(booking)

    async def _written(self, booking: Booking, write: Write) -> None:
        if not self._way.by_primary:
            for replica in self.replicas:
                replica.expect(Lacked(booking, self._way.claims and write is self._way.write))
        await write(booking, self.replicas, self.calls)

    def _outbox(self, number: int, replica: Replica) -> Outbox:
        overflow = self._safekeeping.overflow(number) if self._safekeeping else None
        return Outbox(number, replica, self._clock, self._writers, self._limits, overflow)
