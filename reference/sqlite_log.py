"""The log in SQLite: what is committed is deleted, and offsets go on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from overbooked.reference.ports import Booking, DamagedError, Entry
from overbooked.reference.sqlite_batches import OfLoop
from overbooked.reference.sqlite_database import Database
from overbooked.reference.sqlite_rows import as_booking, as_number

_TABLES = {
    "entries": "CREATE TABLE entries (at INTEGER PRIMARY KEY, room TEXT, user TEXT, timestamp INTEGER);",
    "committed": "CREATE TABLE committed (entries INTEGER); INSERT INTO committed VALUES (0);",
}


class SQLiteLog:
    """A log in a file: the entries that are not committed, and how many are."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._database = Database(file, _TABLES)
        self._appended = OfLoop(asyncio.Event)

    async def append(self, *bookings: Booking) -> None:
        """Keep the bookings as the last entries."""
        await self._database.do(lambda connection: _append(connection, bookings))
        self._appended().set()

    async def next(self) -> Entry:
        """Return the entry at the committed offset, once there is one."""
        while True:
            self._appended().clear()
            entry = await self._database.see(_next)
            if entry:
                return entry
            await self._appended().wait()

    async def commit(self, entry: Entry) -> None:
        """Move the committed offset on, and delete what is committed."""
        await self._database.do(lambda connection: _commit(connection, entry))

    async def highest(self) -> int:
        """Return the highest timestamp of the entries that are kept, 0 if none is."""
        select = "SELECT ifnull(max(timestamp), 0) FROM entries"
        return await self._database.see(lambda connection: as_number(connection.execute(select).fetchone()))

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()


def _append(connection: sqlite3.Connection, bookings: Sequence[Booking]) -> None:
    last = _last(connection)
    first = _committed(connection) if last is None else last + 1
    rows = [(at, *booking) for at, booking in enumerate(bookings, first)]
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)


def _next(connection: sqlite3.Connection) -> Entry | None:
    committed, last = _committed(connection), _last(connection)
    row = connection.execute("SELECT room, user, timestamp FROM entries WHERE at = ?", (committed,)).fetchone()
    if row:
        return Entry(committed, as_booking(row))
    if last is None or last + 1 == committed:
        return None
    raise DamagedError(f"entry {committed} should be next and is not there, while {last} is the last one")


def _commit(connection: sqlite3.Connection, entry: Entry) -> None:
    committed = (entry.offset + 1,)
    if not connection.execute("UPDATE committed SET entries = ?", committed).rowcount:
        raise DamagedError("it does not say what is committed")
    connection.execute("DELETE FROM entries WHERE at < ?", committed)


def _committed(connection: sqlite3.Connection) -> int:
    return as_number(connection.execute("SELECT entries FROM committed").fetchone())


def _last(connection: sqlite3.Connection) -> int | None:
    row = connection.execute("SELECT max(at) FROM entries").fetchone()
    return None if row[0] is None else as_number(row)
