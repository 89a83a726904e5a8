"""An event loop that holds still: it runs what is ready, and then waits to be told what happens next."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

from overbooked.checker.conformance.ended_tasks import end_all
from overbooked.checker.conformance.threadless_loop import ThreadlessLoop
from overbooked.checker.conformance.user_code import PlacedError, place_at_work, place_of_waiting

T = TypeVar("T")
_RESTLESS = 100_000
"""After so many callbacks in a row, something goes round for ever."""
TIMERS = "none ends by itself here; ask the clock for patience (until_too_late) and for pauses (until_retry)"
"""What whoever asks for a timer of asyncio should know."""


class RestlessError(PlacedError):
    """What runs on the loop does not come to rest."""


class DeterministicLoop(ThreadlessLoop):
    """A loop without sockets, threads or time, so that it does the same whenever it is told the same.

    Its timers wait until it is told that time passes. What is meant for a thread is done in place, at once.

    >>> loop = DeterministicLoop()
    >>> gate = loop.create_future()
    >>> async def after_the_gate() -> str:
    ...     return f"after {await gate}"
    >>> task = loop.create_task(after_the_gate())
    >>> loop.settle(), task.done()
    (None, False)
    >>> gate.set_result("this")
    >>> loop.settle(), task.result()
    (None, 'after this')
    """

    def __init__(self, *, notes_tasks: bool = False) -> None:
        super().__init__()
        self._notes_tasks = notes_tasks
        self.has_timers = False
        """Whether anybody has asked for a timer."""
        self._now = 0.0
        self._noted: list[tuple[asyncio.Task[Any], Context | None]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._ready_next: deque[tuple[Callable[..., object], tuple[Any, ...], Context]] = deque()
        self._tasks: list[asyncio.Task[Any]] = []
        self._is_over = False

    def __del__(self) -> None:
        """Hold nothing that would have to be closed."""

    def settle(self) -> None:
        """Run until nothing is ready.

        Raises :class:`RestlessError` when that never comes, and
        :class:`overbooked.checker.conformance.threadless_loop.OwnThreadError` when a thread was used that may not be.
        """
        ready, hooks = self._ready_next, sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, self._close_later)
        asyncio._set_running_loop(self)  # noqa: SLF001 - asyncio's documented way for those who write a loop
        try:
            for _ in range(_RESTLESS):
                if not ready:
                    break
                callback, args, context = ready.popleft()
                context.run(callback, *args)
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - as above
            sys.set_asyncgen_hooks(*hooks)
        if self.refused:
            raise self.refused
        if not ready:
            return
        message = f"{_RESTLESS:,} callbacks in a row: something goes round for ever"
        raise RestlessError(message, place_at_work(callback))

    def complete(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what ``coroutine`` returns.

        Raises :class:`RestlessError` when it waits for something that is not ready.
        """
        task = self.create_task(coroutine)
        try:
            self.settle()
            self._refuse_to_wait(task, coroutine)
            return task.result()
        except BaseException:
            self.end()
            raise

    def _refuse_to_wait(self, task: asyncio.Task[Any], coroutine: Coroutine[Any, Any, object]) -> None:
        if not task.done():
            raise _waits_for_ever(coroutine, f"; of the timers of asyncio {TIMERS}" * self.has_timers)

    def end(self) -> None:
        """End what is under way, as its run is over."""
        self._is_over = True
        asyncio._set_running_loop(self)  # noqa: SLF001 - as above
        try:
            end_all(self._tasks)
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - as above
        self._ready_next.clear()

    def at_once(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what ``coroutine`` returns, which waits for nothing: likewise, but faster, as it is no task.

        Raises :class:`RestlessError` when it does wait.
        """
        asyncio._set_running_loop(self)  # noqa: SLF001 - as above
        try:
            coroutine.send(None)
        except StopIteration as done:
            returned: T = done.value
            return returned
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - as above
        error = _waits_for_ever(coroutine)
        coroutine.close()
        raise error

    def _close_later(self, left: AsyncGenerator[Any, Any]) -> None:
        """Close a generator that nobody asks any more, as any loop does; once the run is over, just let it go."""
        if not self._is_over:
            self.call_soon(lambda: self.create_task(left.aclose()))

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """Return the task that runs ``coro``."""
        context = copy_context() if self._notes_tasks and context is None else context
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        if self._notes_tasks:
            self._noted.append((task, context))
        return task

    def unfinished(self) -> list[tuple[asyncio.Task[Any], Context | None]]:
        """Return the tasks that have not ended, each with its context, where they are noted."""
        self._noted = [(task, context) for task, context in self._noted if not task.done()]
        return self._noted

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> None:
        """Note what is to be run; nobody who calls this here needs a handle to cancel it."""
        self._ready_next.append((callback, args, copy_context() if context is None else context))

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Return a timer that waits until time passes."""
        self.has_timers = True
        self._timers.append(asyncio.TimerHandle(when, callback, args, self, context))
        return self._timers[-1]

    def time(self) -> float:
        """Return how many seconds have passed here."""
        return self._now

    @property
    def waits_for_time(self) -> bool:
        """Whether there is a timer that waits."""
        return any(not timer.cancelled() for timer in self._timers)

    def pass_time(self) -> None:
        """Let every timer that waits end, one after the other; those that are begun meanwhile wait for the next time.

        Raises :class:`RestlessError` when what follows does not come to rest.
        """
        timers, self._timers = sorted(self._timers, key=lambda timer: timer.when()), []
        for timer in timers:
            if not timer.cancelled():
                self._now = max(self._now, timer.when())
                self.call_soon(timer._run)  # noqa: SLF001 - the handle has what is to be called, and its context
                self.settle()

    def call_exception_handler(self, context: object) -> None:
        """Say nothing of tasks that end with the setting they ran in."""


def _waits_for_ever(coroutine: Coroutine[Any, Any, object], more: str = "") -> RestlessError:
    who = getattr(coroutine, "__qualname__", "it")
    return RestlessError(f"{who} waits for something that never comes{more}", place_of_waiting(coroutine))
