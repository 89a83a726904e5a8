"""Replicas in SQLite: what is done together, what hangs, and what is damaged."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from overbooked.reference.ports import Booking, DamagedError, RoomTakenError, UnreachableError
from overbooked.reference.sqlite import SQLiteNode, SQLiteReplica
from overbooked.reference.sqlite_database import Database
from overbooked.reference.sqlite_log import SQLiteLog
from test_reference import finished

TABLES = {"kept": "CREATE TABLE kept (number INTEGER UNIQUE); INSERT INTO kept VALUES (0);"}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return a database with one table, not open yet."""
    return Database(tmp_path / "kept.sqlite", TABLES)


@contextmanager
def gated() -> Iterator[tuple[Callable[[object], bool], threading.Event]]:
    """Yield work that hangs until an event is set, as it is in the end, and the event."""
    gate = threading.Event()
    try:
        yield lambda _: gate.wait(), gate
    finally:
        gate.set()


def keep(number: int) -> Callable[[sqlite3.Connection], object]:
    """Return work that keeps a number."""
    return lambda connection: connection.execute("INSERT INTO kept VALUES (?)", (number,))


def kept(connection: sqlite3.Connection) -> list[int]:
    """Return the numbers that are kept, in the order in which they were, without the first."""
    return [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY rowid")][1:]


def alter(file: Path, script: str) -> None:
    """Change a file behind the back of who uses it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


async def traced(database: Database) -> list[str]:
    """Return the list to which statements are added that the writing connection executes from now on."""
    statements: list[str] = []
    await database.do(lambda connection: connection.set_trace_callback(statements.append))
    statements.clear()
    return statements


def threads(name: str) -> int:
    """Return how many threads of that name there are."""
    return sum(thread.name == name for thread in threading.enumerate())


def no_thread_is_left(name: str) -> bool:
    """Return whether there is soon no thread of that name any more."""
    end = time.monotonic() + 60
    while threads(name) and time.monotonic() < end:
        time.sleep(0.005)
    return not threads(name)


def test_what_waits_together_is_one_transaction_in_order(database: Database) -> None:
    """Of 1,200 writes at once at most 512 are in one transaction; they are done in the order they were asked in."""

    async def crowd() -> None:
        statements = await traced(database)
        await asyncio.gather(*(database.do(keep(number)) for number in range(1, 1201)))
        assert statements.count("COMMIT") == 3
        assert await database.see(kept) == list(range(1, 1201))
        await database.close()

    finished(crowd())


@pytest.mark.parametrize("error", [KeyError("mine"), RuntimeError("mine"), DamagedError("mine")])
def test_one_that_fails_undoes_itself_and_nobody_else(database: Database, error: Exception) -> None:
    """Of writes that are done together, the one that raises gets its error, and leaves nothing; the others are kept."""

    def failing(connection: sqlite3.Connection) -> None:
        keep(99)(connection)
        raise error

    async def together() -> None:
        await database.do(keep(1))
        works = (keep(2), failing, keep(3))
        told = await asyncio.gather(*(database.do(work) for work in works), return_exceptions=True)
        assert [type(each) for each in told] == [sqlite3.Cursor, type(error), sqlite3.Cursor]
        assert await database.see(kept) == [1, 2, 3]
        await database.close()

    finished(together())


def test_one_read_that_fails_is_no_others_affair(database: Database) -> None:
    """Of reads that are done together, each gets its own answer or error."""

    def failing(_: object) -> None:
        raise KeyError("mine")

    async def together() -> None:
        await database.do(keep(1))
        told = await asyncio.gather(*(database.see(each) for each in (kept, failing, kept)), return_exceptions=True)
        assert [told[0], type(told[1]), told[2]] == [[1], KeyError, [1]]
        await database.close()

    finished(together())


def test_items_that_wait_together_are_given_together(database: Database) -> None:
    """The same work, asked for several items at once, is done once for all of them; each gets its own result."""
    given: list[list[int]] = []

    def double(_: object, items: Sequence[int]) -> list[int]:
        given.append(list(items))
        return [2 * item for item in items]

    async def ask() -> None:
        await database.do_each(double, 0)
        assert await asyncio.gather(*(database.do_each(double, item) for item in (1, 2, 3))) == [2, 4, 6]
        assert given == [[0], [1, 2, 3]]
        await database.close()

    finished(ask())


def test_what_nobody_waits_for_any_more_is_not_begun(database: Database) -> None:
    """A write whose caller is gone before its turn is skipped; one that hangs is let go by its caller at once."""

    async def leave() -> None:
        with gated() as (hang, gate):
            calls = [asyncio.create_task(database.do(work)) for work in (hang, keep(1), keep(2))]
            await asyncio.sleep(0.01)
            for call in calls[:2]:
                call.cancel()
            await asyncio.wait(calls[:2])
            assert [call.cancelled() for call in calls[:2]] == [True, True]
            gate.set()
            await calls[2]
        assert await database.see(kept) == [2]
        await database.close()

    finished(leave())


def test_a_loop_that_ends_leaves_the_database_to_the_next_one(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A loop is closed while a write hangs and another waits: the next loop writes and reads, and nothing is logged."""

    async def leave() -> None:
        for work in (hang, keep(1)):
            asyncio.create_task(database.do(work))  # noqa: RUF006 - whoever ends the loop cancels it
        await asyncio.sleep(0.01)

    async def come() -> None:
        await database.do(keep(2))
        assert await database.see(kept) == [2]
        await database.close()

    with gated() as (hang, gate):
        asyncio.run(leave())
        gate.set()
        finished(come())
    assert caplog.records == []


def test_reading_does_not_wait_for_writing(database: Database) -> None:
    """While a write hangs, what was confirmed before it is read."""

    async def read() -> None:
        await database.do(keep(1))
        with gated() as (hang, gate):
            writing = asyncio.create_task(database.do(hang))
            await asyncio.sleep(0.01)
            assert await asyncio.wait_for(database.see(kept), 60) == [1]
            assert not writing.done()
            gate.set()
            await writing
        await database.close()

    finished(read())


def test_writing_does_not_wait_for_reading(database: Database) -> None:
    """While a read is in the middle of a table, a write is confirmed."""

    def slow(connection: sqlite3.Connection) -> list[int]:
        before = kept(connection)
        gate.wait()
        return before + kept(connection)

    async def write() -> None:
        await database.do(keep(1))
        reading = asyncio.create_task(database.see(slow))
        await asyncio.sleep(0.01)
        await asyncio.wait_for(database.do(keep(2)), 60)
        gate.set()
        assert await reading == [1, 1]
        await database.close()

    with gated() as (_, gate):
        finished(write())


def test_reading_cannot_write(database: Database) -> None:
    """Work that is said to read and writes is refused, and nothing is kept."""

    async def read() -> None:
        with pytest.raises(UnreachableError, match="readonly"):
            await database.see(keep(1))
        assert await database.see(kept) == []
        await database.close()

    finished(read())


@pytest.mark.parametrize("first", ["reads", "writes", "both"])
def test_whatever_comes_first_makes_the_file(first: str, tmp_path: Path) -> None:
    """In an empty folder, reading and writing work from the first time on, in whatever order or at once."""

    async def begin(database: Database) -> None:
        asked = {
            "reads": [database.see],
            "writes": [database.do],
            "both": [database.see, database.do, database.see, database.do],
        }
        assert await asyncio.gather(*(ask(kept) for ask in asked[first])) == [[]] * len(asked[first])
        await database.close()

    for number in range(20):
        finished(begin(Database(tmp_path / f"{number}.sqlite", TABLES)))


@pytest.mark.parametrize("side", ["do", "see"])
def test_closing_waits_a_second_for_what_hangs(tmp_path: Path, side: str) -> None:
    """Whoever hangs, or waits, is told that nobody knows; the thread ends once it goes on."""

    async def close() -> None:
        database = Database(tmp_path / f"hung_{side}.sqlite", TABLES)
        with gated() as (hang, _):
            calls = [asyncio.create_task(getattr(database, side)(work)) for work in (hang, kept)]
            await asyncio.sleep(0.01)
            start = time.monotonic()
            await database.close()
            assert 0.9 < time.monotonic() - start < 60
            for call in calls:
                with pytest.raises(UnreachableError, match=r"\.sqlite: closed before"):
                    await call
            assert threads(f"hung_{side}") == 1

    finished(close())
    assert no_thread_is_left(f"hung_{side}")


@pytest.mark.parametrize("loops", [1, 2])
def test_closing_waits_for_what_nobody_waits_for_no_longer(loops: int, database: Database) -> None:
    """A write that hangs keeps closing no longer where its caller is gone, or even its event loop."""

    async def leave() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(database.do(hang), 0.01)
        if loops == 1:
            await close()

    async def close() -> None:
        start = time.monotonic()
        await database.close(0.1)
        assert 0.09 < time.monotonic() - start < 60

    with gated() as (hang, _):
        finished(leave())
        if loops == 2:
            finished(close())


def test_closing_finishes_what_was_asked_before(tmp_path: Path) -> None:
    """Writes that wait when the file is closed are done first; further ones are refused; closing again is nothing."""

    async def close() -> None:
        database = Database(tmp_path / "finished.sqlite", TABLES)
        calls = [asyncio.create_task(database.do(keep(number))) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        await database.close()
        await asyncio.gather(*calls)
        with pytest.raises(RuntimeError, match="closed"):
            await database.do(keep(4))
        await database.close()

    finished(close())
    assert threads("finished") == 0
    with closing(sqlite3.connect(tmp_path / "finished.sqlite")) as connection:
        assert kept(connection) == [1, 2, 3]


def test_a_database_that_nobody_has_any_more_leaves_no_thread(tmp_path: Path) -> None:
    """Whoever forgets to close it leaves no thread behind."""
    database = Database(tmp_path / "dropped.sqlite", TABLES)
    asyncio.run(database.do(keep(1)))
    assert threads("dropped") == 1
    del database
    gc.collect()
    assert no_thread_is_left("dropped")


def test_the_interpreter_ends_while_a_write_hangs(tmp_path: Path) -> None:
    """A process whose write hangs for ever ends all the same when it is done."""
    script = (
        "import asyncio, sys, threading\nfrom pathlib import Path\n"
        "from overbooked.reference.sqlite_database import Database\n"
        "hang = Database(Path(sys.argv[1]), {}).do(lambda _: threading.Event().wait())\n"
        "asyncio.run(asyncio.wait_for(hang, 0.01))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "kept.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "TimeoutError"


def test_a_bug_in_work_passes_as_it_is(database: Database) -> None:
    """What SQLite is misused for is neither unreachable nor damaged."""

    async def misuse() -> None:
        works: dict[type[Exception], Callable[[sqlite3.Connection], object]] = {
            sqlite3.IntegrityError: keep(0),
            sqlite3.ProgrammingError: lambda connection: connection.execute("SELECT ?"),
            KeyError: lambda _: dict[str, int]()["nothing"],
        }
        for error, work in works.items():
            with pytest.raises(error) as raised:
                await database.do(work)
            assert raised.type is error
        await database.close()

    finished(misuse())


def full(connection: sqlite3.Connection) -> None:
    """Keep more than the disk has room for."""
    connection.execute("PRAGMA max_page_count = 1")
    connection.execute("CREATE TABLE more AS SELECT zeroblob(1000000)")


def test_what_passes_is_unreachable(database: Database, tmp_path: Path) -> None:
    """A full disk and a file that another connection writes to are worth another try, which works once it is over."""
    file = tmp_path / "kept.sqlite"

    async def fail() -> None:
        with pytest.raises(UnreachableError, match=f"^{file}: database or disk is full"):
            await database.do(full)
        await database.do(keep(1))
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            told = await asyncio.gather(*(database.do(keep(n)) for n in (2, 3)), return_exceptions=True)
        assert [(type(each), str(each)) for each in told] == [(UnreachableError, f"{file}: database is locked")] * 2
        await database.do(keep(4))
        assert await database.see(kept) == [1, 4]
        await database.close()

    finished(fail())


def test_a_folder_that_comes_back_works_again(tmp_path: Path) -> None:
    """A file that cannot be opened is unreachable, to write and to read; once it can be, all is well."""
    folder = tmp_path / "away"

    async def fail() -> None:
        replica = SQLiteReplica(folder / "db1.sqlite")
        for asked in (replica.apply(Booking("r1", "u1", 1)), replica.read("r1")):
            with pytest.raises(UnreachableError, match=r"db1\.sqlite: unable to open"):
                await asked
        folder.mkdir()
        await replica.apply(Booking("r1", "u1", 1))
        assert await replica.read("r1") == Booking("r1", "u1", 1)
        await replica.close()

    finished(fail())


def spoil(file: Path) -> None:
    """Overwrite what is in the file, but for its head."""
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xff" * (file.stat().st_size - 100))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "not a database": lambda file: file.write_bytes(b"no database" * 1000),
    "malformed": spoil,
    "no such column": lambda file: alter(file, "ALTER TABLE bookings RENAME COLUMN user TO guest"),
    "is no booking": lambda file: alter(file, "UPDATE bookings SET user = x'00'"),
    "Could not decode": lambda file: alter(file, "UPDATE bookings SET user = CAST(x'ff' AS TEXT)"),
}


@pytest.mark.parametrize("complaint", DAMAGES)
def test_a_replica_that_is_damaged_says_so_until_it_is_mended(complaint: str, tmp_path: Path) -> None:
    """Whoever reads a damaged file is told which it is; once it is put right, the same connection reads it."""
    file = tmp_path / "db1.sqlite"

    async def read(replica: SQLiteReplica) -> None:
        with pytest.raises(DamagedError, match=f"^{file}: .*{complaint}"):
            await replica.read("r1")
        file.write_bytes(good)
        assert await replica.read("r1") == Booking("r1", "u1", 1)
        await replica.close()

    async def fill() -> None:
        replica = SQLiteReplica(file)
        await replica.apply(Booking("r1", "u1", 1))
        await replica.close()

    finished(fill())
    good = file.read_bytes()
    DAMAGES[complaint](file)
    finished(read(SQLiteReplica(file)))


def test_a_table_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    """Where bookings vanish while the file is in use, the replica does not go on as if it had never had any."""

    async def read() -> None:
        replica = SQLiteReplica(tmp_path / "db1.sqlite")
        await replica.apply(Booking("r1", "u1", 1))
        alter(tmp_path / "db1.sqlite", "DROP TABLE bookings")
        for asked in (replica.read("r1"), replica.read("r1"), replica.apply(Booking("r1", "u1", 1))):
            with pytest.raises(DamagedError, match="no such table"):
                await asked
        await replica.close()

    finished(read())


def test_a_claim_looks_at_who_is_there_when_it_is_made(tmp_path: Path) -> None:
    """A booking that follows close behind a claim is no reason to refuse the claim, which came first."""

    async def claim() -> None:
        replica = SQLiteReplica(tmp_path / "db1.sqlite")
        await replica.apply(Booking("r0", "u0", 1))
        await asyncio.gather(replica.claim(Booking("r1", "u1", 2)), replica.apply(Booking("r1", "u2", 3)))
        assert await replica.read("r1") == Booking("r1", "u2", 3)
        with pytest.raises(RoomTakenError):
            await replica.claim(Booking("r1", "u1", 2))
        await replica.close()

    finished(claim())


def test_of_bookings_that_are_applied_together_the_latest_stays(tmp_path: Path) -> None:
    """Hundreds at once, of few rooms and in any order, leave the latest of each room."""

    async def apply() -> None:
        replica = SQLiteReplica(tmp_path / "db1.sqlite")
        bookings = [Booking(f"r{n % 7}", f"u{n}", n * 37 % 601 + 1) for n in range(600)]
        await asyncio.gather(*(replica.apply(booking) for booking in bookings))
        for room in {booking.room for booking in bookings}:
            latest = max((each for each in bookings if each.room == room), key=lambda each: each.timestamp)
            assert await replica.read(room) == latest
        await replica.close()

    finished(apply())


def log_of(folder: Path) -> SQLiteLog:
    """Return a connection to the log."""
    return SQLiteLog(folder / "log.sqlite")


def test_whoever_keeps_bookings_knows_the_highest_timestamp(tmp_path: Path) -> None:
    """A replica, a node with one that is only in its log, and a log; each says 0 as long as it keeps nothing."""

    async def ask() -> None:
        replica, node = SQLiteReplica(tmp_path / "db1.sqlite"), SQLiteNode(tmp_path / "db2.sqlite")
        log = log_of(tmp_path)
        assert [await replica.highest(), await node.highest(), await log.highest()] == [0, 0, 0]
        for booking in (Booking("r1", "u1", 7), Booking("r2", "u1", 5)):
            await replica.apply(booking)
            await node.apply(booking)
            await log.append(booking)
        assert [await replica.highest(), await node.highest(), await log.highest()] == [7, 7, 7]
        await node.keep(Booking("r1", "u1", 9))
        assert await node.highest() == 9
        for close in (replica.close, node.close, log.close):
            await close()

    finished(ask())
