"""The command ``overbooked report``: one HTML file that shows everything."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.cli import arguments
from overbooked.checker.cli.exit_status import HOLDS, STOPPED, SenselessError
from overbooked.checker.cli.progress import watched
from overbooked.checker.console import show_line
from overbooked.checker.engine.search import Bounds
from overbooked.checker.report.data import Report
from overbooked.checker.report.page import page
from overbooked.spec.faults import FAULTS


def run(request: argparse.Namespace, console: Console) -> int:
    """Write the report of the cells that are asked for, and return the exit status.

    Raises :class:`overbooked.checker.cli.exit_status.SenselessError` when the file cannot be written.
    """
    cells = arguments.cells(request, faults=tuple(FAULTS))
    report = Report(cells, Bounds())
    is_new = not request.output.exists()
    try:
        request.output.touch()
        for _ in watched(report.run(), str):
            pass
        request.output.write_text(page(report.data), encoding="utf-8")
    except OSError as error:
        raise SenselessError(f"{request.output}: cannot be written ({error.strerror})") from error
    except KeyboardInterrupt:
        if is_new:
            request.output.unlink(missing_ok=True)
        return STOPPED
    size = request.output.stat().st_size / 2**20
    show_line(console, f"{request.output}: {len(cells)} verdicts, {size:.1f} MB")
    return HOLDS
