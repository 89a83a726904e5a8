"""What a hotel keeps of its unfinished writes: files in its folder, which one hotel at a time may use."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import count, islice, takewhile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from overbooked.reference.names import LONGEST, be_name
from overbooked.reference.ports import Booking, DamagedError
from overbooked.reference.unfinished import Lacked, Unfinished

_LONGEST_LINE = 2 * 6 * LONGEST + 60
_AT_A_TIME = 1_000
"""Room is reserved for so many writes at a time."""


class FolderInUseError(OSError):
    """Another hotel is open over this folder."""


class SafekeepingFolder:
    """Keeps unfinished writes in a folder, for the app server that has it, and for the one after it.

    ``unfinished.jsonl`` is written when the hotel closes, into room that was reserved before: a full disk is noticed
    before a booking is taken, and not when it is to be kept; where that fails all the same, what was written is in
    ``salvaged-1.jsonl`` until a hotel closes well. ``overflow-db1.jsonl`` has what db1 lacks beyond what memory holds.
    ``lock.sqlite`` is locked while this is open: an operating system lets go of it whatever happens.
    Opening it raises :class:`FolderInUseError`, and :class:`DamagedError` when a file is not what was left there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "unfinished.jsonl"
        self._reserve = folder / "unfinished.new"
        self._folder = folder
        self._reserved = 0
        self._has_failed = False
        self._overflows: list[OverflowFile] = []
        self._lock = _locked(folder)

    def __enter__(self) -> Self:
        """Return itself, once there is some room."""
        try:
            self._salvage()
            self.reserve(1)
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let another hotel have the folder."""
        with ExitStack() as closing:
            closing.callback(self._lock.close)
            for overflow in self._overflows:
                closing.callback(overflow.close)
            if not self._has_failed:
                self._reserve.unlink(missing_ok=True)

    def left(self) -> list[Unfinished]:
        """Return what the hotel before this one left unfinished, but for what has overflowed."""
        salvaged = [each for path in self._salvaged() for _, each in _lines(path, takewhile(_is_whole, _raw(path)))]
        return [*salvaged, *(each for _, each in _lines(self._file, _raw(self._file)))]

    def highest(self) -> int:
        """Return the highest timestamp of all that is kept, 0 if nothing is."""
        overflows = [OverflowFile(path, 0).highest for path in self._folder.glob("overflow-db*.jsonl")]
        return max([*overflows, *(each.booking.timestamp for each in self.left())], default=0)

    def overflow(self, replica: int) -> OverflowFile:
        """Return where writes are kept that a replica lacks, and that memory does not hold."""
        self._overflows.append(OverflowFile(self._folder / f"overflow-db{replica}.jsonl", replica))
        return self._overflows[-1]

    def reserve(self, writes: int) -> None:
        """Have room for so many writes; raise :class:`OSError` when there is none."""
        if writes <= self._reserved:
            return
        more = -(-(writes - self._reserved) // _AT_A_TIME) * _AT_A_TIME
        with self._reserve.open("ab", buffering=0) as room:
            _append(room, self._reserved * _LONGEST_LINE, b" " * (more * _LONGEST_LINE))
            os.fsync(room.fileno())
        self._reserved += more

    def save(self, unfinished: Iterable[Unfinished]) -> None:
        """Keep what is unfinished, in place of what was, in one go, in the room that was reserved."""
        self._has_failed = True
        with _opened(self._reserve) as room:
            for booking, replica, claimed in unfinished:
                _write_all(room, _line(booking, replica, claimed=claimed))
            room.truncate()
            os.fsync(room.fileno())
        self._reserve.replace(self._file)
        self._has_failed = False
        for path in self._salvaged():
            path.unlink()

    def _salvage(self) -> None:
        """Give another name to what was written and could not be put in place, so that it is there until all is."""
        if any(_is_whole(line) for line in islice(_raw(self._reserve), 1)):
            names = (self._folder / f"salvaged-{number}.jsonl" for number in count(1))
            self._reserve.rename(next(name for name in names if not name.exists()))
        self._reserve.unlink(missing_ok=True)

    def _salvaged(self) -> list[Path]:
        return sorted(self._folder.glob("salvaged-*.jsonl"))


class OverflowFile:
    """What one replica lacks, a line each: written at the end, read from the beginning.

    It is not waited for until it is on the disk: what a kill loses of it is what a kill loses of memory.
    """

    def __init__(self, file: Path, replica: int) -> None:
        self.path = file
        self._replica = replica
        self._read_to = self._size = self._count = 0
        self._file: IO[bytes] | None = None
        self._is_closed = False
        self.highest = 0
        """The highest timestamp that it had when it was opened."""
        for line, lacked in _lines(file, takewhile(_is_whole, _raw(file))):
            self._size += len(line)
            self._count += 1
            self.highest = max(self.highest, lacked.booking.timestamp)

    def __len__(self) -> int:
        """Return how many writes have not been taken."""
        return 0 if self._is_closed else self._count

    def put(self, lacked: Lacked) -> None:
        """Keep a write; raise :class:`OSError`, and keep no half of it, when there is no room."""
        line = _line(lacked.booking, self._replica, claimed=lacked.claimed)
        _append(self._opened(), self._size, line)
        self._size += len(line)
        self._count += 1

    def take(self, most: int) -> list[Lacked]:
        """Return so many writes at most, those first that have been here longest; they are kept until let go."""
        if not self._count:
            return []
        self._opened()
        with self.path.open("rb") as lines:
            lines.seek(self._read_to)
            taken = list(islice(lines, min(most, self._count)))
        found = [_read(self.path, None, line) for line in taken]
        self._count -= len(taken)
        self._read_to += sum(map(len, taken))
        return [Lacked(booking, claimed) for booking, _, claimed in found]

    def let_go(self) -> None:
        """Keep what was taken no more; where something is left that was not, that waits until that is, too."""
        if not self._count and not self._is_closed:
            self._opened().truncate(0)
            self._read_to = self._size = 0

    def close(self) -> None:
        """Have all that is left on the disk, and take no more."""
        self._is_closed = True
        if self._file:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _opened(self) -> IO[bytes]:
        if self._is_closed:
            raise OSError(f"{self.path}: is closed")
        if self._file is None:
            self._file = _opened(self.path)
            self._file.truncate(self._size)
        return self._file


def _locked(folder: Path) -> sqlite3.Connection:
    file = folder / "lock.sqlite"
    with ExitStack() as failing:
        try:
            lock = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
            failing.callback(lock.close)
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise FolderInUseError(f"{folder}: another hotel is open over this folder") from error
            raise OSError(f"{file}: cannot be locked ({error})") from error
        failing.pop_all()
    return lock


def _line(booking: Booking, replica: int, *, claimed: bool) -> bytes:
    return json.dumps([*booking, replica, claimed], ensure_ascii=False).encode() + b"\n"


def _raw(file: Path) -> Iterator[bytes]:
    """Yield the lines of a file, if there is one."""
    if file.exists():
        with file.open("rb") as lines:
            yield from lines


def _is_whole(line: bytes) -> bool:
    """Return whether a line was written to its end; the last one may not be, nor is room that was reserved."""
    return line.endswith(b"\n")


def _lines(file: Path, lines: Iterable[bytes]) -> Iterator[tuple[bytes, Unfinished]]:
    """Yield each line of a file, and what it says."""
    for number, line in enumerate(lines, 1):
        yield line, _read(file, number, line)


def _opened(file: Path) -> IO[bytes]:
    """Open a file to be read and written, without a buffer, whether it is there or not."""
    return file.open("r+b" if file.exists() else "w+b", buffering=0)


def _read(file: Path, number: int | None, line: bytes) -> Unfinished:
    try:
        room, user, at, replica, claimed = json.loads(line)
        be_name("room", room)
        be_name("user", user)
        return Unfinished(Booking(room, user, int(at)), int(replica), bool(claimed))
    except (ValueError, TypeError) as error:
        raise DamagedError(f"{file}: line {number} is no unfinished write that a hotel left there ({error})") from error


def _append(file: IO[bytes], end: int, text: bytes) -> None:
    """Write at the end of a file; where there is no room for all of it, write none of it."""
    file.seek(end)
    try:
        _write_all(file, text)
    except OSError:
        file.truncate(end)
        raise


def _write_all(file: IO[bytes], text: bytes) -> None:
    """Write all of it; an unbuffered file may take a part only, and says why when it is given the rest."""
    rest = memoryview(text)
    while rest:
        rest = rest[file.write(rest) :]
