"""What waits for one thread together is done together: the event loop's side of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
_MOST = 512
"""So many calls are done together, at most."""


Work: TypeAlias = Callable[[Any, Sequence[Any]], Sequence[Any]]
Call: TypeAlias = tuple[Work, Any]
"""A work, and the one item for which it is to be done; work is given several items where calls follow each other."""


class Failed(NamedTuple):
    """What a call has come to that ended with an error."""

    error: BaseException


Run: TypeAlias = Callable[[list[Call]], list[Any]]
"""Does calls, and returns what each returns, or that it has failed."""


class OfLoop(Generic[T]):
    """What belongs to an event loop: made anew when another loop asks for it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: T

    def __call__(self) -> T:
        """Return what belongs to the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._made = loop, self._make()
        return self._made


class Batches:
    """Calls of one event loop to one thread; while some are done there, further ones wait, and are done next."""

    def __init__(self, thread: Executor, run: Run) -> None:
        self._thread = thread
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Call, asyncio.Future[Any]]] = deque()
        self._answers: list[asyncio.Future[Any]] = []
        self._under_way: asyncio.Future[list[Any]] | None = None
        self._is_busy = False
        self._has_threads = False
        self._crowd = 2 * _MOST

    async def do(self, work: Work, item: Any) -> Any:  # noqa: ANN401 - what the work takes and returns
        """Return what the work returns for the item, or raise what it raises."""
        return await self.ask(work, item)

    def ask(self, work: Work, item: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - likewise
        """Have the work done for the item, and return what will be the answer."""
        answer = self._loop.create_future()
        self._waiting.append(((work, item), answer))
        if len(self._waiting) > self._crowd:
            self._forget_who_is_gone()
        if not self._is_busy:
            self._is_busy = True
            if self._has_threads:
                self._loop.call_soon(self._begin)
            else:
                self._begin()
        return answer

    def _forget_who_is_gone(self) -> None:
        """Let go of calls that nobody waits for, as a thread that hangs may never come to them."""
        self._waiting = deque(each for each in self._waiting if not each[1].done())
        self._crowd = 2 * max(_MOST, len(self._waiting))

    async def finish(self, seconds: float, error: Exception) -> bool:
        """Wait until nothing is under way, for so many seconds at most, and return whether that is so.

        What is left then ends with the error.
        """
        end = self._loop.time() + seconds
        self._begin()
        try:
            while self._under_way and self._loop.time() < end:
                await asyncio.wait({self._under_way}, timeout=end - self._loop.time())
            return not self._under_way
        finally:
            self._fail(error)

    def _begin(self) -> None:
        """Have the next calls done; where the loop has no threads, they are done here and now."""
        if self._under_way:
            return
        self._is_busy = False
        while calls := self._next():
            try:
                done = self._loop.run_in_executor(self._thread, self._run, calls)
            except RuntimeError as error:
                self._fail(error)
                return
            if not done.done():
                self._under_way, self._is_busy, self._has_threads = done, True, True
                done.add_done_callback(self._go_on)
                return
            self._tell(done)

    def _next(self) -> list[Call]:
        """Take the calls that are next; whose caller is gone is none of them."""
        calls: list[Call] = []
        self._answers = []
        while self._waiting and len(calls) < _MOST:
            call, answer = self._waiting.popleft()
            if not answer.done():
                calls.append(call)
                self._answers.append(answer)
        return calls

    def _go_on(self, done: asyncio.Future[list[Any]]) -> None:
        self._under_way = None
        self._tell(done)
        self._begin()

    def _tell(self, done: asyncio.Future[list[Any]]) -> None:
        error = done.exception()
        results = [Failed(error)] * len(self._answers) if error else done.result()
        for answer, result in zip(self._answers, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, Failed):
                answer.set_exception(result.error)
            else:
                answer.set_result(result)

    def _fail(self, error: Exception) -> None:
        left = [*self._answers, *(answer for _, answer in self._waiting)]
        self._waiting.clear()
        for answer in left:
            if not answer.done():
                answer.set_exception(error)
