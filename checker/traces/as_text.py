"""One run as a story: who does what, step by step, what each replica holds then, and why that breaks the guarantee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from overbooked.checker.cells import CellVerdict
from overbooked.checker.console import plain_table, show_line, show_paragraph, show_whole
from overbooked.checker.engine.runs import Run
from overbooked.checker.traces.from_booking import setting_in_words
from overbooked.checker.traces.names import command_for
from overbooked.checker.traces.trace import Trace
from overbooked.spec.setting import Setting
from overbooked.spec.telling import contents, event, users_in_words
from overbooked.spec.wording import listed

_EXPLAINED = "On the right is what each replica holds after the step"
_ROOM = 40
"""How many columns what happens in a step has at least."""
_SHORTEST = "No shorter run does it."
_SHORTEST_FAULTY = "No shorter run does it in which each fault happens."
_NO_FAULT = "No fault was needed: it happens without one, too (--with-fault shows it with one)."
_MAYBE_LONGER = "There may be a shorter run: a search for it came to the bound."
_Shown: TypeAlias = tuple[str, str, Mapping[str, str]]
"""Who does what in a step, and what each replica holds then."""
_LOGGED = ", in square brackets what its log has and it does not show yet"
_CRASHED = ", in brackets once it has crashed"


def tell(console: Console, trace: Trace) -> None:
    """Print a run that breaks a guarantee, and why it does."""
    show_head(console, trace)
    show_violation(console, trace)
    shortest = _SHORTEST if trace.shortest else _MAYBE_LONGER
    if trace.each_fault and trace.shortest:
        shortest = _SHORTEST_FAULTY
    show_paragraph(console, f"{shortest}{f' {_NO_FAULT}' if trace.no_fault_needed else ''}")


def tell_verdict(console: Console, verdict: CellVerdict, *, finished: bool) -> None:
    """Print a verdict that has no run, or none that could be told."""
    cell = verdict.cell
    _show_asked(console, setting_in_words(cell), cell.guarantee, cell.judged.sentence, users_in_words(cell.judged))
    if verdict.verdict in {"holds", "vacuous"}:
        vacuous = " But that is only because nothing of the kind ever happened." if verdict.verdict == "vacuous" else ""
        states = f"{verdict.states:,} {'states that stand for all' if verdict.reduced else 'reachable states'}"
        runs = "every run in which each fault happens" if cell.each_fault else "every run"
        show_paragraph(console, f"Holds in all {states} and on {runs}.{vacuous}")
    elif verdict.verdict == "violated" and cell.each_fault:
        show_paragraph(console, "Violated, but by no run in which each fault happens. This shows one without:")
        show_line(console, f"  {command_for(cell._replace(each_fault=False))}")
    elif verdict.verdict == "violated":
        run = f"a run of {verdict.length} step{'s' * (verdict.length != 1)}"
        show_paragraph(console, f"Violated, by {run}; it ended before that could be told.")
    elif not finished:
        show_paragraph(console, f"Unknown: stopped after {verdict.states:,} states, which do not break it.")
    else:
        bounds = "--max-states and --max-memory set the bounds"
        show_paragraph(
            console, f"Unknown: a bound was reached after {verdict.states:,} states, which do not break it ({bounds})."
        )


def show_beside(console: Console, trace: Trace, page: str | None) -> None:
    """Print what is known beside a run: what else the setting gives and breaks, its name, and its page."""
    show_paragraph(console, "")
    for what, names in (("Strongest guarantees it gives", trace.gives), ("Weakest it breaks", trace.breaks)):
        if names:
            show_paragraph(console, f"{what}: {listed(names)}.")
    told = f", and is told in spec/traces/{page}.md" if page else ""
    show_paragraph(console, f"This run is called {trace.name}{told}.")


def show_alike(console: Console) -> None:
    """Print that a run is much like one before it."""
    show_paragraph(console, "It differs from a run before it only in which replica, or which user, is which.")


def show_head(console: Console, trace: Trace) -> None:
    """Print what is asked: the setting, the guarantee, and what the users do."""
    _show_asked(console, trace.setting, trace.guarantee, trace.sentence, trace.users)


def show_violation(console: Console, trace: Trace) -> None:
    """Print a run that breaks the guarantee, and why it does."""
    _show_steps(console, trace.first, [(moment.who, moment.what, moment.holds) for moment in trace.moments])
    crashed, logged = (any(sign in held for it in trace.moments for held in it.holds.values()) for sign in "([")
    bookings = f": {trace.bookings}" if trace.bookings else ""
    show_paragraph(console, f"\n{_EXPLAINED}{_LOGGED if logged else ''}{_CRASHED if crashed else ''}{bookings}.")
    show_paragraph(console, f"Violated: {trace.why}\nRight would be: {trace.right}")


def show_steps(console: Console, setting: Setting, run: Run) -> None:
    """Print the steps of a run that need not break anything: who does what, and what each replica holds then."""
    first, *held = (contents(setting, state) for state in run.states)
    events = (event(setting, step, *run.states[at : at + 2]) for at, step in enumerate(run.steps))
    _show_steps(console, first, [(it.who, it.what, holds) for it, holds in zip(events, held, strict=True)])


def _show_asked(console: Console, setting: str, guarantee: str, sentence: str, users: str) -> None:
    show_paragraph(console, f"{setting}\n{guarantee}: {sentence}\n{users}\n")


def _show_steps(console: Console, first: Mapping[str, str], steps: Sequence[_Shown]) -> None:
    longest = max(len(what) for _, what, _ in steps)
    show_whole(console, _table(first, steps), may_wrap=max(0, longest - _ROOM))


def _table(first: Mapping[str, str], steps: Sequence[_Shown]) -> Table:
    table = plain_table()
    table.add_column("", justify="right")
    table.add_column("who", no_wrap=True)
    table.add_column("does what")
    for holder in first:
        table.add_column(holder, no_wrap=True)
    held = first
    for number, (who, what, now) in enumerate(steps, 1):
        cells = (Text(it, style="bold" if it != held[name] else "dim") for name, it in now.items())
        table.add_row(str(number), who, what, *cells)
        held = now
    return table
