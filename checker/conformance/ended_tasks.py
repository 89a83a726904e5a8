"""What is left of a run that is over: tasks in the middle of a user's code, which are ended one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from overbooked.checker.conformance.cut_short import raise_what_stops

_TRIES = 100
"""So often a task is told to end that waits for something else first, as a group of tasks does for its own."""


def end_all(tasks: list[asyncio.Task[Any]]) -> None:
    """End the tasks, and those that are started by that; it is no part of the run, and so is nothing that they raise.

    Left to Python's collecting, each that waits before it ends would be told on stderr, in the middle of other runs.
    """
    while tasks:
        task = tasks.pop()
        coroutine: Any = task.get_coro()
        if coroutine is not None and not task.done():
            _end(coroutine.close)


def _end(close: Callable[[], None]) -> None:
    for _ in range(_TRIES):
        try:
            close()
        except RuntimeError:
            continue
        except BaseException as error:  # noqa: BLE001 - whatever a user's code may raise
            raise_what_stops(error)
        return
