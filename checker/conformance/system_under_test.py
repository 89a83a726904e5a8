"""The app server, driven: users make their calls, and one step is taken at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from contextvars import copy_context
from typing import Any, cast

from overbooked.checker.conformance.blame import blame_storage, called
from overbooked.checker.conformance.controlled_database import ControlledDatabase
from overbooked.checker.conformance.environment import CALL, Environment
from overbooked.checker.conformance.event_loop import DeterministicLoop, RestlessError
from overbooked.checker.conformance.implementation import NewServer
from overbooked.checker.conformance.left_behind import left_behind
from overbooked.checker.conformance.observations import Observation
from overbooked.checker.conformance.opened import Opened
from overbooked.checker.conformance.spelling import PLAIN, Spelling
from overbooked.checker.conformance.user_code import told
from overbooked.reference.ports import Booking, Forgetful, Node, Replica, RoomTakenError, Storage
from overbooked.reference.session import Session
from overbooked.reference.telling import LOGGER
from overbooked.spec.setting import Setting
from overbooked.spec.users import ANSWERED, Call

_MANY = 1_000


def _is_for_real(_: object) -> bool:
    """Return whether what is logged is no test's: what fails there is meant to fail."""
    return not isinstance(asyncio._get_running_loop(), DeterministicLoop)  # noqa: SLF001 - there may be none


LOGGER.addFilter(_is_for_real)


class SystemUnderTest:
    """One run of an app server over held ports, in one setting; ``setting`` says which, and what the users do.

    Steps are called as in the spec: ``invoke u1.book``, ``apply u1.book db2``, ``ack u1.book``, ``crash db1``.
    A booking that comes in gets its timestamp, and may be appended to the log: that is all the one step ``invoke``.
    Other steps may come between, where each is let go on by itself: with :meth:`begin` and :meth:`go_on`.
    """

    def __init__(
        self,
        setting: Setting,
        storage: Storage,
        server: NewServer,
        spelling: Spelling = PLAIN,
        *,
        notes_tasks: bool = False,
    ) -> None:
        self._spelling = spelling
        self.extend(setting)
        self._storage = storage
        self._new_server = server
        self._stage = Environment(setting.replicas, spelling, notes_tasks=notes_tasks)
        self._begun: dict[str, None] = {}
        self._calls: dict[str, str] = {}
        self._served: dict[str, asyncio.Task[Booking | bool]] = {}
        self._sessions: dict[str, Session] = {}
        self._left = _faults_of(setting)
        self._database = ControlledDatabase(setting, storage, self._stage) if setting.write.primary else None
        self._seen_through = [storage.replica(i) for i in setting.numbers]
        self._forgets = _forgetting(self._database.nodes if self._database else self._seen_through, setting)
        self._opened = Opened(setting, storage, self._stage, server, self._database)

    def extend(self, setting: Setting) -> None:
        """Let the users' programs be those of ``setting``, which begin as the present ones do."""
        self.setting = setting
        self._all_calls = setting.calls
        self._by_name = {call.name: call for call in setting.calls}
        name = self._spelling.name
        self._spelled_rooms = [name(room) for room in setting.rooms]
        self._spelled = {call.name: (name(call.room), name(call.user)) for call in setting.calls}

    @property
    def has_timers(self) -> bool:
        """Whether the app server has asked for a timer, which does not end by itself here."""
        return any(loop.has_timers for loop in self._stage.loops)

    def view(self) -> Observation:
        """Return what can be seen now."""
        if self._begun:
            self._note_too_early()
        calls = tuple(self._calls.get(call.name, "idle") for call in self._all_calls)
        return Observation(frozenset(self._possible()), self._stage.loop.at_once(self._stored()), calls)

    def take(self, label: str) -> None:
        """Take the step of that label, which must be possible, and let the app server come to rest."""
        kind, *about = label.split(" ")
        if gate := self._gates().get(label):
            self._stage.waiting.pop(gate).set_result(None)
        elif kind == "invoke":
            name, *chosen = about
            if chosen:
                self._stage.chosen[name] = int(chosen[0])
            self._stage.comes_in_now = name
            self.begin(name)
            self._stage.comes_in_now = ""
            self._come_in(name)
            return
        elif kind in {"ack", "finish"}:
            self._calls[about[0]] = _answer(self._ended(about[0]))
        elif kind == "reject":
            self._ended(about[0])
            self._calls[about[0]] = "taken"
        elif kind in self._left:
            self._fail(kind, " ".join(about))
        elif self._database:
            answered = {name for name, task in self._served.items() if task.done()}
            if self._database.take(label):
                self._fail_over(answered)
        self._stage.loop.settle()

    def begin(self, name: str) -> None:
        """Let a user make a call; a booking has come in once it has a timestamp, and is in the log if there is one."""
        self._begin(self._by_name[name])
        self._begun[name] = None
        self._stage.loop.settle()

    def go_on(self, gate: str) -> list[str]:
        """Let the clock or the log do what is asked of it; return the bookings that have come in thereby, in order."""
        self._note_too_early()
        self._stage.let_come_in(gate)
        self._stage.loop.settle()
        kind, *whose = gate.split(" ")
        come = [name for name in whose if name in self._begun] if (kind == "log") == self.setting.write.log else []
        for name in come:
            self._has_come_in(name)
        return come

    @property
    def may_give_up(self) -> list[str]:
        """The bookings that have no timestamp yet, and of which the app server asks when they have taken too long."""
        return [name for name in self._begun if name in self._stage.deadlines and not self._stage.has_stamped(name)]

    def give_up(self, name: str) -> None:
        """Let a booking take too long that has no timestamp yet: nothing is to come of it."""
        self._stage.end_patience(name)
        self._stage.loop.settle()
        if not self._gave_up(name):
            self._calls[name] = "running on, though it has taken too long"
        self._stage.take_back(name)
        self._begun.pop(name)

    def cut(self, label: str) -> None:
        """Let the message that waits for a step be lost, and the app server know."""
        self._stage.cut(label)
        self._stage.loop.settle()

    @property
    def under_way(self) -> list[str]:
        """The steps that messages wait for, of which any may be lost."""
        return sorted([*self._stage.waiting, *self._stage.coming])

    @property
    def coming(self) -> list[str]:
        """What the clock and the log are asked for bookings that come in."""
        return list(self._stage.coming)

    @property
    def begun(self) -> list[str]:
        """The bookings that have begun, and not come in."""
        return list(self._begun)

    @property
    def is_arriving(self) -> list[str]:
        """The writes of the app server that can arrive now, by their steps ``apply``."""
        return [label for label in self._stage.waiting if label.startswith("apply ") and not label.endswith(" again")]

    def arrive_at_once(self, labels: Sequence[str]) -> None:
        """Let these writes arrive, all at the same time."""
        together = getattr(self._storage, "together", nullcontext)
        with together():
            for label in labels:
                self._stage.waiting.pop(label).set_result(None)
            self._stage.loop.settle()
        self._stage.loop.settle()

    @property
    def waits_for_time(self) -> bool:
        """Whether the app server has asked for a timer that has not ended."""
        return self._stage.loop.waits_for_time

    def pass_time(self) -> None:
        """Let all timers end that the app server has asked for."""
        self._stage.loop.pass_time()

    def left_behind(self, *, at_rest: bool) -> list[tuple[str, str]]:
        """Return what tasks calls have left behind: checks that have ended, and at rest, when all is done, bookings."""
        kinds = {"check", "book"} if at_rest else {"check"}
        ended = {call.name for call in self._all_calls if call.kind in kinds and call.name not in self._served}
        return left_behind(self._stage.loop, ended, self.setting.replicas)

    @property
    def is_idle(self) -> bool:
        """Whether no call is being served."""
        return not self._served

    def hand_over(self) -> None:
        """Close the app server in order, and have another one finish what it has left; no call may be served."""
        self._opened.hand_over()
        self._stage.loop.settle()

    def close(self) -> None:
        """End what is under way, and let go of all connections."""
        self._stage.end()
        self._opened.close(*self._seen_through, *(self._database.nodes if self._database else ()))

    def _possible(self) -> set[str]:
        steps = {*self._gates(), *self._stage.wrong}
        for call in self._all_calls:
            stands = self._calls.get(call.name)
            if stands == "running":
                steps |= self._ends(call)
            elif stands is None and self._may_begin(call):
                steps |= self._begins(call)
        if self._database:
            steps |= self._database.possible()
        return steps.union(*(self._faults(kind) for kind, left in self._left.items() if left))

    def _faults(self, kind: str) -> list[str]:
        """Return the steps of a kind of fault that are possible now, but for those that calls tell of."""
        if kind == "restart":
            return [kind]
        if kind == "lose":
            sent = self._database.on_their_way if self._database else self._stage.on_their_way
            return [f"lose {write}" for write in sent]
        return [f"{kind} db{i}" for i, up in self._stage.up.items() if up] if kind != "timeout" else []

    def _gates(self) -> dict[str, str]:
        """Return, by the label of each step that lets something go on, under which label that waits."""
        turns = self._stage.turns
        if not turns:
            return {label: label for label in self._stage.waiting}
        now = {label: self._stage.now(turn) for label, turn in turns.items()}
        return {step: label for label in self._stage.waiting if (step := now.get(label, label))}

    def _begins(self, call: Call) -> set[str]:
        if call.kind == "check" or not self.setting.fault.skew:
            return {f"invoke {call.name}"}
        free = set(self.setting.timestamps[1:]) - self._stage.booked.keys()
        return {f"invoke {call.name} {timestamp}" for timestamp in free}

    def _may_begin(self, call: Call) -> bool:
        if call.after is None:
            return True
        before = self._calls.get(call.after)
        return before == "available" if call.if_available else before in ANSWERED

    def _ends(self, call: Call) -> set[str]:
        task = self._served[call.name]
        late = {f"timeout {call.name}"} if self._left["timeout"] else set()
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
        is_its_own = isinstance(answer, Booking) and self._named(answer) == call.name
        return None if is_its_own else f"{call.name} returns {answer!r}, and should its booking"

    def _named(self, booking: Booking) -> str:
        """Return the call whose booking this is, or the booking itself where it is nobody's."""
        name = self._stage.call_of(booking.timestamp)
        return name if (booking.room, booking.user) == self._spelled.get(name) else str(tuple(booking))

    async def _stored(self) -> tuple[str, ...]:
        kept = [await replica.read(room) for room in self._spelled_rooms for replica in self._seen_through]
        return tuple(self._named(booking) if booking else "-" for booking in kept)

    def _come_in(self, name: str) -> None:
        """Let the clock and the log do all that is asked of them for a call."""
        for _ in range(_MANY):
            gate = next((gate for gate in self._stage.coming if name in gate.split(" ")), None)
            if gate is None:
                self._has_come_in(name)
                return
            self.go_on(gate)
        raise RestlessError(f"{name} asks the clock, or the log, {_MANY:,} times")

    def _has_come_in(self, name: str) -> None:
        self._begun.pop(name, None)
        self._calls[name] = "running"

    def _note_too_early(self) -> None:
        """Note which bookings are answered though they have not come in."""
        lacks = "is not in the log" if self.setting.write.log else "has no timestamp"
        for name in [name for name in self._begun if self._by_name[name].kind == "book"]:
            if (task := self._served[name]).done():
                failure = None if task.cancelled() else task.exception()
                ends = (
                    f"raises {told(failure, self._new_server)}" if failure else f"is answered, and its booking {lacks}"
                )
                self._stage.wrong.add(f"{name} {ends}")

    def _begin(self, call: Call) -> None:
        session = [self._sessions.setdefault(call.user, Session())] if self.setting.read.session else []
        (room, user), server = self._spelled[call.name], self._opened.server
        serve: Coroutine[Any, Any, Booking | bool] = (
            called(server.book_room, user, room, *session)
            if call.kind == "book"
            else called(server.is_room_available, room, *session)
        )
        self._stage.served[call.name] = call
        context = copy_context()
        context.run(CALL.set, call.name)
        self._served[call.name] = self._stage.loop.create_task(serve, context=context)

    def _ended(self, call: str) -> asyncio.Task[Booking | bool]:
        self._stage.served.pop(call)
        return self._served.pop(call)

    def _fail(self, kind: str, whom: str) -> None:
        self._left[kind] -= 1
        if kind in {"crash", "node-crash"}:
            self._crash(whom)
        if kind in {"restart", "node-crash"}:
            self._restart()
        if kind == "timeout":
            self._time_out(whom)
        if kind == "lose":
            (self._database or self._stage).lose(whom)
        if kind == "forget":
            self._forget(whom)

    def _crash(self, replica: str) -> None:
        number = int(replica.removeprefix("db"))
        self._stage.up[number] = False
        if self._database:
            self._database.database.stop(number)
        for label in [label for label in self._stage.waiting if label.split(" ")[-1] == replica]:
            self._stage.cut(label)

    def _forget(self, replica: str) -> None:
        self._stage.loop.at_once(self._forgets[int(replica.removeprefix("db")) - 1]())
        if self._database:
            self._database.database.look_again()

    def _restart(self) -> None:
        for name in self._begun:
            self._stage.take_back(name)
        self._calls.update(dict.fromkeys(self._served.keys() - self._begun, "unanswered"))
        self._begun.clear()
        self._served.clear()
        self._stage.forget()
        if self._database:
            self._database.database.disconnect()
        self._opened.kill()

    def _time_out(self, call: str) -> None:
        if call in self._stage.deadlines:
            self._stage.end_patience(call)
            self._stage.loop.settle()
        self._calls[call] = "unknown" if self._gave_up(call) else "running on, though it has taken too long"

    def _fail_over(self, answered: set[str]) -> None:
        """End the bookings that are running; those that were ``answered`` just now were not told in time."""
        self._stage.loop.settle()
        come_in = [name for name in self._served if name not in self._begun]
        for call in [name for name in come_in if self._by_name[name].kind == "book"]:
            gave_up = self._gave_up(call, has_answer=call in answered)
            self._calls[call] = "unknown" if gave_up else "not unknown, though there is another primary"

    def _gave_up(self, call: str, *, has_answer: bool = True) -> bool:
        """End a call; return whether it said that it has taken too long, or has an answer that came too late."""
        task = self._ended(call)
        error = task.exception() if task.done() and not task.cancelled() else None
        answers = error is None or isinstance(error, RoomTakenError)
        return task.done() and (isinstance(error, TimeoutError) or (has_answer and answers))


def _faults_of(setting: Setting) -> dict[str, int]:
    """Return how many faults of each kind there may be, by the name of the step."""
    fault = setting.fault
    ended = {"crash": fault.crashes, "restart": fault.restarts, "timeout": fault.timeouts}
    return ended | {"node-crash": fault.node_crashes, "lose": fault.lost_writes, "forget": fault.amnesias}


def _forgetting(ports: Sequence[Replica | Node], setting: Setting) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """Return how each replica forgets what it keeps, where one may.

    Raises :class:`TypeError` when they cannot.
    """
    forgetful = [port for port in ports if setting.fault.amnesias]
    if not all(callable(getattr(port, "forget", None)) for port in forgetful):
        needs = f"which {setting.fault.name} needs: reference/ports.py says what it does"
        error = TypeError(f"this storage's replicas have no forget(), {needs}")
        blame_storage(error, getattr(forgetful[0], "theirs", forgetful[0]))
        raise error
    return [cast("Forgetful", port).forget for port in forgetful]


def _answer(served: asyncio.Task[Booking | bool]) -> str:
    answer = served.result()
    if isinstance(answer, Booking):
        return "acked"
    return "available" if answer else "booked"
