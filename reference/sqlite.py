"""Replicas, log and clock in SQLite: a file each, durable, and nothing to start."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from overbooked.reference.ports import Booking, Entry, LogEntry, RoomTakenError, UnreachableError
from overbooked.reference.session import no_earlier
from overbooked.reference.waiting import Waiting

T = TypeVar("T")
_BUSY = 0.5
"""Seconds to wait for another connection that is writing, before it is tried again."""


class Database:
    """A connection to one SQLite file, used by one thread of its own; opened when first used."""

    def __init__(self, file: Path, schema: str) -> None:
        self._file = file
        self._schema = schema
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=file.stem)
        self._connection: sqlite3.Connection | None = None

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``work`` returns, done as one transaction that is on disk then.

        Raises :class:`UnreachableError` when the database cannot do it now.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._connection = self._connection or self._open()
            with connection:
                return work(connection)
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except sqlite3.DatabaseError as error:
            raise UnreachableError(f"{self._file}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=_BUSY, check_same_thread=False)
        try:
            connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {self._schema}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


class SQLiteReplica:
    """A replica in a file: for each room, the latest booking."""

    schema = "CREATE TABLE IF NOT EXISTS bookings (room TEXT PRIMARY KEY, user TEXT, timestamp INTEGER);"

    def __init__(self, file: Path) -> None:
        self._database = Database(file, self.schema)

    async def apply(self, booking: Booking) -> None:
        """Keep the booking if it is the latest of its room."""
        await self._database.do(lambda connection: self._keep(connection, booking))

    async def claim(self, booking: Booking) -> None:
        """Keep the booking if it is the only one of its room."""
        insert = "INSERT INTO bookings VALUES (?, ?, ?) ON CONFLICT (room) DO NOTHING"
        await self._database.do(lambda connection: connection.execute(insert, booking))
        if await self.read(booking.room) != booking:
            raise RoomTakenError(f"{booking.room} is taken")

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return the booking kept for a room, if it is late enough."""
        select = "SELECT room, user, timestamp FROM bookings WHERE room = ?"
        row = await self._database.do(lambda connection: connection.execute(select, (room,)).fetchone())
        return no_earlier(Booking(*row) if row else None, at_least)

    async def forget(self) -> None:
        """Keep nothing any more."""
        await self._database.do(lambda connection: connection.execute("DELETE FROM bookings"))

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()

    @staticmethod
    def _keep(connection: sqlite3.Connection, booking: Booking) -> None:
        upsert = (
            "INSERT INTO bookings VALUES (?, ?, ?) ON CONFLICT (room) DO UPDATE "
            "SET user = excluded.user, timestamp = excluded.timestamp WHERE excluded.timestamp > bookings.timestamp"
        )
        connection.execute(upsert, booking)


class SQLiteNode(SQLiteReplica):
    """A replica in a file that also has its log there: the bookings in their order, and whether they are shown."""

    schema = SQLiteReplica.schema + (
        "CREATE TABLE IF NOT EXISTS log (place INTEGER PRIMARY KEY, room TEXT, user TEXT, timestamp INTEGER, "
        "shown INTEGER DEFAULT 0);"
    )

    async def log(self) -> list[LogEntry]:
        """Return the log."""
        select = "SELECT room, user, timestamp, shown FROM log ORDER BY place"
        rows = await self._database.do(lambda connection: connection.execute(select).fetchall())
        return [LogEntry(Booking(*booking), bool(shown)) for *booking, shown in rows]

    async def keep(self, booking: Booking) -> None:
        """Have the booking as the log's last entry, if it is not there."""
        insert = (
            "INSERT INTO log (room, user, timestamp) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
            "(SELECT * FROM log WHERE (room, user, timestamp) = (?1, ?2, ?3))"
        )
        await self._database.do(lambda connection: connection.execute(insert, booking))

    async def show(self, booking: Booking) -> None:
        """Show the booking, if the log has it still, and it is the latest of its room."""
        await self._database.do(lambda connection: self._show(connection, booking))

    async def forget(self) -> None:
        """Have nothing in the log any more, and show nothing."""
        await self._database.do(self._forget)

    @staticmethod
    def _forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM log")
        connection.execute("DELETE FROM bookings")

    def _show(self, connection: sqlite3.Connection, booking: Booking) -> None:
        update = "UPDATE log SET shown = 1 WHERE (room, user, timestamp) = (?, ?, ?)"
        if connection.execute(update, booking).rowcount:
            self._keep(connection, booking)


class SQLiteLog:
    """A log in a file: the entries, and how many of them are committed."""

    def __init__(self, file: Path) -> None:
        self._database = Database(
            file,
            "CREATE TABLE IF NOT EXISTS entries (at INTEGER PRIMARY KEY, room TEXT, user TEXT, timestamp INTEGER);"
            "CREATE TABLE IF NOT EXISTS committed (entries INTEGER);"
            "INSERT INTO committed SELECT 0 WHERE NOT EXISTS (SELECT * FROM committed);",
        )
        self._appended = asyncio.Event()

    async def append(self, booking: Booking) -> None:
        """Keep the booking as the last entry."""
        insert = "INSERT INTO entries SELECT count(*), ?, ?, ? FROM entries"
        await self._database.do(lambda connection: connection.execute(insert, booking))
        self._appended.set()

    async def next(self) -> Entry:
        """Return the entry at the committed offset, once there is one."""
        select = "SELECT at, room, user, timestamp FROM entries JOIN committed ON at = committed.entries"
        while True:
            self._appended.clear()
            row = await self._database.do(lambda connection: connection.execute(select).fetchone())
            if row:
                return Entry(row[0], Booking(*row[1:]))
            await self._appended.wait()

    async def commit(self, entry: Entry) -> None:
        """Move the committed offset on."""
        update = "UPDATE committed SET entries = ?"
        await self._database.do(lambda connection: connection.execute(update, (entry.offset + 1,)))

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()


class SQLiteClock(Waiting):
    """A clock that counts bookings in a file, so that no timestamp is given twice, restarts included."""

    def __init__(self, file: Path, patience: float | None = None) -> None:
        super().__init__(patience)
        self._database = Database(
            file,
            "CREATE TABLE IF NOT EXISTS clock (last INTEGER);"
            "INSERT INTO clock SELECT 0 WHERE NOT EXISTS (SELECT * FROM clock);",
        )

    async def timestamp(self) -> int:
        """Return the next number."""
        return await self._database.do(self._tick)

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()

    @staticmethod
    def _tick(connection: sqlite3.Connection) -> int:
        connection.execute("UPDATE clock SET last = last + 1")
        return int(connection.execute("SELECT last FROM clock").fetchone()[0])


class SQLiteStorage:
    """Replicas, log and clock as files in one folder: ``db1.sqlite``, ..., ``log.sqlite`` and ``clock.sqlite``."""

    def __init__(self, folder: Path, patience: float | None = None) -> None:
        self._folder = folder
        self._patience = patience

    def replica(self, number: int) -> SQLiteReplica:
        """Return a connection to the replica of that number."""
        return SQLiteReplica(self._folder / f"db{number}.sqlite")

    def node(self, number: int) -> SQLiteNode:
        """Return a connection to the replica of that number, with its own log."""
        return SQLiteNode(self._folder / f"db{number}.sqlite")

    def log(self) -> SQLiteLog:
        """Return a connection to the log."""
        return SQLiteLog(self._folder / "log.sqlite")

    def clock(self) -> SQLiteClock:
        """Return the clock."""
        return SQLiteClock(self._folder / "clock.sqlite", self._patience)
