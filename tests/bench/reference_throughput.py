"""``python tests/bench/reference_throughput.py``: bookings a second that the reference makes, over what keeps them."""

from __future__ import annotations

import argparse
import asyncio
import time
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, gettempdir

from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryStorage
from overbooked.reference.ports import Storage
from overbooked.reference.sqlite import SQLiteStorage

_CALLERS = 64
_ROOMS = 1000
_PATIENCE = 60.0
_FOLDERS = {"SQLite on tmpfs": Path("/dev/shm"), "SQLite on disk": Path(gettempdir())}  # noqa: S108 - a folder of its own is made there


def main() -> None:
    """Measure each storage in turn, and print medians."""
    request = _request()
    rates: dict[str, list[float]] = {name: [] for name in ("memory", *_FOLDERS)}
    for _ in range(request.repeat):
        for name, found in rates.items():
            found.append(_measured(name, request.seconds))
    for name, found in rates.items():
        its = median(found)
        print(f"{name:16} {its:8,.0f} bookings/s  {median(rates['memory']) / its:5.1f} x")


def _request() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/bench/reference_throughput.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, metavar="S", help="book for so long (default: 3)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="take medians of so many runs (default: 3)")
    return parser.parse_args()


def _measured(name: str, seconds: float) -> float:
    """Return the bookings a second over the storage of that name."""
    if name not in _FOLDERS:
        return asyncio.run(_rate(MemoryStorage(_PATIENCE), seconds))
    with TemporaryDirectory(prefix="overbooked-", dir=_FOLDERS[name]) as folder:
        return asyncio.run(_rate(SQLiteStorage(Path(folder), _PATIENCE), seconds))


async def _rate(storage: Storage, seconds: float) -> float:
    replicas, log, clock = [storage.replica(number) for number in (1, 2, 3)], storage.log(), storage.clock()
    server = AppServer(replicas, log, clock, "parallel:2", "quorum")
    await server.start()
    rooms, start = count(), time.perf_counter()
    booked = await asyncio.gather(*(_books(server, f"u{each}", rooms, start + seconds) for each in range(_CALLERS)))
    took = time.perf_counter() - start
    await server.close()
    for close in (*(replica.close for replica in replicas), log.close, clock.close):
        await close()
    return sum(booked) / took


async def _books(server: AppServer, user: str, rooms: count[int], until: float) -> int:
    """Book one room after the other until that time, and return how many."""
    for booked in count():
        if time.perf_counter() > until:
            return booked
        await server.book_room(user, f"r{next(rooms) % _ROOMS}")
    raise AssertionError


if __name__ == "__main__":
    main()
