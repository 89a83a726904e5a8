"""``python tests/bench``: the same models in this checker, in SPIN and in minicheck, side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from checkers import CHECKERS, Checker, Found, disagreements
from measured import FailedError, measured
from sizes import SIZES, TABLE, Size

_MANY = 100_000
"""From so many states on, memory by state says something."""
_COLUMNS = ("states", "transitions", "cold s", "search s", "CPU s", "k/CPU s", "B/state", "rate x", "cold x")
_LEGEND = """
cold s    seconds from a cold start to the verdict, with all that is made and compiled on the way
search s  seconds of the search alone; CPU s: CPU seconds likewise; k/CPU s: thousands of states in each of them
B/state   bytes a state, at the peak, above what the checker takes for the first model
rate x    how many times as many states overbooked explores in a CPU second
cold x    how many times as much CPU time this takes from a cold start as overbooked does
reduced   not every state is explored; elsewhere all are, and are the same, but where SPIN has processes and channels
Medians of {repeat}."""


def main() -> int:
    """Measure; return 1 when checkers differ in what they say, or one fails."""
    request = _request()
    console = Console(width=100, highlight=False)
    checkers = _installed(console, request.only)
    differences: list[str] = []
    bases: dict[str, int] = {}
    for size in SIZES[request.sizes]:
        found = _measured(checkers, size, request.repeat)
        differences += [f"{size}: {each}" for each in disagreements(checkers, found)]
        bases = {name: each.memory for name, each in found.items()} | bases
        console.print(_shown(size, found, bases))
    differences += _default_tables(console, checkers, request.repeat)
    console.print(_LEGEND.format(repeat=request.repeat), soft_wrap=True)
    for each in differences:
        console.print(f"✗ {each}", style="red", soft_wrap=True)
    return int(bool(differences))


def _request() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/bench", description=__doc__)
    sizes = f"{', '.join(SIZES)}: up to 7e5, 8e6, 8e7 states (default: medium)"
    parser.add_argument("--sizes", choices=SIZES, default="medium", help=sizes)
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="take medians of so many runs (default: 3)")
    only = "measure this checker beside overbooked; repeatable (default: all)"
    parser.add_argument("--only", action="append", choices=[each.name for each in CHECKERS[1:]], help=only)
    return parser.parse_args()


def _installed(console: Console, only: Sequence[str] | None) -> list[Checker]:
    asked = [each for at, each in enumerate(CHECKERS) if not at or not only or each.name in only]
    for each in asked:
        if each.missing:
            console.print(f"{each.name}: not measured, as {' and '.join(each.missing)} is not installed")
    return [each for each in asked if not each.missing]


def _measured(checkers: Sequence[Checker], size: Size, repeat: int) -> dict[str, Found]:
    """Return by checker what it has found and took; they take turns, so that all have the same share of noise."""
    first = checkers[0].run(size, 0)
    asked = [each for each in checkers if each.takes(size, first.states)]
    runs = [{each.name: each.run(size, first.states) for each in asked} for _ in range(repeat)]
    return {each.name: _median([run[each.name] for run in runs]) for each in asked}


def _median(runs: Sequence[Found]) -> Found:
    return runs[0]._replace(
        **{
            name: median(getattr(run, name) for run in runs)
            for name in ("cold", "search", "cpu", "search_cpu", "memory")
        }
    )


def _shown(size: Size, found: dict[str, Found], bases: dict[str, int]) -> Table:
    ours = next(iter(found.values()))
    table = Table(title=f"{size}: {ours.verdict}", title_justify="left", box=None, padding=(0, 0, 0, 1))
    table.add_column("", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, its in found.items():
        taken = max(0, its.memory - bases[name]) / its.states
        table.add_row(
            name,
            f"{its.states:,}",
            "" if its.transitions is None else f"{its.transitions:,}",
            f"{its.cold:.2f}",
            f"{its.search:.2f}",
            f"{its.search_cpu:.2f}",
            f"{its.states / its.search_cpu / 1000:,.0f}",
            f"{taken:.0f}" if its.states > _MANY else "",
            "" if "reduced" in name else f"{its.search_cpu / its.states * ours.states / ours.search_cpu:.1f}",
            f"{its.cpu / ours.cpu:.1f}",
        )
    return table


def _default_tables(console: Console, checkers: Sequence[Checker], repeat: int) -> list[str]:
    """Print what the default table takes from a cold start, beside others that are asked for a part of it."""
    part, whole = (_takes(*options, repeat=repeat) for options in (("--guarantee", "read-after-write"), ()))
    console.print("\nCPU seconds from a cold start:")
    console.print(f"{whole:6.2f} {'':8} overbooked check: the default table, every guarantee")
    console.print(
        f"{part:6.2f} {'':8} overbooked check --guarantee read-after-write: the same {len(TABLE)} searches as below"
    )
    differs = []
    for checker in (each for each in checkers[1:] if each.same_states):
        found = {size: checker.run(size, 0) for size in TABLE}
        cpu = sum(each.cpu for each in found.values())
        console.print(f"{cpu:6.2f} {cpu / part:6.1f} x {checker.name}")
        for size, its in found.items():
            ours = {"overbooked": checkers[0].run(size, 0)}
            differs += [f"{size}: {each}" for each in disagreements([checker], ours | {checker.name: its})]
    return differs


def _takes(*options: str, repeat: int) -> float:
    command = [sys.executable, "-m", "overbooked", "check", *options]
    return median(measured(command, Path.cwd(), statuses=(0, 1)).cpu for _ in range(2 * repeat + 1))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FailedError as error:
        sys.exit(f"python tests/bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
