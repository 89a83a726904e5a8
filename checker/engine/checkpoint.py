"""Searches kept in a file while they are under way, so that one that is stopped, or killed, goes on later.

The file is SQLite's: each time it is written to, it changes all at once or not at all. Levels never change once they
were explored, so only those that are new are written.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from overbooked.checker.engine.layout import Column, Words
from overbooked.checker.engine.search import Exploration, Progress

_OFTEN = 30.0
"""Seconds between two times that a search under way is written down."""
_PIECE = 1 << 23
"""How many words of a level are written at once: 64 MiB."""
_TABLES = """
    BEGIN EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS asked (what TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS finished (search INTEGER PRIMARY KEY, found TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS explored (search INTEGER, part INTEGER, progress TEXT, PRIMARY KEY (search, part));
    CREATE TABLE IF NOT EXISTS columns (search INTEGER, part INTEGER, level INTEGER, word INTEGER, states BLOB);
    COMMIT;
"""


class CheckpointError(ValueError):
    """A file that is no checkpoint, or one of another request, or that cannot be read or written."""


class Checkpoint:
    """What is known of the searches of one request, in a file.

    Searches are numbered in the order in which they are made, and each consists of one part or two, its explorations.
    ``asked`` is what they depend on, beside this program itself. Raises :class:`CheckpointError` where the file is that
    of something else, and wherever it cannot be read or written.
    """

    def __init__(self, path: Path, asked: object) -> None:
        self._path = path
        self._levels: dict[tuple[int, int], int] = {}
        what = json.dumps([_program(), asked])
        with self._telling():
            self._file = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._file.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = FULL")
            self._file.executescript(_TABLES)
            known = self._file.execute("SELECT what FROM asked").fetchone()
            if not known:
                self._file.execute("INSERT INTO asked VALUES (?)", [what])
        if known and known[0] != what:
            self.close()
            raise CheckpointError(f"{path} is of another request, or of another version: this one needs its own file")
        self._written = time.monotonic()

    def close(self) -> None:
        """Leave the file to others."""
        self._file.close()

    @property
    def is_due(self) -> bool:
        """Whether it is time to write down what is under way."""
        return time.monotonic() - self._written > _OFTEN

    def finished(self, search: int) -> Any:  # noqa: ANN401 - whatever was given to finish()
        """Return what was found in a search, if it was finished; ``None`` if not."""
        with self._telling():
            row = self._file.execute("SELECT found FROM finished WHERE search = ?", [search]).fetchone()
        return json.loads(row[0]) if row else None

    def finish(self, search: int, found: object) -> None:
        """Write down what was found in a search, which takes the place of all that was explored for it."""
        with self._changing():
            self._file.execute("INSERT OR REPLACE INTO finished VALUES (?, ?)", [search, json.dumps(found)])
            for table in ("explored", "columns"):
                self._file.execute(f"DELETE FROM {table} WHERE search = ?", [search])  # noqa: S608 - just these two

    def save(self, search: int, made: Sequence[Exploration]) -> None:
        """Write down how far a search is, and those of its levels that are new."""
        with self._changing():
            for part, found in enumerate(made):
                first = self._levels.get((search, part), 0)
                for level in range(first, found.whole.levels):
                    self._write(search, part, level, found.levels[level])
                progress = [search, part, json.dumps(found.whole)]
                self._file.execute("INSERT OR REPLACE INTO explored VALUES (?, ?, ?)", progress)
        self._levels |= {(search, part): found.whole.levels for part, found in enumerate(made)}
        self._written = time.monotonic()

    def explored(self, search: int) -> list[tuple[list[Words], Progress]]:
        """Return how far the explorations of a search were, with their levels."""
        with self._telling():
            rows = self._file.execute(
                "SELECT progress FROM explored WHERE search = ? ORDER BY part", [search]
            ).fetchall()
        known = [Progress(*json.loads(row[0])) for row in rows]
        self._levels |= {(search, part): progress.levels for part, progress in enumerate(known)}
        return [
            ([self._read(search, part, level) for level in range(its.levels)], its) for part, its in enumerate(known)
        ]

    def _write(self, search: int, part: int, level: int, words: Words) -> None:
        for at, word in enumerate(words):
            for start in range(0, len(word), _PIECE):
                piece = word[start : start + _PIECE].astype("<i8").tobytes()
                self._file.execute("INSERT INTO columns VALUES (?, ?, ?, ?, ?)", [search, part, level, at, piece])

    def _read(self, search: int, part: int, level: int) -> Words:
        columns: dict[int, list[Column]] = {}
        which = "search = ? AND part = ? AND level = ? ORDER BY rowid"
        with self._telling():
            query = f"SELECT word, states FROM columns WHERE {which}"  # noqa: S608 - all of it stands here
            for word, states in self._file.execute(query, [search, part, level]):
                columns.setdefault(word, []).append(np.frombuffer(states, "<i8").astype(np.int64))
        return tuple(np.concatenate(columns[word]) for word in sorted(columns))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Make all changes at once, or none of them."""
        with self._telling(), self._file:
            self._file.execute("BEGIN")
            yield

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError) as error:
            busy = "another process has it open"
            reason = busy if "locked" in str(error) else str(error)
            raise CheckpointError(f"{self._path}: cannot be used as a checkpoint ({reason})") from None


def _program() -> str:
    """Return a digest of the spec and the checker, as what they say of a state depends on every line of them."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for file in _sources(root):
        digest.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _sources(root: Path) -> list[Path]:
    return sorted(path for name in ("spec", "checker") for path in (root / name).rglob("*.py"))
