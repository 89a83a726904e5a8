"""The write strategies: how a booking reaches the replicas, and what the acknowledgement waits for.

Each is a coroutine that returns once the user may be told. What ``replica.apply`` sends is under way at once, and goes
on until that replica has confirmed, which is when what it returns is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from overbooked.reference.background import Background
from overbooked.reference.outbox import Outbox
from overbooked.reference.ports import Booking, Primary
from overbooked.reference.some_of import failure_of, some_of

Write: TypeAlias = Callable[[Booking, Sequence[Outbox], Background], Awaitable[None]]


async def serial_sync(booking: Booking, replicas: Sequence[Outbox], _: Background) -> None:
    """Write to one replica after the other; all have confirmed, or failed for good, which is raised then."""
    failures = [await failure_of(replica.apply(booking)) for replica in replicas]
    for failure in filter(None, failures):
        raise failure


async def serial_async(booking: Booking, replicas: Sequence[Outbox], background: Background) -> None:
    """Write to one replica after the other; the first has confirmed, and the rest goes on in the background."""
    first, *rest = replicas
    failure = await failure_of(first.apply(booking))
    background.start(serial_sync(booking, rest, background))
    if failure:
        raise failure


def parallel(confirmations: int) -> Write:
    """Return the strategy that writes to all replicas at once and waits for so many of them."""

    async def write(booking: Booking, replicas: Sequence[Outbox], _: Background) -> None:
        await some_of([replica.apply(booking) for replica in replicas], confirmations)

    return write


def claim(confirmations: int) -> Write:
    """Return the strategy that claims the room at all replicas at once and waits for so many of them.

    It raises :class:`RoomTakenError` once so many have refused that too few are left.
    """

    async def write(booking: Booking, replicas: Sequence[Outbox], _: Background) -> None:
        await some_of([replica.claim(booking) for replica in replicas], confirmations)

    return write


def to_primary(primary: Primary) -> Write:
    """Return the strategy that writes to whoever is the primary, and leaves the rest to the database."""

    async def write(booking: Booking, _: Sequence[Outbox], __: Background) -> None:
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
