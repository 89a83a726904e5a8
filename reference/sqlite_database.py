"""One SQLite file: what is written together is on disk with one wait, and reading does not wait for writing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar

from overbooked.reference.ports import UnreachableError
from overbooked.reference.sqlite_batches import Batches, OfLoop
from overbooked.reference.sqlite_connection import Connection
from overbooked.reference.sqlite_thread import DaemonThread

A = TypeVar("A")
R = TypeVar("R")
_PATIENCE = 1.0
"""Seconds that closing waits for what is under way."""


class Database:
    """A SQLite file with a connection that writes and one that reads, each used by a thread of its own.

    Whatever it is asked raises :class:`UnreachableError` when the file cannot do it now, and :class:`DamagedError` when
    it is not what it should be.
    """

    def __init__(self, file: Path, tables: Mapping[str, str]) -> None:
        opening, tables = Lock(), dict(tables)
        self._file = file
        self._writing = _Side(file, Connection(file, tables, opening, writes=True))
        self._reading = _Side(file, Connection(file, tables, opening, writes=False))

    async def do(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Return what ``work`` returns, done in a transaction that is on disk then."""
        return await self.do_each(lambda connection, _: [work(connection)], None)

    async def do_each(self, work: Callable[[sqlite3.Connection, Sequence[A]], Sequence[R]], item: A) -> R:
        """Return what ``work`` returns for the item, likewise; it is given the items that wait for it together."""
        result: R = await self._writing.batches().do(work, item)
        return result

    def ask(self, work: Callable[[sqlite3.Connection], R]) -> asyncio.Future[R]:
        """Have ``work`` done, likewise, and return what will be the answer."""
        return self._writing.batches().ask(lambda connection, _: [work(connection)], None)

    async def see(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Return what ``work`` returns, which only reads; it sees all that was done before."""
        result: R = await self._reading.batches().do(lambda connection, _: [work(connection)], None)
        return result

    async def close(self, within: float = _PATIENCE) -> None:
        """Finish what is under way, for so many seconds at most, and close the file; what hangs is let go."""
        await asyncio.gather(self._reading.close(within), self._writing.close(within))


class _Side:
    """A connection, its thread, and what waits for it."""

    def __init__(self, file: Path, connection: Connection) -> None:
        self._file = file
        self._connection = connection
        self._thread = DaemonThread(file.stem, connection.close)
        self.batches = OfLoop(lambda: Batches(self._thread, connection.run))

    async def close(self, within: float) -> None:
        """Finish what is under way and close the connection; after so many seconds, whoever waits is told so."""
        if self._thread.is_closed:
            return
        is_closed = False
        try:
            left = UnreachableError(f"{self._file}: closed before this was done")
            is_closed = await self.batches().finish(within, left) and await self._closed(within)
        finally:
            self._thread.shutdown(wait=is_closed)

    async def _closed(self, within: float) -> bool:
        """Return whether the thread has closed the connection in time."""
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        try:
            if not closing.done():
                await asyncio.wait({closing}, timeout=within)
        finally:
            is_closed = closing.done()
            closing.cancel()
        return is_closed
