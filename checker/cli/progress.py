"""Progress of a long search: on a terminal a line that moves, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Self, TypeAlias, TypeVar

from rich.console import Console
from rich.status import Status
from rich.text import Text

T = TypeVar("T")
_PATIENCE = 1.0
"""Seconds that a search may take before its progress is shown."""
_PULSE = 10.0
"""Seconds between two lines where errors go to no terminal."""
Ready: TypeAlias = Callable[[], Callable[[], None] | None]
"""Returns what prints that which is known for good by now; ``None``, where there is nothing new."""


def watched(steps: Iterable[T], in_words: Callable[[T], str], ready: Ready = lambda: None) -> Iterator[T]:
    """Yield the steps; show where errors go, after a while, how far they are, ``in_words``.

    After each step, what is ``ready`` is printed.
    """
    with _Line() if sys.stderr.isatty() else _Pulse() as shown:
        for step in steps:
            if show := ready():
                shown.take_away()
                show()
            shown.update(partial(in_words, step))
            yield step


class _Pulse:
    """A line of its own now and then, for those who read errors from a file or a pipe."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.take_away()

    def update(self, words: Callable[[], str]) -> None:
        """Show how far it is, if it is time."""
        now = time.monotonic()
        if now - self._last >= _PULSE:
            self._last = now
            print(f"overbooked: {words()}, {now - self._start:.0f} s", file=sys.stderr, flush=True)

    def take_away(self) -> None:
        """Leave room for what is printed."""


class _Line(_Pulse):
    """A line on a terminal, which is drawn again and again, so that its clock runs."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(stderr=True)
        self._status: Status | None = None
        self._words = ""

    def __rich__(self) -> Text:
        """Return what is drawn."""
        return Text(f"{self._words}, {time.monotonic() - self._start:.0f} s", no_wrap=True, overflow="ellipsis")

    def update(self, words: Callable[[], str]) -> None:
        """Show how far it is, once it has taken a while."""
        if time.monotonic() - self._start <= _PATIENCE:
            return
        self._words = words()
        if self._status is None:
            self._status = self._console.status(self)
            self._status.start()

    def take_away(self) -> None:
        """Take the line away; where Ctrl-C came while it was being drawn, rich has not yet noted all that it undoes."""
        if self._status:
            with suppress(IndexError):
                self._status.stop()
            self._console.show_cursor()
        self._status = None
