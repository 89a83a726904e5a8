"""What a command takes, as the system counts it: seconds, CPU seconds and memory; and nothing is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import NamedTuple


class Took(NamedTuple):
    """What a command has printed, and what it and all that it started took: seconds, and bytes at the peak."""

    out: str
    seconds: float
    cpu: float
    memory: int


class FailedError(Exception):
    """A command that has failed."""


def measured(
    command: Sequence[str | Path], folder: Path, *, most: float = 3600, statuses: Collection[int] = (0,)
) -> Took:
    """Run a command in a folder; raise :class:`FailedError` if it fails, or takes more than ``most`` seconds."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        start = time.perf_counter()
        running = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, process_group=0)
        timer = Timer(most, _kill, [running.pid])
        timer.start()
        try:
            _, status, used = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
        finally:
            timer.cancel()
            _kill(running.pid)
            running.wait()
        took = time.perf_counter() - start
        out.seek(0)
        text = out.read()
    if running.returncode not in statuses:
        raise FailedError(f"{' '.join(map(str, command))} ended with {running.returncode}: {text[-300:].strip()}")
    return Took(text, took, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
