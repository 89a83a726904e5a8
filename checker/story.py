"""One run as a story: who does what, step by step, what each replica holds then, and why that breaks the guarantee."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checker.cells import Cell, CellVerdict
from checker.runs import Run
from checker.whole import show_whole
from spec.because import because
from spec.guarantees import GUARANTEES
from spec.telling import Event, contents, event, users_in_words
from spec.world import World

_EXPLAINED = "On the right is what each replica holds after the step: b1 is the booking with timestamp 1"
_ROOM = 40
"""How many columns what happens in a step has at least."""
_CRASHED = ", in brackets once it has crashed"


def tell(console: Console, verdict: CellVerdict, *, finished: bool) -> None:
    """Print the run that breaks a guarantee, or that there is none."""
    show_head(console, verdict.cell)
    if verdict.run:
        show_violation(console, verdict.cell, verdict.run)
        _line(console, "No shorter run does it.")
    elif verdict.verdict == "holds":
        vacuous = "" if verdict.witness else " But that is only because nothing of the kind ever happened."
        _line(console, f"Holds: none of the {verdict.states:,} states, and no run, breaks it.{vacuous}")
    elif verdict.verdict == "violated":
        _line(console, f"Violated, by a run of {verdict.length} steps; stopped before it could be told.")
    elif not finished:
        _line(console, f"Unknown: stopped after {verdict.states:,} states, which do not break it.")
    else:
        _line(console, f"Unknown: the bound of {verdict.states:,} states was reached (--max-states raises it).")


def show_head(console: Console, cell: Cell) -> None:
    """Print what is asked: the setting, the guarantee, and what the users do."""
    guarantee = GUARANTEES[cell.guarantee]
    fault = "no fault" if cell.fault == "none" else f"fault {cell.fault}"
    _line(console, f"write {cell.write}, read {cell.read}, {cell.replicas} replica{'s' * (cell.replicas > 1)}, {fault}")
    _line(console, f"{cell.guarantee}: {guarantee.sentence}")
    _line(console, users_in_words(guarantee) + "\n")


def show_violation(console: Console, cell: Cell, run: Run) -> None:
    """Print a run that breaks the guarantee, and why it does."""
    show_steps(console, cell.world, run)
    crashed = any(step.name == "crash" for step in run.steps)
    _line(console, f"\n{_EXPLAINED}{_CRASHED if crashed else ''}.")
    _line(console, f"Violated: {because(cell.world, cell.guarantee, run.states[-1])}")


def show_steps(console: Console, world: World, run: Run) -> None:
    """Print a run's steps: who does what, and what each replica holds then."""
    told = _told(world, run)
    longest = max(len(each.what) for each in told)
    show_whole(console, _steps(world, run, told), may_wrap=max(0, longest - _ROOM))


def _told(world: World, run: Run) -> list[Event]:
    return [event(world, step, run.states[at], run.states[at + 1]) for at, step in enumerate(run.steps)]


def _steps(world: World, run: Run, told: list[Event]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", justify="right")
    table.add_column("who", no_wrap=True)
    table.add_column("does what")
    for i in world.numbers:
        table.add_column(f"db{i}", no_wrap=True)
    held = contents(world, run.states[0])
    for at, (who, what, _) in enumerate(told):
        now = contents(world, run.states[at + 1])
        cells = (Text(it, style="bold" if it != held[name] else "dim") for name, it in now.items())
        table.add_row(str(at + 1), who, what, *cells)
        held = now
    return table


def _line(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False)
