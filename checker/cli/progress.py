"""Progress of a long search, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from rich.console import Console
from rich.status import Status

T = TypeVar("T")
_PATIENCE = 1.0
"""Seconds that a search may take before its progress is shown."""


def watched(steps: Iterable[T], in_words: Callable[[T], str]) -> Iterator[T]:
    """Yield the steps; where errors go to a terminal, show there after a while how far they are, ``in_words``."""
    if not sys.stderr.isatty():
        yield from steps
        return
    start, console, status = time.monotonic(), Console(stderr=True), None
    try:
        for step in steps:
            if status is None and time.monotonic() - start > _PATIENCE:
                status = console.status("")
                status.start()
            if status:
                status.update(f"{in_words(step)}, {time.monotonic() - start:.0f} s")
            yield step
    finally:
        if status:
            _take_away(status, console)


def _take_away(status: Status, console: Console) -> None:
    """Take the line away; where Ctrl-C came while it was being drawn, rich has not yet noted all that it undoes."""
    with suppress(IndexError):
        status.stop()
    console.show_cursor()
