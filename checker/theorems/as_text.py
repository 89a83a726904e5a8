"""Theorems and their proofs, printed for people."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

from rich.console import Console
from rich.text import Text

from overbooked.checker.console import has_signs, plain_table, show_whole, sign, style
from overbooked.checker.proving.theorem import Judged
from overbooked.checker.theorems.catalogue import GROUPS, Proving
from overbooked.checker.theorems.cross_check import Agreement
from overbooked.spec.names import number_of

_ASCII = {
    "✓": "ok",
    "✗": "X",
    "≤": "<=",
    "≥": ">=",
    "⇒": "=>",
    "∩": "&",
    "≠": "!=",
    "∅": "{}",
    "∃": "some",
    "∈": "in",
    "ᵢ": "_i",
    "⌊": "floor(",
    "⌋": ")",
}
"""What stands for signs that the terminal may not have."""


def show_heading(console: Console, group: str, *, first: bool) -> None:
    """Print what the theorems that follow are about, apart from what was printed before."""
    if not first:
        console.print()
    _show(console, f"{GROUPS[group]}", colour="bold")


def show_theorem(console: Console, judged: Judged, *, whole: bool) -> None:
    """Print a theorem and its verdict, or its twin below it; ``whole`` adds how it is proved and what that rests on."""
    theorem, proof, seconds = judged
    expected = "" if judged.as_expected or theorem.asked else f", and should be {theorem.expected}"
    verdict = f": {proof.verdict}{expected}, {seconds:.2f} s{f': {proof.wrong}' if proof.wrong else ''}"
    mark = sign(proof.verdict, console)
    coloured = style(proof.verdict) if judged.as_expected else "bold red"
    told, run = (proof.case, proof.run) if whole else (proof.brief or proof.counterexample, ())
    if theorem.weakens:
        _show(console, f"{mark} {theorem.said.when}{verdict}{f': {told}' if told else ''}", indent=2, colour=coloured)
    else:
        console.print()
        _show(console, f"{mark} {theorem.name}{verdict}", colour=coloured)
        for line in filter(
            None, (theorem.said.words, theorem.said.symbols, f"for {theorem.covers}", told, *proof.examples)
        ):
            _show(console, line, indent=2)
    for at, line in enumerate(run, 1):
        _show(console, f"{at:>2} {line}", indent=4)
    if not judged.as_expected or (whole and not theorem.weakens):
        _show_how(console, judged)


def show_agreement(console: Console, found: list[Agreement]) -> None:
    """Print what both say of each pair (``!`` where they differ), and a line for each that they do not agree on."""
    _show(
        console, "\nread-after-write, no fault: ✓ explored as holding, and proved; ✗ a violation explored, and proved\n"
    )
    _show_pairs(console, "first:R", "R", found)
    console.print()
    _show_pairs(console, "one:dbI", "I", found)
    for row in found:
        if not row.agrees:
            _show(console, _disagreement(row), colour="bold red")


def _show_pairs(console: Console, read: str, letter: str, found: list[Agreement]) -> None:
    """Print a table of the ways to write by a way to read, given by a number; of some all that are alike are a row."""
    pairs: dict[tuple[str, int, int], list[Agreement]] = {}
    for row in found:
        at = number_of(row.read.replace(":db", ":"), read.partition(":")[0])
        if at is not None:
            pairs.setdefault((_row(row.write), row.replicas, at), []).append(row)
    sizes = sorted({row.replicas for row in found})
    table = plain_table()
    table.add_column(f"\nby {read}", no_wrap=True)
    for n in sizes:
        table.add_column(f"N = {n}\n{letter}={' '.join(str(at) for at in range(1, n + 1))}", no_wrap=True)
    for write in sorted({write for write, _, _ in pairs}, key=_place):
        cells = ([pairs.get((write, n, at), []) for at in range(1, n + 1)] for n in sizes)
        table.add_row(write, *("  " + " ".join(_sign(console, each) for each in rows) for rows in cells))
    show_whole(console, table)


def _row(write: str) -> str:
    """Return the row of a way to write: all that write to a log are one, and so are all that confirm on receipt."""
    if write.startswith("message:"):
        return "message:S, any S"
    return "primary:K:received, any K" if write.endswith(":received") else write


def _place(write: str) -> tuple[int, str]:
    """Return where a way to write stands in the table: serial, parallel, message, primary."""
    return ["serial", "parallel", "message", "primary"].index(re.split("[-:]", write)[0]), write


def _sign(console: Console, rows: list[Agreement]) -> str:
    said = {row.explored for row in rows}
    if not rows:
        return " "
    return sign(said.pop(), console) if len(said) == 1 and all(row.agrees for row in rows) else "!"


def _disagreement(row: Agreement) -> str:
    both = ((row.explored, row.length), (row.proved, row.proved_length))
    explored, proved = (f"{says} in {length} steps" if length else says for says, length in both)
    wrong = f": {row.wrong}" if row.wrong else ""
    return f"{row.write} by {row.read}, N = {row.replicas}: explored {explored}, proved {proved}{wrong}"


def show_summary(console: Console, found: Proving, seconds: float) -> None:
    """Print how many theorems were proved and refuted as they must be, how many pairs agree, and in what time."""
    kinds = Counter(_kind(each) for each in found.judged)
    told = [kind.format(count) for kind, count in kinds.items()]
    if found.agreement:
        agree = sum(row.agrees for row in found.agreement)
        told.append(f"explored and proved agree on {agree} of {len(found.agreement)} pairs")
    stopped = "" if found.finished else "; stopped"
    if found.out_of_memory:
        stopped = "; out of memory, so what else was asked is unknown"
    _show(console, f"\n{'; '.join(told) or 'nothing proved'}{stopped}: {seconds:.1f} s")


def _kind(judged: Judged) -> str:
    if not judged.as_expected and not judged.theorem.asked:
        return f"{{}} {judged.proof.verdict} that should be {judged.theorem.expected}"
    return "{} refuted where weakened by one" if judged.theorem.weakens else f"{{}} {judged.proof.verdict}"


def _show_how(console: Console, judged: Judged) -> None:
    theorem, proof, _ = judged
    _show(console, f"How: {theorem.how}", indent=2)
    if proof.invariant:
        _show(console, "In every state that a run reaches:", indent=2)
        for sentence in proof.invariant:
            _show(console, f"- {sentence}", indent=4)
    _show(console, "z3 says:", indent=2)
    for part in proof.parts:
        _show(console, f"{sign(part.verdict, console)} {part.what}", indent=4)


def _show(console: Console, text: str, *, indent: int = 0, colour: str = "") -> None:
    """Print a paragraph, its lines indented."""
    if not has_signs(console):
        text = "".join(_ASCII.get(sign, sign) for sign in text)
    begin = " " * indent
    filled = [
        textwrap.fill(line, console.width, initial_indent=begin, subsequent_indent=begin, break_on_hyphens=False)
        for line in text.split("\n")
    ]
    console.print(Text("\n".join(filled), style=colour), soft_wrap=True)
