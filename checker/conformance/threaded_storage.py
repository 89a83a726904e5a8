"""Storage used from aside: its ports run in an ordinary event loop, in a thread of its own.

The app server's loop holds still; a port that talks to files or over a network must not. What the app server asks of
it is handed to the other loop, and waited for.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from threading import Thread
from typing import Any, TypeAlias, TypeVar

from overbooked.checker.conformance.blame import blame_storage, by_storage, called
from overbooked.checker.conformance.cut_short import CutShortError
from overbooked.checker.conformance.implementation import NewStorage
from overbooked.checker.conformance.user_code import Place, PlacedError, place_of_waiting, place_on_stack
from overbooked.reference.ports import Storage

T = TypeVar("T")
_PATIENCE = 60.0
"""Seconds that a port may take for one thing that it is asked."""


class SilentError(PlacedError):
    """A storage does not answer."""


class OtherLoop:
    """An ordinary event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.asked: list[_Asked] | None = None
        """What ports are asked that is to be done together; none, where each thing is done at once."""
        self._stuck: SilentError | None = None
        self._thread = Thread(target=self._run, name="storage", daemon=True)
        self._thread.start()

    def done(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns in this loop.

        Raises :class:`SilentError` when that takes too long; it is raised again for whatever the loop is asked later.
        """
        if self._stuck:
            work.close()
            raise self._stuck
        under_way = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return under_way.result(_PATIENCE)
        except BaseException as error:
            if not under_way.done():
                self._give_up(under_way, work, error)
            raise

    def _give_up(self, under_way: Future[T], work: Coroutine[Any, Any, T], error: BaseException) -> None:
        """Wait no longer for what does not come, and say where it is."""
        place = self._place_of(work)
        self._stuck = SilentError(f"the storage does not answer within {_PATIENCE:.0f} s", place)
        self._end_thread()
        under_way.cancel()
        if isinstance(error, CutShortError):
            error.place = error.place or place
        elif isinstance(error, TimeoutError):
            raise self._stuck from None

    def _end_thread(self) -> None:
        """Have the thread end, if what goes round in it can be ended at all."""
        self._loop.set_exception_handler(lambda *_: None)
        number = ctypes.c_ulong(self._thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))

    def _place_of(self, work: Coroutine[Any, Any, T]) -> Place | None:
        """Return where in the user's code the thread is, or what it was asked waits."""
        return place_on_stack(sys._current_frames().get(self._thread.ident or 0)) or place_of_waiting(work)  # noqa: SLF001 - Python's own way to look at a thread

    def _run(self) -> None:
        with suppress(SystemExit):
            self._loop.run_forever()
        if self._stuck:
            self._loop.close()

    def close(self) -> None:
        """Stop what is left there, and end the loop and its thread; for one that is stuck nobody waits."""
        if self._stuck:
            return
        self.done(self._stop_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    async def _stop_all(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()


class ThreadedStorage:
    """A storage whose ports run in another loop; they have the methods that they have there."""

    def __init__(self, storage: Storage, loop: OtherLoop) -> None:
        self.theirs = storage
        self._loop = loop

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have what ports are asked meanwhile done at the end, all at the same time."""
        asked: list[_Asked] = []
        self._loop.asked = asked
        try:
            yield
        finally:
            self._loop.asked = None
        done = self._loop.done(_all_of([work for _, work in asked])) if asked else []
        for (answer, _), result in zip(asked, done, strict=True):
            _answer(answer, result)

    def replica(self, number: int) -> Any:  # noqa: ANN401 - a Replica, by way of the other loop
        """Return a connection to the replica of that number."""
        return self._port(lambda: self.theirs.replica(number))

    @property
    def node(self) -> Callable[[int], Any] | None:
        """What returns a connection to the node of a number; nothing, where the storage has no nodes."""
        node = getattr(self.theirs, "node", None)
        return (lambda number: self._port(lambda: node(number))) if callable(node) else None

    def log(self) -> Any:  # noqa: ANN401 - likewise a Log
        """Return a connection to the log."""
        return self._port(self.theirs.log)

    def clock(self) -> Any:  # noqa: ANN401 - likewise a Clock
        """Return the clock."""
        return self._port(self.theirs.clock)

    def _port(self, opened: Callable[[], object]) -> _Port:
        async def in_there() -> object:
            return opened()

        with by_storage(self.theirs):
            return _Port(self._loop, self._loop.done(in_there()))


class _Port:
    """A port in the other loop."""

    def __init__(self, loop: OtherLoop, port: object) -> None:
        self._loop = loop
        self.theirs = port

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        with by_storage(self.theirs):
            method = getattr(self.theirs, name)

        async def handed_over(*args: object) -> Any:  # noqa: ANN401 - what the method returns
            try:
                work = called(method, *args)
                return self._loop.done(work) if self._loop.asked is None else await self._noted(self._loop.asked, work)
            except Exception as error:
                blame_storage(error, self.theirs)
                raise

        return handed_over

    @staticmethod
    async def _noted(asked: list[_Asked], work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - as above
        answer = asyncio.get_running_loop().create_future()
        asked.append((answer, work))
        return await answer


_Asked: TypeAlias = tuple[asyncio.Future[Any], Coroutine[Any, Any, Any]]
"""What a port is asked, and what is to have the answer."""


async def _all_of(works: list[Coroutine[Any, Any, Any]]) -> list[Any]:
    return await asyncio.gather(*works, return_exceptions=True)


def _answer(answer: asyncio.Future[Any], result: object) -> None:
    if isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def threaded(new: NewStorage) -> NewStorage:
    """Return how to make the same storage, used from aside."""

    @contextmanager
    def storage() -> Iterator[Storage]:
        with closing(OtherLoop()) as loop, new() as inner:
            yield ThreadedStorage(inner, loop)

    return storage
