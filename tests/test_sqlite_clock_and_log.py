"""The clock and the log in SQLite: timestamps that are never given twice, entries in order, and what is damaged."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from overbooked.reference.ports import Booking, DamagedError, Entry
from overbooked.reference.sqlite import SQLiteClock
from test_reference import finished
from test_sqlite import alter, log_of


def clock_of(folder: Path) -> SQLiteClock:
    """Return a connection to the clock."""
    return SQLiteClock(folder / "clock.sqlite")


async def numbers(clock: SQLiteClock, count: int) -> list[int]:
    """Return so many timestamps, asked for at once."""
    return list(await asyncio.gather(*(clock.timestamp() for _ in range(count))))


def test_numbers_come_from_memory_and_go_on_after_closing(tmp_path: Path) -> None:
    """The first is 1; a file that is locked keeps nobody waiting within a block; closing in order leaves no gap."""

    async def count() -> None:
        clock = clock_of(tmp_path)
        assert await clock.last() == 0
        assert await clock.timestamp() == 1
        with closing(sqlite3.connect(tmp_path / "clock.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await numbers(clock, 500) == list(range(2, 502))
        assert await clock.last() == 1000
        await clock.close()
        following = clock_of(tmp_path)
        assert await following.last() == 501
        assert await following.timestamp() == 502
        await following.close()

    finished(count())


def test_callers_at_once_get_numbers_in_their_order(tmp_path: Path) -> None:
    """More callers than a block has numbers, some of whom leave: the others get theirs, each once, in their order."""

    async def count() -> None:
        clock = clock_of(tmp_path)
        assert await numbers(clock, 2500) == list(range(1, 2501))
        await numbers(clock, 500)
        calls = [asyncio.create_task(clock.timestamp()) for _ in range(5)]
        await asyncio.sleep(0)
        calls[0].cancel()
        calls[3].cancel()
        told = await asyncio.gather(*calls, return_exceptions=True)
        assert [each for each in told if isinstance(each, int)] == [3001, 3002, 3003]
        await clock.close()

    finished(count())


def test_a_clock_whose_callers_have_all_left_goes_on(tmp_path: Path) -> None:
    """Where all who waited for a block are gone, the next caller gets its first number."""

    async def count() -> None:
        clock = clock_of(tmp_path)
        await numbers(clock, 1000)
        calls = [asyncio.create_task(clock.timestamp()) for _ in range(3)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.sleep(0)
        assert await clock.timestamp() == 1001
        await clock.close()

    finished(count())


def test_no_number_is_given_twice_after_a_kill(tmp_path: Path) -> None:
    """A clock that was never closed, and one that another has overtaken, leave out the rest of their block."""

    async def count() -> None:
        killed, following = clock_of(tmp_path), clock_of(tmp_path)
        assert await numbers(killed, 3) == [1, 2, 3]
        assert await following.timestamp() == 1001
        await killed.close()
        assert await following.last() == 2000
        assert await following.timestamp() == 1002
        await following.close()

    finished(count())


def test_a_number_that_was_given_back_is_not_given_by_who_gave_it_back(tmp_path: Path) -> None:
    """A clock that is closed gives no more numbers, as the next one gives them."""

    async def count() -> None:
        clock = clock_of(tmp_path)
        await clock.timestamp()
        await clock.close()
        with pytest.raises(RuntimeError, match="closed"):
            await clock.timestamp()

    finished(count())


@pytest.mark.parametrize("damage", ["UPDATE clock SET last = 7", "DELETE FROM clock", "UPDATE clock SET last = 'x'"])
def test_a_clock_that_is_set_back_is_damaged(damage: str, tmp_path: Path) -> None:
    """Rather than give numbers twice, it says that its file is older than what it has given, or has no number."""

    async def count() -> None:
        clock = clock_of(tmp_path)
        await numbers(clock, 1000)
        alter(tmp_path / "clock.sqlite", damage)
        told = await asyncio.gather(*(clock.timestamp() for _ in range(2)), return_exceptions=True)
        for error in told:
            assert isinstance(error, DamagedError)
            assert str(error).startswith(str(tmp_path / "clock.sqlite"))
        await clock.close()

    finished(count())


def test_a_clock_without_its_row_does_not_begin_again(tmp_path: Path) -> None:
    """A file that has a clock's table and no row is damaged, also for who opens it then."""

    async def count() -> None:
        clock = clock_of(tmp_path)
        await clock.timestamp()
        await clock.close()
        alter(tmp_path / "clock.sqlite", "DELETE FROM clock")
        again = clock_of(tmp_path)
        with pytest.raises(DamagedError, match="a number is missing"):
            await again.timestamp()
        await again.close()

    finished(count())


def test_a_clock_whose_file_hangs_is_closed_in_time(tmp_path: Path) -> None:
    """Where the rest of the block cannot be given back, closing does not fail, nor wait for ever."""

    async def close() -> None:
        clock = clock_of(tmp_path)
        await clock.timestamp()
        with closing(sqlite3.connect(tmp_path / "clock.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await clock.close()

    finished(close())


def entries_in(folder: Path) -> list[int]:
    """Return the offsets that are in the log's file."""
    with closing(sqlite3.connect(folder / "log.sqlite")) as connection:
        return [at for (at,) in connection.execute("SELECT at FROM entries ORDER BY at")]


def test_the_log_shrinks_and_its_offsets_go_on(tmp_path: Path) -> None:
    """What is committed is deleted; the next entry's offset is one more, even after a restart with none left."""

    async def append() -> None:
        log = log_of(tmp_path)
        bookings = [Booking("r1", f"u{n}", n) for n in range(3)]
        await asyncio.gather(*(log.append(booking) for booking in bookings))
        for n in range(3):
            assert await log.next() == Entry(n, bookings[n])
            await log.commit(Entry(n, bookings[n]))
            assert entries_in(tmp_path) == list(range(n + 1, 3))
        await log.close()
        again = log_of(tmp_path)
        await again.append(bookings[0])
        assert await again.next() == Entry(3, bookings[0])
        await again.close()

    finished(append())


def test_a_log_that_is_committed_in_part_goes_on_after_what_is_left(tmp_path: Path) -> None:
    """An entry that is appended while others wait is the last one."""

    async def append() -> None:
        log, booking = log_of(tmp_path), Booking("r1", "u1", 1)
        for _ in range(3):
            await log.append(booking)
        await log.commit(Entry(0, booking))
        await log.append(booking)
        assert entries_in(tmp_path) == [1, 2, 3]
        await log.close()

    finished(append())


def test_who_waits_for_an_entry_gets_it_when_it_comes(tmp_path: Path) -> None:
    """An empty log keeps its consumer waiting until there is an entry, also where all before it are committed."""

    async def wait() -> None:
        log = log_of(tmp_path)
        for n in range(2):
            waiting = asyncio.create_task(log.next())
            await asyncio.sleep(0.02)
            assert not waiting.done()
            await log.append(Booking("r1", "u1", n))
            assert await waiting == Entry(n, Booking("r1", "u1", n))
            await log.commit(await waiting)
        await log.close()

    finished(wait())


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE committed SET entries = 7",
        "DELETE FROM entries WHERE at = 0",
        "DELETE FROM committed",
        "UPDATE committed SET entries = 'x'",
        "UPDATE entries SET room = NULL",
    ],
)
def test_a_log_that_lacks_something_is_damaged(damage: str, tmp_path: Path) -> None:
    """Where the next entry is not there though it should be, or is none, the consumer is told which file it is."""

    async def consume() -> None:
        log = log_of(tmp_path)
        for n in range(3):
            await log.append(Booking("r1", "u1", n))
        alter(tmp_path / "log.sqlite", damage)
        with pytest.raises(DamagedError, match=f"^{tmp_path / 'log.sqlite'}: "):
            await asyncio.wait_for(log.next(), 60)
        await log.close()

    finished(consume())


def test_a_commit_that_is_kept_nowhere_is_damage(tmp_path: Path) -> None:
    """A log that has no committed offset cannot commit: it says so, and deletes nothing."""

    async def consume() -> None:
        log = log_of(tmp_path)
        await log.append(Booking("r1", "u1", 1))
        entry = await log.next()
        alter(tmp_path / "log.sqlite", "DELETE FROM committed")
        with pytest.raises(DamagedError, match="committed"):
            await log.commit(entry)
        assert entries_in(tmp_path) == [0]
        await log.close()

    finished(consume())
