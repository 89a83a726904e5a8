"""The verdicts as a table that a person takes in at a glance, and what was explored."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence

from rich.console import Console

from overbooked.checker.cells import Cell, CellVerdict, Explored
from overbooked.checker.console import counted, plain_table, show_line, show_paragraph, show_whole, sign
from overbooked.checker.engine.memory_limit import peak
from overbooked.checker.matrix.as_json import csv_row
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.matrix.expected import Compared
from overbooked.checker.matrix.verdict_table import Row, show_table
from overbooked.checker.traces.names import command_for
from overbooked.spec.faults import fault_named

_NUMBERS = ("verdict", "length", "states", "transitions", "depth")


class Tables:
    """The tables of some cells, each of which is printed once its verdicts are known.

    There is one for each fault setting; of one guarantee alone, all fault settings stand side by side.
    """

    def __init__(self, console: Console, cells: Sequence[Cell]) -> None:
        self._console = console
        by_fault: dict[str, list[Cell]] = {}
        for cell in cells:
            by_fault.setdefault(cell.fault, []).append(cell)
        is_beside = len(by_fault) > 1 and len({cell.guarantee for cell in cells}) == 1
        self._waiting = deque([list(by_fault)] if is_beside else [[fault] for fault in by_fault])
        self._open = by_fault
        """By fault setting, the cells that may not be judged yet; each is looked at until it is, and no more."""

    def ready(self, judging: Evaluation) -> Callable[[], None] | None:
        """Return what prints the next table, if all of it is known."""
        if not self._waiting or any(self._is_open(fault, judging) for fault in self._waiting[0]):
            return None
        return lambda: self._show(self._waiting.popleft(), judging.verdicts)

    def _is_open(self, fault: str, judging: Evaluation) -> bool:
        cells = self._open[fault]
        while cells and judging.is_judged(cells[-1]):
            cells.pop()
        return bool(cells)

    def show_rest(self, verdicts: Sequence[CellVerdict]) -> None:
        """Print the tables that have not been printed, what their signs mean, and a line for each violation."""
        while self._waiting:
            self._show(self._waiting.popleft(), verdicts)
        _show_legend(self._console, verdicts)
        _show_violations(self._console, verdicts)

    def _show(self, faults: Sequence[str], verdicts: Sequence[CellVerdict]) -> None:
        its = [verdict for verdict in verdicts if verdict.cell.fault in faults]
        if len(faults) > 1:
            _show_faults(self._console, faults, its)
        else:
            _show_fault(self._console, faults[0], its)


def show_explored(
    console: Console, verdicts: Sequence[CellVerdict], explored: Explored, seconds: float, *, finished: bool
) -> None:
    """Print what was explored, what it took (the memory is what this process had at most), and what is left open."""
    stopped = "" if finished else "Stopped, so this is unfinished. "
    reduced = f" ({explored.reduced} of them reduced)" if explored.reduced else ""
    models = f"{counted(explored.models, 'distinct model')}{reduced}"
    counts = f"{counted(explored.states, 'state')} and {counted(explored.transitions, 'transition')} in {models}"
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


def _show_fault(console: Console, fault: str, verdicts: Sequence[CellVerdict]) -> None:
    show_paragraph(console, f"{_replicas(verdicts)}, {_called(fault)}: {fault_named(fault).sentence}.")
    show_table(console, *_columns(verdicts, "guarantee"))
    show_line(console, "")


def _show_faults(console: Console, faults: Sequence[str], verdicts: Sequence[CellVerdict]) -> None:
    """Print one table of one guarantee, with a column for each fault setting."""
    judged = verdicts[0].cell.judged
    show_paragraph(console, f"{_replicas(verdicts)}, {judged.name}: {judged.sentence}.")
    console.print()
    meanings = plain_table(has_header=False)
    for fault in faults:
        meanings.add_row(_called(fault), fault_named(fault).sentence)
    show_whole(console, meanings, may_wrap=100)
    names, rows = _columns(verdicts, "fault")
    show_table(console, [_called(name) for name in names], rows)
    console.print()
    if any(None in row for *_, row in rows):
        show_line(console, "- do not go together")


def _replicas(verdicts: Sequence[CellVerdict]) -> str:
    return counted(verdicts[0].cell.replicas, "replica")


def _called(fault: str) -> str:
    return "no fault" if fault == "none" else fault


def _columns(verdicts: Sequence[CellVerdict], column: str) -> tuple[list[str], list[Row]]:
    """Return the names of the columns, each of which is a guarantee or a fault, and a row for each pair of strategies.

    A pair that does not go with a fault has no verdict there.
    """
    rows: dict[tuple[str, str], dict[str, CellVerdict]] = {}
    for verdict in verdicts:
        rows.setdefault(verdict.cell[:2], {})[getattr(verdict.cell, column)] = verdict
    names = list(dict.fromkeys(getattr(verdict.cell, column) for verdict in verdicts))
    return names, [(write, read, [row.get(name) for name in names]) for (write, read), row in rows.items()]


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
        show_line(
            console,
            f"\n{counted(len(violated), 'violation')}, with the length and the command that shows a shortest run:\n",
        )
    for verdict in violated:
        show_line(console, f"{counted(verdict.length or 0, 'step'):>10}  {command_for(verdict.cell)}")
    show_line(console, "")
