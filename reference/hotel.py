"""The hotel, open: an app server over SQLite files in a folder."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from overbooked.reference.app_server import AppServer, Unfinished
from overbooked.reference.background import Background
from overbooked.reference.ports import Booking
from overbooked.reference.replication import ReplicatedDatabase, Replication, replicate, replication
from overbooked.reference.sqlite import SQLiteStorage

_LEFT = "unfinished.json"


@asynccontextmanager
async def hotel(
    folder: Path, *, write: str = "parallel:2", read: str = "quorum", replicas: int = 3, patience: float | None = 5.0
) -> AsyncIterator[AppServer]:
    """Yield an app server whose replicas, log and clock are files in ``folder``, which is made if need be.

    With ``primary:K`` db1 is the primary, and the database replicates while the hotel is open: one hotel at a time, and
    no other way to write in this folder before or after, as only these know of the replicas' logs. Nor should a folder
    in which rooms were claimed (``claim:K``) be opened in another way: a replica may have a booking that was rejected.
    A call that takes longer than ``patience`` seconds ends with :class:`UnknownOutcomeError`. Writes that could not be
    finished before the hotel closes are kept in the folder, and taken up when it opens again.
    Raises :class:`ValueError` when there is no strategy of that name, or the list of unfinished writes is spoilt, and
    :class:`OSError` when the folder cannot be written.

    >>> import asyncio, tempfile
    >>> async def one_booking(folder):
    ...     async with hotel(folder) as server:
    ...         before = await server.is_room_available("r1")
    ...         await server.book_room("u1", "r1")
    ...         return before, await server.is_room_available("r1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(one_booking(Path(folder)))
    (True, False)
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    storage = SQLiteStorage(folder, patience)
    databases = [storage.replica(number) for number in range(1, replicas + 1)]
    log, clock = storage.log(), storage.clock()
    async with AsyncExitStack() as opened:
        for close in (*(database.close for database in databases), log.close, clock.close):
            opened.push_async_callback(close)
        primary = None
        if write.startswith("primary:"):
            its = replication(write, replicas)
            primary = await opened.enter_async_context(_replicating(storage, its, replicas))
        server = AppServer(databases, log, clock, write, read, primary)
        left = _left_in(folder / _LEFT)
        _leave_in(folder / _LEFT, left)
        await server.start(left)
        try:
            yield server
        finally:
            try:
                await server.close()
            finally:
                _leave_in(folder / _LEFT, server.unfinished)


@asynccontextmanager
async def _replicating(storage: SQLiteStorage, how: Replication, replicas: int) -> AsyncIterator[ReplicatedDatabase]:
    """Yield the database with db1 as its primary, which replicates until it is closed."""
    nodes = [storage.node(number) for number in range(1, replicas + 1)]
    database, work, clock = ReplicatedDatabase(nodes, how), Background(), storage.clock()
    async with AsyncExitStack() as opened:
        for close in (*(node.close for node in nodes), clock.close):
            opened.push_async_callback(close)
        opened.push_async_callback(work.finish, 0)
        work.start(replicate(database, clock))
        yield database


def _left_in(file: Path) -> list[Unfinished]:
    if not file.exists():
        return []
    try:
        left = json.loads(file.read_text(encoding="utf-8"))
        return [_unfinished(*each) for each in left]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{file}: is not the list of unfinished writes that the hotel left there ({error})") from error


def _unfinished(booking: Sequence[object], replica: int, claimed: object = False) -> Unfinished:  # noqa: FBT002 - as it is in the file
    room, user, at = booking
    return Unfinished(Booking(str(room), str(user), int(str(at))), int(replica), bool(claimed))


def _leave_in(file: Path, unfinished: list[Unfinished]) -> None:
    """Replace the file in one go, so that it is never half written."""
    new = file.with_suffix(".new")
    with new.open("w", encoding="utf-8") as kept:
        json.dump(unfinished, kept)
        kept.flush()
        os.fsync(kept.fileno())
    new.replace(file)
