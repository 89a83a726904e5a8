"""The command line: what can be asked, and what is said of a request that makes no sense."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from checker.cells import SOURCE_READS, SOURCE_WRITES, Cell
from spec.faults import FAULTS
from spec.guarantees import GUARANTEES
from spec.names import shown, unknown
from spec.read_strategies import read_strategies, read_strategy
from spec.write_strategies import write_strategies, write_strategy

MOST_STATES = 20_000_000
MOST_REPLICAS = 64
MOST_STATES_COVERED = 2_000_000
ALL_BUT_LINEARIZABILITY = tuple(name for name in GUARANTEES if name != "linearizability")
_STRATEGIES = "overbooked list names all strategies, guarantees and faults."
_STATUSES = (
    "Exit status: 0 all that was asked for holds; 1 a violation; 2 the request makes no sense; "
    "3 no violation, but a bound was reached; 130 stopped with Ctrl-C."
)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line each."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end with exit status 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


_Commands: TypeAlias = "argparse._SubParsersAction[OneLineParser]"  # noqa: SLF001 - argparse gives it no public name


def parser() -> argparse.ArgumentParser:
    """Return the parser for ``overbooked``."""
    top = OneLineParser(
        prog="overbooked",
        description="Shows what can go wrong with every way to write and read replicated data, by exploring all of it.",
        epilog="With no command: check. " + _STRATEGIES,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _add_check(commands)
    _add_trace(commands)
    _add_replay(commands)
    _add_prove(commands)
    _add_conform(commands)
    names = "name the strategies, guarantees, faults and theorems"
    listing = commands.add_parser("list", help=names, description=f"{names.capitalize()}, with a line on each.")
    listing.add_argument(
        "--replicas", type=_replicas, default=3, metavar="N", help="how many replicas there are (default: 3)"
    )
    return top


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the request; ``overbooked`` alone, or with options only, is ``overbooked check``."""
    given = list(arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help"}):
        given.insert(0, "check")
    return parser().parse_args(given)


def cells(request: argparse.Namespace, guarantees: Sequence[str] = tuple(GUARANTEES)) -> list[Cell]:
    """Return the cells that are asked for, in the order of the table; ``guarantees`` are those when none is named.

    Raises :class:`spec.names.StrategyError` when a strategy, guarantee or fault is unknown.
    """
    n = request.replicas
    writes = _chosen(request.write, SOURCE_WRITES, "all", write_strategies(n))
    reads = _chosen(request.read, SOURCE_READS, "all-reads", read_strategies(n))
    chosen = _chosen(request.guarantee, tuple(guarantees), "all", GUARANTEES)
    faults = _chosen(request.fault, ("none",), "all", FAULTS)
    asked = [Cell(w, r, n, f, g) for f in faults for w in writes for r in reads for g in chosen]
    for cell in asked:
        known(cell)
    return asked


def known(cell: Cell) -> Cell:
    """Return the cell; raise :class:`spec.names.StrategyError` when part of it is unknown."""
    write_strategy(cell.write, cell.replicas)
    read_strategy(cell.read, cell.replicas)
    for what, name, names in (("guarantee", cell.guarantee, GUARANTEES), ("fault", cell.fault, FAULTS)):
        if name not in names:
            raise unknown(what, name, names)
    return cell


def _chosen(given: list[str] | None, default: tuple[str, ...], every: str, names: Iterable[str]) -> list[str]:
    wanted = given or default
    return list(dict.fromkeys(name for each in wanted for name in (names if each == every else (each,))))


def _add_check(commands: _Commands) -> None:
    check = commands.add_parser(
        "check",
        help="list what every way to write and read breaks (the default)",
        description="Explores every interleaving; prints which guarantees hold, for each way to write and to read.",
        epilog=f"{_STRATEGIES} {_STATUSES}",
    )
    compare = "compare with a file of expected verdicts, as --format csv prints it; with no selection, all of the file"
    _add_selection(check, "a guarantee (default: all); repeatable")
    _add_bounds(check)
    add = check.add_argument
    add("--format", choices=("text", "json", "csv"), default="text", help="how to print the verdicts (default: text)")
    add("--expect", type=Path, metavar="FILE", help=compare)


def _add_conform(commands: _Commands) -> None:
    command = commands.add_parser(
        "conform",
        help="show that the reference does what the spec says, and nothing else",
        description=(
            "Takes every step of the spec's graphs on the app server in reference/, or on your own: after each, the "
            "same steps must be possible in both, the replicas hold the same, and users have been told the same."
        ),
        epilog=(
            f"{_STRATEGIES} Exit status: 0 all conforms; 1 something differs; 2 the request makes no sense; "
            "3 nothing differs, but not all was covered; 130 stopped with Ctrl-C."
        ),
    )
    _add_selection(
        command, "a guarantee, for its users' programs; or all (default: all but linearizability); repeatable"
    )
    add = command.add_argument
    add("--replicas", type=_replicas, default=3, metavar="N", help="how many replicas there are (default: 3)")
    _add_parts(command, over="memory")
    orders = "tell states apart by the order in which replicas answered and confirmed, too, and cover them all"
    add("--orders", action="store_true", help=orders)
    add("--seconds", type=_seconds, default=3600.0, metavar="T", help="stop after so many seconds (default: 3600)")
    bound = f"do not cover a graph of more than M states (default: {MOST_STATES_COVERED:,})"
    add("--max-states", type=_count, default=MOST_STATES_COVERED, metavar="M", help=bound)
    add("--format", choices=("text", "json"), default="text", help="how to print what conforms (default: text)")


def _add_selection(command: argparse.ArgumentParser, guarantee: str) -> None:
    every_write = f"a write strategy, or all for every one {_by_default(SOURCE_WRITES)}"
    every_read = f"a read strategy, or all-reads for every one, as all is itself one {_by_default(SOURCE_READS)}"
    every_fault = f"{', '.join(FAULTS)}, or all of these (default: none); repeatable"
    for name, metavar, meaning in (
        ("--write", "W", every_write),
        ("--read", "R", every_read),
        ("--guarantee", "G", guarantee),
        ("--fault", "F", every_fault),
    ):
        command.add_argument(name, action="append", metavar=metavar, help=meaning)


def _add_trace(commands: _Commands) -> None:
    trace = commands.add_parser(
        "trace",
        help="print one run that breaks a guarantee",
        description="Prints a shortest run that breaks a guarantee, and why it does; or that there is none.",
        epilog=f"{_STRATEGIES} {_STATUSES}",
    )
    _add_cell(trace)
    trace.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print the run (default: text)"
    )


def _add_replay(commands: _Commands) -> None:
    replay = commands.add_parser(
        "replay",
        help="have the reference do what a run that breaks a guarantee says",
        description=(
            "Leads the app server in reference/, or your own, along a shortest run that breaks a guarantee, over real "
            "replicas; the world is held still between steps, and after each both must look the same."
        ),
        epilog=(
            f"{_STRATEGIES} Exit status: 0 the app server did just that; 1 it cannot follow the run; 2 the request "
            "makes no sense, or there is no such run; 3 none was found within the bound; 130 stopped with Ctrl-C."
        ),
    )
    _add_cell(replay)
    _add_parts(replay, over="sqlite")
    replay.add_argument("--folder", type=Path, metavar="DIR", help="keep the replicas' SQLite files in this new folder")


def _add_parts(command: argparse.ArgumentParser, over: str) -> None:
    storages = f"memory, sqlite, or MODULE:NAME of a storage of your own (default: {over})"
    command.add_argument("--over", default=over, metavar="S", help=storages)
    command.add_argument("--app", metavar="A", help="MODULE:NAME of an app server of your own (default: the reference)")


def _add_cell(command: argparse.ArgumentParser) -> None:
    command.add_argument("write", metavar="WRITE", help="a write strategy")
    command.add_argument("read", metavar="READ", help="a read strategy")
    command.add_argument("guarantee", metavar="GUARANTEE", help="a guarantee")
    command.add_argument("--fault", default="none", metavar="F", help=f"{', '.join(FAULTS)} (default: none)")
    _add_bounds(command)


def _add_prove(commands: _Commands) -> None:
    prove = commands.add_parser(
        "prove",
        help="prove what holds for any number of replicas",
        description=(
            "Has z3 prove the rules behind the tables for every number of replicas, and refute each where its premise "
            "is weakened by one; then compares what is proved with what is explored."
        ),
        epilog=(
            "A NAME is a theorem (overbooked list names them), a group of them (sets, systems, protocol, steps, "
            "latency, agreement) or a quorum system: WRITE/READ for what two strategies wait for, grid:RxC, "
            "votes:V1,V2,...:W:R, read-one-write-all:N. Exit status: 0 each verdict is the expected one, and explored "
            "and proved agree; 1 one is not, or they do not; 2 the request makes no sense; 3 z3 could not decide; "
            "130 stopped with Ctrl-C."
        ),
    )
    add = prove.add_argument
    add("names", nargs="*", metavar="NAME", help="what to prove, in full detail (default: everything, in short)")
    replicas = "over how many replicas, where a theorem is not for all (default: 3)"
    add("--replicas", type=_replicas, default=3, metavar="N", help=replicas)
    add("--timeout", type=_seconds, default=30.0, metavar="S", help="seconds for each question to z3 (default: 30)")
    add("--format", choices=("text", "json"), default="text", help="how to print the theorems (default: text)")


def _add_bounds(command: argparse.ArgumentParser) -> None:
    bound = f"stop each search at M states and say unknown (default: {MOST_STATES:,})"
    command.add_argument(
        "--replicas", type=_replicas, default=3, metavar="N", help="how many replicas there are (default: 3)"
    )
    command.add_argument("--max-states", type=_count, default=MOST_STATES, metavar="M", help=bound)


def _by_default(names: tuple[str, ...]) -> str:
    return f"(default: {', '.join(names)}); repeatable"


def _count(text: str) -> int:
    """Return a whole number from 1 on."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a whole number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    """Return a time in seconds."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or float(text) <= 0:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a number of seconds above 0")
    return float(text)


def _replicas(text: str) -> int:
    """Return a number of replicas."""
    if _count(text) > MOST_REPLICAS:
        raise argparse.ArgumentTypeError(f"{text} are too many: there may be up to {MOST_REPLICAS}")
    return int(text)
