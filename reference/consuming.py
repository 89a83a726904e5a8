"""The consumer of the log: each entry is written to the replicas, then committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from overbooked.reference.ports import Booking, Clock, Log
from overbooked.reference.trying import until_it_works


async def consume(
    log: Log, clock: Clock, write: Callable[[Booking], Awaitable[None]], limit: float | None = None
) -> None:
    """Take the log's entries in order, for ever; one that was not committed is taken again after a restart.

    A commit that takes longer than ``limit`` seconds is tried again.
    """
    while True:
        entry = await until_it_works(log.next, clock)
        await write(entry.booking)
        await until_it_works(lambda: log.commit(entry), clock, limit)  # noqa: B023 - called in this round alone
