"""The app server: ``book_room`` and ``is_room_available``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from overbooked.reference.background import Background
from overbooked.reference.consuming import consume
from overbooked.reference.ports import Booking, Clock, FailoverError, Log, Primary, Replica, RoomTakenError
from overbooked.reference.reading import REPAIR, SESSION, Read, read_strategy
from overbooked.reference.session import Session
from overbooked.reference.trying import Persistent, PersistentPrimary, until_it_works
from overbooked.reference.writing import Write, parallel, write_strategy

T = TypeVar("T")
_LOGGED = "message:"
_BY_PRIMARY = "primary:"
_CLAIM = "claim:"


class UnknownOutcomeError(TimeoutError):
    """The call has taken too long: whether the room is booked, nobody can say; what was sent goes on."""


class ClosedError(RuntimeError):
    """The app server is closing down and takes no more calls."""


class Unfinished(NamedTuple):
    """A write that a replica has not confirmed; ``replica`` is its number, from 1 on.

    Where it is ``claimed``, the replica may refuse it.
    """

    booking: Booking
    replica: int
    claimed: bool = False


class AppServer:
    """Books rooms and tells whether they are available, over replicas that may be slow or go away.

    ``write`` and ``read`` are strategies, or name them. Only ``message:`` strategies append to the log, but what is in
    it is consumed in any case. ``primary:`` strategies, and ``one:primary``, need a ``primary``, whose database sees to
    its standbys. Work in the background runs between :meth:`start` and :meth:`close`.
    Raises :class:`ValueError` when there is no strategy of that name.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - these are what it is made of
        self,
        replicas: Sequence[Replica],
        log: Log,
        clock: Clock,
        write: str | Write,
        read: str | Read,
        primary: Primary | None = None,
    ) -> None:
        its_write, its_read = (each if isinstance(each, str) else "" for each in (write, read))
        _refuse_misfits(its_write, its_read)
        self._logged = its_write.startswith(_LOGGED)
        plain = write.removeprefix(_LOGGED) if isinstance(write, str) else write
        self._by_primary, self._claims = its_write.startswith(_BY_PRIMARY), its_write.startswith(_CLAIM)
        persistent = primary and PersistentPrimary(primary, clock)
        self._write = write_strategy(plain, len(replicas), persistent) if isinstance(plain, str) else plain
        self._from_log = parallel(1) if self._claims else self._write  # it was acknowledged, so nobody may refuse it
        self._read = read_strategy(read, len(replicas), persistent) if isinstance(read, str) else read
        self._in_session = its_read.endswith(SESSION)
        self._replicas = [
            Persistent(replica, clock, partial(self._answered, number)) for number, replica in enumerate(replicas, 1)
        ]
        self._log = log
        self._clock = clock
        self._unfinished: set[Unfinished] = set()
        self._background = Background(RoomTakenError, FailoverError)
        self._closed = False
        self._appending = asyncio.Lock()
        self._consumer: asyncio.Task[None] | None = None

    async def start(self, unfinished: Iterable[Unfinished] = ()) -> None:
        """Begin to consume the log, and to write what an earlier app server left unfinished."""
        self._unfinished |= set(unfinished)
        for booking, replica, claimed in self._unfinished:
            if 1 <= replica <= len(self._replicas):
                its = self._replicas[replica - 1]
                self._background.start(its.claim(booking) if claimed else its.apply(booking))
        self._consumer = self._background.start(consume(self._log, self._clock, self._consumed))

    async def book_room(self, user: str, room: str, session: Session | None = None) -> Booking:
        """Book the room; return the booking once the write strategy says that it is acknowledged.

        The ``session``, if there is one, is this user's: it is told of the booking.
        Raises :class:`UnknownOutcomeError` when that takes too long, or there is another primary before it is answered:
        it may be booked all the same. Raises :class:`RoomTakenError` when the primary, or too many replicas, refuse it.
        """
        self._refuse_if_closed()
        booking = await self._in_time(self._background.start(self._book(user, room)))
        (session or Session()).note(booking)
        return booking

    async def is_room_available(self, room: str, session: Session | None = None) -> bool:
        """Return whether the replicas that the read strategy believes have no booking of the room.

        With a ``:session`` strategy, they answer once they have what the user was told of whose ``session`` it is.
        Raises :class:`UnknownOutcomeError` when too few answer in time.
        """
        self._refuse_if_closed()
        session = session or Session()
        asked = self._background.start(self._latest(room, session))
        try:
            found = await self._in_time(asked)
        finally:
            asked.cancel()
        session.note(found)
        return found is None

    @property
    def unfinished(self) -> list[Unfinished]:
        """The writes that replicas have not confirmed; the next app server's :meth:`start` can be given them."""
        return sorted(self._unfinished)

    async def close(self, within: float = 5.0) -> list[Unfinished]:
        """Take no more calls, finish what is under way, for so many seconds at most, and return what is unfinished.

        A call that is still running then ends with :class:`UnknownOutcomeError`. What is in the log stays there.
        """
        self._closed = True
        if self._consumer:
            self._consumer.cancel()
        await self._background.finish(within)
        return self.unfinished

    async def _book(self, user: str, room: str) -> Booking:
        if not self._logged:
            booking = await self._stamped(user, room)
            await self._to_replicas(booking)
            return booking
        async with self._appending:
            booking = await self._stamped(user, room)
            await until_it_works(lambda: self._log.append(booking), self._clock)
        return booking

    async def _stamped(self, user: str, room: str) -> Booking:
        return Booking(room, user, await until_it_works(self._clock.timestamp, self._clock))

    async def _to_replicas(self, booking: Booking) -> None:
        await self._written(booking, self._write)

    async def _consumed(self, booking: Booking) -> None:
        await self._written(booking, self._from_log)

    async def _written(self, booking: Booking, write: Write) -> None:
        if not self._by_primary:
            claimed = self._claims and write is self._write
            self._unfinished |= {Unfinished(booking, i, claimed) for i in range(1, len(self._replicas) + 1)}
        await write(booking, self._replicas, self._background)

    def _answered(self, number: int, booking: Booking) -> None:
        self._unfinished -= {Unfinished(booking, number), Unfinished(booking, number, claimed=True)}

    async def _latest(self, room: str, session: Session) -> Booking | None:
        return await self._read(room, self._replicas, session.at_least(room) if self._in_session else 0)

    async def _in_time(self, work: asyncio.Task[T]) -> T:
        too_late = asyncio.create_task(self._clock.until_too_late())
        try:
            await asyncio.wait({work, too_late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            too_late.cancel()
        if not work.done() or work.cancelled():
            raise UnknownOutcomeError("the call has taken too long: whether the room is booked is unknown")
        try:
            return work.result()
        except FailoverError as error:
            raise UnknownOutcomeError(f"{error}: whether the room is booked is unknown") from error

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ClosedError("the app server is closing down and takes no more calls")
        if self._consumer and self._consumer.done():
            raise RuntimeError("the log's consumer has failed, so that bookings would not reach the replicas")


def _refuse_misfits(write: str, read: str) -> None:
    """Raise :class:`ValueError` where what is named does not go together."""
    logged = write.removeprefix(_LOGGED) if write.startswith(_LOGGED) else ""
    if logged.startswith(_BY_PRIMARY):
        raise ValueError(f"{write}: a log's consumer writes to every replica, so {_LOGGED} goes with no {_BY_PRIMARY}")
    if logged.startswith(_CLAIM):
        raise ValueError(f"{write}: what is in the log is acknowledged before a replica could refuse it")
    if read.endswith(REPAIR) and write.startswith((_CLAIM, _BY_PRIMARY)):
        its = "would spread bookings that were rejected" if write.startswith(_CLAIM) else "writes to replicas"
        raise ValueError(f"{read}: does not go with {write}, as a repair {its}")
