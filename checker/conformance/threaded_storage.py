"""Storage used from aside: its ports run in an ordinary event loop, in a thread of its own.

The app server's loop holds still; a port that talks to files or over a network must not. What the app server asks of
it is handed to the other loop, and waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from threading import Thread
from typing import Any, TypeVar

from overbooked.checker.conformance.implementation import NewStorage
from overbooked.reference.ports import Storage

T = TypeVar("T")
_PATIENCE = 60.0
"""Seconds that a port may take for one thing that it is asked."""


class OtherLoop:
    """An ordinary event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="storage", daemon=True)
        self._thread.start()

    def done(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns in this loop.

        Raises :class:`RuntimeError` when that takes too long.
        """
        under_way = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return under_way.result(_PATIENCE)
        except TimeoutError:
            under_way.cancel()
            raise RuntimeError(f"the storage does not answer within {_PATIENCE:.0f} s") from None

    def close(self) -> None:
        """Stop what is left there, and end the loop and its thread."""
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
        self._storage = storage
        self._loop = loop

    def replica(self, number: int) -> Any:  # noqa: ANN401 - a Replica, by way of the other loop
        """Return a connection to the replica of that number."""
        return self._port(lambda: self._storage.replica(number))

    @property
    def node(self) -> Callable[[int], Any] | None:
        """What returns a connection to the node of a number; nothing, where the storage has no nodes."""
        node = getattr(self._storage, "node", None)
        return (lambda number: self._port(lambda: node(number))) if callable(node) else None

    def log(self) -> Any:  # noqa: ANN401 - likewise a Log
        """Return a connection to the log."""
        return self._port(self._storage.log)

    def clock(self) -> Any:  # noqa: ANN401 - likewise a Clock
        """Return the clock."""
        return self._port(self._storage.clock)

    def _port(self, opened: Callable[[], object]) -> _Port:
        async def in_there() -> object:
            return opened()

        return _Port(self._loop, self._loop.done(in_there()))


class _Port:
    """A port in the other loop."""

    def __init__(self, loop: OtherLoop, port: object) -> None:
        self._loop = loop
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self._port, name)

        async def handed_over(*args: object) -> Any:  # noqa: ANN401 - what the method returns
            return self._loop.done(method(*args))

        return handed_over


def threaded(new: NewStorage) -> NewStorage:
    """Return how to make the same storage, used from aside."""

    @contextmanager
    def storage() -> Iterator[Storage]:
        with closing(OtherLoop()) as loop, new() as inner:
            yield ThreadedStorage(inner, loop)

    return storage
