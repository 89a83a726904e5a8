"""An event loop whose time does not pass but jumps to what is next, and replicas and a log that take their time."""

from __future__ import annotations

import asyncio
import selectors
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from overbooked.reference.memory import MemoryLog, MemoryNode, MemoryReplica
from overbooked.reference.ports import Booking, Entry
from overbooked.reference.replication import Action, ReplicatedDatabase, Replication

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: the time jumps on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, having waited no real time."""
        if timeout is None:
            raise RuntimeError("everybody waits for ever")
        self.now += timeout
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop in which time is what its timers say."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time."""
        return self._jumping.now


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what ``work`` returns, run in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work())


class Traffic(NamedTuple):
    """What was sent to replicas and to the log: ``outstanding`` is now, and ``most`` at most, the first two at once."""

    counts: dict[str, int]

    def begin(self, messages: int) -> None:
        """Count a request that is sent."""
        self.counts["messages"] += messages
        self.counts["outstanding"] += 1
        self.counts["most"] = max(self.counts["most"], self.counts["outstanding"])

    def end(self) -> None:
        """Count a request that is answered."""
        self.counts["messages"] += 1
        self.counts["outstanding"] -= 1


class LateReplica(MemoryReplica):
    """A replica that is as far away as ``legs`` say, by the legs' names."""

    def __init__(self, legs: Mapping[str, float], traffic: Traffic) -> None:
        super().__init__()
        self._legs = legs
        self._traffic = traffic

    async def apply(self, booking: Booking) -> None:
        """Apply after the way there; return after the way back."""
        self._traffic.begin(1)
        await asyncio.sleep(self._legs["write"])
        await super().apply(booking)
        await asyncio.sleep(self._legs["ack"])
        self._traffic.end()

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Read after the way there; return after the way back."""
        await asyncio.sleep(self._legs["read"])
        kept = await super().read(room, at_least)
        await asyncio.sleep(self._legs["response"])
        return kept


class LateLog(MemoryLog):
    """A log that takes ``append`` to keep an entry, and from then on ``consumer`` to hand it out."""

    def __init__(self, append: float, consumer: float, traffic: Traffic) -> None:
        super().__init__()
        self._append = append
        self._consumer = consumer
        self._traffic = traffic

    async def append(self, *bookings: Booking) -> None:
        """Keep the bookings, after a while."""
        await asyncio.sleep(self._append)
        self._traffic.counts["messages"] += 1
        await super().append(*bookings)

    async def next(self) -> Entry:
        """Return the next entry, a while after it is there."""
        entry = await super().next()
        await asyncio.sleep(self._consumer)
        self._traffic.counts["messages"] += 1
        return entry

    async def commit(self, entry: Entry) -> None:
        """Move on at once."""
        self._traffic.counts["messages"] += 1
        await super().commit(entry)


class LateDatabase(ReplicatedDatabase):
    """A database whose nodes are as far from the app server, and from the primary, as ``legs`` say.

    From the primary to a standby and back it is as far as from the app server; ``apply`` is what a standby takes to
    show what it has received.
    """

    def __init__(self, legs: Sequence[Mapping[str, float]], how: Replication, traffic: Traffic) -> None:
        here = {"write": 0.0, "ack": 0.0}
        self.readers = [LateReplica({**each, **here}, Traffic(defaultdict(int))) for each in legs]
        super().__init__([MemoryNode(each) for each in self.readers], how)
        self._legs = dict(enumerate(legs, 1))
        self._traffic = traffic

    async def write(self, booking: Booking) -> None:
        """Write as any database, and count it."""
        self._traffic.begin(1)
        await super().write(booking)

    async def take(self, action: Action) -> None:
        """Take the step once its message has come to whoever takes it, or once a standby has worked long enough."""
        kind, replica, _ = action
        if kind == "receive":
            self._traffic.begin(1)
        await asyncio.sleep(self._takes(kind, replica))
        if kind == "confirm":
            self._traffic.end()
        await super().take(action)

    def _takes(self, kind: str, replica: int) -> float:
        leg = {"append": "write", "receive": "write", "confirm": "ack"}.get(kind)
        if leg:
            return self._legs[replica][leg]
        return 0.0 if replica == self.primary else self._legs[replica]["apply"]
