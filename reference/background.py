"""Work that goes on after its call was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Tasks that nobody has to wait for; each is kept until it is done.

    One that fails is reported, but where the error is one of the ``answers``: those are for who waits for it alone.
    """

    def __init__(self, *answers: type[Exception]) -> None:
        self._answers = answers
        self._tasks: set[asyncio.Task[Any]] = set()

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
            report = {"message": "work in the background failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(report)

    async def finish(self, seconds: float) -> None:
        """Wait until all work is done, for so many seconds at most, and stop what is left then."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            pass
        finally:
            await self._stop()

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
