"""Work that goes on after its call was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from overbooked.reference.telling import tell

T = TypeVar("T")
_STOPPING = 0.5
"""Seconds that work which is stopped may take to end."""


class Background:
    """Tasks that nobody has to wait for; each is kept until it is done.

    One that fails is reported, but where the error is one of the ``answers``: those are for who waits for it alone.
    """

    def __init__(self, *answers: type[Exception]) -> None:
        self._answers = answers
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Return how much is under way."""
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin ``work`` and return it as a task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        """Let go of a task; one that failed is reported at once, as nobody may be waiting for it."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, self._answers):
            tell("work in the background failed", error)

    async def rest(self, seconds: float) -> None:
        """Wait until all work is done, for so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Stop what is left; what does not let itself be stopped is left behind."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOPPING)
