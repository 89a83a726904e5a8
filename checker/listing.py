"""The strategies, guarantees and faults, with a line on each."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import ReadStrategy, read_strategies
from overbooked.spec.telling import listed
from overbooked.spec.write_strategies import WriteStrategy, write_strategies


def show_list(console: Console, replicas: int) -> None:
    """Print every strategy over that many replicas, every guarantee and every fault."""
    writes, reads = write_strategies(replicas).values(), read_strategies(replicas).values()
    _show(console, "Ways to write", {each.name: write_in_words(each, replicas) for each in writes})
    _show(console, "Ways to read", {each.name: read_in_words(each) for each in reads})
    _show(console, "Guarantees", {each.name: each.sentence for each in GUARANTEES.values()})
    _show(console, "Faults", {each.name: each.sentence for each in FAULTS.values()})
    _show(console, "Theorems", _theorems(replicas))


def write_in_words(write: WriteStrategy, replicas: int) -> str:
    """Return what a write strategy does, on a line."""
    if write.log:
        return f"append to a durable log and tell the user; its consumer does {write.name.removeprefix('message:')}"
    if not write.serial:
        return f"write to all at once; tell the user after {write.needed} confirmation{'s' * (write.needed > 1)}"
    order = "db1" if replicas == 1 else f"{listed([f'db{i}' for i in range(1, replicas + 1)])} one after the other"
    return f"write to {order}; tell the user after {'all' if write.needed == replicas > 1 else 'db1'}"


def read_in_words(read: ReadStrategy) -> str:
    """Return what a read strategy does, on a line."""
    if read.name.startswith("one:"):
        return f"ask db{read.asks[0]} alone"
    answers = f"the first {read.answers} answers" if read.answers > 1 else "the first answer"
    return f"ask all, use {answers}"


def _theorems(replicas: int) -> dict[str, str]:
    """Return what theorems say, and how others are asked for."""
    from overbooked.checker.theorems.catalogue import theorems_in_words  # noqa: PLC0415 - z3 takes 0.1 s to import

    return theorems_in_words(replicas)


def _show(console: Console, heading: str, lines: dict[str, str]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, min_width=22)
    table.add_column()
    for name, line in lines.items():
        table.add_row(name, line)
    console.print(heading, style="bold", highlight=False)
    console.print(table)
    console.print()
