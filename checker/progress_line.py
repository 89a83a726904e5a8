"""Progress of a long search, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator

from rich.console import Console

from checker.cells import Explored

_PATIENCE = 1.0
"""Seconds that a search may take before its progress is shown."""


def watched(steps: Iterable[Explored]) -> Iterator[Explored]:
    """Yield the steps; where errors go to a terminal, show there after a while how far they are."""
    if not sys.stderr.isatty():
        yield from steps
        return
    start, console, status = time.monotonic(), Console(stderr=True), None
    try:
        for explored in steps:
            if status is None and time.monotonic() - start > _PATIENCE:
                status = console.status("")
                status.start()
            if status:
                status.update(
                    f"{explored.states:,} states in {explored.models} distinct models, {time.monotonic() - start:.0f} s"
                )
            yield explored
    finally:
        if status:
            status.stop()
