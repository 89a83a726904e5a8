"""What one replica lacks, and the writers that bring it there."""

from __future__ import annotations

import asyncio
from collections import deque

from overbooked.reference.answers import Answers
from overbooked.reference.background import Background
from overbooked.reference.limits import Limits
from overbooked.reference.ports import Booking, Clock, DamagedError, Replica, RoomTakenError
from overbooked.reference.telling import note, tell, warn
from overbooked.reference.trying import is_damage, one_try, passes, reading, until_it_works
from overbooked.reference.unfinished import Lacked, Overflow, Unfinished


class Outbox:
    """Writes to one replica until it confirms: its queue, its writers, and its circuit breaker.

    A write that fails for now is tried again after a pause. When the replica has failed several times in a row the
    breaker opens: fewer writes are tried at a time, until one works. What is damaged is told once, and not tried again.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - these are what it is made of
        self,
        number: int,
        replica: Replica,
        clock: Clock,
        background: Background,
        limits: Limits,
        overflow: Overflow | None = None,
    ) -> None:
        self.number = number
        self.lacking: dict[Booking, bool] = {}
        """What the replica has not confirmed, and memory holds; and whether that is claimed."""
        self._replica = replica
        self._clock = clock
        self._background = background
        self._limits = limits
        self._overflow = overflow
        self._waiting: deque[Lacked] = deque()
        self._answers = Answers()
        self._writers = 0
        self._failures = self._retries = 0
        self._taken: set[Booking] = set()
        self._bugs = 0
        self._damage: Exception | None = None

    @property
    def unfinished(self) -> list[Unfinished]:
        """What the replica has not confirmed, but for what is kept where it has overflowed to."""
        lacking = [(it, claimed) for it, claimed in self.lacking.items() if it not in self._taken]
        return [Unfinished(booking, self.number, claimed) for booking, claimed in lacking]

    def expect(self, lacked: Lacked) -> None:
        """Note that the replica lacks a write that will be sent."""
        self.lacking[lacked.booking] = lacked.claimed

    def apply(self, booking: Booking) -> asyncio.Future[None]:
        """Send a booking; what is returned is done once the replica has confirmed."""
        return self.send(Lacked(booking))

    def claim(self, booking: Booking) -> asyncio.Future[None]:
        """Likewise, but the replica may refuse it, which is :class:`RoomTakenError`."""
        return self.send(Lacked(booking, claimed=True))

    def send(self, lacked: Lacked) -> asyncio.Future[None]:
        """Send a write; what is returned is done once the replica has answered. It goes on if nobody waits for that."""
        answer = self._answers.to(lacked.booking)
        self.expect(lacked)
        if len(self._waiting) < self._limits.in_memory or not self._overflows(lacked):
            self._waiting.append(lacked)
        if self._damage:
            self._answers.give(lacked.booking, DamagedError(str(self._damage)))
        self.wake()
        return answer

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return what the replica answers, once that is late enough."""
        if self._damage:
            raise DamagedError(str(self._damage))
        try:
            return await until_it_works(reading(self._replica, room, at_least), self._clock, self._limits.seconds)
        except Exception as error:
            self._note(error)
            raise

    async def repair(self, booking: Booking) -> None:
        """Write what a check has found; once that is stopped, it is not tried again."""
        await until_it_works(lambda: self._replica.apply(booking), self._clock, self._limits.seconds)

    @property
    def is_open(self) -> bool:
        """Whether the breaker is open: the replica has failed too often."""
        return self._failures >= self._limits.failures

    @property
    def is_full(self) -> bool:
        """Whether memory holds as much as it may of what the replica lacks."""
        return len(self.lacking) > self._limits.in_memory + self._limits.under_way

    @property
    def problem(self) -> str | None:
        """What is wrong with the replica, in a line, if anything is."""
        if self._damage:
            return f"db{self.number} is damaged: {self._damage}"
        return f"db{self.number} has failed {self._failures} times in a row" if self.is_open else None

    def metrics(self) -> dict[str, int]:
        """Return what can be counted of it, as plain numbers."""
        return {
            "lacks": len(self.lacking),
            "overflowed": 0 if self._overflow is None else len(self._overflow),
            "retries": self._retries,
            "breaker_open": int(self.is_open),
            "damaged": int(self._damage is not None),
        }

    def wake(self) -> None:
        """Have one writer more, if something waits and there may be another."""
        if (self._waiting or self._overflow) and self._writers < self._most and not self._damage:
            self._writers += 1
            self._background.start(self._write())

    @property
    def _most(self) -> int:
        return self._limits.probes if self.is_open else self._limits.writers

    async def _write(self) -> None:
        try:
            while self._writers <= self._most and not self._damage and (self._waiting or self._overflow):
                if self._overflow and len(self._waiting) < max(1, self._limits.in_memory // 2):
                    await self._refill(self._overflow)
                if self._waiting:
                    await self._try(self._waiting.popleft())
                    self.wake()
        finally:
            self._writers -= 1

    async def _refill(self, overflow: Overflow) -> None:
        """Take back some of what has overflowed; where that fails, it is told, and tried again after a pause."""
        try:
            taken = overflow.take(max(1, self._limits.in_memory // 4))
        except (OSError, DamagedError) as error:
            tell(f"what db{self.number} lacks cannot be read again", error, replica=self.number)
            await self._clock.until_retry(10)
            return
        for lacked in taken:
            self.expect(lacked)
            self._taken.add(lacked.booking)
            self._waiting.append(lacked)

    async def _try(self, lacked: Lacked) -> None:
        operation = self._replica.claim if lacked.claimed else self._replica.apply
        try:
            await one_try(lambda: operation(lacked.booking), self._limits.seconds)
        except RoomTakenError as refusal:
            self._settle(lacked, refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for who waits, and the next write is tried
            await self._failed(lacked, error)
        else:
            self._settle(lacked)

    def _settle(self, lacked: Lacked, refusal: RoomTakenError | None = None) -> None:
        self.lacking.pop(lacked.booking, None)
        self._let_go(lacked.booking)
        if self.is_open:
            note(f"db{self.number} answers again", replica=self.number, lacks=len(self.lacking))
        self._failures = self._bugs = 0
        self._answers.give(lacked.booking, refusal)

    def _let_go(self, booking: Booking) -> None:
        if booking in self._taken:
            self._taken.discard(booking)
            if self._overflow is not None and not self._taken:
                self._overflow.let_go()

    async def _failed(self, lacked: Lacked, error: Exception) -> None:
        """Put back what may work later, after a pause; tell who waits of anything else."""
        if not passes(error):
            self._note(error)
            self._bugs += 1
            if self._bugs == self._limits.bugs:
                self._note(DamagedError(f"db{self.number} has failed {self._bugs} times in a row ({error!r})"))
            self._answers.give(lacked.booking, error)
            return
        self._count(error)
        try:
            await self._clock.until_retry(self._failures)
        except Exception as no_more:  # noqa: BLE001 - a clock that tries no more has its reasons
            self._answers.give(lacked.booking, no_more)
        else:
            self._waiting.appendleft(lacked)
            if self._damage:
                self._answers.give(lacked.booking, DamagedError(str(self._damage)))

    def _count(self, error: Exception) -> None:
        """Count a failure that passes; the one that opens the breaker is told."""
        self._failures += 1
        self._retries += 1
        if self._failures == self._limits.failures:
            wrong = f"db{self.number} has failed {self._failures} times in a row ({error})"
            warn(wrong, replica=self.number, lacks=len(self.lacking))

    def _note(self, error: Exception) -> None:
        """Tell of what does not pass: of damage once, and do nothing more then."""
        if self._damage:
            return
        tell(f"db{self.number} {'is damaged' if is_damage(error) else 'fails'}", error, replica=self.number)
        if is_damage(error):
            self._damage = error
            self._answers.give_all(DamagedError(str(error)))

    def _overflows(self, lacked: Lacked) -> bool:
        """Keep a write where memory need not; return whether that could be done."""
        try:
            if self._overflow is not None:
                self._overflow.put(lacked)
                del self.lacking[lacked.booking]
                return True
        except OSError as error:
            tell(f"what db{self.number} lacks is held in memory", error, replica=self.number)
        return False
