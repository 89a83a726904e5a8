"""The clock in SQLite: it takes numbers from its file by the block, so that most are given from memory."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

from overbooked.reference.ports import Booking, DamagedError, UnreachableError
from overbooked.reference.sqlite_batches import OfLoop
from overbooked.reference.sqlite_database import Database
from overbooked.reference.sqlite_rows import as_booking, as_number
from overbooked.reference.waiting import Waiting

_TABLES = {
    "clock": "CREATE TABLE clock (last INTEGER); INSERT INTO clock VALUES (0);",
    "keys": "CREATE TABLE keys (timestamp INTEGER PRIMARY KEY, room TEXT, user TEXT, key TEXT UNIQUE);",
}
_REMEMBERED = 1_000_000
"""Keys of so many timestamps are remembered."""


class SQLiteClock(Waiting):
    """A clock that counts bookings in a file, so that no timestamp is given twice, restarts included.

    Whoever does not close it leaves out what is left of its block.
    """

    block = 1000
    """So many numbers are taken from the file at once."""

    def __init__(self, file: Path, patience: float | None = None) -> None:
        super().__init__(patience)
        self.file = file
        self._database = Database(file, _TABLES)
        self._given = 0
        self._reserved = 0
        self._turns = OfLoop[list[asyncio.Future[int]]](list)

    async def timestamp(self) -> int:
        """Return the next number."""
        if self._given == self._reserved:
            return await self._in_turn(self._turns())
        return self._next()

    async def remember(self, key: str, booking: Booking) -> Booking:
        """Return the first booking that was made under the key, among the last million."""
        return await self._database.do(lambda connection: _remember(connection, key, booking))

    async def last(self) -> int:
        """Return the highest number that may have been given, as the file says; 0 for a new one."""
        return await self._database.see(_last)

    async def close(self) -> None:
        """Give back what is left of the block, unless another clock has taken the next one, and close the file."""
        given, reserved = self._given, self._reserved
        self._reserved = given
        work = [self._database.close()]
        if given != reserved:
            work.insert(0, self._database.do(lambda connection: _give_back(connection, given, reserved)))
        for error in await asyncio.gather(*work, return_exceptions=True):
            if error and not isinstance(error, UnreachableError):
                raise error

    def _next(self) -> int:
        self._given += 1
        return self._given

    async def _in_turn(self, turns: list[asyncio.Future[int]]) -> int:
        """Return the next number after those of who waits for the next block already."""
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        turns.append(turn)
        if len(turns) == 1:
            self._ask(turns)
        return await turn

    def _ask(self, turns: list[asyncio.Future[int]]) -> None:
        asked = self._database.ask(self._reserve)
        if asked.done():
            self._go_on(turns, asked)
        else:
            asked.add_done_callback(partial(self._go_on, turns))

    def _go_on(self, turns: list[asyncio.Future[int]], asked: asyncio.Future[int]) -> None:
        """Tell who waits what came of it; ask once more where somebody has to wait still."""
        waiting = [turn for turn in turns if not turn.done()]
        turns[:] = self._told(waiting, asked)
        if turns:
            self._ask(turns)

    def _told(self, waiting: list[asyncio.Future[int]], asked: asyncio.Future[int]) -> list[asyncio.Future[int]]:
        """Tell who waits their numbers, or the error, and return those for whom there are none."""
        if error := asked.exception():
            for turn in waiting:
                turn.set_exception(error)
            return []
        self._reserved = asked.result()
        self._given = self._reserved - self.block
        for turn in waiting[: self.block]:
            turn.set_result(self._next())
        return waiting[self.block :]

    def _reserve(self, connection: sqlite3.Connection) -> int:
        last = _last(connection)
        if last < self._reserved:
            raise DamagedError(f"its last timestamp is {last}, while {self._reserved} was: is it an older file?")
        connection.execute("UPDATE clock SET last = last + ?", (self.block,))
        return last + self.block


def _give_back(connection: sqlite3.Connection, given: int, reserved: int) -> None:
    connection.execute("UPDATE clock SET last = ? WHERE last = ?", (given, reserved))


def _remember(connection: sqlite3.Connection, key: str, booking: Booking) -> Booking:
    connection.execute("DELETE FROM keys WHERE timestamp <= ?", (booking.timestamp - _REMEMBERED,))
    row = (booking.timestamp, booking.room, booking.user, key)
    connection.execute("INSERT INTO keys VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING", row)
    return as_booking(connection.execute("SELECT room, user, timestamp FROM keys WHERE key = ?", (key,)).fetchone())


def _last(connection: sqlite3.Connection) -> int:
    return as_number(connection.execute("SELECT last FROM clock").fetchone())
