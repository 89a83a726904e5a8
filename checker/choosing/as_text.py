"""Choices as text: a table of the cheapest, and what each does not give."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from overbooked.checker.cells import Cell
from overbooked.checker.choosing.choices import Choice, Choosing
from overbooked.checker.choosing.known import is_known
from overbooked.checker.choosing.ways_out import in_words, keepers, way_out
from overbooked.checker.console import plain_table, show_line, show_paragraph, show_whole
from overbooked.checker.traces.names import command_for
from overbooked.spec.guarantees import GUARANTEES, weakest
from overbooked.spec.wording import listed

SHOWN = 10
"""So many pairs are shown, at most."""
_MAY_WRAP = 1000
_LONGEST = max(map(len, GUARANTEES))
_HOW = {"violated": "misses", "unknown": "may miss", "vacuous": "has no case of"}
"""How a pair misses what is needed."""


def show(console: Console, found: Choosing) -> None:
    """Print what was asked for, the cheapest pairs that keep it, and what they cost; or those that miss least."""
    wanted, every = found.wanted, found.kept or found.nearest
    looked_at = every if found.is_known else every[:SHOWN]
    choices = worth_it(looked_at)
    fails = "nothing" if wanted.faults == ("none",) else listed([each for each in wanted.faults if each != "none"])
    replicas = f"{wanted.replicas} replica{'s' * (wanted.replicas > 1)}"
    show_paragraph(console, f"{replicas}. Needed: {listed(wanted.needs)}. May fail: {fails}.\n")
    of = "All" if looked_at == every else f"Of the {SHOWN} cheapest, those"
    which = f"The first {SHOWN}" if len(choices) > SHOWN else of
    show_paragraph(console, f"{_how_many(found)}. {which} that are worth their price, cheapest first:\n")
    _show_table(console, choices[:SHOWN])
    if not found.kept:
        _show_misses(console, choices[:SHOWN])
    source = "Explored beforehand, all of it: overbooked check --expect spec/expected.csv" if found.is_known else ""
    meaning = (
        "ack, check  how many confirmations and how many answers they wait for",
        "sent        messages for a booking and a check, if nothing has to be repaired",
        "breaks      the weakest guarantees that it breaks, whether needed or not",
        "Pairs that cost more and keep no more than one above them are left out.",
    )
    show_paragraph(console, "\n".join(meaning))
    if source:
        show_paragraph(console, f"\n{source}")


def show_way_out(console: Console, cell: Cell) -> None:
    """Print the least change that repairs what a cell breaks, and what lists all others, where these are known."""
    way = way_out(cell)
    if way:
        show_paragraph(console, f"Least change that repairs it: {in_words(cell, way)}.")
    if is_known(cell):
        show_line(console, f"All that keeps it: {choose_command(cell)}")


def show_keepers(console: Console, broken: Sequence[Cell]) -> None:
    """Print which pairs keep what is broken, few of them and cheap ones, if these cells are of one fault."""
    found = keepers(broken) if len({cell.fault for cell in broken}) == 1 else []
    if not found:
        return
    more = choose_command(broken[0]._replace(guarantee="G"))
    show_line(console, f"What keeps what is broken above (more: {more}):\n")
    table = plain_table()
    table.add_column("  write by read", no_wrap=True)
    table.add_column("keeps")
    table.add_column("breaks", min_width=_LONGEST)
    for pair in found:
        keeps = ", ".join(name for name in GUARANTEES if name in pair.keeps)
        table.add_row(f"  {pair.write} by {pair.read}", keeps, ", ".join(weakest(pair.breaks)) or "nothing")
    show_whole(console, table, may_wrap=_MAY_WRAP)
    console.print()


def choose_command(cell: Cell) -> str:
    """Return the command that lists all pairs that keep the guarantee of a cell under its fault."""
    survive = f" --survive {cell.fault}" * (cell.fault != "none")
    return f"overbooked choose --need {cell.guarantee}{survive}"


def _how_many(found: Choosing) -> str:
    if found.kept:
        unknown = f"; {found.unknown} are unknown, as a bound was reached (--max-states)" if found.unknown else ""
        return f"{len(found.kept)} of {found.considered} pairs keep{'s' * (len(found.kept) == 1)} all of it{unknown}"
    if found.unknown:
        return f"Unknown: a bound was reached (--max-states) for {found.unknown} of {found.considered} pairs"
    these = f"{len(found.nearest)} miss{'es' * (len(found.nearest) == 1)} least"
    return f"None of {found.considered} pairs keeps all of it; {these}"


def worth_it(choices: Sequence[Choice]) -> list[Choice]:
    """Return the choices, cheapest first, without those that keep nothing which one before them does not keep, too."""
    worth: list[Choice] = []
    for choice in choices:
        if not any(set(choice.keeps) <= set(cheaper.keeps) for cheaper in worth):
            worth.append(choice)
    return worth


def _show_table(console: Console, choices: list[Choice]) -> None:
    table = plain_table()
    for heading in ("write", "read", "ack", "check", "sent"):
        table.add_column(heading, no_wrap=True)
    table.add_column("breaks", min_width=_LONGEST)
    for choice in choices:
        write, read, cost = choice.pair
        ack = str(cost.ack_waits_for) if cost.ack_waits_for else "log"
        check = f"{cost.check_waits_for}{', repair' * cost.repairs}"
        table.add_row(write, read, ack, check, str(cost.messages), _breaks(choice))
    show_whole(console, table, may_wrap=_MAY_WRAP)
    console.print()


def _breaks(choice: Choice) -> str:
    unknown = [f"{name} (unknown)" for name in choice.unknown]
    return ", ".join([*weakest(choice.breaks), *unknown]) or "nothing"


def _show_misses(console: Console, choices: list[Choice]) -> None:
    for choice in choices:
        for verdict in choice.misses:
            show_line(console, f"{_HOW[verdict.verdict]} {verdict.cell.guarantee}: {command_for(verdict.cell)}")
    console.print()
