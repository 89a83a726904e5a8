"""What conforms, and what differs, printed for people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.apart import app_called, show_difference
from overbooked.checker.conformance.conform import Conformance
from overbooked.checker.whole import show_whole
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.telling import users_in_words

_SIGNS = {"conforms": ("✓", "ok"), "differs": ("✗", "X"), "unknown": ("?", "?")}
_STYLES = {"conforms": "green", "differs": "bold red", "unknown": "yellow"}


def show_conformance(
    console: Console, results: Sequence[Conformance], request: argparse.Namespace, seconds: float, *, finished: bool
) -> None:
    """Print a table for each fault setting, the shortest run that differs, and what was covered in all."""
    app = app_called(request.app)
    for fault in dict.fromkeys(result.cells[0].fault for result in results):
        here = [result for result in results if result.cells[0].fault == fault]
        name = "no fault" if fault == "none" else fault
        count = f"{request.replicas} replica{'s' * (request.replicas > 1)}"
        _line(console, f"{count}, {name}: {FAULTS[fault].sentence}.")
        _line(console, f"Spec and {app} ({request.over}) side by side, step by step:\n")
        show_whole(console, _table(console, here))
        console.print()
    differing = [result for result in results if result.difference]
    _show_shortest(console, differing, app)
    _show_others(console, differing, request)
    _show_summary(console, results, app, seconds, finished=finished)


def _table(console: Console, results: Sequence[Conformance]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("write", "read"):
        table.add_column(heading, no_wrap=True)
    for heading in ("programs", "states", "edges", "covered", "runs"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for pair in dict.fromkeys(result.cells[0][:2] for result in results):
        rows = [result for result in results if result.cells[0][:2] == pair]
        sums = (sum(getattr(row, name) for row in rows) for name in ("states", "edges", "covered", "runs"))
        verdict = max((row.verdict for row in rows), key=["conforms", "unknown", "differs"].index)
        sign = _SIGNS[verdict][not console.encoding.startswith("utf")]
        told = Text(f"{sign} {verdict}{_reasons(rows) if verdict == 'unknown' else ''}", _STYLES[verdict])
        table.add_row(*pair, str(len(rows)), *(f"{total:,}" for total in sums), told)
    return table


def _reasons(rows: Sequence[Conformance]) -> str:
    return ": " + ", ".join(dict.fromkeys(row.reason for row in rows if row.reason))


def _length(result: Conformance) -> int:
    return len(result.difference.run.steps) if result.difference else 0


def _show_shortest(console: Console, differing: Sequence[Conformance], app: str) -> None:
    shortest = min(differing, key=_length, default=None)
    if shortest is None or shortest.difference is None:
        return
    cell = shortest.cells[0]
    fault = "" if cell.fault == "none" else f", fault {cell.fault}"
    _line(console, f"write {cell.write}, read {cell.read}{fault}; {users_in_words(GUARANTEES[cell.guarantee])}\n")
    show_difference(console, cell.world, shortest.difference, app)
    if shortest.difference.repeatable:
        _line(console, "Every step that can be taken sooner was taken, too, and none differed.")
    _line(console, "")


def _show_others(console: Console, differing: Sequence[Conformance], request: argparse.Namespace) -> None:
    if len(differing) > 1:
        _line(console, f"{len(differing)} programs differ; each has its own run:\n")
        for result in differing:
            _line(console, f"{_length(result):>4} steps  {_command(result.cells[0], request)}")
        _line(console, "")


def _command(cell: Cell, request: argparse.Namespace) -> str:
    """Return the command that shows how one program differs."""
    asked = {
        "--fault": None if cell.fault == "none" else cell.fault,
        "--replicas": None if cell.replicas == 3 else cell.replicas,  # noqa: PLR2004 - the command's default
        "--over": None if request.over == "memory" else request.over,
        "--app": request.app,
    }
    more = "".join(f" {name} {value}" for name, value in asked.items() if value is not None)
    more += " --orders" * request.orders
    return f"overbooked conform --write {cell.write} --read {cell.read} --guarantee {cell.guarantee}{more}"


def _show_summary(
    console: Console, results: Sequence[Conformance], app: str, seconds: float, *, finished: bool
) -> None:
    edges, covered, runs = (sum(getattr(result, name) for result in results) for name in ("edges", "covered", "runs"))
    stopped = "" if finished else "Stopped, so this is unfinished. "
    means = (
        f": {app} does what the spec says, and nothing else"
        if all(result.verdict == "conforms" for result in results)
        else ""
    )
    _line(
        console,
        f"{stopped}{covered:,} of {edges:,} edges covered in {runs:,} run{'s' * (runs != 1)}, {seconds:.1f} s{means}.",
    )


def _line(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
