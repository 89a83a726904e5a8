"""Memory: how much this process takes, how much it may take, and an end before it takes more."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

_PART = 0.8
"""How much of the memory that is free at the start is used at most, unless one says otherwise."""


def resident() -> int:
    """Return how many bytes of memory this process has now (at its peak, where the system tells no more)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return peak()
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Return how many bytes of memory this process has had at most."""
    with suppress(OSError, StopIteration):  # getrusage would have what its parent had, too
        return _kibibytes("/proc/self/status", "VmHWM:")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def most() -> int:
    """Return how many bytes this process may take when nothing else is said: most of what is free now."""
    try:
        free = _kibibytes("/proc/meminfo", "MemAvailable:")
    except (OSError, StopIteration):
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return resident() + int(free * _PART)


def _kibibytes(file: str, name: str) -> int:
    """Return the bytes that a file of the system gives for a name, in units of 1024."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


class Budget:
    """How many bytes this process may have."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = most() if limit is None else limit

    def spend(self, more: int) -> None:
        """Raise :class:`MemoryError` if so many bytes more would be too many."""
        if resident() + more > self.limit:
            raise MemoryError
