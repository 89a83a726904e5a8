"""A database that replicates by itself: a primary, and standbys that follow its log.

It takes one step at a time, and each is a node's work: whoever drives it may hold any of them still. A database that
runs has :func:`replicate` take whatever is possible.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal, NamedTuple, TypeAlias

from overbooked.reference.answers import settle
from overbooked.reference.ports import Booking, Clock, FailoverError, LogEntry, Node, RoomTakenError, UnreachableError
from overbooked.reference.session import no_earlier
from overbooked.reference.trying import until_it_works

Kind: TypeAlias = Literal["append", "refuse", "receive", "apply", "confirm", "promote"]


class Replication(NamedTuple):
    """How a database replicates.

    needed
        So many replicas, the primary among them, have a booking before the primary shows and confirms it.
    on_receipt
        A standby confirms what it has in its log; otherwise what it shows.
    unique
        The primary refuses a booking of a room that its log has a booking of.
    failover
        A standby takes over from a primary that has stopped.
    """

    needed: int = 1
    on_receipt: bool = False
    unique: bool = False
    failover: bool = False


def replication(name: str, replicas: int) -> Replication:
    """Return how the database replicates with ``primary:K``, which may end in ``:received``, ``:unique`` or both.

    Raises :class:`ValueError` when there is nothing of that name for so many replicas.

    >>> replication("primary:2:received", 3)
    Replication(needed=2, on_receipt=True, unique=False, failover=False)
    """
    found = re.fullmatch(r"primary:([1-9]\d{0,8})(:received)?(:unique)?", name)
    if not found or not 1 <= int(found[1]) <= replicas:
        forms = f"primary:K, K from 1 to {replicas}, which may end in :received, :unique or both, in this order"
        raise ValueError(f"{name}: no such way to replicate over {replicas} replicas; there is {forms}")
    return Replication(int(found[1]), on_receipt=bool(found[2]), unique=bool(found[3]))


class Action(NamedTuple):
    """One step that a replica, by number, can take now; about a booking, but where it becomes the primary."""

    kind: Kind
    replica: int
    booking: Booking | None = None


@dataclass(eq=False)
class _Request:
    """A write that the app server waits for; its answer is set when the primary confirms, refuses, or is no more.

    It is on its way until the primary has it, or it is lost; it comes once, also to a primary that forgets.
    """

    booking: Booking
    answer: asyncio.Future[None]
    is_on_its_way: bool = True


class ReplicatedDatabase:
    """Nodes of which one is the primary, db1 at first; the others are its standbys."""

    def __init__(self, nodes: Sequence[Node], how: Replication) -> None:
        self.primary = 1
        self._nodes = dict(enumerate(nodes, 1))
        self._how = how
        self._stopped: set[int] = set()
        self._requests: list[_Request] = []
        self._confirmed: set[tuple[Booking, int]] = set()
        self._receiving = 0
        self._taking_over = False
        self._changes = 0
        self._changed = asyncio.Event()

    @property
    def replicas(self) -> list[int]:
        """The numbers of its replicas."""
        return list(self._nodes)

    async def write(self, booking: Booking) -> None:
        """Return once the primary shows the booking.

        Raises :class:`RoomTakenError` when it refuses it, and :class:`FailoverError` when there is another primary
        before it has answered.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests.append(_Request(booking, answer))
        self._note_change()
        await answer

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return the booking that the primary shows for a room; wait while there is none that is up.

        Raises :class:`BehindError` while it is earlier than ``at_least``.
        """
        while self.primary in self._stopped:
            await self.changed(self._changes)
        return no_earlier(await self._nodes[self.primary].read(room), at_least)

    def stop(self, replica: int) -> None:
        """Let a replica do nothing more."""
        self._stopped.add(replica)
        self._note_change()

    @property
    def on_their_way(self) -> list[Booking]:
        """The bookings that were sent to the primary, and have not come to it yet."""
        return [request.booking for request in self._requests if request.is_on_its_way]

    def lose(self, booking: Booking) -> None:
        """Let a write that is on its way to the primary never come to it; whoever sent it waits on."""
        self._note_arrival(booking)
        self._note_change()

    def look_again(self) -> None:
        """Have every replica look at its log again, as somebody else has changed one: let it forget all, say."""
        self._note_change()

    def disconnect(self) -> None:
        """Forget who waits for an answer, as their app server is no more; what is in a log goes on."""
        self._requests.clear()
        self._note_change()

    async def possible(self, replica: int | None = None) -> list[Action]:
        """Return every step that can be taken now, or those of one replica.

        May raise :class:`UnreachableError` where a log cannot be read now that it depends on.
        """
        asked = [i for i in self._nodes if i not in self._stopped and replica in {None, i}]
        logs = {i: await self._nodes[i].log() for i in asked}
        primary = self.primary
        if primary in self._stopped:
            most = await self._most() if self._how.failover else []
            return [*self._of_standbys(logs, None), *(Action("promote", i) for i in most if i in asked)]
        if primary in logs:
            return [*self._of_primary(logs[primary]), *self._of_standbys(logs, logs[primary])]
        try:
            followed = await self._nodes[primary].log()
        except UnreachableError:
            if found := self._of_standbys(logs, None):
                return found
            raise
        is_no_more = primary in self._stopped or primary != self.primary  # it was, when its log was asked for
        return self._of_standbys(logs, None if is_no_more else followed)

    async def take(self, action: Action) -> None:
        """Take a step that is possible."""
        kind, replica, booking = action
        if replica in self._stopped:
            return
        if booking is None:
            await self._promote(replica)
        elif kind == "receive":
            await self._receive(replica, booking)
        elif kind == "append":
            await self._nodes[replica].keep(booking)
            self._note_arrival(booking)
        elif kind == "apply":
            await self._nodes[replica].show(booking)
        elif replica != self.primary:
            self._confirmed.add((booking, replica))
        else:
            self._answer(booking, RoomTakenError(f"{booking.room} is taken") if kind == "refuse" else None)
        self._note_change()

    @property
    def changes(self) -> int:
        """How often something has changed."""
        return self._changes

    async def changed(self, since: int) -> None:
        """Return once something has changed since there were so many changes."""
        while self._changes == since:
            await self._changed.wait()

    def _note_arrival(self, booking: Booking) -> None:
        for request in self._requests:
            if request.booking == booking:
                request.is_on_its_way = False

    def _note_change(self) -> None:
        self._changes += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def _of_primary(self, log: list[LogEntry]) -> Iterator[Action]:
        """Yield what the primary can do: take or refuse a booking, show one, and confirm one."""
        kept = {entry.booking for entry in log}
        for booking in self.on_their_way:
            of_room = [entry for entry in log if entry.booking.room == booking.room]
            if booking in kept:
                self._note_arrival(booking)
            elif self._how.unique and of_room:
                yield Action("refuse", self.primary, booking)
            elif all(entry.shown for entry in of_room):
                yield Action("append", self.primary, booking)
        waited_for = {request.booking for request in self._requests}
        for booking, shown in log:
            if not shown and self._confirmations(booking) >= self._how.needed - 1:
                yield Action("apply", self.primary, booking)
            if shown and booking in waited_for:
                yield Action("confirm", self.primary, booking)

    def _of_standbys(self, logs: dict[int, list[LogEntry]], followed: list[LogEntry] | None) -> list[Action]:
        """Return what standbys can do that have these logs; without a primary's to follow, they show what they have."""
        standbys = [replica for replica in logs if replica != self.primary]
        return [action for replica in standbys for action in self._of_standby(replica, logs[replica], followed)]

    def _of_standby(self, replica: int, log: list[LogEntry], followed: list[LogEntry] | None) -> Iterator[Action]:
        """Yield what a standby can do: pull the next entry that it lacks, show the next one, and confirm."""
        kept = {entry.booking for entry in log}
        missed = [booking for booking, _ in followed or () if booking not in kept]
        hidden = [booking for booking, shown in log if not shown]
        yield from (Action("receive", replica, booking) for booking in missed[:1])
        yield from (Action("apply", replica, booking) for booking in hidden[:1])
        for booking, shown in log if followed is not None else ():
            if (shown or self._how.on_receipt) and (booking, replica) not in self._confirmed:
                yield Action("confirm", replica, booking)

    def _confirmations(self, booking: Booking) -> int:
        return sum((booking, replica) in self._confirmed for replica in self._nodes)

    def _answer(self, booking: Booking, error: Exception | None) -> None:
        for request in [each for each in self._requests if each.booking == booking]:
            self._requests.remove(request)
            settle(request.answer, error)

    async def _receive(self, replica: int, booking: Booking) -> None:
        """Have the booking in a standby's log; nothing comes any more from a primary that has stopped."""
        if self.primary in self._stopped:
            return
        self._receiving += 1
        try:
            await self._nodes[replica].keep(booking)
        finally:
            self._receiving -= 1

    async def _most(self) -> list[int]:
        """Return the live replicas that have received the most; one that cannot be reached is waited for."""
        counts = {i: len(await self._nodes[i].log()) for i in self._nodes if i not in self._stopped}
        most = max(counts.values(), default=0)
        return [replica for replica, count in counts.items() if count == most]

    async def _promote(self, replica: int) -> None:
        """Let a standby take over: it shows all that it has, and whoever waits for the former primary is told.

        What was on its way to standbys is waited for, as it may decide who has the most.
        """
        while self._taking_over or self._receiving:
            await self.changed(self._changes)
        if self.primary not in self._stopped:
            return
        self._taking_over = True
        try:
            if replica in await self._most():
                await self._show_all(replica)
                self._lead(replica)
        finally:
            self._taking_over = False

    async def _show_all(self, replica: int) -> None:
        for booking, shown in await self._nodes[replica].log():
            if not shown:
                await self._nodes[replica].show(booking)

    def _lead(self, replica: int) -> None:
        self.primary = replica
        requests, self._requests = self._requests, []
        for request in requests:
            failover = FailoverError(f"db{replica} is the primary now; what the former one had may be lost")
            settle(request.answer, failover)


async def replicate(database: ReplicatedDatabase, clock: Clock) -> None:
    """Have each replica take whatever steps it can, for ever; one that a node cannot take now is taken again."""
    await asyncio.gather(*(_keep_going(database, clock, replica) for replica in database.replicas))


async def _keep_going(database: ReplicatedDatabase, clock: Clock, replica: int) -> None:
    for turn in count():
        since = database.changes
        if not await until_it_works(lambda: _goes_on(database, replica, turn), clock):  # noqa: B023 - in this turn alone
            await database.changed(since)


async def _goes_on(database: ReplicatedDatabase, replica: int, turn: int) -> bool:
    """Take one of a replica's steps, another one each turn, so that each has its own; or return ``False``."""
    actions = await database.possible(replica)
    if actions:
        await database.take(actions[turn % len(actions)])
    return bool(actions)
