"""One thread that does one thing after the other, and that keeps nobody: neither who closes it nor the interpreter."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_Job: TypeAlias = tuple[Future[Any], Callable[[], Any]] | None
"""What is to be done, and whom to tell; nothing, where the thread is to end."""


class DaemonThread(Executor):
    """A thread that starts when it is first given something to do; it ends when it is told to, or nobody has it.

    ``at_end`` is what it does last.
    """

    def __init__(self, name: str, at_end: Callable[[], object]) -> None:
        self._name = name
        self._at_end = at_end
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._thread: Thread | None = None
        self.is_closed = False
        """Whether it was told to end."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have the thread do it, after what it was given before.

        Raises :class:`RuntimeError` when it was told to end.
        """
        if self.is_closed:
            raise RuntimeError(f"{self._name} is closed")
        told: Future[T] = Future()
        self._jobs.put((told, lambda: fn(*args, **kwargs)))
        if not self._thread:
            self._thread = Thread(target=_work, args=(self._jobs, self._at_end), name=self._name, daemon=True)
            self._thread.start()
            weakref.finalize(self, self._jobs.put, None)
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT002 - as Executor has it
        """Have the thread end once it has done what it was given, and wait for that if asked to."""
        if self._thread and not self.is_closed:
            self._jobs.put(None)
        self.is_closed = True
        if wait and self._thread:
            self._thread.join()


def _work(jobs: SimpleQueue[_Job], at_end: Callable[[], object]) -> None:
    while job := jobs.get():
        _do(*job)
        del job
    at_end()


def _do(told: Future[Any], work: Callable[[], Any]) -> None:
    if not told.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whatever it raises is for the one who waits
        told.set_exception(error)
    else:
        told.set_result(result)
