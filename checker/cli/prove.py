"""The command ``overbooked prove``."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress

from rich.console import Console

from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, STOPPED, VIOLATED
from overbooked.checker.cli.progress import watched
from overbooked.checker.engine.memory_limit import limited
from overbooked.checker.proving.solver import limit_memory, stoppable
from overbooked.checker.theorems.as_json import as_json
from overbooked.checker.theorems.as_text import show_agreement, show_heading, show_summary, show_theorem
from overbooked.checker.theorems.catalogue import GROUPS, Proving


def run(request: argparse.Namespace, console: Console) -> int:
    """Prove what is asked for, print it as it comes (JSON when all is known), and return the exit status.

    Raises :class:`overbooked.spec.names.StrategyError` when a name means nothing.
    """
    start = time.perf_counter()
    found = Proving(request.names, request.replicas, request.timeout)
    terminal = console if request.format == "text" else None
    with suppress(KeyboardInterrupt), stoppable(), limited(request.max_memory):
        limit_memory()
        _run(found, terminal, whole=not GROUPS.keys() & set(request.names or GROUPS))
    if terminal:
        show_summary(terminal, found, time.perf_counter() - start)
    else:
        print(as_json(found, time.perf_counter() - start))
    return _status(found)


def _run(found: Proving, console: Console | None, *, whole: bool) -> None:
    group = None
    for judged in watched(found.run(), lambda judged: f"{len(found.judged)} theorems, {judged.theorem.name}"):
        if console:
            if judged.theorem.group != group:
                show_heading(console, judged.theorem.group, first=group is None)
                group = judged.theorem.group
            show_theorem(console, judged, whole=whole)
    if console and found.agreement:
        show_heading(console, "agreement", first=group is None)
        show_agreement(console, found.agreement)


def _status(found: Proving) -> int:
    if not found.finished:
        return STOPPED
    theorems = [judged for judged in found.judged if not judged.as_expected]
    pairs = [row for row in found.agreement if not row.agrees]
    wrong = [judged for judged in theorems if judged.proof.verdict != "unknown" or judged.proof.wrong]
    if wrong or not all(row.is_unknown for row in pairs):
        return VIOLATED
    return BOUNDED if theorems or pairs or found.out_of_memory else HOLDS
