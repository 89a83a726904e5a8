"""The command ``overbooked traces``: the pages of ``spec/traces/``."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.naming import PAGES, pages
from overbooked.checker.pages.files import Pages, stale, write
from overbooked.checker.progress_line import watched
from overbooked.checker.statuses import HOLDS, STOPPED, VIOLATED


def run_traces(request: argparse.Namespace, console: Console) -> int:
    """Name the pages, write them, or hold them against what the checker finds; return the exit status."""
    if not (request.write or request.check):
        for page, trace in pages().items():
            _say(console, f"{page:<28} {trace}")
        _say(console, f"\nThe pages are in {PAGES.parent}; overbooked trace NAME prints a run.")
        return HOLDS
    made = Pages()
    try:
        for _ in watched(made.run(), str):
            pass
    except KeyboardInterrupt:
        return STOPPED
    if request.write:
        changed = write(made.files, PAGES.parent)
        _say(console, f"{len(made.files)} files in {PAGES.parent}, {len(changed)} of them changed")
        return HOLDS
    wrong = stale(made.files, PAGES.parent)
    for name in wrong:
        _say(console, f"{name}: is not what the checker finds today (overbooked traces --write makes it so)")
    _say(console, f"{len(made.files) - len(wrong)} of {len(made.files)} files are what the checker finds today")
    return VIOLATED if wrong else HOLDS


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
