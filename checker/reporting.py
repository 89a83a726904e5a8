"""The command ``overbooked report``: one HTML file that shows everything."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.cells import Cell
from overbooked.checker.progress_line import watched
from overbooked.checker.report.data import Report
from overbooked.checker.report.page import page
from overbooked.checker.search import Bounds
from overbooked.checker.statuses import HOLDS, STOPPED, SenselessError


def run_report(request: argparse.Namespace, cells: list[Cell], console: Console) -> int:
    """Write the report of these cells, and return the exit status.

    Raises :class:`overbooked.checker.statuses.SenselessError` when the file cannot be written.
    """
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
    console.print(
        f"{request.output}: {len(cells)} verdicts, {size:.1f} MB", soft_wrap=True, highlight=False, markup=False
    )
    return HOLDS
