"""The read strategies: which replicas a check asks, and which of their answers it believes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from overbooked.reference.outbox import Outbox
from overbooked.reference.ports import Booking, Primary
from overbooked.reference.repairing import Repair, latest
from overbooked.reference.some_of import some_of

Read: TypeAlias = Callable[[str, Sequence[Outbox], int], Awaitable[Booking | None]]
"""Reads a room of replicas, each of which answers once what it keeps is at least as late as a timestamp."""
REPAIR, SESSION = ":repair", ":session"


def first(answers: int) -> Read:
    """Return the strategy that asks all replicas and believes the latest of the first so many answers."""

    async def read(room: str, replicas: Sequence[Outbox], at_least: int) -> Booking | None:
        asked = [asyncio.create_task(_ask(replica, room, at_least)) for replica in replicas]
        try:
            return latest(await some_of(asked, answers))
        finally:
            for each in asked:
                each.cancel()

    return read


def one(number: int) -> Read:
    """Return the strategy that asks the replica of that number alone, from 1 on."""

    async def read(room: str, replicas: Sequence[Outbox], at_least: int) -> Booking | None:
        return await _ask(replicas[number - 1], room, at_least)

    return read


def repairing(answers: int) -> Read:
    """Return the strategy that asks all replicas, and writes the latest answer back until so many replicas have it."""

    async def read(room: str, replicas: Sequence[Outbox], _: int) -> Booking | None:
        return await Repair(room, replicas, answers).latest()

    return read


def of_primary(primary: Primary) -> Read:
    """Return the strategy that asks whoever is the primary."""

    async def read(room: str, _: Sequence[Outbox], at_least: int) -> Booking | None:
        return await _ask(primary, room, at_least)

    return read


def read_strategy(name: str, replicas: int, primary: Primary | None = None) -> Read:
    """Return the strategy called ``one``, ``quorum``, ``all``, ``first:R``, ``one:dbI``, or with a primary its own.

    Those of several answers may end in ``:repair``. One that ends in ``:session`` reads as it does without: what a user
    was told is for the app server to know.
    Raises :class:`ValueError` when there is none of that name for so many replicas.
    """
    plain = name.removesuffix(SESSION)
    if primary and plain == "one:primary":
        return of_primary(primary)
    answers = {"one": 1, "quorum": replicas // 2 + 1, "all": replicas}
    answers |= {f"first:{r}": r for r in range(1, replicas + 1)}
    known = {each: first(r) for each, r in answers.items()} | {f"one:db{i}": one(i) for i in range(1, replicas + 1)}
    repairs = {f"{each}{REPAIR}": repairing(r) for each, r in answers.items() if r > 1} if plain == name else {}
    if plain not in known | repairs:
        there_are = ", ".join(known | repairs)
        raise ValueError(f"{name}: no such way to read {replicas} replicas; there are {there_are}")
    return (known | repairs)[plain]


async def _ask(replica: Outbox | Primary, room: str, at_least: int) -> Booking | None:
    """Return what a replica answers; only where it has to be late enough is it asked for that."""
    return await (replica.read(room, at_least) if at_least else replica.read(room))
