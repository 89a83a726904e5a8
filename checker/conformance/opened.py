"""An app server over held ports, with connections of its own: started, killed, or closed in order and opened again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from overbooked.checker.conformance.blame import called
from overbooked.checker.conformance.controlled_database import ControlledDatabase
from overbooked.checker.conformance.controlled_ports import (
    ControlledClock,
    ControlledLog,
    ControlledPrimary,
    ControlledReplica,
)
from overbooked.checker.conformance.environment import Environment
from overbooked.checker.conformance.event_loop import DeterministicLoop, RestlessError
from overbooked.checker.conformance.implementation import NewServer, Server
from overbooked.checker.conformance.user_code import place_of_waiting
from overbooked.reference.ports import Clock, Log, Node, Replica, Storage
from overbooked.spec.setting import Setting

_ROUNDS = 10
"""So often time passes at most while an app server closes."""


class Opened:
    """The app server that runs now, ``server``, and the connections that it has, and those before it had."""

    def __init__(
        self,
        setting: Setting,
        storage: Storage,
        stage: Environment,
        new_server: NewServer,
        database: ControlledDatabase | None,
    ) -> None:
        self._setting, self._storage, self._stage = setting, storage, stage
        self._new_server, self._database = new_server, database
        self._connections: list[Replica | Node | Log | Clock] = []
        self._left_open: list[Replica | Node | Log | Clock] = []
        self.server = self._started()

    def kill(self) -> None:
        """Run another one. Its connections are not closed, as after ``kill -9``: what that would write is not written.

        They are dropped, where they know how, and held until the end of the run, as what is collected as garbage might
        be closed, too.
        """
        self._left_open += self._connections
        _each(self._connections, "drop")
        self.server = self._started()

    def hand_over(self) -> None:
        """Close the app server in order, and let another one finish what it leaves unfinished.

        Raises :class:`RestlessError` where closing does not end in bounded time.
        """
        unfinished = self._closed()
        _each(self._connections, "close")
        self._stage.begin_anew()
        self.server = self._started(unfinished)

    def close(self, *others: Replica | Node) -> None:
        """Let go of all connections, and of these."""
        _each([*self._connections, *self._left_open, *others], "close")

    def _closed(self) -> Iterable[Any]:
        loop, closing = self._stage.loop, called(getattr(self.server, "close"))  # noqa: B009 - not every server has it
        task, had_timers = loop.create_task(closing), loop.has_timers
        loop.settle()
        for _ in range(_ROUNDS):
            if task.done():
                loop.has_timers = had_timers  # how long closing takes is no clock's
                return list(task.result())
            loop.pass_time()
        raise RestlessError("close() does not end, though time passes", place_of_waiting(closing))

    def _started(self, *unfinished: Iterable[Any]) -> Server:
        storage, stage, setting = self._storage, self._stage, self._setting
        replicas = [storage.replica(i) for i in setting.numbers]
        log, clock = storage.log(), storage.clock()
        self._connections = [*replicas, log, clock]
        held = [ControlledReplica(stage, replica, i) for i, replica in enumerate(replicas, 1)]
        primary = [ControlledPrimary(stage, self._database.database)] if self._database else []

        async def start() -> Server:
            names = (setting.write.name, setting.read.name)
            server = self._new_server(held, ControlledLog(stage, log), ControlledClock(stage, clock), *names, *primary)
            await called(server.start, *unfinished)
            return server

        try:
            return stage.loop.complete(start())
        except Exception:
            self.close()
            raise


def _each(connections: Iterable[object], method: str) -> None:
    """Call a method of each connection, where it has it."""

    async def call() -> None:
        for connection in connections:
            if callable(of_it := getattr(connection, method, None)):
                await of_it()

    DeterministicLoop().complete(call())
