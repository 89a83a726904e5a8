"""``python tests/bench/dead_replica.py``: what a replica that is away costs who books a thousand times a second."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from overbooked.reference.app_server import AppServer
from overbooked.reference.limits import HOTEL_LIMITS
from overbooked.reference.ports import Booking, Replica, UnreachableError
from overbooked.reference.safekeeping import SafekeepingFolder
from overbooked.reference.sqlite import SQLiteReplica, SQLiteStorage

_A_SECOND = 1_000
_LAST = 5_000
_FOLDER = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there


class Dead(SQLiteReplica):
    """A replica that is away."""

    async def apply(self, booking: Booking) -> None:
        """Fail."""
        raise UnreachableError(f"{booking.room} cannot be booked here")

    async def read(self, room: str, at_least: int = 0) -> Booking | None:  # noqa: ARG002 - as a replica has it
        """Fail."""
        raise UnreachableError(f"{room} cannot be read here")


class Load:
    """Bookings that begin at a fixed rate, and how long each took."""

    def __init__(self, server: AppServer) -> None:
        self._server = server
        self._under_way: set[asyncio.Task[None]] = set()
        self.took: list[float] = []

    async def run(self, seconds: float) -> None:
        """Book for so long."""
        begun, made = time.perf_counter(), 0
        while (so_far := time.perf_counter() - begun) < seconds:
            for made in range(made, int(so_far * _A_SECOND)):  # noqa: B020 - it goes on where it was
                task = asyncio.create_task(self._book(f"r{made}"))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            made = int(so_far * _A_SECOND)
            await asyncio.sleep(0.001)

    async def _book(self, room: str) -> None:
        begun = time.perf_counter()
        await self._server.book_room("u1", room)
        self.took.append(time.perf_counter() - begun)


async def measured(seconds: float, first: Callable[[Path], Replica]) -> str:
    """Return, as a line, what it is like at the end of so many seconds, with this as the first of three replicas."""
    with TemporaryDirectory(dir=_FOLDER) as name, SafekeepingFolder(Path(name)) as kept:
        storage = SQLiteStorage(Path(name), 60.0)
        replicas = [first(Path(name) / "db1.sqlite"), storage.replica(2), storage.replica(3)]
        log, clock = storage.log(), storage.clock()
        server = AppServer(replicas, log, clock, "parallel:2", "quorum", limits=HOTEL_LIMITS, safekeeping=kept)
        await server.start()
        load = Load(server)
        await load.run(seconds)
        tasks, lacks = len(asyncio.all_tasks()), server.metrics()["db1_lacks"] + server.metrics()["db1_overflowed"]
        await server.close(0)
        await asyncio.gather(*(each.close() for each in replicas), log.close(), clock.close())
    took = sorted(load.took[-_LAST:])
    worst = took[-len(took) // 100]
    return f"{median(took) * 1e3:8.2f} {worst * 1e3:8.2f} {tasks:8,} {_resident():8,.0f} {lacks:8,}"


def main() -> None:
    """Measure with three replicas that are up, and with two."""
    parser = argparse.ArgumentParser(prog="python tests/bench/dead_replica.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="book for so long (default: 60)")
    seconds = parser.parse_args().seconds
    print(f"{'db1':8} {'median':>8} {'p99 ms':>8} {'tasks':>8} {'MB':>8} {'lacks':>8}")
    for name, first in {"is up": SQLiteReplica, "is away": Dead}.items():
        print(f"{name:8}", asyncio.run(measured(seconds, first)))


def _resident() -> float:
    """Return how much memory this process has, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
