"""A run after which the spec and the reference differ, printed for people."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overbooked.checker.conformance.implementation import Names
from overbooked.checker.conformance.replay import Difference, Row
from overbooked.checker.console import plain_table, show_line, show_whole
from overbooked.checker.engine.runs import Run
from overbooked.checker.traces.as_text import show_steps
from overbooked.spec.setting import Setting

_WIDTH = 100


def show_difference(console: Console, setting: Setting, difference: Difference, names: Names) -> None:
    """Print a run and what differs at its end, and whether it did so again."""
    show_apart(console, setting, difference.run, difference.rows, names.both)
    again = {
        True: "The same steps led there a second time.",
        False: f"The same steps led elsewhere a second time: {names.suspects} is not deterministic between steps.",
        None: "It was stopped before the same steps were taken a second time.",
    }
    show_line(console, f"\n{again[difference.repeatable]}")


def difference_in_words(setting: Setting, difference: Difference, names: Names) -> str:
    """Return a run and what differs at its end, as text."""
    return printed(lambda console: show_difference(console, setting, difference, names))


def printed(show: Callable[[Console], None]) -> str:
    """Return what ``show`` prints, as text."""
    out = io.StringIO()
    show(Console(file=out, width=_WIDTH))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def show_apart(console: Console, setting: Setting, run: Run, rows: Sequence[Row], app: str) -> None:
    """Print a run, and what differs after its last step: the spec and the app server beside each other."""
    steps = len(run.steps)
    if steps:
        show_steps(console, setting, run)
    show_line(console, f"\n{f'After step {steps}' if steps else 'Before the first step'} they differ:\n")
    show_whole(console, _beside(rows, app))


def _beside(rows: Sequence[Row], app: str) -> Table:
    table = plain_table()
    for heading in ("", "spec", app.removeprefix("the ")):
        table.add_column(heading)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
