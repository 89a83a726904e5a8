"""Replicas that forget all that they keep, and writes that never arrive, as who runs the reference meets them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from overbooked.checker.conformance.lockstep import DiffersError, Lockstep
from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryReplica, MemoryStorage
from overbooked.reference.ports import Booking, LogEntry
from overbooked.reference.replication import ReplicatedDatabase, Replication
from overbooked.reference.sqlite import SQLiteStorage
from overbooked.spec.faults import fault_named
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.write_strategies import write_strategy
from test_reference import finished, until
from test_replication import booking_app

FIRST, LATER = Booking("r1", "u1", 1), Booking("r1", "u2", 2)


@pytest.mark.parametrize("new", [lambda _: MemoryStorage(), SQLiteStorage], ids=["memory", "sqlite"])
def test_what_is_forgotten_stays_so_and_what_comes_later_is_kept(
    new: Callable[[Path], MemoryStorage | SQLiteStorage], tmp_path: Path
) -> None:
    """A replica, and a node with its log, are empty after it, also for whoever connects next, and go on from there."""

    async def forget() -> None:
        storage = new(tmp_path)
        node, replica = storage.node(1), storage.replica(2)
        await node.keep(FIRST)
        await node.show(FIRST)
        await replica.apply(LATER)
        for port in (node, replica):
            await port.forget()
            await port.close()
        node, replica = storage.node(1), storage.replica(2)
        assert (await node.log(), await node.read("r1"), await replica.read("r1")) == ([], None, None)
        await node.keep(LATER)
        await replica.claim(FIRST)
        assert (await node.log(), await replica.read("r1")) == ([LogEntry(LATER, shown=False)], FIRST)
        for port in (node, replica):
            await port.close()

    finished(forget())


def test_a_standby_that_forgot_follows_the_primary_again() -> None:
    """It receives all of the primary's log anew, and shows it."""

    async def story() -> None:
        storage = MemoryStorage()
        async with booking_app(Replication(needed=2), storage) as (app, database):
            bookings = [await app.book_room("u1", room) for room in ("r1", "r2")]
            standby = storage.node(3)

            async def has_all() -> bool:
                return await standby.log() == [LogEntry(booking, shown=True) for booking in bookings]

            await until(has_all)
            await standby.forget()
            assert not await has_all()
            database.look_again()
            await until(has_all)

    finished(story())


def test_what_a_primary_forgot_is_not_written_to_it_again() -> None:
    """A write comes to the primary once: who waits for its answer waits on, and a standby never gets it."""

    async def story() -> None:
        storage = MemoryStorage()
        database = ReplicatedDatabase([storage.node(1), storage.node(2)], Replication(needed=2))
        waits = asyncio.create_task(database.write(FIRST))
        await asyncio.sleep(0)
        (append,) = await database.possible()
        await database.take(append)
        await storage.node(1).forget()
        assert (await database.possible(), database.on_their_way, waits.done()) == ([], [], False)
        waits.cancel()

    finished(story())


def test_a_write_that_is_lost_never_comes_to_the_primary() -> None:
    """Nothing is possible any more for it, and another write is not disturbed."""

    async def story() -> None:
        storage = MemoryStorage()
        database = ReplicatedDatabase([storage.node(1)], Replication())
        waits = [asyncio.create_task(database.write(booking)) for booking in (FIRST, LATER)]
        await asyncio.sleep(0)
        database.lose(FIRST)
        assert [action.booking for action in await database.possible()] == [LATER]
        for _ in ("append", "apply", "confirm"):
            (action,) = await database.possible()
            await database.take(action)
        await asyncio.sleep(0)
        assert [each.done() for each in waits] == [False, True]
        waits[0].cancel()

    finished(story())


def test_a_storage_that_cannot_forget_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where replicas have no ``forget``, whoever asks for amnesia is told so, and where it is described."""
    monkeypatch.delattr(MemoryReplica, "forget")
    setting = Setting(write_strategy("parallel:1", 1), read_strategy("one", 1), 1, fault_named("amnesia"), ((),))
    with pytest.raises(DiffersError, match=r"no forget\(\), which amnesia needs: reference/ports.py says what it does"):
        Lockstep(setting, MemoryStorage(), AppServer)
