"""A table of verdicts: a row for each pair of strategies, and over each column its whole name, on a staircase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rich.console import Console
from rich.text import Text

from overbooked.checker.cells import CellVerdict
from overbooked.checker.console import has_signs, show_text, sign, style

Row: TypeAlias = tuple[str, str, Sequence["CellVerdict | None"]]
"""A way to write, a way to read, and the verdict in each column, if there is one."""
_STEP = 5
"""How wide a column is at least: as ``✗ 22`` and a space."""


class _Layout(NamedTuple):
    """How wide columns are: of ways to write (0, where these have lines of their own), of ways to read, of verdicts."""

    write: int
    read: int
    step: int

    @property
    def left(self) -> int:
        """Where verdicts begin."""
        return self.write + self.read

    def named(self, write: str, read: str) -> str:
        """Return the beginning of a row."""
        return f"{write:{self.write}}{read:{self.read}}" if self.write else f"  {read:{self.read - 2}}"


def show_table(console: Console, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print the rows under the names of the columns.

    On a terminal each way to write stands once; elsewhere on each row, so that a row says all by itself.
    """
    layout = _layout(console, rows, len(columns))
    for line in _headings(console, columns, layout):
        show_text(console, Text(line, style="bold"))
    before = None
    for write, read, verdicts in rows:
        is_new = write != before or not console.is_terminal
        if is_new and not layout.write:
            show_text(console, Text(write))
        show_text(console, _row(console, layout.named(write if is_new else "", read), verdicts, layout.step))
        before = write


def _layout(console: Console, rows: Sequence[Row], columns: int) -> _Layout:
    step = max(_STEP, *(len(_sign(console, verdict)) + 1 for _, _, verdicts in rows for verdict in verdicts))
    write, read = (max(len(row[at]) for row in rows) + 1 for at in (0, 1))
    layout = _Layout(max(write, len("write ")), max(read, len("read ")), step)
    if console.is_terminal and layout.left + columns * step - 1 > console.width:
        return layout._replace(write=0, read=layout.read + 2)
    return layout


def _headings(console: Console, names: Sequence[str], layout: _Layout) -> list[str]:
    """Return the lines over the rows; the last of them name the first columns, too."""
    stem = "│" if has_signs(console) else "|"
    lines = staircase(names, layout.left, layout.step, console.width, stem)
    first = [layout.named("write", "read")] if layout.write else ["write", "  read"]
    if len(lines) < len(first) or any(line[: layout.left].strip() for line in lines[-len(first) :]):
        lines += [" " * layout.left + (stem + " " * (layout.step - 1)) * len(names)] * len(first)
    above, beside = lines[: -len(first)], lines[-len(first) :]
    return above + [f"{name:{layout.left}}{line[layout.left :]}" for name, line in zip(first, beside, strict=True)]


def staircase(names: Sequence[str], left: int, step: int, width: int, stem: str = "|") -> list[str]:
    r"""Return lines with one name each, from which stems go down to columns ``step`` apart, the first at ``left``.

    Names begin where their column does; or end there, if they would not fit the width otherwise.

    >>> print(*staircase(["read-after-write", "durability"], 2, 5, 40), sep="\n")
      read-after-write
      |    durability
    >>> print(*staircase(["once", "durability"], 8, 5, 20), sep="\n")
        durability
         once    |
    """
    places = [left + at * step for at in range(len(names))]
    if all(place + len(name) <= width for place, name in zip(places, names, strict=True)) or left < len(names[0]):
        return [" " * left + (stem + " " * (step - 1)) * at + name for at, name in enumerate(names)]
    after = [(" " * (step - 1) + stem) * (len(names) - 1 - at) for at in range(len(names))]
    lines = [name.rjust(place + 1) + stems for name, place, stems in zip(names, places, after, strict=True)]
    return lines[::-1]


def _row(console: Console, beginning: str, verdicts: Sequence[CellVerdict | None], step: int) -> Text:
    row = Text(beginning)
    for verdict in verdicts:
        row.append(_sign(console, verdict).ljust(step), style=style(verdict.verdict) if verdict else "")
    return row


def _sign(console: Console, verdict: CellVerdict | None) -> str:
    if verdict is None:
        return "-"
    length = f" {verdict.length}" if verdict.length is not None else ""
    return sign(verdict.verdict, console) + length
