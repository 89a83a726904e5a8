"""Ctrl-C while modules are imported."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPED = 130
"""The exit status of what was stopped with Ctrl-C."""


@contextmanager
def ends_at_once() -> Iterator[None]:
    """Have Ctrl-C end the process at once, without a word: a library that is stopped half-way would say all sorts."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
