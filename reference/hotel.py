"""The hotel, open: an app server over SQLite files in a folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

from overbooked.reference.app_server import AppServer
from overbooked.reference.background import Background
from overbooked.reference.limits import HOTEL_LIMITS
from overbooked.reference.opening import check_clock, tell_of_new
from overbooked.reference.ports import Clock, Log, Node, Replica
from overbooked.reference.replication import ReplicatedDatabase, Replication, replicate, replication
from overbooked.reference.safekeeping import SafekeepingFolder
from overbooked.reference.sqlite import SQLiteNode, SQLiteStorage
from overbooked.reference.sqlite_clock import SQLiteClock


@asynccontextmanager
async def hotel(  # noqa: PLR0913 - each can be left out
    folder: Path,
    *,
    write: str = "parallel:2",
    read: str = "quorum",
    replicas: int = 3,
    patience: float | None = 5.0,
    closing: float = 5.0,
) -> AsyncIterator[AppServer]:
    """Yield an app server whose replicas, log and clock are files in ``folder``, which is made if need be.

    With ``primary:K`` db1 is the primary, and the database replicates while the hotel is open: one hotel at a time, and
    no other way to write in this folder before or after, as only these know of the replicas' logs. Nor should a folder
    in which rooms were claimed (``claim:K``) be opened in another way: a replica may have a booking that was rejected.
    A call that takes longer than ``patience`` seconds ends with :class:`UnknownOutcomeError`. Closing takes ``closing``
    seconds, and a little, at most; what could not be finished is kept in the folder, and taken up when it opens again.
    Raises :class:`ValueError` when there is no strategy of that name, :class:`OSError` when the folder cannot be
    written, or another hotel is open over it (:class:`FolderInUseError`), and :class:`DamagedError`, with the name of
    the file, when the clock, the log or what was left unfinished is spoilt or is not what was there before.

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
    async with AsyncExitStack() as opened:
        kept = opened.enter_context(SafekeepingFolder(folder))
        left = kept.left()
        tell_of_new([folder / f"db{number}.sqlite" for number in range(1, replicas + 1)])
        storage, numbers = SQLiteStorage(folder, patience), range(1, replicas + 1)
        databases, log, clock = [storage.replica(number) for number in numbers], storage.log(), storage.clock()
        opened.push_async_callback(_close_all, [*databases, log, clock])
        nodes = [storage.node(number) for number in numbers] if write.startswith("primary:") else []
        replicating = _replicating(nodes, replication(write, replicas), storage.clock()) if nodes else nullcontext()
        primary = await opened.enter_async_context(replicating)
        server = AppServer(databases, log, clock, write, read, primary, limits=HOTEL_LIMITS, safekeeping=kept)
        keeping = [*(nodes or databases), log]
        await check_clock(clock, keeping, kept.highest())
        await server.start(left)
        try:
            yield server
        finally:
            try:
                await server.close(closing)
            finally:
                kept.save(server.unfinished)


async def _close_all(connections: Sequence[Replica | Log | Clock | Node]) -> None:
    await asyncio.gather(*(each.close() for each in connections))


@asynccontextmanager
async def _replicating(
    nodes: Sequence[SQLiteNode], how: Replication, clock: SQLiteClock
) -> AsyncIterator[ReplicatedDatabase]:
    """Yield the database with db1 as its primary, which replicates until it is closed."""
    database, work = ReplicatedDatabase(nodes, how), Background()
    async with AsyncExitStack() as opened:
        opened.push_async_callback(_close_all, [*nodes, clock])
        opened.push_async_callback(work.stop)
        work.start(replicate(database, clock))
        yield database
