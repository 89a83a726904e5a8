"""A hotel's folder: what is unfinished is kept whatever happens, and what is spoilt or gone is told with its name."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overbooked.reference.hotel import hotel
from overbooked.reference.names import LONGEST
from overbooked.reference.outcomes import BusyError
from overbooked.reference.ports import Booking, DamagedError
from overbooked.reference.safekeeping import FolderInUseError, OverflowFile, SafekeepingFolder
from overbooked.reference.sqlite import SQLiteReplica, SQLiteStorage
from overbooked.reference.unfinished import Lacked, Unfinished
from test_outbox import told
from test_reference import finished, until

_open = Path.open
B7 = Booking("r1", "u1", 7)


class Disk:
    """A disk that may be full: then no file that is written without a buffer grows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        disk = self

        class File(io.FileIO):
            def write(self, text: Any) -> int:  # noqa: ANN401 - as in the standard library
                if disk.is_full and self.tell() + len(text) > Path(str(self.name)).stat().st_size:
                    raise OSError(28, "no space left on device")
                return super().write(text)

        def opened(path: Path, mode: str = "r", buffering: int = -1, **how: Any) -> Any:  # noqa: ANN401 - likewise
            return _open(path, mode, buffering, **how) if buffering else File(str(path), mode.replace("b", ""))

        monkeypatch.setattr(Path, "open", opened)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return a disk that can be made full."""
    return Disk(monkeypatch)


def locked(file: Path) -> closing[sqlite3.Connection]:
    """Return a lock on a file that lets others read it only."""
    lock = sqlite3.connect(file)
    lock.execute("BEGIN IMMEDIATE")
    return closing(lock)


def spoil(file: Path) -> None:
    """Make no database of a file, and have no traces left of what it was."""
    for beside in file.parent.glob(f"{file.name}-*"):
        beside.unlink()
    file.write_bytes(b"no database" * 100)


def set_clock(folder: Path, last: int) -> None:
    """Have the clock say that it has given so many timestamps."""
    with closing(sqlite3.connect(folder / "clock.sqlite")) as clock, clock:
        clock.execute("UPDATE clock SET last = ?", (last,))


async def opened_once(folder: Path, **how: Any) -> None:  # noqa: ANN401 - what hotel takes
    """Open a hotel and close it."""
    async with hotel(folder, **how):
        pass


async def booked_without_db3(folder: Path, before_closing: Callable[[], object]) -> Booking:
    """Return a booking that db3 lacks when the hotel closes, which it does at once."""
    await opened_once(folder)
    with locked(folder / "db3.sqlite"):
        async with hotel(folder, write="parallel:2", patience=None, closing=0.1) as app:
            booking = await app.book_room("u1", "r1")
            before_closing()
    return booking


async def kept_by_db3(folder: Path) -> Booking | None:
    """Open the hotel, and return what db3 keeps of the room once nothing is unfinished."""
    async with hotel(folder) as app:

        async def nothing_is_left() -> bool:
            return not app.unfinished

        await until(nothing_is_left)
    replica = SQLiteStorage(folder).replica(3)
    kept = await replica.read("r1")
    await replica.close()
    return kept


def test_what_is_unfinished_reaches_its_replica_when_the_hotel_opens_again(tmp_path: Path) -> None:
    """An acknowledged booking that one replica could not be given is kept in the folder until it has it."""

    async def reopen() -> None:
        booking = await booked_without_db3(tmp_path, lambda: None)
        lines = (tmp_path / "unfinished.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == [["r1", "u1", booking.timestamp, 3, False]]
        assert await kept_by_db3(tmp_path) == booking
        assert (tmp_path / "unfinished.jsonl").read_text(encoding="utf-8") == ""

    finished(reopen())


def test_a_disk_that_is_full_when_the_hotel_closes_loses_nothing(tmp_path: Path, disk: Disk) -> None:
    """Room for what is unfinished was reserved before the booking was taken."""

    async def reopen() -> None:
        booking = await booked_without_db3(tmp_path, lambda: setattr(disk, "is_full", True))
        disk.is_full = False
        assert await kept_by_db3(tmp_path) == booking

    finished(reopen())


def test_on_a_full_disk_no_booking_is_taken_that_could_not_be_kept(tmp_path: Path, disk: Disk) -> None:
    """Whoever would need more room than is reserved is told that nothing was booked; checks are answered."""

    async def fill() -> None:
        await opened_once(tmp_path)
        with locked(tmp_path / "db3.sqlite"):
            async with hotel(tmp_path, write="parallel:2", patience=None, closing=0.1) as app:
                disk.is_full = True
                booked = 0
                with pytest.raises(BusyError, match="nothing was booked"):  # noqa: PT012 - which one it is, is not said
                    while True:
                        await app.book_room("u" * LONGEST, "\x01" * (LONGEST - 4) + f"{booked:04}")
                        booked += 1
                assert booked > 900
                assert not app.ready()
                assert await app.is_room_available("r1")
        disk.is_full = False
        with SafekeepingFolder(tmp_path) as kept:
            assert len(kept.left()) == booked

    finished(fill())


def test_a_second_hotel_over_one_folder_is_refused(tmp_path: Path) -> None:
    """While one is open another does not open, and says why; afterwards it does."""

    async def twice() -> None:
        async with hotel(tmp_path) as app:
            with pytest.raises(FolderInUseError, match="another hotel is open over this folder"):
                await opened_once(tmp_path)
            await app.book_room("u1", "r1")
        await opened_once(tmp_path)

    finished(twice())


def test_a_folder_that_cannot_be_locked_is_not_said_to_be_in_use(tmp_path: Path) -> None:
    """What is wrong with the lock itself is told as it is."""
    spoil(tmp_path / "lock.sqlite")
    with pytest.raises(OSError, match=r"lock\.sqlite: cannot be locked \(file is not a database\)"):
        finished(opened_once(tmp_path))
    (tmp_path / "lock.sqlite").unlink()
    (tmp_path / "lock.sqlite").mkdir()
    with pytest.raises(OSError, match=r"lock\.sqlite: cannot be locked \(unable to open database file\)"):
        finished(opened_once(tmp_path))


def test_a_hotel_that_was_killed_does_not_keep_its_folder(tmp_path: Path) -> None:
    """The lock goes with its process, whatever ends that."""
    program = (
        "import asyncio, os, sys; from pathlib import Path; from overbooked.reference.hotel import hotel\n"
        "async def open_it():\n    async with hotel(Path(sys.argv[1])) as app:\n"
        "        await app.book_room('u1', 'r1'); os.kill(os.getpid(), 9)\nasyncio.run(open_it())"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == -9

    async def reopen() -> None:
        async with hotel(tmp_path) as app:
            assert not await app.is_room_available("r1")
            assert (await app.book_room("u2", "r2")).timestamp > 1

    finished(reopen())


@pytest.mark.parametrize(
    "spoilt", ['["r1"', '["r1", 1, 7, 2, false]', '["r1", "u1", 7, 2]', '["r1", "u1", null, 2, false]', "\ud800"]
)
def test_a_spoilt_list_of_unfinished_writes_is_refused(spoilt: str, tmp_path: Path) -> None:
    """Rather than lose what it cannot read, the hotel does not open, names file and line, and changes neither."""
    text = f'["r1", "u1", 7, 2, false]\n{spoilt}\n'.encode(errors="surrogatepass")
    for name in ("unfinished.jsonl", "overflow-db2.jsonl"):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(DamagedError, match=rf"{name}: line 2 is no unfinished write"):
            finished(opened_once(tmp_path))
        assert (tmp_path / name).read_bytes() == text
        (tmp_path / name).unlink()


@given(st.lists(st.one_of(st.just("put"), st.integers(1, 4), st.just("let go"), st.just("reopen")), max_size=30))
def test_what_overflows_comes_back_in_order(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    """Whatever is put and taken, what was put first comes first; opened again, all is there that was not let go."""
    path = tmp_path_factory.mktemp("overflow") / "overflow-db2.jsonl"
    put = taken = gone = 0
    with ExitStack() as opened:
        file = opened.enter_context(closing(OverflowFile(path, 2)))
        for step in steps:
            if step == "put":
                put += 1
                file.put(Lacked(Booking("r\u00e4\n", "u1", put), claimed=put % 2 == 0))
            elif step == "reopen":
                file.close()
                file, taken = opened.enter_context(closing(OverflowFile(path, 2))), gone
            elif step == "let go":
                file.let_go()
                gone = put if taken == put else gone
            else:
                left = [Lacked(Booking("r\u00e4\n", "u1", i), claimed=i % 2 == 0) for i in range(taken + 1, put + 1)]
                assert file.take(step) == left[:step]
                taken = min(put, taken + step)
            assert len(file) == put - taken


def test_half_a_line_that_a_kill_has_left_is_no_damage(tmp_path: Path) -> None:
    """What was whole is taken, and what comes after it is read as it was written."""
    path = tmp_path / "overflow-db2.jsonl"
    path.write_text('["r1", "u1", 7, 2, false]\n["r2", "u', encoding="utf-8")
    file = OverflowFile(path, 2)
    file.put(Lacked(Booking("r3", "u3", 9)))
    assert file.take(5) == [Lacked(B7), Lacked(Booking("r3", "u3", 9))]
    file.close()


def test_what_overflowed_is_there_until_its_replica_has_it(tmp_path: Path) -> None:
    """A kill that comes after it was taken back into memory, and before the replica has it, loses none of it."""
    lines = "".join(f'["r{i}", "u1", {i + 1}, 3, false]\n' for i in range(200))
    finished(opened_once(tmp_path))
    set_clock(tmp_path, 200)
    (tmp_path / "overflow-db3.jsonl").write_text(lines, encoding="utf-8")
    program = (
        "import asyncio, os, sys; from pathlib import Path; from overbooked.reference.hotel import hotel\n"
        "async def open_it():\n    async with hotel(Path(sys.argv[1])) as app:\n"
        "        while app.metrics()['db3_overflowed']: await asyncio.sleep(0.01)\n"
        "        os.kill(os.getpid(), 9)\nasyncio.run(open_it())"
    )
    with locked(tmp_path / "db3.sqlite"):
        assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == -9
    assert (tmp_path / "overflow-db3.jsonl").read_text(encoding="utf-8") == lines
    assert finished(kept_by_db3(tmp_path)) == Booking("r1", "u1", 2)
    assert (tmp_path / "overflow-db3.jsonl").read_text(encoding="utf-8") == ""


def test_a_hotel_that_is_cancelled_while_it_closes_leaves_nobody_at_work(tmp_path: Path) -> None:
    """What has overflowed is in its file, whoever was about to write it."""
    finished(opened_once(tmp_path))
    set_clock(tmp_path, 9000)
    lines = "".join(f'["r{i}", "u1", {i + 1}, 3, false]\n' for i in range(9000))
    (tmp_path / "overflow-db3.jsonl").write_text(lines, encoding="utf-8")

    async def leave() -> None:
        async def stay() -> None:
            async with hotel(tmp_path, patience=None) as app:
                hung.append(app._deliveries.calls.start(asyncio.sleep(5)))  # noqa: SLF001 - a call that takes long

        hung: list[Any] = []
        with locked(tmp_path / "db3.sqlite"):
            staying = asyncio.create_task(stay())
            await until(lambda: asyncio.sleep(0, bool(hung)))
            await asyncio.sleep(0.1)
            staying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await staying
        with SafekeepingFolder(tmp_path) as kept:
            assert len(kept.overflow(3)) + len(kept.left()) == 9000

    finished(leave())


def test_room_is_reserved_for_calls_that_have_no_timestamp_yet(tmp_path: Path, disk: Disk) -> None:
    """However many come in at once, what they leave unfinished fits when the disk is full at closing."""

    async def crowd() -> None:
        await opened_once(tmp_path)
        with locked(tmp_path / "db3.sqlite"):
            async with hotel(tmp_path, write="parallel:2", patience=None, closing=0.1) as app:
                long = "\x01" * (LONGEST - 4)
                await asyncio.gather(*(app.book_room(long, f"{long}{i:04}") for i in range(1_500)))
                disk.is_full = True
        disk.is_full = False
        with SafekeepingFolder(tmp_path) as kept:
            assert len(kept.left()) == 1_500

    finished(crowd())


def test_what_could_not_be_put_in_place_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where closing fails at the last moment that is told; what had been written is kept until a hotel has opened."""

    def fail(*_: object) -> None:
        raise OSError(5, "input/output error")

    left = Unfinished(B7, 3)
    with SafekeepingFolder(tmp_path) as kept, monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="input/output"):
            kept.save([left])
    with pytest.raises(DamagedError, match=r"clock\.sqlite: is not the clock"):
        finished(opened_once(tmp_path))
    set_clock(tmp_path, 7)
    assert finished(kept_by_db3(tmp_path)) == B7
    assert list(tmp_path.glob("salvaged-*")) == []


def test_a_clock_that_is_behind_what_has_overflowed_is_refused(tmp_path: Path) -> None:
    """A timestamp that is only there would be given again."""
    (tmp_path / "overflow-db3.jsonl").write_text('["r1", "u1", 7, 3, false]\n', encoding="utf-8")
    with pytest.raises(DamagedError, match=r"clock\.sqlite: is not the clock that was here"):
        finished(opened_once(tmp_path))


def test_what_overflowed_before_a_kill_reaches_its_replica(tmp_path: Path) -> None:
    """Opening the hotel is enough: nobody has to book anything first."""

    async def reopen() -> None:
        await opened_once(tmp_path)
        set_clock(tmp_path, 7)
        (tmp_path / "overflow-db3.jsonl").write_text('["r1", "u1", 7, 3, false]\n', encoding="utf-8")

        async def has_it() -> bool:
            return await kept_by_db3(tmp_path) == B7

        await until(has_it)

    finished(reopen())


@pytest.mark.parametrize("write", ["parallel:2", "primary:1", "message:parallel:2"])
@pytest.mark.parametrize("how", ["removed", "emptied", "old"])
def test_a_clock_that_would_give_a_timestamp_again_is_refused(how: str, write: str, tmp_path: Path) -> None:
    """Where bookings are kept that are later than what the clock has given, the hotel does not open, and says why."""
    clock = tmp_path / "clock.sqlite"

    async def book() -> None:
        async with hotel(tmp_path, write=write, patience=None) as app:
            await app.book_room("u1", "r1")
            await app.book_room("u1", "r2")

    finished(opened_once(tmp_path, write=write))
    old = clock.read_bytes()
    finished(book())
    for file in tmp_path.glob("clock.sqlite-*"):
        file.unlink()
    if how == "removed":
        clock.unlink()
    else:
        clock.write_bytes(old if how == "old" else b"")
    with pytest.raises(DamagedError, match=r"clock\.sqlite: is not the clock that was here.* up to 0.* has [12];"):
        finished(opened_once(tmp_path, write=write))


@pytest.mark.parametrize("name", ["clock.sqlite", "log.sqlite"])
def test_a_hotel_whose_clock_or_log_is_spoilt_does_not_open(name: str, tmp_path: Path) -> None:
    """It says which file is to be mended, and leaves it as it is."""
    finished(opened_once(tmp_path))
    spoil(tmp_path / name)
    with pytest.raises(DamagedError, match=rf"{name}: file is not a database"):
        finished(opened_once(tmp_path))
    assert (tmp_path / name).read_bytes() == b"no database" * 100


def test_a_spoilt_replica_is_told_of_once_and_two_others_are_enough(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its file's name is told; bookings and checks go on, and what it lacks is kept."""

    async def without_it() -> None:
        async with hotel(tmp_path, write="parallel:2", patience=None) as app:
            await app.book_room("u1", "r0")
        spoil(tmp_path / "db3.sqlite")
        caplog.clear()
        async with hotel(tmp_path, write="parallel:2", read="quorum", patience=None) as app:
            bookings = [await app.book_room("u1", f"r{i}") for i in range(1, 4)]
            assert not await app.is_room_available("r1")
            assert not await app.is_room_available("r0")
        (line,) = told(caplog)
        assert line.startswith(f"db3 is damaged: {tmp_path / 'db3.sqlite'}: ")
        with SafekeepingFolder(tmp_path) as kept:
            assert {it.booking for it in kept.left()} >= set(bookings)

    finished(without_it())


def test_where_nobody_knows_what_a_spoilt_replica_had_a_new_clock_is_refused(tmp_path: Path) -> None:
    """It might give a timestamp again that is in the spoilt file."""
    spoil(tmp_path / "db3.sqlite")
    with pytest.raises(DamagedError, match=r"db3\.sqlite.*and clock\.sqlite is new: whether it would give"):
        finished(opened_once(tmp_path))


def test_a_replica_whose_file_is_gone_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It works on, as a replica does whose disk was replaced; that it has forgotten is told with its name."""

    async def without_it() -> None:
        await opened_once(tmp_path)
        assert told(caplog) == []
        (tmp_path / "db2.sqlite").unlink()
        await opened_once(tmp_path)
        (line,) = told(caplog)
        assert line.startswith(f"{tmp_path / 'db2.sqlite'}: is new, and db1.sqlite is not")

    finished(without_it())


def test_a_replica_that_hangs_does_not_hold_up_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hotel closes in the time that it is given, though a disk does not answer, and keeps what that one lacks."""
    let, keep = threading.Event(), SQLiteReplica._keep  # noqa: SLF001 - it is to hang

    def hang(connection: sqlite3.Connection, bookings: Sequence[Booking]) -> list[None]:
        if threading.current_thread().name.startswith("db3"):
            let.wait(30)
        return keep(connection, bookings)

    async def close() -> None:
        monkeypatch.setattr(SQLiteReplica, "_keep", staticmethod(hang))
        now = asyncio.get_running_loop().time
        async with hotel(tmp_path, write="parallel:2", patience=None, closing=0.2) as app:
            booking = await app.book_room("u1", "r1")
            begun = now()
        assert now() - begun < 3
        with SafekeepingFolder(tmp_path) as kept:
            assert kept.left() == [Unfinished(booking, 3)]
        let.set()

    finished(close())
