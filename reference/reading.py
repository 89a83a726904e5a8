"""The read strategies: which replicas a check asks, and which of their answers it believes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import TypeAlias

from overbooked.reference.ports import Booking, Primary, Replica

Read: TypeAlias = Callable[[str, Sequence[Replica]], Awaitable[Booking | None]]


def first(answers: int) -> Read:
    """Return the strategy that asks all replicas and believes the latest of the first so many answers."""

    async def read(room: str, replicas: Sequence[Replica]) -> Booking | None:
        asked = [asyncio.create_task(_ask(replica, room)) for replica in replicas]
        try:
            return latest([await answer for answer in islice(asyncio.as_completed(asked), answers)])
        finally:
            for each in asked:
                each.cancel()

    return read


def one(number: int) -> Read:
    """Return the strategy that asks the replica of that number alone, from 1 on."""

    async def read(room: str, replicas: Sequence[Replica]) -> Booking | None:
        return await replicas[number - 1].read(room)

    return read


def of_primary(primary: Primary) -> Read:
    """Return the strategy that asks whoever is the primary."""

    async def read(room: str, _: Sequence[Replica]) -> Booking | None:
        return await primary.read(room)

    return read


def latest(answers: Sequence[Booking | None]) -> Booking | None:
    """Return the booking with the highest timestamp among the answers, if there is one."""
    return max((booking for booking in answers if booking), key=lambda booking: booking.timestamp, default=None)


def read_strategy(name: str, replicas: int, primary: Primary | None = None) -> Read:
    """Return the strategy called ``one``, ``quorum``, ``all``, ``first:R``, ``one:dbI``, or with a primary its own.

    Raises :class:`ValueError` when there is none of that name for so many replicas.
    """
    if primary and name == "one:primary":
        return of_primary(primary)
    known: dict[str, Read] = {"one": first(1), "quorum": first(replicas // 2 + 1), "all": first(replicas)}
    known |= {f"first:{r}": first(r) for r in range(1, replicas + 1)}
    known |= {f"one:db{i}": one(i) for i in range(1, replicas + 1)}
    if name not in known:
        raise ValueError(f"{name}: no such way to read {replicas} replicas; there are {', '.join(known)}")
    return known[name]


async def _ask(replica: Replica, room: str) -> Booking | None:
    return await replica.read(room)
