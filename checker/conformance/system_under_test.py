"""The app server, driven: users make their calls, and one step is taken at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from typing import Any, cast

from overbooked.checker.conformance.blame import blame_storage
from overbooked.checker.conformance.calls import Calls
from overbooked.checker.conformance.controlled_database import ControlledDatabase
from overbooked.checker.conformance.environment import Environment
from overbooked.checker.conformance.event_loop import DeterministicLoop
from overbooked.checker.conformance.implementation import NewServer
from overbooked.checker.conformance.left_behind import left_behind
from overbooked.checker.conformance.observations import Observation
from overbooked.checker.conformance.opened import Opened
from overbooked.checker.conformance.spelling import PLAIN, Spelling
from overbooked.reference.ports import Forgetful, Node, Replica, Storage
from overbooked.reference.telling import LOGGER
from overbooked.spec.setting import Setting


def _is_for_real(_: object) -> bool:
    """Return whether what is logged is no test's: what fails there is meant to fail."""
    return not isinstance(asyncio._get_running_loop(), DeterministicLoop)  # noqa: SLF001 - there may be none


LOGGER.addFilter(_is_for_real)


class SystemUnderTest:
    """One run of an app server over held ports, in one setting; ``setting`` says which, and what the users do.

    Steps are called as in the spec: ``invoke u1.book``, ``apply u1.book db2``, ``ack u1.book``, ``crash db1``.
    A booking that comes in gets its timestamp, and may be appended to the log: that is all the one step ``invoke``.
    Other steps may come between, where each is let go on by itself: with :meth:`begin`, and ``calls.go_on``.
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
        self._storage = storage
        self._stage = Environment(setting.replicas, spelling, notes_tasks=notes_tasks)
        self.calls = Calls(self._stage, server)
        self.extend(setting)
        self._left = _faults_of(setting)
        self._database = ControlledDatabase(setting, storage, self._stage) if setting.write.primary else None
        self._seen_through = [storage.replica(i) for i in setting.numbers]
        self._forgets = _forgetting(self._database.nodes if self._database else self._seen_through, setting)
        self._opened = Opened(setting, storage, self._stage, server, self._database)

    def extend(self, setting: Setting) -> None:
        """Let the users' programs be those of ``setting``, which begin as the present ones do."""
        self.setting = setting
        self.calls.extend(setting)
        self._rooms = [self._stage.spelling.name(room) for room in setting.rooms]

    @property
    def has_timers(self) -> bool:
        """Whether the app server has asked for a timer, which does not end by itself here."""
        return any(loop.has_timers for loop in self._stage.loops)

    def view(self) -> Observation:
        """Return what can be seen now."""
        calls = self.calls.now()
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
            self.calls.begin_at_once(name, self._opened.server)
            return
        elif kind in {"ack", "finish", "reject"}:
            self.calls.end(kind, about[0])
        elif kind in self._left:
            self._fail(kind, " ".join(about))
        elif self._database:
            answered = self.calls.answered
            if self._database.take(label):
                self.calls.fail_over(answered)
        self._stage.loop.settle()

    def begin(self, name: str) -> None:
        """Let a user make a call; what it asks of the clock and the log waits: see :class:`Calls`."""
        self.calls.begin(name, self._opened.server)

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
        ended = self.calls.ended("check", "book") if at_rest else self.calls.ended("check")
        return left_behind(self._stage.loop, ended, self.setting.replicas)

    def hand_over(self) -> None:
        """Close the app server in order, and have another one finish what it has left; no call may be served."""
        self._opened.hand_over()
        self._stage.loop.settle()

    def close(self) -> None:
        """End what is under way, and let go of all connections."""
        self._stage.end()
        self._opened.close(*self._seen_through, *(self._database.nodes if self._database else ()))

    def _possible(self) -> set[str]:
        steps = {*self._gates(), *self.calls.possible(may_time_out=bool(self._left["timeout"]))}
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

    async def _stored(self) -> tuple[str, ...]:
        kept = [await replica.read(room) for room in self._rooms for replica in self._seen_through]
        return tuple(self.calls.named(booking) if booking else "-" for booking in kept)

    def _fail(self, kind: str, whom: str) -> None:
        self._left[kind] -= 1
        if kind in {"crash", "node-crash"}:
            self._crash(whom)
        if kind in {"restart", "node-crash"}:
            self._restart()
        if kind == "timeout":
            self.calls.time_out(whom)
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
        self.calls.forget()
        self._stage.forget()
        if self._database:
            self._database.database.disconnect()
        self._opened.kill()


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
