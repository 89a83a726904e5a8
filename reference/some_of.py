"""Waiting for so many of what is under way, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def failure_of(work: Awaitable[object]) -> Exception | None:
    """Wait for ``work``, and return what it has failed with, if it has."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - whatever it is, it is for who asks
        return error
    return None


async def some_of(under_way: Sequence[asyncio.Future[T]], needed: int) -> list[T]:
    """Return the first so many results, in the order in which they come.

    Raises what the last one has failed with, once too many have failed.
    """
    results: list[T] = []
    spare = len(under_way) - needed
    for each in asyncio.as_completed(under_way):
        try:
            results.append(await each)
        except Exception:
            spare -= 1
            if spare < 0:
                raise
        if len(results) == needed:
            break
    return results
