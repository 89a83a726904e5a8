"""Replicas, log and clock in SQLite: a file each, durable, and nothing to start."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from overbooked.reference.ports import Booking, LogEntry, RoomTakenError
from overbooked.reference.session import no_earlier
from overbooked.reference.sqlite_clock import SQLiteClock
from overbooked.reference.sqlite_database import Database
from overbooked.reference.sqlite_log import SQLiteLog
from overbooked.reference.sqlite_rows import as_booking, as_number

__all__ = ["SQLiteClock", "SQLiteLog", "SQLiteNode", "SQLiteReplica", "SQLiteStorage"]


class SQLiteReplica:
    """A replica in a file: for each room, the latest booking."""

    tables: ClassVar[Mapping[str, str]] = {
        "bookings": "CREATE TABLE bookings (room TEXT PRIMARY KEY, user TEXT, timestamp INTEGER);"
    }

    def __init__(self, file: Path) -> None:
        self.file = file
        self._database = Database(file, self.tables)

    async def apply(self, booking: Booking) -> None:
        """Keep the booking if it is the latest of its room."""
        await self._database.do_each(self._keep, booking)

    async def claim(self, booking: Booking) -> None:
        """Keep the booking if it is the only one of its room."""
        if await self._database.do(lambda connection: self._claim(connection, booking)) != booking:
            raise RoomTakenError(f"{booking.room} is taken")

    async def read(self, room: str, at_least: int = 0) -> Booking | None:
        """Return the booking kept for a room, if it is late enough."""
        return no_earlier(await self._database.see(lambda connection: self._kept(connection, room)), at_least)

    async def highest(self) -> int:
        """Return the highest timestamp of what is kept, 0 if nothing is."""
        return await self._database.see(self._highest)

    async def forget(self) -> None:
        """Keep nothing any more."""
        await self._database.do(lambda connection: connection.execute("DELETE FROM bookings"))

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()

    @staticmethod
    def _keep(connection: sqlite3.Connection, bookings: Sequence[Booking]) -> list[None]:
        connection.execute(_upsert(len(bookings)), [value for booking in bookings for value in booking])
        return [None] * len(bookings)

    @staticmethod
    def _kept(connection: sqlite3.Connection, room: str) -> Booking | None:
        select = "SELECT room, user, timestamp FROM bookings WHERE room = ?"
        row = connection.execute(select, (room,)).fetchone()
        return as_booking(row) if row else None

    def _claim(self, connection: sqlite3.Connection, booking: Booking) -> Booking | None:
        connection.execute("INSERT INTO bookings VALUES (?, ?, ?) ON CONFLICT (room) DO NOTHING", booking)
        return self._kept(connection, booking.room)

    def _highest(self, connection: sqlite3.Connection) -> int:
        return as_number(connection.execute("SELECT ifnull(max(timestamp), 0) FROM bookings").fetchone())


@cache
def _upsert(bookings: int) -> str:
    """Return the statement that keeps so many bookings, each unless what is kept for its room is as late."""
    return (
        f"INSERT INTO bookings VALUES {', '.join(['(?, ?, ?)'] * bookings)} ON CONFLICT (room) DO UPDATE "  # noqa: S608 - question marks alone
        "SET user = excluded.user, timestamp = excluded.timestamp WHERE excluded.timestamp > bookings.timestamp"
    )


class SQLiteNode(SQLiteReplica):
    """A replica in a file that also has its log there: the bookings in their order, and whether they are shown."""

    tables: ClassVar[Mapping[str, str]] = {
        **SQLiteReplica.tables,
        "log": (
            "CREATE TABLE log (place INTEGER PRIMARY KEY, room TEXT, user TEXT, timestamp INTEGER, "
            "shown INTEGER DEFAULT 0);"
        ),
    }

    async def log(self) -> list[LogEntry]:
        """Return the log."""
        return await self._database.see(self._log)

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
    def _log(connection: sqlite3.Connection) -> list[LogEntry]:
        rows = connection.execute("SELECT room, user, timestamp, shown FROM log ORDER BY place")
        return [LogEntry(as_booking(booking), bool(shown)) for *booking, shown in rows]

    @staticmethod
    def _forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM log")
        connection.execute("DELETE FROM bookings")

    def _show(self, connection: sqlite3.Connection, booking: Booking) -> None:
        update = "UPDATE log SET shown = 1 WHERE (room, user, timestamp) = (?, ?, ?)"
        if connection.execute(update, booking).rowcount:
            self._keep(connection, [booking])

    def _highest(self, connection: sqlite3.Connection) -> int:
        in_log = as_number(connection.execute("SELECT ifnull(max(timestamp), 0) FROM log").fetchone())
        return max(in_log, super()._highest(connection))


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
