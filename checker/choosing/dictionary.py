"""What known systems call these things, with the verdicts of their usual settings: as text and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from overbooked import spec
from overbooked.checker.cells import Cell
from overbooked.checker.choosing.known import REPLICAS, verdicts
from overbooked.checker.console import plain_table, show_line, show_paragraph, show_whole
from overbooked.spec.dictionary import SYSTEMS, System, Usual
from overbooked.spec.guarantees import TABLE, weakest
from overbooked.spec.names import StrategyError, shown

FILE = Path(spec.__path__[0]) / "dictionary.md"
_NOTHING = "nothing"
_ABOUT = (
    "Names here are those over three replicas. What a setting breaks are the weakest guarantees that it breaks; "
    "whoever breaks these breaks what is stronger, too. Where a call waits for ever here, these systems return an "
    "error "
    "after a while."
)


def system_named(name: str) -> System:
    """Return the system of that name, or one whose name has it as a part, however it is written.

    Raises :class:`overbooked.spec.names.StrategyError` when there is none.

    >>> system_named("riak").name, system_named("postgres").name
    ('Dynamo and Riak', 'PostgreSQL')
    """
    found = [system for system in SYSTEMS if name.lower() in system.name.lower()]
    if len(name) > 1 and len(found) == 1:
        return found[0]
    there = ", ".join(system.name for system in SYSTEMS)
    raise StrategyError(f"{shown(name)}: is not in the dictionary; there are {there}")


def breaks(usual: Usual, fault: str) -> str:
    """Return the weakest guarantees that a setting breaks under a fault, over three replicas.

    >>> breaks(Usual("w: 1, primary", "primary:1", "one:primary"), "none")
    'no-double-booking'
    """
    return ", ".join(_broken(usual, fault)) or "nothing"


def _broken(usual: Usual, fault: str) -> list[str]:
    cells = [Cell(usual.write, usual.read, REPLICAS, fault, name) for name in TABLE]
    return weakest(cell.guarantee for cell in cells if verdicts(fault)[cell.first_named].verdict == "violated")


def _breaks_by_fault(usual: Usual) -> dict[str, list[str]]:
    return {fault: _broken(usual, fault) for fault in ("none", usual.fault)}


def show(console: Console, system: System) -> None:
    """Print what a system calls these things, where the likeness ends, and what its usual settings break."""
    show_paragraph(console, f"{system.name}: {system.replicates}\n")
    table = plain_table()
    for heading in ("there", "here", "where the likeness ends"):
        table.add_column(heading)
    for entry in system.entries:
        table.add_row(_plain(entry.there), entry.here or _NOTHING, _plain(entry.ends))
    show_whole(console, table, may_wrap=200)
    for usual in system.usual:
        show_line(console, f"\n{_plain(usual.there)}: {usual.write} by {usual.read}")
        show_paragraph(console, f"  with no fault, breaks {breaks(usual, 'none')}")
        show_paragraph(console, f"  with {usual.fault}, breaks {breaks(usual, usual.fault)}")
        if usual.but:
            show_paragraph(console, f"  but there, {_plain(usual.but)}")
        show_line(console, f"  overbooked check --write {usual.write} --read {usual.read} --fault {usual.fault}")
    show_paragraph(console, f"\n{_ABOUT}")


def system_object(system: System) -> dict[str, object]:
    """Return the same by name: a system's things with what they are here, and what its usual settings break."""
    usual = [{**each._asdict(), "but": each.but or None, "breaks": _breaks_by_fault(each)} for each in system.usual]
    things = [entry._asdict() for entry in system.entries]
    return {"name": system.name, "replicates": system.replicates, "things": things, "usual": usual, "about": _ABOUT}


def page() -> str:
    """Return ``spec/dictionary.md``: every system, with the verdicts of its usual settings."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# What other systems call it\n"
    yield "For who knows one of these systems: which strategy or fault here comes nearest to what is set there, and"
    yield f"where the likeness ends. {_ABOUT}\n`overbooked list --like SYSTEM` prints one of them.\n"
    for system in SYSTEMS:
        yield f"## {system.name}\n\n{system.replicates[0].upper()}{system.replicates[1:]}.\n"
        yield "| there | here | where the likeness ends |\n| --- | --- | --- |"
        for entry in system.entries:
            yield f"| {entry.there} | {f'`{entry.here}`' if entry.here else _NOTHING} | {entry.ends} |"
        yield "\n| used together | here | breaks, with no fault | breaks, with a fault |\n| --- | --- | --- | --- |"
        for usual in system.usual:
            here = f"`{usual.write}` by `{usual.read}`"
            with_fault = f"`{usual.fault}`: {breaks(usual, usual.fault)}{f'; but there, {usual.but}' * bool(usual.but)}"
            yield f"| {usual.there} | {here} | {breaks(usual, 'none')} | {with_fault} |"
        yield ""


def _plain(text: str) -> str:
    return text.replace("`", "")
