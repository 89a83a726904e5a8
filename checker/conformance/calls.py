"""Users' calls: which have begun, how each stands, and what its user may be told now."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any

from overbooked.checker.conformance.blame import called
from overbooked.checker.conformance.environment import CALL, Environment
from overbooked.checker.conformance.event_loop import RestlessError
from overbooked.checker.conformance.implementation import NewServer, Server
from overbooked.checker.conformance.user_code import told
from overbooked.reference.ports import Booking, RoomTakenError
from overbooked.reference.session import Session
from overbooked.spec.setting import Setting
from overbooked.spec.users import ANSWERED, Call

_MANY = 1_000


class Calls:
    """The calls that users make of app servers over these held ports.

    begun
        Those that have not come in: a booking has, once it has a timestamp, and is in the log if there is one.
    served
        The tasks of those that have begun and not ended.
    stands
        How those stand that have come in, as the spec calls it, or what is wrong.
    """

    def __init__(self, stage: Environment, new_server: NewServer) -> None:
        self.begun: dict[str, None] = {}
        self.served: dict[str, asyncio.Task[Booking | bool]] = {}
        self.stands: dict[str, str] = {}
        self._sessions: dict[str, Session] = {}
        self._stage = stage
        self._new_server = new_server

    def extend(self, setting: Setting) -> None:
        """Let the users' programs be those of ``setting``, which begin as the present ones do, if there are any."""
        self._setting = setting
        self._by_name = {call.name: call for call in setting.calls}
        name = self._stage.spelling.name
        self._spelled = {call.name: (name(call.room), name(call.user)) for call in setting.calls}

    def possible(self, *, may_time_out: bool) -> set[str]:
        """Return the steps that begin a call or end it now, and in their place what is wrong with how one has ended."""
        steps = set(self._stage.wrong)
        for call in self._by_name.values():
            stands = self.stands.get(call.name)
            if stands == "running":
                steps |= self._ends(call, may_time_out=may_time_out)
            elif stands is None and self._may_begin(call):
                steps |= self._begins(call)
        return steps

    def now(self) -> tuple[str, ...]:
        """Return how each call stands."""
        if self.begun:
            self._note_too_early()
        return tuple(self.stands.get(name, "idle") for name in self._by_name)

    def named(self, booking: Booking) -> str:
        """Return the call whose booking this is, or the booking itself where it is nobody's."""
        name = self._stage.call_of(booking.timestamp)
        return name if (booking.room, booking.user) == self._spelled.get(name) else str(tuple(booking))

    # Calls begin, and bookings come in.

    def begin(self, name: str, server: Server) -> None:
        """Let a user make a call of that app server."""
        call = self._by_name[name]
        session = [self._sessions.setdefault(call.user, Session())] if self._setting.read.session else []
        room, user = self._spelled[name]
        serve: Coroutine[Any, Any, Booking | bool] = (
            called(server.book_room, user, room, *session)
            if call.kind == "book"
            else called(server.is_room_available, room, *session)
        )
        self._stage.served[name] = call
        context = copy_context()
        context.run(CALL.set, name)
        self.served[name] = self._stage.loop.create_task(serve, context=context)
        self.begun[name] = None
        self._stage.loop.settle()

    def begin_at_once(self, name: str, server: Server) -> None:
        """Let a user make a call, and come in with nothing between."""
        self._stage.comes_in_now = name
        self.begin(name, server)
        self._stage.comes_in_now = ""
        for _ in range(_MANY):
            gate = next((gate for gate in self._stage.coming if name in gate.split(" ")), None)
            if gate is None:
                self._has_come_in(name)
                return
            self.go_on(gate)
        raise RestlessError(f"{name} asks the clock, or the log, {_MANY:,} times")

    def go_on(self, gate: str) -> list[str]:
        """Let the clock or the log do what is asked of it; return the bookings that have come in thereby, in order."""
        self._note_too_early()
        self._stage.let_come_in(gate)
        self._stage.loop.settle()
        kind, *whose = gate.split(" ")
        come = [name for name in whose if name in self.begun] if (kind == "log") == self._setting.write.log else []
        for name in come:
            self._has_come_in(name)
        return come

    @property
    def may_give_up(self) -> list[str]:
        """The bookings that have no timestamp yet, and of which the app server asks when they have taken too long."""
        return [name for name in self.begun if name in self._stage.deadlines and not self._stage.has_stamped(name)]

    def give_up(self, name: str) -> None:
        """Let a booking take too long that has no timestamp yet: nothing is to come of it."""
        self._stage.end_patience(name)
        self._stage.loop.settle()
        if not self._gave_up(name):
            self.stands[name] = "running on, though it has taken too long"
        self._stage.take_back(name)
        self.begun.pop(name)

    # They end.

    def end(self, kind: str, name: str) -> None:
        """Let a user be told an answer, by the step ``ack``, ``finish`` or ``reject``."""
        task = self._ended(name)
        self.stands[name] = "taken" if kind == "reject" else _answer(task.result())

    def time_out(self, name: str) -> None:
        """Let a call have taken too long."""
        if name in self._stage.deadlines:
            self._stage.end_patience(name)
            self._stage.loop.settle()
        self.stands[name] = "unknown" if self._gave_up(name) else "running on, though it has taken too long"

    @property
    def answered(self) -> set[str]:
        """The calls that the app server has answered, and whose users were not told."""
        return {name for name, task in self.served.items() if task.done()}

    def fail_over(self, answered: set[str]) -> None:
        """End the bookings that are running; those that were ``answered`` just now were not told in time."""
        self._stage.loop.settle()
        come_in = [name for name in self.served if name not in self.begun]
        for name in [name for name in come_in if self._by_name[name].kind == "book"]:
            gave_up = self._gave_up(name, has_answer=name in answered)
            self.stands[name] = "unknown" if gave_up else "not unknown, though there is another primary"

    def forget(self) -> None:
        """Let nobody be answered any more, as the app server is no more; what has only begun was never made."""
        for name in self.begun:
            self._stage.take_back(name)
        self.stands.update(dict.fromkeys(self.served.keys() - self.begun, "unanswered"))
        self.begun.clear()
        self.served.clear()

    def ended(self, *kinds: str) -> set[str]:
        """Return the calls of these kinds that are not served."""
        return {name for name, call in self._by_name.items() if call.kind in kinds and name not in self.served}

    def _has_come_in(self, name: str) -> None:
        self.begun.pop(name, None)
        self.stands[name] = "running"

    def _note_too_early(self) -> None:
        """Note which bookings are answered though they have not come in."""
        lacks = "is not in the log" if self._setting.write.log else "has no timestamp"
        for name in [name for name in self.begun if self._by_name[name].kind == "book"]:
            if (task := self.served[name]).done():
                failure = None if task.cancelled() else task.exception()
                raises = failure and f"raises {told(failure, self._new_server)}"
                self._stage.wrong.add(f"{name} {raises or f'is answered, and its booking {lacks}'}")

    def _begins(self, call: Call) -> set[str]:
        if call.kind == "check" or not self._setting.fault.skew:
            return {f"invoke {call.name}"}
        free = set(self._setting.timestamps[1:]) - self._stage.booked.keys()
        return {f"invoke {call.name} {timestamp}" for timestamp in free}

    def _may_begin(self, call: Call) -> bool:
        if call.after is None:
            return True
        before = self.stands.get(call.after)
        return before == "available" if call.if_available else before in ANSWERED

    def _ends(self, call: Call, *, may_time_out: bool) -> set[str]:
        task = self.served[call.name]
        late = {f"timeout {call.name}"} if may_time_out else set()
        if not task.done():
            return late if call.name in self._stage.deadlines else set()
        if task.cancelled():
            return {f"{call.name} is cancelled"}
        error = task.exception()
        if isinstance(error, RoomTakenError):
            return late | {f"reject {call.name}"}
        if error:
            return {f"{call.name} raises {told(error, self._new_server)}"}
        if (wrong := self._wrong(call, task.result())) is not None:
            return {wrong}
        return late | {f"{'ack' if call.kind == 'book' else 'finish'} {call.name}"}

    def _wrong(self, call: Call, answer: object) -> str | None:
        """Return what is wrong with what a call returned, if it is not what its port says."""
        if call.kind == "check":
            return None if isinstance(answer, bool) else f"{call.name} returns {answer!r}, and should True or False"
        is_its_own = isinstance(answer, Booking) and self.named(answer) == call.name
        return None if is_its_own else f"{call.name} returns {answer!r}, and should its booking"

    def _ended(self, name: str) -> asyncio.Task[Booking | bool]:
        self._stage.served.pop(name)
        return self.served.pop(name)

    def _gave_up(self, name: str, *, has_answer: bool = True) -> bool:
        """End a call; return whether it said that it has taken too long, or has an answer that came too late."""
        task = self._ended(name)
        error = task.exception() if task.done() and not task.cancelled() else None
        answers = error is None or isinstance(error, RoomTakenError)
        return task.done() and (isinstance(error, TimeoutError) or (has_answer and answers))


def _answer(answer: Booking | bool) -> str:
    if isinstance(answer, Booking):
        return "acked"
    return "available" if answer else "booked"
