"""The write strategies: how a booking reaches the replicas, and what the acknowledgement waits for.

Each is a coroutine that returns once the user may be told. ``replica.apply`` returns once that replica has confirmed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import TypeAlias

from overbooked.reference.background import Background
from overbooked.reference.ports import Booking, Primary, Replica, RoomTakenError

Write: TypeAlias = Callable[[Booking, Sequence[Replica], Background], Awaitable[None]]


async def serial_sync(booking: Booking, replicas: Sequence[Replica], _: Background) -> None:
    """Write to one replica after the other; all have confirmed."""
    for replica in replicas:
        await replica.apply(booking)


async def serial_async(booking: Booking, replicas: Sequence[Replica], background: Background) -> None:
    """Write to one replica after the other; the first has confirmed, and the rest goes on in the background."""
    first, *rest = replicas
    await first.apply(booking)
    background.start(serial_sync(booking, rest, background))


def parallel(confirmations: int) -> Write:
    """Return the strategy that writes to all replicas at once and waits for so many of them."""

    async def write(booking: Booking, replicas: Sequence[Replica], background: Background) -> None:
        writes = [background.start(replica.apply(booking)) for replica in replicas]
        for confirmed in islice(asyncio.as_completed(writes), confirmations):
            await confirmed

    return write


def claim(confirmations: int) -> Write:
    """Return the strategy that claims the room at all replicas at once and waits for so many of them.

    It raises :class:`RoomTakenError` once so many have refused that too few are left.
    """

    async def write(booking: Booking, replicas: Sequence[Replica], background: Background) -> None:
        claims = [background.start(replica.claim(booking)) for replica in replicas]
        confirmed, spare = 0, len(replicas) - confirmations
        for answer in asyncio.as_completed(claims):
            try:
                await answer
                confirmed += 1
            except RoomTakenError:
                spare -= 1
                if spare < 0:
                    raise
            if confirmed == confirmations:
                return

    return write


def to_primary(primary: Primary) -> Write:
    """Return the strategy that writes to whoever is the primary, and leaves the rest to the database."""

    async def write(booking: Booking, _: Sequence[Replica], __: Background) -> None:
        await primary.write(booking)

    return write


def write_strategy(name: str, replicas: int, primary: Primary | None = None) -> Write:
    """Return the strategy called ``serial-sync``, ``serial-async``, ``parallel:K``, ``claim:K``, or ``primary:...``.

    How many standbys a primary waits for, and for what, is up to the database.
    Raises :class:`ValueError` when there is none of that name for so many replicas, or it needs a primary.
    """
    if name.startswith("primary:"):
        return to_primary(_given(primary, name))
    known: dict[str, Write] = {"serial-sync": serial_sync, "serial-async": serial_async}
    known |= {f"parallel:{k}": parallel(k) for k in range(1, replicas + 1)}
    known |= {f"claim:{k}": claim(k) for k in range(1, replicas + 1)}
    if name not in known:
        raise ValueError(f"{name}: no such way to write to {replicas} replicas; there are {', '.join(known)}")
    return known[name]


def _given(primary: Primary | None, name: str) -> Primary:
    if primary is None:
        raise ValueError(f"{name}: the database replicates by itself, so give the app server a primary to write to")
    return primary
