"""What conforms, and what differs, printed for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overbooked.checker.conformance.coverage import Conformance
from overbooked.checker.conformance.difference_text import show_difference
from overbooked.checker.conformance.implementation import Names
from overbooked.checker.conformance.tested import Tested
from overbooked.checker.console import counted, plain_table, show_line, show_whole, sign, style
from overbooked.spec.faults import fault_named
from overbooked.spec.telling import users_in_words


def show_conformance(
    console: Console, results: Sequence[Conformance], tested: Tested, seconds: float, *, finished: bool
) -> None:
    """Print a table for each fault setting, the shortest run that differs, and what was covered in all."""
    for fault in dict.fromkeys(result.cells[0].fault for result in results):
        here = [result for result in results if result.cells[0].fault == fault]
        name = "no fault" if fault == "none" else fault
        show_line(console, f"{counted(here[0].cells[0].replicas, 'replica')}, {name}: {fault_named(fault).sentence}.")
        show_line(console, f"Spec and {tested.names.app} ({tested.over}) side by side, step by step:\n")
        show_whole(console, _table(console, here))
        console.print()
    differing = [result for result in results if result.difference]
    _show_shortest(console, differing, tested.names)
    _show_others(console, differing, tested)
    _show_summary(console, results, tested.names.both, seconds, finished=finished)


def _table(console: Console, results: Sequence[Conformance]) -> Table:
    table = plain_table()
    for heading in ("write", "read"):
        table.add_column(heading, no_wrap=True)
    for heading in ("programs", "states", "transitions", "covered", "runs"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for pair in dict.fromkeys(result.cells[0][:2] for result in results):
        rows = [result for result in results if result.cells[0][:2] == pair]
        sums = (sum(getattr(row, name) for row in rows) for name in ("states", "transitions", "covered", "runs"))
        verdict = max((row.verdict for row in rows), key=["conforms", "unknown", "differs"].index)
        reasons = _reasons(rows) if verdict == "unknown" else ""
        told = Text(f"{sign(verdict, console)} {verdict}{reasons}", style(verdict))
        table.add_row(*pair, str(len(rows)), *(f"{total:,}" for total in sums), told)
    return table


def _reasons(rows: Sequence[Conformance]) -> str:
    every = dict.fromkeys(row.reason for row in rows if row.reason)
    reasons = [it for it in every if not any(other.startswith(f"{it}, ") for other in every)]
    return f": {', '.join(reasons)}" if reasons else ""


def _length(result: Conformance) -> int:
    return len(result.difference.run.steps) if result.difference else 0


def _show_shortest(console: Console, differing: Sequence[Conformance], names: Names) -> None:
    shortest = min(differing, key=_length, default=None)
    if shortest is None or shortest.difference is None:
        return
    cell = shortest.cells[0]
    fault = "" if cell.fault == "none" else f", fault {cell.fault}"
    show_line(console, f"write {cell.write}, read {cell.read}{fault}; {users_in_words(cell.judged)}\n")
    show_difference(console, cell.setting, shortest.difference, names)
    if shortest.difference.is_shortest and shortest.difference.run.steps:
        show_line(console, "Every step that can be taken sooner was taken, too, and none differed.")
    show_line(console, "")


def _show_others(console: Console, differing: Sequence[Conformance], tested: Tested) -> None:
    if len(differing) > 1:
        show_line(console, f"{len(differing)} programs differ; each has its own run:\n")
        for result in differing:
            show_line(console, f"{counted(_length(result), 'step'):>10}  {tested.command(result.cells[0])}")
        show_line(console, "")


def _show_summary(
    console: Console, results: Sequence[Conformance], app: str, seconds: float, *, finished: bool
) -> None:
    runs = counted(sum(result.runs for result in results), "run")
    stopped = "" if finished else "Stopped, so this is unfinished. "
    means = (
        f": {app} does what the spec says, and nothing else"
        if all(result.verdict == "conforms" for result in results)
        else ""
    )
    show_line(console, f"{stopped}{_covered(results)} in {runs}, {seconds:.1f} s{means}.")


def _covered(results: Sequence[Conformance]) -> str:
    """Return how much was covered: of all that there is, where that is known."""
    transitions, covered = (sum(getattr(result, name) for result in results) for name in ("transitions", "covered"))
    ended = sum(result.verdict != "unknown" for result in results)
    if ended == len(results):
        return f"{covered:,} of {counted(transitions, 'transition')} covered"
    of = f"{covered:,} of the {counted(transitions, 'transition')} explored so far covered"
    return f"{ended:,} of {counted(len(results), 'program')} finished, {of}"
