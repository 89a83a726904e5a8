"""An event loop that holds still: it runs what is ready, and then waits to be told what happens next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

from overbooked.checker.conformance.user_code import PlacedError, place_at_work, place_of_waiting

T = TypeVar("T")
_RESTLESS = 100_000
"""After so many callbacks in a row, something goes round for ever."""


class RestlessError(PlacedError):
    """What runs on the loop does not come to rest."""


class DeterministicLoop(asyncio.BaseEventLoop):
    """A loop without sockets, threads or time, so that it does the same whenever it is told the same.

    Its timers never fire. What is meant for a thread is done in place, at once.

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

    def __init__(self) -> None:
        super().__init__()
        self.has_timers = False
        """Whether anybody has asked for a timer."""
        self._ready_next: deque[tuple[Callable[..., object], tuple[Any, ...], Context]] = deque()

    def __del__(self) -> None:
        """Hold nothing that would have to be closed."""

    def settle(self) -> None:
        """Run until nothing is ready.

        Raises :class:`RestlessError` when that never comes.
        """
        ready = self._ready_next
        asyncio._set_running_loop(self)  # noqa: SLF001 - asyncio's documented way for those who write a loop
        try:
            for _ in range(_RESTLESS):
                if not ready:
                    return
                callback, args, context = ready.popleft()
                context.run(callback, *args)
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - as above
        message = f"{_RESTLESS:,} callbacks in a row: something goes round for ever"
        raise RestlessError(message, place_at_work(callback))

    def complete(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what ``coroutine`` returns.

        Raises :class:`RestlessError` when it waits for something that is not ready.
        """
        task = self.create_task(coroutine)
        self.settle()
        if not task.done():
            raise _waits_for_ever(coroutine)
        return task.result()

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

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """Return the task that runs ``coro``."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> None:
        """Note what is to be run; nobody who calls this here needs a handle to cancel it."""
        self._ready_next.append((callback, args, copy_context() if context is None else context))

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Return a timer that never fires."""
        self.has_timers = True
        return asyncio.TimerHandle(when, callback, args, self, context)

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002 - there are no threads here
        func: Callable[..., T],
        *args: object,
    ) -> asyncio.Future[T]:
        """Do it in place."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it raises is for the one who waits
            done.set_exception(error)
        return done

    def call_exception_handler(self, context: object) -> None:
        """Say nothing of tasks that end with the setting they ran in."""


def _waits_for_ever(coroutine: Coroutine[Any, Any, object]) -> RestlessError:
    who = getattr(coroutine, "__qualname__", "it")
    return RestlessError(f"{who} waits for something that never comes", place_of_waiting(coroutine))
