"""What every text that the command prints shares: the terminal, lines, tables, and the signs of verdicts."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_SIGNS = {
    **dict.fromkeys(("holds", "proved", "conforms"), ("✓", "ok", "green")),
    **dict.fromkeys(("violated", "refuted", "differs"), ("✗", "X", "bold red")),
    "unknown": ("?", "?", "yellow"),
    "vacuous": ("∅", "0", "yellow"),
}


class _Console(Console):
    """One that leaves a pipe whose reader has left to the command."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console() -> Console:
    """Return the terminal, or what stands for it, which is then 100 characters wide."""
    return _Console(width=None if sys.stdout.isatty() else 100)


def has_signs(of: Console) -> bool:
    """Return whether signs such as arrows can be printed, and not just letters."""
    return of.encoding.startswith("utf")


def sign(verdict: str, of: Console) -> str:
    """Return the sign of a verdict."""
    return _SIGNS[verdict][0 if has_signs(of) else 1]


def style(verdict: str) -> str:
    """Return how a verdict is coloured."""
    return _SIGNS[verdict][2]


def counted(count: int, what: str) -> str:
    """Return how many there are, in words.

    >>> counted(1, "run"), counted(1000, "run")
    ('1 run', '1,000 runs')
    """
    return f"{count:,} {what}{'s' * (count != 1)}"


def show_line(of: Console, text: str) -> None:
    """Print a line as it is, however long."""
    of.print(text, soft_wrap=True, highlight=False, markup=False)


def show_text(of: Console, text: Text) -> None:
    """Print a line as it is, however long, and in its colours; but for spaces at its end."""
    text.rstrip()
    of.print(text, soft_wrap=True, highlight=False)


def show_paragraph(of: Console, text: str) -> None:
    """Print text in lines as long as the terminal has room for."""
    for line in Text(text).wrap(of, of.width):
        show_text(of, line)


def plain_table(*, apart: int = 2, has_header: bool = True) -> Table:
    """Return a table without lines, whose columns are so many spaces apart."""
    return Table(box=None, pad_edge=False, padding=(0, apart, 0, 0), header_style="bold", show_header=has_header)


def show_whole(of: Console, table: Table, *, may_wrap: int = 0) -> None:
    """Print a table; where the terminal is too narrow for it, lines run over rather than lose anything.

    ``may_wrap``: how many columns narrower than by nature it may become, as text in it wraps.
    """
    natural = Measurement.get(of, of.options.update(max_width=10_000), table).maximum
    options = of.options.update(width=max(of.width, natural - may_wrap))
    for line in Segment.split_lines(of.render(table, options)):
        text = Text()
        for segment in line:
            text.append(segment.text, segment.style)
        show_text(of, text)
