"""Whose fault an error is that ends a run: the app server's, or the storage's, each called as its user calls it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from inspect import isawaitable, iscoroutine
from typing import Any

from overbooked.checker.conformance.implementation import Implementation
from overbooked.checker.conformance.user_code import told

_STORAGE = "overbooked_storage"
"""The attribute of an error that has the port, or storage, which raised it."""


def blame_storage(error: BaseException, part: object) -> None:
    """Note that a part of the user's storage raised this."""
    with suppress(AttributeError):
        setattr(error, _STORAGE, part)


@contextmanager
def by_storage(part: object) -> Iterator[None]:
    """Note of what is raised that a part of the user's storage raised it."""
    try:
        yield
    except Exception as error:
        blame_storage(error, part)
        raise


def at_fault(error: BaseException, parts: Implementation) -> tuple[str, str]:
    """Return who raised an error, and the error in a line, with its place in the user's code."""
    part = getattr(error, _STORAGE, None)
    if part is not None and parts.names.storage:
        return parts.names.storage, told(error, part)
    return parts.names.app, told(error, parts.server)


def called(method: Callable[..., object], *args: object) -> Coroutine[Any, Any, Any]:
    """Return what a method of the user's returns, which is to be waited for.

    Raises :class:`TypeError` when it is not.
    """
    work = method(*args)
    if not isawaitable(work):
        name = getattr(method, "__qualname__", type(method).__name__)
        raise TypeError(f"{name}() should be async: it returned {work!r}")
    return work if iscoroutine(work) else _awaiting(work)


async def _awaiting(work: Any) -> object:  # noqa: ANN401 - whatever can be waited for
    return await work
