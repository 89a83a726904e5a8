"""The app server: ``book_room`` and ``is_room_available``."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from overbooked.reference.delivering import Deliveries, Way
from overbooked.reference.limits import USUAL_LIMITS, Limits
from overbooked.reference.names import be_name
from overbooked.reference.operating import Counted, Health
from overbooked.reference.outcomes import BusyError, ClosedError, NotBookedError, UnknownOutcomeError
from overbooked.reference.ports import (
    Booking,
    Clock,
    FailoverError,
    Log,
    Primary,
    Replica,
)
from overbooked.reference.reading import REPAIR, SESSION, Read, read_strategy
from overbooked.reference.session import Session
from overbooked.reference.trying import PersistentPrimary
from overbooked.reference.unfinished import Safekeeping, Unfinished
from overbooked.reference.writing import Write, parallel, write_strategy

T = TypeVar("T")
_LOGGED = "message:"
_BY_PRIMARY = "primary:"
_CLAIM = "claim:"


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
        *,
        limits: Limits = USUAL_LIMITS,
        safekeeping: Safekeeping | None = None,
    ) -> None:
        its_write, its_read = (each if isinstance(each, str) else "" for each in (write, read))
        _refuse_misfits(its_write, its_read)
        plain = write.removeprefix(_LOGGED) if isinstance(write, str) else write
        persistent = primary and PersistentPrimary(primary, clock, limits.seconds)
        writes = write_strategy(plain, len(replicas), persistent) if isinstance(plain, str) else plain
        claims = its_write.startswith(_CLAIM)
        from_log = parallel(1) if claims else writes  # what is in the log was acknowledged, so nobody may refuse it
        way = Way(writes, from_log, its_write.startswith(_LOGGED), claims, its_write.startswith(_BY_PRIMARY))
        self._deliveries = Deliveries(replicas, log, clock, way, limits, safekeeping)
        self._replicas, self._background = self._deliveries.replicas, self._deliveries.calls
        self._read = read_strategy(read, len(replicas), persistent) if isinstance(read, str) else read
        self._in_session = its_read.endswith(SESSION)
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._bookings = Counted(self._counts, "bookings", "acknowledged")
        self._checks = Counted(self._counts, "checks", "answered")
        self._closed = False

    async def start(self, unfinished: Iterable[Unfinished] = ()) -> None:
        """Begin to consume the log, and to write what an earlier app server left unfinished."""
        self._deliveries.start(unfinished)

    async def book_room(
        self, user: str, room: str, session: Session | None = None, *, key: str | None = None
    ) -> Booking:
        """Book the room; return the booking once the write strategy says that it is acknowledged.

        The ``session``, if there is one, is this user's: it is told of the booking. A call that is made again with the
        same ``key``, because the first was not answered, say, books nothing more: both count as one that began with the
        first. Its clock remembers keys, restarts included; SQLite's, of the last million bookings.
        Raises :class:`UnknownOutcomeError` when that takes too long, or there is another primary before it is answered:
        it may be booked all the same. Raises :class:`RoomTakenError` when the primary, or too many replicas, refuse it.
        Nothing is booked where it raises :class:`TypeError` or :class:`ValueError`, for what is no name of a user or a
        room, or the key of another booking, :class:`BusyError`, or :class:`NotBookedError`. :class:`DamagedError` says
        which file is to be mended.
        """
        with self._bookings:
            return await self._booked(user, room, session or Session(), key)

    async def is_room_available(self, room: str, session: Session | None = None) -> bool:
        """Return whether the replicas that the read strategy believes have no booking of the room.

        With a ``:session`` strategy, they answer once they have what the user was told of whose ``session`` it is.
        Raises :class:`UnknownOutcomeError` when too few answer in time.
        """
        with self._checks:
            return await self._checked(room, session or Session())

    @property
    def unfinished(self) -> list[Unfinished]:
        """The writes that replicas have not confirmed, but for what has overflowed.

        The next app server's :meth:`start` can be given them.
        """
        return self._deliveries.unfinished

    def metrics(self) -> dict[str, int]:
        """Return what can be counted, as plain numbers: how calls have ended, what is under way, what replicas lack."""
        return {**self._counts, **self._deliveries.metrics()}

    def health(self) -> Health:
        """Return how it is: whether to start it again, whether to send it bookings, and what is wrong."""
        problems = [problem for each in self._replicas if (problem := each.problem)]
        try:
            self._refuse_if_unable()
            self._deliveries.refuse_if_busy()
            self._deliveries.refuse_if_not_kept()
        except RuntimeError as error:
            return Health(isinstance(error, BusyError), is_ready=False, problems=(str(error), *problems))
        return Health(is_alive=True, is_ready=True, problems=tuple(problems))

    def ready(self) -> bool:
        """Return whether it would take a booking now."""
        return self.health().is_ready

    async def close(self, within: float = 5.0) -> list[Unfinished]:
        """Take no more calls, finish what is under way, for so many seconds at most, and return what is unfinished.

        A call that is still running then ends with :class:`UnknownOutcomeError`. What is in the log stays there.
        """
        self._closed = True
        await self._deliveries.close(within)
        return self.unfinished

    async def _booked(self, user: str, room: str, session: Session, key: str | None) -> Booking:
        self._refuse_if_unable()
        be_name("user", user)
        be_name("room", room)
        if key is not None:
            be_name("key", key)
            _refuse_without_keys(self._clock)
        self._deliveries.refuse_if_busy()
        self._deliveries.refuse_if_not_kept()
        stamped: list[Booking] = []
        work = self._background.start(self._deliveries.book(user, room, stamped, key))
        try:
            booking = await self._in_time(work)
        except UnknownOutcomeError as error:
            if stamped:
                raise
            raise NotBookedError("the call has taken too long, and nothing was booked: no timestamp came") from error
        finally:
            if not stamped:
                work.cancel()
        session.note(booking)
        return booking

    async def _checked(self, room: str, session: Session) -> bool:
        self._refuse_if_unable()
        be_name("room", room)
        self._deliveries.refuse_if_busy_checking()
        asked = self._deliveries.checks.start(self._latest(room, session))
        try:
            found = await self._in_time(asked)
        finally:
            asked.cancel()
        session.note(found)
        return found is None

    async def _latest(self, room: str, session: Session) -> Booking | None:
        return await self._read(room, self._replicas, session.at_least(room) if self._in_session else 0)

    async def _in_time(self, work: asyncio.Task[T]) -> T:
        """Return what ``work`` returns, if that is not too late; what has come at the same moment is."""
        too_late = asyncio.create_task(self._clock.until_too_late())
        try:
            await asyncio.wait({work, too_late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_too_late = not too_late.cancel()
        if is_too_late or not work.done() or work.cancelled():
            raise UnknownOutcomeError("the call has taken too long: whether the room is booked is unknown")
        try:
            return work.result()
        except FailoverError as error:
            raise UnknownOutcomeError(f"{error}: whether the room is booked is unknown") from error

    def _refuse_if_unable(self) -> None:
        if self._closed:
            raise ClosedError("the app server is closing down and takes no more calls")
        self._deliveries.refuse_if_failed()


def _refuse_without_keys(clock: Clock) -> None:
    if not callable(getattr(clock, "remember", None)):
        raise TypeError("this clock remembers no keys: KeyedClock in reference/ports.py says what it would have to do")


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
