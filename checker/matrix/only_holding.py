"""Of many pairs of strategies those that keep all that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.console import Console

from overbooked.checker.cells import CellVerdict
from overbooked.checker.console import counted, plain_table, show_line, show_paragraph, show_whole
from overbooked.spec.wording import listed

Pair: TypeAlias = tuple[str, str]
_LISTED = 4
"""So many guarantees or faults are named; more are counted."""


def holding(verdicts: Sequence[CellVerdict]) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs that keep every guarantee under every fault that was asked for; and those of which none knows.

    A pair is judged by the faults that it goes with.
    """
    by_pair: dict[Pair, list[str]] = {}
    for verdict in verdicts:
        by_pair.setdefault(verdict.cell[:2], []).append(verdict.verdict)
    whole = {pair: set(found) for pair, found in by_pair.items()}
    keep = [pair for pair, found in whole.items() if found == {"holds"}]
    return keep, [pair for pair, found in whole.items() if "unknown" in found and found <= {"holds", "unknown"}]


def of_pairs(verdicts: Sequence[CellVerdict], pairs: Sequence[Pair]) -> list[CellVerdict]:
    """Return the verdicts of some pairs."""
    return [verdict for verdict in verdicts if verdict.cell[:2] in pairs]


def show_holding(console: Console, verdicts: Sequence[CellVerdict]) -> None:
    """Print the pairs that keep all that was asked for, in a short list."""
    keep, may = holding(verdicts)
    every = {verdict.cell[:2] for verdict in verdicts}
    keeps = "keep" if len(keep) > 1 else "is known to keep" if may and not keep else "keeps"
    of = f"{len(keep) or 'None'} of {counted(len(every), 'pair')} {keeps}"
    show_paragraph(console, f"{of} {_asked(verdicts)}, over {counted(verdicts[0].cell.replicas, 'replica')}.")
    without = _faults_left_out(verdicts)
    _show_pairs(console, keep, without)
    if may:
        show_paragraph(console, "\nUnknown, as it was stopped or came to a bound:")
        _show_pairs(console, may, without)
    console.print()


def _asked(verdicts: Sequence[CellVerdict]) -> str:
    guarantees = list(dict.fromkeys(verdict.cell.guarantee for verdict in verdicts))
    faults = [name for name in dict.fromkeys(verdict.cell.fault for verdict in verdicts) if name != "none"]
    kept = listed(guarantees) if len(guarantees) <= _LISTED else f"all {len(guarantees)} guarantees"
    under = listed(faults, last="or") if len(faults) <= _LISTED else f"any of {len(faults)} faults"
    return f"{kept}{f', under {under}' if faults else ', with no fault'}"


def _faults_left_out(verdicts: Sequence[CellVerdict]) -> dict[Pair, str]:
    """Return, for each pair that does not go with all faults, those with which it does not."""
    faults = dict.fromkeys(verdict.cell.fault for verdict in verdicts)
    judged = {(verdict.cell[:2], verdict.cell.fault) for verdict in verdicts}
    pairs = {pair for pair, _ in judged}
    left = {pair: [fault for fault in faults if (pair, fault) not in judged] for pair in pairs}
    return {pair: listed(names) for pair, names in left.items() if names}


def _show_pairs(console: Console, pairs: Sequence[Pair], without: dict[Pair, str]) -> None:
    if not pairs:
        return
    table = plain_table()
    table.add_column("write", no_wrap=True)
    table.add_column("read", no_wrap=True)
    if any(pair in without for pair in pairs):
        table.add_column("does not go with", no_wrap=True)
    for pair in pairs:
        table.add_row(*pair, *([without.get(pair, "")] if len(table.columns) > len(pair) else []))
    show_line(console, "")
    show_whole(console, table)
