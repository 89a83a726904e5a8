"""Repairs, sessions and claims, as who runs the app server meets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from overbooked.reference.app_server import AppServer
from overbooked.reference.hotel import hotel
from overbooked.reference.memory import MemoryReplica, MemoryStorage
from overbooked.reference.outcomes import UnknownOutcomeError
from overbooked.reference.ports import BehindError, Booking, Replica, RoomTakenError, UnreachableError
from overbooked.reference.session import Session
from overbooked.reference.sqlite import SQLiteReplica
from overbooked.reference.sqlite_clock import SQLiteClock
from overbooked.reference.unfinished import Unfinished
from test_outbox import Faulty
from virtual_time import in_virtual_time


def server(replicas: Sequence[Replica], write: str, read: str, patience: float | None = None) -> AppServer:
    """Return an app server over these replicas, with log and clock in memory."""
    storage = MemoryStorage(patience)
    return AppServer(replicas, storage.log(), storage.clock(), write, read)


FIRST, LATER = Booking("r1", "u1", 1), Booking("r1", "u2", 2)


def test_a_repair_writes_back_what_it_found_before_it_tells() -> None:
    """One replica has a booking and another one a later: when the check is answered, two of three have the later."""

    async def check() -> list[Booking | None]:
        replicas = [MemoryReplica(), MemoryReplica(), MemoryReplica()]
        await replicas[0].apply(FIRST)
        await replicas[1].apply(LATER)
        app = server(replicas, "parallel:1", "quorum:repair")
        await app.start()
        assert not await app.is_room_available("r1")
        await app.close()
        return [await replica.read("r1") for replica in replicas]

    assert in_virtual_time(check).count(LATER) >= 2


def test_a_repair_needs_no_more_replicas_than_it_waits_for() -> None:
    """While one of three replicas is down, a check by a quorum repairs the one that is behind, and one by all waits."""

    async def check(read: str) -> bool:
        replicas = [MemoryReplica(), MemoryReplica(), Faulty(UnreachableError("down"))]
        await replicas[0].apply(FIRST)
        app = server(replicas, "parallel:1", read, patience=5)
        await app.start()
        try:
            return await app.is_room_available("r1")
        finally:
            await app.close(0)
            assert await replicas[1].read("r1") == (FIRST if read == "quorum:repair" else None)

    assert not in_virtual_time(lambda: check("quorum:repair"))
    with pytest.raises(UnknownOutcomeError):
        in_virtual_time(lambda: check("all:repair"))


def test_a_replica_answers_a_user_once_it_has_what_this_user_was_told_of() -> None:
    """The check of whoever booked waits for a replica that is behind; that of somebody else is answered at once."""

    async def check() -> tuple[bool, bool]:
        replicas = [MemoryReplica(), MemoryReplica()]
        app, session = server(replicas, "parallel:1", "one:db2:session"), Session()
        await app.start()
        await replicas[0].apply(FIRST)
        session.note(FIRST)
        mine = asyncio.ensure_future(app.is_room_available("r1", session))
        theirs = await app.is_room_available("r1", Session())
        await asyncio.sleep(10)
        assert not mine.done()
        await replicas[1].apply(FIRST)
        answers = await mine, theirs
        await app.close()
        return answers

    assert in_virtual_time(check) == (False, True)


def test_a_session_is_told_what_its_user_is_told_and_outlives_the_app_server() -> None:
    """What was booked, or found booked, counts for a user's next check, also by another app server."""

    async def told() -> list[int]:
        session, other, replicas = Session(), Session(), [MemoryReplica()]
        for session_now, book in ((session, True), (other, False)):
            app = server(replicas, "parallel:1", "one:session")
            await app.start()
            if book:
                await app.book_room("u1", "r1", session_now)
            else:
                assert not await app.is_room_available("r1", session_now)
                assert await app.is_room_available("r2", session_now)
            await app.close()
        return [session.at_least("r1"), other.at_least("r1"), other.at_least("r2")]

    assert in_virtual_time(told) == [1, 1, 0]


@pytest.mark.parametrize("over", ["memory", "sqlite"])
def test_replicas_take_one_booking_of_a_room_and_say_when_they_are_behind(over: str, tmp_path: Path) -> None:
    """A claim that is made again stands, another one is refused, and what is asked for too early is said to be so."""

    async def claim() -> None:
        replica = MemoryReplica() if over == "memory" else SQLiteReplica(tmp_path / "db1.sqlite")
        await replica.claim(LATER)
        await replica.claim(LATER)
        with pytest.raises(RoomTakenError):
            await replica.claim(FIRST)
        assert await replica.read("r1", 2) == LATER
        for room, at_least in (("r1", 3), ("r2", 1)):
            with pytest.raises(BehindError):
                await replica.read(room, at_least)
        await replica.close()

    asyncio.run(claim())


def test_of_two_users_who_claim_a_room_one_gets_it(tmp_path: Path) -> None:
    """Over SQLite, of twelve who book three rooms at once, each room has one who is told so; the others: taken."""

    async def race() -> None:
        async with hotel(tmp_path, write="claim:2", read="quorum", patience=None) as app:
            calls = [app.book_room(f"u{i}", f"r{i % 3}") for i in range(12)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            held = [answer.room for answer in answers if isinstance(answer, Booking)]
            assert len(held) == len(set(held))
            assert all(isinstance(answer, Booking | RoomTakenError) for answer in answers)
            await app.book_room("u1", "r7")
            assert not await app.is_room_available("r7")
            with pytest.raises(RoomTakenError):
                await app.book_room("u2", "r7")

    asyncio.run(race())


def test_a_claim_that_was_left_unfinished_is_claimed_again(tmp_path: Path) -> None:
    """At the next opening it pushes out no booking that is there, and is no longer unfinished."""
    (tmp_path / "unfinished.jsonl").write_text(json.dumps([*LATER, 1, True]) + "\n", encoding="utf-8")

    async def reopen() -> None:
        clock = SQLiteClock(tmp_path / "clock.sqlite")
        while await clock.timestamp() < LATER.timestamp:
            pass
        await clock.close()
        kept = SQLiteReplica(tmp_path / "db1.sqlite")
        await kept.apply(FIRST)
        async with hotel(tmp_path, write="claim:2", patience=None) as app:
            while app.unfinished:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.001)
        assert await kept.read("r1") == FIRST
        await kept.close()

    asyncio.run(reopen())


def test_a_write_that_was_no_claim_is_not_refused_later() -> None:
    """What another way to write left unfinished is applied, and what a claim left is claimed, whoever takes it up."""

    async def finish(write: str, *, claimed: bool) -> Booking | None:
        replica = MemoryReplica()
        await replica.apply(FIRST)
        app = server([replica], write, "one")
        await app.start([Unfinished(LATER, 1, claimed)])
        assert await app.close() == []
        return await replica.read("r1")

    assert in_virtual_time(lambda: finish("claim:1", claimed=False)) == LATER
    assert in_virtual_time(lambda: finish("parallel:1", claimed=True)) == FIRST


def test_what_is_in_the_log_is_never_refused() -> None:
    """A booking that was acknowledged when it was appended reaches replicas that have another one of the room."""

    async def consume() -> Booking | None:
        storage = MemoryStorage()
        await storage.replica(1).apply(FIRST)
        await storage.log().append(LATER)
        app = AppServer([storage.replica(1)], storage.log(), storage.clock(), "claim:1", "one")
        await app.start()
        await asyncio.sleep(1)
        await app.close()
        return await storage.replica(1).read("r1")

    assert in_virtual_time(consume) == LATER


@pytest.mark.parametrize(
    ("write", "read", "complaint"),
    [
        ("message:claim:2", "one", "acknowledged before a replica could refuse it"),
        ("claim:1", "all:repair", "would spread bookings that were rejected"),
        ("parallel:1", "one:repair", "no such way to read 2 replicas"),
        ("parallel:1", "all:repair:session", "no such way to read 2 replicas"),
        ("claim:3", "one", "no such way to write to 2 replicas"),
    ],
)
def test_what_does_not_go_together_is_refused(write: str, read: str, complaint: str) -> None:
    """It is said why."""
    with pytest.raises(ValueError, match=complaint):
        server([MemoryReplica(), MemoryReplica()], write, read)
