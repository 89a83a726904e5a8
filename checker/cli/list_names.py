"""The command ``overbooked list``: the strategies, guarantees, faults, exercises and theorems, with a line on each."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.cli.exit_status import HOLDS
from overbooked.checker.conformance.exercises import EXERCISES
from overbooked.checker.console import plain_table, show_whole
from overbooked.checker.documents import json_document
from overbooked.checker.matrix.in_words import read_in_words, write_in_words
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import ReadStrategy, names_of, read_strategies
from overbooked.spec.wording import listed
from overbooked.spec.write_strategies import write_strategies

_MAY_WRAP = 10_000
"""What is said of a name wraps as far as it has to."""


def run(request: argparse.Namespace, console: Console) -> int:
    """Print every strategy over that many replicas, guarantee, fault, exercise and theorem; return the exit status.

    Or print what another system calls these things.
    Raises :class:`overbooked.spec.names.StrategyError` when there is no such system.
    """
    if request.like is not None:
        return _like(request, console)
    named = _named(request.replicas)
    if request.format == "json":
        print(json_document(replicas=request.replicas, **{key: lines for key, (_, lines) in named.items()}))
    else:
        for heading, lines in named.values():
            _show(console, heading, lines)
    return HOLDS


def _named(replicas: int) -> dict[str, tuple[str, dict[str, str]]]:
    """Return what there is: by what it is, its heading, and each name with a line on it."""
    writes, reads = write_strategies(replicas).values(), read_strategies(replicas).values()
    return {
        "writes": ("Ways to write", {each.name: write_in_words(each, replicas) for each in writes}),
        "reads": ("Ways to read", {each.name: _with_names(each, replicas) for each in reads}),
        "guarantees": ("Guarantees", {each.name: each.sentence for each in GUARANTEES.values()}),
        "faults": ("Faults", {each.name: each.sentence for each in FAULTS.values()}),
        "exercises": ("Exercises, for conform", {each.name: each.sentence for each in EXERCISES.values()}),
        "theorems": ("Theorems", _theorems(replicas)),
    }


def _with_names(read: ReadStrategy, replicas: int) -> str:
    """Return what a way to read does, and what else it may be called."""
    others = [name for name in names_of(read, replicas) if name != read.name]
    return f"{read_in_words(read)}{f'; also called {listed(others)}' if others else ''}"


def _like(request: argparse.Namespace, console: Console) -> int:
    from overbooked.checker.choosing import dictionary  # noqa: PLC0415 - few lists need the verdicts

    system = dictionary.system_named(request.like)
    if request.format == "json":
        print(json_document(**dictionary.system_object(system)))
    else:
        dictionary.show(console, system)
    return HOLDS


def _theorems(replicas: int) -> dict[str, str]:
    """Return what theorems say, and how others are asked for."""
    from overbooked.checker.theorems.catalogue import theorems_in_words  # noqa: PLC0415 - z3 takes 0.1 s to import

    return theorems_in_words(replicas)


def _show(console: Console, heading: str, lines: dict[str, str]) -> None:
    table = plain_table(has_header=False)
    table.add_column(no_wrap=True, min_width=22)
    table.add_column()
    for name, line in lines.items():
        table.add_row(name, line)
    console.print(heading, style="bold", highlight=False)
    show_whole(console, table, may_wrap=_MAY_WRAP)
    console.print()
