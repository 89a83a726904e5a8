"""The verdicts as a table that a person takes in at a glance, and what was explored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from overbooked.checker.cells import CellVerdict, Explored
from overbooked.checker.console import plain_table, show_line, show_paragraph, show_whole, sign, style
from overbooked.checker.engine.memory_limit import peak
from overbooked.checker.matrix.as_json import csv_row
from overbooked.checker.matrix.expected import Compared
from overbooked.checker.traces.names import command_for
from overbooked.spec.faults import fault_named

_HEADINGS = {
    "read-after-write": "read\nafter\nwrite",
    "read-your-writes": "read\nyour\nwrites",
    "monotonic-reads": "mono-\ntonic\nreads",
    "linearizability": "line-\nariz-\nable",
    "no-double-booking": "no\ndouble\nbook.",
    "convergence": "con-\nver-\ngence",
    "durability": "\ndura-\nbility",
    "booking-availability": "book\navail-\nable",
    "checking-availability": "check\navail-\nable",
    "last-write-wins": "last\nwrite\nwins",
}
_WIDE = 90
"""From this many columns on, the ways to write have a column of their own."""
_NUMBERS = ("verdict", "length", "states", "transitions", "depth")


def show(console: Console, verdicts: Sequence[CellVerdict]) -> None:
    """Print a table for each fault setting, what its signs mean, and a line for each violation."""
    for fault in dict.fromkeys(verdict.cell.fault for verdict in verdicts):
        _show_fault(console, fault, [verdict for verdict in verdicts if verdict.cell.fault == fault])
    _show_legend(console, verdicts)
    _show_violations(console, verdicts)


def show_explored(
    console: Console, verdicts: Sequence[CellVerdict], explored: Explored, seconds: float, *, finished: bool
) -> None:
    """Print what was explored, what it took (the memory is what this process had at most), and what is left open."""
    stopped = "" if finished else "Stopped, so this is unfinished. "
    reduced = f" ({explored.reduced} of them reduced)" if explored.reduced else ""
    models = f"{explored.models} distinct model{'s' * (explored.models != 1)}{reduced}"
    counts = f"{explored.states:,} states and {explored.transitions:,} transitions in {models}"
    took = f"{seconds:.1f} s, {peak() / 2**20:,.0f} MB"
    show_line(console, f"{stopped}Explored {counts}: {_extent(verdicts)}, {took}.")


def _extent(verdicts: Sequence[CellVerdict]) -> str:
    """Return how much of all there is was explored."""
    unknown = sum(verdict.verdict == "unknown" for verdict in verdicts)
    if unknown:
        return f"{unknown} of {len(verdicts)} verdicts are unknown"
    if not all(verdict.complete or verdict.reduced for verdict in verdicts):
        return "not every interleaving"
    reduced = any(verdict.reduced for verdict in verdicts)
    return "this stands for every interleaving" if reduced else "this is every interleaving"


def show_compared(console: Console, compared: Sequence[Compared], *, finished: bool) -> None:
    """Print how many verdicts are as expected, and a line for each that is not."""
    for outcome, found, expected in compared:
        if outcome != "as expected":
            was = ", ".join(f"{name} {expected[name]}" for name in _NUMBERS) if expected else "nothing"
            now = ", ".join(f"{name} {value}" for name, value in csv_row(found).items() if name in _NUMBERS)
            show_line(console, f"{outcome}: {command_for(found.cell)}\n  expected {was}\n  found    {now}")
    counts = Counter(each.outcome for each in compared)
    show_line(
        console,
        ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + ("" if finished else " (stopped)"),
    )


def _show_fault(console: Console, fault: str, verdicts: list[CellVerdict]) -> None:
    replicas = verdicts[0].cell.replicas
    name = "no fault" if fault == "none" else fault
    show_paragraph(console, f"{replicas} replica{'s' * (replicas > 1)}, {name}: {fault_named(fault).sentence}.")
    wide = console.width >= _WIDE
    table = plain_table(apart=1)
    for heading in ("write", "read") if wide else ("write\n  read",):
        table.add_column("\n" * (2 - heading.count("\n")) + heading, no_wrap=True)
    guarantees = list(dict.fromkeys(verdict.cell.guarantee for verdict in verdicts))
    for guarantee in guarantees:
        table.add_column(_HEADINGS[guarantee], no_wrap=True, min_width=5)
    before = None
    for (write, read), row in _rows(verdicts).items():
        signs = [_sign(console, row[each]) for each in guarantees]
        if write != before and not wide:
            table.add_row(write)
        table.add_row(*((write if write != before else "", read) if wide else (f"  {read}",)), *signs)
        before = write
    show_whole(console, table)
    console.print()


def _rows(verdicts: list[CellVerdict]) -> dict[tuple[str, str], dict[str, CellVerdict]]:
    rows: dict[tuple[str, str], dict[str, CellVerdict]] = {}
    for verdict in verdicts:
        rows.setdefault((verdict.cell.write, verdict.cell.read), {})[verdict.cell.guarantee] = verdict
    return rows


def _sign(console: Console, verdict: CellVerdict) -> Text:
    kind = verdict.verdict
    length = f" {verdict.length}" if verdict.length is not None else ""
    return Text(sign(kind, console) + length, style=style(kind))


def _show_legend(console: Console, verdicts: Sequence[CellVerdict]) -> None:
    kinds = {verdict.verdict for verdict in verdicts}
    meanings = {
        "holds": "holds",
        "violated": "8  violated, and a shortest run takes 8 steps",
        "unknown": "unknown: stopped, or at a bound (--max-states, --max-memory)",
        "vacuous": "holds only because nothing happened",
    }
    show_line(console, "   ".join(f"{sign(kind, console)} {meanings[kind]}" for kind in meanings if kind in kinds))


def _show_violations(console: Console, verdicts: Sequence[CellVerdict]) -> None:
    violated = [verdict for verdict in verdicts if verdict.verdict == "violated"]
    if violated:
        few = len(violated) == 1
        count = "1 violation" if few else f"{len(violated)} violations"
        show_line(console, f"\n{count}, with the length and the command that shows a shortest run:\n")
    for verdict in violated:
        show_line(console, f"{verdict.length:>4} steps  {command_for(verdict.cell)}")
    show_line(console, "")
