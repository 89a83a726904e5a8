"""Tables printed whole, however narrow the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table


def show_whole(console: Console, table: Table, *, may_wrap: int = 0) -> None:
    """Print a table; where the terminal is too narrow for it, lines run over rather than lose anything.

    ``may_wrap``: how many columns narrower than by nature it may become, as text in it wraps.
    """
    natural = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    width = console.width
    console.width = max(width, natural - may_wrap)
    console.print(table)
    console.width = width
