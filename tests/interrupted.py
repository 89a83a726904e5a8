"""``overbooked``, stopped with Ctrl-C while it is at work, however long it takes to begin."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from typing import NamedTuple

_AT_ONCE = """
import sys
from overbooked.checker.cli import main, progress

progress._PATIENCE = 0
sys.exit(main.main(sys.argv[1:]))
"""
"""The command, which shows from its first step on how far it is."""
_PATIENCE = 600
"""Seconds after which a command that does not end is ended, and the test fails: many times what the slowest takes."""


class Ended(NamedTuple):
    """How a command ended, what it printed, and what it showed on its terminal."""

    status: int
    out: str
    shown: str


def interrupted(*arguments: str, after: str = "") -> Ended:
    """Run ``overbooked`` with its errors on a terminal; press Ctrl-C once it shows there that it is so far.

    ``after`` is a regular expression for what it shows then.
    """
    ours, its = os.openpty()
    command = [sys.executable, "-c", _AT_ONCE, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its, text=True) as process:
        os.close(its)
        shown: list[bytes] = []
        begun = threading.Event()
        reader = threading.Thread(target=_read, args=(ours, shown, begun, after))
        reader.start()
        begun.wait(_PATIENCE)
        process.send_signal(signal.SIGINT)
        try:
            out, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            reader.join()
            os.close(ours)
    return Ended(process.returncode, out, b"".join(shown).decode(errors="replace"))


def _read(terminal: int, shown: list[bytes], begun: threading.Event, after: str) -> None:
    """Read until nobody writes any more, so that nobody waits for being read."""
    try:
        while some := os.read(terminal, 4096):
            shown.append(some)
            if re.search(after.encode(), b"".join(shown)):
                begun.set()
    except OSError:
        return  # the other end is closed
    finally:
        begun.set()
