"""What waits for its step, in one run of an app server, and what outlives the app server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, TypeAlias

from overbooked.checker.conformance.event_loop import DeterministicLoop
from overbooked.checker.conformance.spelling import PLAIN, Spelling
from overbooked.reference.ports import UnreachableError
from overbooked.spec.users import Call

CALL: ContextVar[str] = ContextVar("CALL")
"""The call that is being served; tasks started for it inherit it, as asyncio copies the context.

What is asked elsewhere, by tasks that serve many calls, is taken to be for the first call that it can be for.
"""
NO_CALL = "(no call)"
_NOT_MADE = ", which was not made,"
_AGAIN = " again"
Turn: TypeAlias = Callable[[], Coroutine[Any, Any, str | None]]
"""Returns the label of the step that lets go on what waits, as the replica is now; ``None`` if it still has to wait."""


class Environment:
    """What waits for its step, and what outlives the app server: whose timestamps these are, the log, who has crashed.

    loops
        The loop of the app server that runs now, and before it those of the ones that were there before a restart.
    coming
        What bookings that have come in wait for, before the spec knows of them: a timestamp, or the log's append.
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
    comes_in_now
        The call whose timestamp need not wait, as nothing may come between.
    wrong
        What the app server did that it may not, in a sentence each, and that is no step of the spec.
    chosen
        By call: the timestamp that its booking gets, where clocks disagree.
    """

    def __init__(self, replicas: int, spelling: Spelling = PLAIN, *, notes_tasks: bool = False) -> None:
        self._notes_tasks = notes_tasks
        self.loop = DeterministicLoop(notes_tasks=notes_tasks)
        self.loops = [self.loop]
        self.spelling = spelling
        self.coming: dict[str, asyncio.Future[str]] = {}
        self.waiting: dict[str, asyncio.Future[None]] = {}
        self.turns: dict[str, Turn] = {}
        self.deadlines: dict[str, list[asyncio.Future[None]]] = {}
        self.of_primary: dict[str, asyncio.Future[None]] = {}
        self.late_enough: dict[str, Turn] = {}
        self.served: dict[str, Call] = {}
        self.asked: set[tuple[str, int]] = set()
        self.on_their_way: set[str] = set()
        self.arrived: set[tuple[int, int]] = set()
        self.booked: dict[int, str] = {}
        self._used: dict[str, int] = {}
        self.chosen: dict[str, int] = {}
        self.logged: list[int] = []
        self.wrong: set[str] = set()
        self.comes_in_now = ""
        self.committed = 0
        self.appended = asyncio.Event()
        self.up = dict.fromkeys(range(1, replicas + 1), True)

    def forget(self) -> None:
        """Let go of all that waits, as when the app server loses its memory; a new loop runs the next one."""
        self.begin_anew()
        self.served.clear()
        self.on_their_way.clear()
        self.arrived.clear()

    def begin_anew(self) -> None:
        """Let go of whom the app server waits for, and run the next one on a new loop; what was sent stays sent."""
        self.loop = DeterministicLoop(notes_tasks=self._notes_tasks)
        self.loops.append(self.loop)
        self.coming.clear()
        self.deadlines.clear()
        for gates in (self.waiting, self.of_primary):
            gates.clear()
        self.turns.clear()
        self.appended = asyncio.Event()

    def take_back(self, call: str) -> None:
        """Let a booking be one that was not made, though it may have a timestamp: the call may be made once more."""
        self.served.pop(call, None)
        self._used.pop(call, None)
        for timestamp in [number for number, whose in self.booked.items() if whose == call]:
            self.booked[timestamp] = f"{call}{_NOT_MADE}"
        if asked := self.coming.pop(f"stamp {call}", None):
            self._hold(f"stamp {call}{_NOT_MADE}", asked)

    def end(self) -> None:
        """End what is under way, as the run is over; what was under way at a restart stood still, and is ended now."""
        for loop in self.loops:
            loop.end()

    def booker(self) -> str:
        """Return the call that asks for a timestamp."""
        bookings = (name for name, call in self.served.items() if call.kind == "book" and not self.has_asked(name))
        return CALL.get(None) or next(bookings, NO_CALL)

    def has_asked(self, call: str) -> bool:
        """Return whether a booking has its timestamp, or waits for it."""
        return self.has_stamped(call) or f"stamp {call}" in self.coming

    def asker(self, room: str, replica: int) -> str:
        """Return the call that asks a replica about a room."""
        called = self.spelling.name
        checks = (name for name, call in self.served.items() if call.kind == "check" and called(call.room) == room)
        asker = CALL.get(None) or next((name for name in checks if (name, replica) not in self.asked), NO_CALL)
        self.asked.add((asker, replica))
        return asker

    def checking(self) -> str | None:
        """Return the check that is being served, if it is one."""
        served = self.served.get(CALL.get(NO_CALL))
        return served.name if served and served.kind == "check" else None

    def call_of(self, timestamp: int) -> str:
        """Return the call that a timestamp was given to; it is told where the call has used another one before."""
        whose = self.booked.get(timestamp)
        if whose is None:
            return f"(timestamp {timestamp}, which the clock did not give)"
        return whose if self._used.setdefault(whose, timestamp) == timestamp else f"{whose} with a second timestamp"

    def has_stamped(self, call: str) -> bool:
        """Return whether a booking has its timestamp."""
        return call in self.booked.values()

    async def step(self, label: str, turn: Turn | None = None) -> None:
        """Wait until the step of that label is taken, or the one that is meant by its ``turn``."""
        while label in self.waiting:
            label += _AGAIN
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

    def note_logged(self, timestamp: int) -> None:
        """Note that the log has a booking; one clock gives timestamps in the order in which the log is to have them."""
        latest = max(self.logged, default=0)
        if latest > timestamp and not self.chosen:
            self.wrong.add(f"{self.call_of(timestamp)} is in the log after {self.call_of(latest)}, which came in later")
        self.logged.append(timestamp)

    async def come_in(self, label: str) -> str:
        """Wait until a booking that has come in may go on, towards what is the spec's ``invoke``.

        Returns the label as it is then: meanwhile it may be that of a booking that was not made.
        """
        gate: asyncio.Future[str] = self.loop.create_future()
        self._hold(label, gate)
        try:
            return await gate
        finally:
            for held in [held for held, its in self.coming.items() if its is gate]:
                del self.coming[held]

    def _hold(self, label: str, gate: asyncio.Future[str]) -> None:
        while label in self.coming:
            label += _AGAIN
        self.coming[label] = gate

    def let_come_in(self, label: str) -> None:
        """Let go on what waits under that label."""
        self.coming.pop(label).set_result(label.removesuffix(_AGAIN))

    async def patience(self, call: str) -> None:
        """Wait until the call has taken too long."""
        deadline: asyncio.Future[None] = self.loop.create_future()
        self.deadlines.setdefault(call, []).append(deadline)
        try:
            await deadline
        finally:
            left = [each for each in self.deadlines.pop(call, []) if each is not deadline]
            self.deadlines |= {call: left} if left else {}

    def end_patience(self, call: str) -> None:
        """Let the call have taken too long."""
        for deadline in self.deadlines.pop(call):
            deadline.set_result(None)

    def lose(self, write: str) -> None:
        """Let a write that is on its way never arrive, and nobody know."""
        self.on_their_way.discard(write)
        self.waiting.pop(f"apply {write}", None)

    def cut(self, label: str) -> None:
        """Let what waits for a step fail: the message is lost, and whoever sent it is told so."""
        gate = self.waiting.pop(label) if label in self.waiting else self.coming.pop(label)
        gate.set_exception(UnreachableError(f"{label}: the connection is lost"))

    async def _held(self, where: dict[str, asyncio.Future[None]], key: str) -> None:
        where[key] = gate = self.loop.create_future()
        try:
            await gate
        finally:
            if where.get(key) is gate:
                del where[key]
