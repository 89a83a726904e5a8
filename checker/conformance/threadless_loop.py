"""An event loop without threads: what is meant for one is done in place, and what starts one is refused.

Which of two threads is the first to go on nobody can say, so the same steps would not lead to the same state again.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import cache, wraps
from multiprocessing.process import BaseProcess
from threading import Thread, get_ident
from typing import Any, TypeVar

from overbooked.checker.conformance.user_code import PlacedError, place_on_stack

T = TypeVar("T")
_RIGHT = "what loop.run_in_executor() and asyncio.to_thread() are given is done in place"
_NO_THREAD = f"a server may use no thread or process of its own here; {_RIGHT}"
_NO_CALL = f"a thread may not call the loop here; {_RIGHT}"
_NO_WAIT = "what is done in a thread may not have the loop run a coroutine here; await it where the thread is awaited"


class OwnThreadError(PlacedError):
    """A server uses a thread in a way that no run could be repeated with."""


class ThreadlessLoop(asyncio.BaseEventLoop):
    """A loop whose executors do in place, at once, what they are given.

    ``refused`` is what was done with a thread, though it may not; also where its error was caught.
    """

    def __init__(self) -> None:
        super().__init__()
        _watch()
        self.refused: OwnThreadError | None = None
        self._in_place = False
        self._owner = get_ident()

    def refuse(self, message: str) -> OwnThreadError:
        """Note, and return, that whoever calls this in the user's code may not."""
        self.refused = self.refused or OwnThreadError(message, place_on_stack(sys._getframe()))  # noqa: SLF001 - Python's own way to look at a stack
        return self.refused

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Note what is to be run; what another thread asks for is not, and the loop's own thread is told so."""
        handle = asyncio.Handle(callback, args, self, context)
        if get_ident() != self._owner:
            self.refuse(_NO_CALL)
            return handle
        self.call_soon(callback, *args, context=context)
        if self._in_place and _waits_for_its_loop(callback):
            raise self.refuse(_NO_WAIT)
        return handle

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002 - there are no threads here
        func: Callable[..., T],
        *args: object,
    ) -> asyncio.Future[T]:
        """Do it in place, where no loop is seen to run, as none does in a thread."""
        done: asyncio.Future[T] = self.create_future()
        before, self._in_place = self._in_place, True
        asyncio._set_running_loop(None)  # noqa: SLF001 - asyncio's documented way for those who write a loop
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it raises is for the one who waits
            done.set_exception(error)
        finally:
            self._in_place = before
            asyncio._set_running_loop(self)  # noqa: SLF001 - as above
        return done


@cache
def _watch() -> None:
    """Let no thread or process be started, or given work, by what runs on such a loop; elsewhere they are as ever."""
    for kind, name in ((Thread, "start"), (BaseProcess, "start"), (ThreadPoolExecutor, "submit")):
        setattr(kind, name, _unless_held(getattr(kind, name)))


def _unless_held(method: Callable[..., T]) -> Callable[..., T]:
    @wraps(method)
    def elsewhere(*args: Any, **named: Any) -> T:  # noqa: ANN401 - as the method has them
        if isinstance(loop := asyncio._get_running_loop(), ThreadlessLoop):  # noqa: SLF001 - there may be none
            raise loop.refuse(_NO_THREAD)
        return method(*args, **named)

    return elsewhere


def _waits_for_its_loop(callback: object) -> bool:
    """Return whether this has a loop run a coroutine for another thread, which then waits for it as a rule."""
    return getattr(callback, "__qualname__", "").startswith(asyncio.run_coroutine_threadsafe.__qualname__)
