"""The command ``overbooked traces``: the pages of ``spec/traces/``."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.cli.checkout import refuse_elsewhere
from overbooked.checker.cli.exit_status import HOLDS, STOPPED, VIOLATED
from overbooked.checker.cli.progress import watched
from overbooked.checker.console import show_line
from overbooked.checker.pages.files import Pages, stale, write
from overbooked.checker.traces.names import PAGES, pages


def run(request: argparse.Namespace, console: Console) -> int:
    """Name the pages, write them, or hold them against what the checker finds; return the exit status."""
    if not (request.write or request.check):
        for page, trace in pages().items():
            show_line(console, f"{page:<28} {trace}")
        show_line(console, f"\nThe pages are in {PAGES.parent}; overbooked trace NAME prints a run.")
        return HOLDS
    if request.write:
        refuse_elsewhere()
    made = Pages()
    try:
        for _ in watched(made.run(), str):
            pass
    except KeyboardInterrupt:
        return STOPPED
    if request.write:
        changed = write(made.files, PAGES.parent)
        show_line(console, f"{len(made.files)} files in {PAGES.parent}, {len(changed)} of them changed")
        return HOLDS
    wrong = stale(made.files, PAGES.parent)
    for name in wrong:
        show_line(console, f"{name}: is not what the checker finds today (overbooked traces --write makes it so)")
    show_line(console, f"{len(made.files) - len(wrong)} of {len(made.files)} files are what the checker finds today")
    return VIOLATED if wrong else HOLDS
