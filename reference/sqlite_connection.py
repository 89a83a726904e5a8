"""A connection to a SQLite file, used by one thread; it does many calls in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from overbooked.reference.ports import DamagedError, UnreachableError
from overbooked.reference.sqlite_batches import Call, Failed

_BUSY = 0.5
"""Seconds to wait for another connection that is writing, before it is tried again."""
_DAMAGED = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Connection:
    """A connection that is opened when first used, and again after an error.

    Of the connections that share ``tables`` and ``opening``, one is opened at a time; the first one makes the tables
    that are not in the file, each by its script.
    """

    def __init__(
        self, file: Path, tables: dict[str, str], opening: AbstractContextManager[object], *, writes: bool
    ) -> None:
        self._file = file
        self._tables = tables
        self._opening = opening
        self._writes = writes
        self._connection: sqlite3.Connection | None = None
        self._is_working = False

    def run(self, calls: Sequence[Call]) -> list[Any]:
        """Do all calls in one transaction; where one fails, do each in a transaction of its own."""
        try:
            return self._transaction(calls)
        except Exception as error:  # noqa: BLE001 - whatever it raises is for the one who waits
            if self._is_working and len(calls) > 1:
                return self._each_alone(calls)
            return [self._failed(error) for _ in calls]

    def close(self) -> None:
        """Close the file, if it is open."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _transaction(self, calls: Sequence[Call]) -> list[Any]:
        self._is_working = False
        connection = self._connection = self._connection or self._open()
        connection.execute("BEGIN IMMEDIATE" if self._writes else "BEGIN")
        with connection:
            self._is_working = True
            results = _done(connection, calls)
            self._is_working = False
        return results

    def _each_alone(self, calls: Sequence[Call]) -> list[Any]:
        """Do each call by itself; once the file does not take transactions any more, spare it the rest."""
        outcomes: list[Any] = []
        for call in calls:
            (outcome,) = self.run([call])
            if isinstance(outcome, Failed) and not self._is_working:
                return outcomes + [outcome] * (len(calls) - len(outcomes))
            outcomes.append(outcome)
        return outcomes

    def _failed(self, error: Exception) -> Failed:
        told = as_port_error(error, self._file)
        if told is not error and getattr(error, "sqlite_errorcode", 0) & 0xFF not in _LOCKED:
            self.close()
        return Failed(told)

    def _open(self) -> sqlite3.Connection:
        with self._opening:
            connection = sqlite3.connect(self._file, timeout=_BUSY, isolation_level=None, check_same_thread=False)
            try:
                connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
                self._make_tables(connection)
                self._tables.clear()
            except BaseException:
                connection.close()
                raise
            return connection

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        missing = [script for name, script in self._tables.items() if name not in there]
        if missing:
            connection.executescript(f"BEGIN IMMEDIATE; {' '.join(missing)} COMMIT;")
        if not self._writes:
            connection.execute("PRAGMA query_only = ON")


def _done(connection: sqlite3.Connection, calls: Sequence[Call]) -> list[Any]:
    """Return what each call returns; a work is done once for all calls of it that follow each other."""
    results: list[Any] = []
    for work, same in groupby(calls, key=itemgetter(0)):
        results += work(connection, [item for _, item in same])
    return results


def as_port_error(error: Exception, file: Path) -> Exception:
    """Return what whoever uses a port is told of an error; one that is a bug stays as it is."""
    if isinstance(error, DamagedError):
        return DamagedError(f"{file}: {error}")
    is_bug = isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError)
    if is_bug or not isinstance(error, sqlite3.DatabaseError):
        return error
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    told = (DamagedError if code in _DAMAGED else UnreachableError)(f"{file}: {error}")
    told.__cause__ = error
    return told
