"""Memory: how much this process takes, how much it may take, and an end before it takes more."""

from __future__ import annotations

import math
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PART = 0.8
"""How much of the memory that is free at the start is used at most, unless one says otherwise."""
_LIBRARY = 1 << 28
"""The bytes of address space that there should be to load z3 or scipy."""
_GROUPS = Path("/sys/fs/cgroup")


def resident() -> int:
    """Return how many bytes of memory this process has now (at its peak, where the system tells no more)."""
    try:
        file = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return peak()
    try:  # this is asked at every level of a search, and takes a fifth of the time that a Path's read_text does
        return int(os.read(file, 256).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    finally:
        os.close(file)


def peak() -> int:
    """Return how many bytes of memory this process has had at most."""
    with suppress(OSError, StopIteration):  # getrusage would have what its parent had, too
        return _kibibytes("/proc/self/status", "VmHWM:")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def most() -> int:
    """Return how many bytes this process may take when nothing else is said: most of what is free now.

    What is free is what the machine has, the group of processes that this one is in (a container, say), and its address
    space (``ulimit -v``), whichever is least.
    """
    return resident() + int(min(_free_in_the_machine(), *_free_in_its_groups(), _free_addresses()) * _PART)


def _free_in_the_machine() -> float:
    try:
        return _kibibytes("/proc/meminfo", "MemAvailable:")
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _free_in_its_groups(root: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")) -> list[float]:
    """Return what is left in each control group (version 2) that this process is in, and that has a limit."""
    left: list[float] = []
    with suppress(OSError):
        names = [line[3:] for line in own.read_text(encoding="utf-8").splitlines() if line.startswith("0::/")]
        own_groups = [root / name.strip("/") for name in names]
        for group in (each for its in own_groups for each in (its, *its.parents) if each.is_relative_to(root)):
            with suppress(OSError, ValueError):  # without a limit it is "max", which is no number
                limit, taken = (int((group / f"memory.{it}").read_text(encoding="ascii")) for it in ("max", "current"))
                left.append(limit - taken + _cached(group))
    return left


def _cached(group: Path) -> int:
    """Return how many bytes of what a group takes are only kept until somebody needs the room."""
    lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def _free_addresses() -> float:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return math.inf
    with suppress(OSError, StopIteration):
        return max(0, limit - _kibibytes("/proc/self/status", "VmSize:"))
    return limit


def _kibibytes(file: str, name: str) -> int:
    """Return the bytes that a file of the system gives for a name, in units of 1024."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def no_room_for_libraries() -> bool:
    """Return whether so little is left under ``ulimit -v`` that a library would fail to load, in ways of its own."""
    return _free_addresses() < _LIBRARY


_given: list[int] = []
"""What :func:`limited` has set, the last one last."""


@contextmanager
def limited(limit: int | None) -> Iterator[None]:
    """Within this, a budget without a limit of its own has this one, if it is one."""
    _given.extend([] if limit is None else [limit])
    try:
        yield
    finally:
        if limit is not None:
            _given.pop()


class Budget:
    """How many bytes this process may have; without a limit, what :func:`limited` says, or most of what is free."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit if limit is not None else _given[-1] if _given else most()

    def spend(self, more: int) -> None:
        """Raise :class:`MemoryError` if so many bytes more would be too many."""
        if resident() + more > self.limit:
            raise MemoryError
