"""The options of each command, with a line of help on each."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, TypeAlias

from overbooked.checker.cells import COVERED_WRITES, DEFAULT_READS, DEFAULT_WRITES, SOURCE_WRITES
from overbooked.checker.choosing.preferences import PREFERENCES
from overbooked.checker.cli import values
from overbooked.checker.engine.search import Bounds
from overbooked.checker.simulation.delays import FORMS as DELAYS
from overbooked.checker.simulation.networks import SETS
from overbooked.spec.faults import FAULTS

MOST_STATES_COVERED = 2_000_000
FORMS = ("text", "markdown", "mermaid", "svg", "json", "itf", "pytest")
USUAL_SET = "lnkd-disk"
_LEGS = {
    "write": "what a write takes on its way to a replica",
    "ack": "what its acknowledgement takes back",
    "read": "what a question takes on its way to a replica",
    "response": "what the answer takes back",
    "log": "what an append to the log takes (default: as long as a replica's write and its acknowledgement)",
    "consumer": "what the consumer takes, from then on, to have the entry (default: as long as a replica's response)",
    "apply": "what a standby takes to show what it has received (default: as long as a replica's response)",
}
_FAULTS = f"{', '.join(FAULTS)}; or some joined, as replica-crash:2+timeout"
_STRATEGIES = "overbooked list names all strategies, guarantees and faults."
_STATUSES = (
    "Exit status: 0 all that was asked for holds; 1 a violation; 2 the request makes no sense; "
    "3 no violation, but something is unknown (a bound was reached) or vacuous; 130 stopped with Ctrl-C."
)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line each."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and which option or command may have been meant, and end with exit status 2."""
        self.exit(2, f"{self.prog}: {message}{self._meant(message)} (see {self.prog} --help)\n")

    def _meant(self, message: str) -> str:
        found = re.search(r"unrecognized arguments: (-\S+)|argument COMMAND: invalid choice: '(.*?)'", message)
        if not found:
            return ""
        from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

        near = get_close_matches(found[1] or found[2], {*self._words()}, n=1)
        return f"; did you mean {near[0]}?" if near else ""

    def _words(self) -> Iterator[str]:
        """Yield every option and command that there is."""
        for action in self._actions:
            yield from action.option_strings
            commands = action.choices if isinstance(action.choices, dict) else {}
            for name, its in commands.items():
                yield name
                yield from its._words()  # noqa: SLF001 - a parser of the same class


class _Version(argparse.Action):
    """An option that prints the version, which is looked up only then, and ends with exit status 0."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print it."""
        from importlib.metadata import version  # noqa: PLC0415 - its import takes longer than a short command

        sys.stdout.write(f"overbooked {version('overbooked')}\n")
        parser.exit()


_Commands: TypeAlias = "argparse._SubParsersAction[OneLineParser]"  # noqa: SLF001 - argparse gives it no public name


def parser() -> argparse.ArgumentParser:
    """Return the parser for ``overbooked``."""
    top = OneLineParser(
        prog="overbooked",
        description="Shows what can go wrong with every way to write and read replicated data, by exploring all of it.",
        epilog="With no command: check. " + _STRATEGIES,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _add_check(commands)
    _add_choose(commands)
    _add_trace(commands)
    _add_replay(commands)
    _add_traces(commands)
    _add_claims(commands)
    _add_report(commands)
    _add_prove(commands)
    _add_conform(commands)
    _add_latency(commands)
    _add_simulate(commands)
    names = "name the strategies, guarantees, faults and theorems, and what conform exercises"
    listing = commands.add_parser("list", help=names, description=f"{names.capitalize()}, with a line on each.")
    like = "what a system calls these things, and what its usual settings break: Cassandra, MongoDB, PostgreSQL, ..."
    listing.add_argument("--like", metavar="SYSTEM", help=like)
    listing.add_argument(
        "--replicas", type=values.replicas, default=3, metavar="N", help="how many replicas there are (default: 3)"
    )
    how = "how to print them (default: text)"
    listing.add_argument("--format", choices=("text", "json"), default="text", help=how)
    return top


def _add_check(commands: _Commands) -> None:
    check = commands.add_parser(
        "check",
        help="list the guarantees that each pair of strategies violates (the default)",
        description="Explores every interleaving; prints which guarantees hold, for each way to write and to read.",
        epilog=f"{_STRATEGIES} {_STATUSES}",
    )
    compare = "compare with a file of expected verdicts, as --format csv prints it; with no selection, all of the file"
    _add_selection(check, "a guarantee, or every (default: every one but last-write-wins); repeatable")
    _add_bounds(check)
    add = check.add_argument
    add("--format", choices=("text", "json", "csv"), default="text", help="how to print the verdicts (default: text)")
    add("--expect", type=Path, metavar="FILE", help=compare)
    only = "print only the pairs of strategies that keep all that was asked for; exit status 0 if there is one, else 1"
    add("--only-holding", action="store_true", help=only)


def _add_choose(commands: _Commands) -> None:
    choose = commands.add_parser(
        "choose",
        help="list the cheapest ways to write and to read that give what is needed",
        description=(
            "Lists the pairs of strategies that keep every guarantee that is needed, whatever may fail, the cheapest "
            "first: what each waits for, how many messages it takes, and what it does not give. Where there is none, "
            "those that miss least."
        ),
        epilog=(
            f"{_STRATEGIES} Exit status: 0 some pair keeps all; 1 none does; 2 the request makes no sense; "
            "3 none is known to, as a bound was reached; 130 stopped with Ctrl-C."
        ),
    )
    add = choose.add_argument
    add("--need", action="append", metavar="G", help="a guarantee (default: the nine of the table); repeatable")
    survive = f"what may fail: {_FAULTS} (default: none); repeatable: each by itself"
    add("--survive", action="append", metavar="F", help=survive)
    first = f"what is to be cheap before all else: {', '.join(PREFERENCES)} (default: latency)"
    add("--prefer", choices=PREFERENCES, default=PREFERENCES[0], metavar="P", help=first)
    add("--replicas", type=values.replicas, default=3, metavar="N", help="how many replicas there are (default: 3)")
    bound = f"stop each search at M states and say unknown (default: {Bounds().max_states:,})"
    add("--max-states", type=values.count, default=Bounds().max_states, metavar="M", help=bound)
    add("--format", choices=("text", "json"), default="text", help="how to print it (default: text)")


def _add_conform(commands: _Commands) -> None:
    command = commands.add_parser(
        "conform",
        help="show that the reference, or an app server of your own, does what the spec says, and nothing else",
        description=(
            "Executes every transition of the spec's state graphs on the app server in reference/, or on your own. "
            "After each, the same steps must be possible in both, the replicas hold the same, and users have been told "
            "the same."
        ),
        epilog=(
            f"{_STRATEGIES} Exit status: 0 all conforms; 1 something differs; 2 the request makes no sense; "
            "3 nothing differs, but not all was covered; 130 stopped with Ctrl-C."
        ),
    )
    of_users = (
        "a guarantee, for its users' programs, or an exercise (overbooked list); or every (default: every one but "
        "linearizability, and those with too many states); repeatable"
    )
    _add_selection(command, of_users, writes=COVERED_WRITES)
    add = command.add_argument
    add("--replicas", type=values.replicas, default=3, metavar="N", help="how many replicas there are (default: 3)")
    _add_parts(command, over="memory")
    orders = "tell states apart by the order in which replicas answered and confirmed, too, and cover them all"
    add("--orders", action="store_true", help=orders)
    of_time = "stop after so many seconds, also in the middle of your own code, with unknown for what is open"
    add("--seconds", type=values.seconds, metavar="T", help=of_time)
    bound = f"do not cover a graph of more than M states (default: {MOST_STATES_COVERED:,})"
    add("--max-states", type=values.count, default=MOST_STATES_COVERED, metavar="M", help=bound)
    _add_max_memory(command, "stop before the process has so many bytes (500M, 2G), with unknown for what is open")
    add("--format", choices=("text", "json"), default="text", help="how to print what conforms (default: text)")


def _add_selection(
    command: argparse.ArgumentParser,
    guarantee: str,
    faults: str = "none",
    writes: tuple[str, ...] = DEFAULT_WRITES,
) -> None:
    every_fault = f"{_FAULTS}; or every for all that are named here (default: {faults}); repeatable"
    _add_strategies(command, writes)
    command.add_argument("--guarantee", action="append", metavar="G", help=guarantee)
    command.add_argument("--fault", action="append", metavar="F", help=every_fault)


def _add_strategies(command: argparse.ArgumentParser, writes: tuple[str, ...] = DEFAULT_WRITES) -> None:
    every_write = f"a write strategy, or W=2, quorum, all, one; or every {_by_default(writes)}"
    every_read = f"a read strategy, or R=2, majority; or every {_by_default(DEFAULT_READS)}"
    command.add_argument("--write", action="append", metavar="W", help=every_write)
    command.add_argument("--read", action="append", metavar="R", help=every_read)


def _add_trace(commands: _Commands) -> None:
    trace = commands.add_parser(
        "trace",
        help="print one run that breaks a guarantee",
        description="Prints a shortest run that breaks a guarantee, and why it does; or that there is none.",
        epilog=f"{_STRATEGIES} {_STATUSES}",
    )
    _add_cell(trace)
    forms = f"how to print the run: {', '.join(FORMS)} (default: text); pytest is a test that replays it"
    trace.add_argument("--format", choices=FORMS, default="text", metavar="F", help=forms)
    another = "another run that breaks it, as short, if possible in another way; repeatable: the one after that"
    trace.add_argument("--next", action="count", default=0, help=another)


def _add_traces(commands: _Commands) -> None:
    traces = commands.add_parser(
        "traces",
        help="name the pages about every way in which strategies break; write them, or check that they are so",
        description=(
            "Names the pages of spec/traces/, one for each distinct way in which strategies over three replicas break "
            "a guarantee. They are written from what the checker finds."
        ),
        epilog="Exit status: 0; or 1 where --check finds a page that is not so; 130 stopped with Ctrl-C.",
    )
    either = traces.add_mutually_exclusive_group()
    either.add_argument("--write", action="store_true", help="write the pages")
    either.add_argument("--check", action="store_true", help="fail if a page is not what the checker finds today")


def _add_claims(commands: _Commands) -> None:
    claims = commands.add_parser(
        "claims",
        help="judge what the source claims: each verdict, its exact condition, and what shows it",
        description="Judges each claim of the worked example by cells of the table, theorems, times and counts.",
        epilog=(
            "Exit status: 0; 1 where --check finds that spec/claims.md is not so; 3 where what shows a claim is not as "
            "the spec says; 130 stopped with Ctrl-C."
        ),
    )
    either = claims.add_mutually_exclusive_group()
    either.add_argument("--write", action="store_true", help="write spec/claims.md")
    either.add_argument("--check", action="store_true", help="fail if spec/claims.md is not what is found today")
    claims.add_argument("--format", choices=("text", "json"), default="text", help="how to print them (default: text)")


def _add_report(commands: _Commands) -> None:
    report = commands.add_parser(
        "report",
        help="write one HTML file: the table, each run in it step by step, and a place to explore",
        description=(
            "Writes one HTML file that opens offline: the table for every fault setting, the run behind each violation "
            "under a slider, and every model to be explored step by step."
        ),
        epilog=f"{_STRATEGIES} Exit status: 0; 2 the request makes no sense; 130 stopped with Ctrl-C.",
    )
    _add_selection(report, "a guarantee, or every (default: every one but last-write-wins); repeatable", faults="every")
    add = report.add_argument
    add("-o", "--output", type=Path, default=Path("report.html"), metavar="FILE", help="where (default: report.html)")
    add(
        "--replicas",
        type=values.reported_replicas,
        default=3,
        metavar="N",
        help="how many replicas there are (default: 3)",
    )


def _add_replay(commands: _Commands) -> None:
    replay = commands.add_parser(
        "replay",
        help="replay a counterexample on the reference, or on an app server of your own",
        description=(
            "Leads the app server in reference/, or your own, along a shortest run that breaks a guarantee, over real "
            "replicas, delivering one message at a time; after each step both must look the same."
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
    server = "MODULE:NAME of an app server of your own (default: the reference); checker/conformance/README.md says how"
    storages = f"memory, sqlite, or MODULE:NAME of a storage of your own (default: {over})"
    command.add_argument("--over", default=over, metavar="S", help=storages)
    command.add_argument("--app", metavar="A", help=server)


def _add_cell(command: argparse.ArgumentParser) -> None:
    command.add_argument("write", metavar="WRITE", help="a write strategy; or alone, the name of a trace")
    command.add_argument("read", metavar="READ", nargs="?", help="a read strategy")
    command.add_argument("guarantee", metavar="GUARANTEE", nargs="?", help="a guarantee")
    command.add_argument("--fault", default="none", metavar="F", help=f"{_FAULTS} (default: none)")
    each = "of the runs in which each fault of F happens, a shortest one, though it may break without"
    command.add_argument("--with-fault", action="store_true", help=each)
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
            "A NAME is a theorem (overbooked list names them), a group of them (sets, systems, protocol, primary, "
            "steps, latency, agreement) or a quorum system: WRITE/READ for what two strategies wait for, grid:RxC, "
            "votes:V1,V2,...:W:R, read-one-write-all:N. Exit status: 0 each verdict is the expected one, and explored "
            "and proved agree; 1 one is not, or they do not; 2 the request makes no sense; 3 z3 could not decide, or "
            "had no memory left; 130 stopped with Ctrl-C."
        ),
    )
    add = prove.add_argument
    add("names", nargs="*", metavar="NAME", help="what to prove, in full detail (default: everything, in short)")
    replicas = "over how many replicas, where a theorem is not for all (default: 3)"
    add("--replicas", type=values.replicas, default=3, metavar="N", help=replicas)
    add(
        "--timeout",
        type=values.seconds,
        default=30.0,
        metavar="S",
        help="seconds for each question to z3 (default: 30)",
    )
    _add_max_memory(prove, "stop before the process has so many bytes (500M, 2G), with unknown for what is open")
    add("--format", choices=("text", "json"), default="text", help="how to print the theorems (default: text)")


def _add_latency(commands: _Commands) -> None:
    latency = commands.add_parser(
        "latency",
        help="how long each strategy takes, as a sum, the first or the k-th of the replicas' times; and what it costs",
        description=(
            "Prints what each strategy's answer waits for, as an expression of the replicas' times, how long that is, "
            "and how many messages it takes."
        ),
        epilog=f"{_STRATEGIES} Exit status: 0; 2 the request makes no sense.",
    )
    _add_strategies(latency)
    add = latency.add_argument
    add("--replicas", type=values.replicas, default=3, metavar="N", help="how many replicas there are (default: 3)")
    add(
        "--times",
        type=values.times,
        metavar="S[,S...]",
        help="seconds that a replica takes, or that each does (default: 1)",
    )
    add("--append", type=values.time, metavar="S", help="seconds that an append to the log takes")
    add("--format", choices=("text", "json", "csv"), default="text", help="how to print them (default: text)")


def _add_simulate(commands: _Commands) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="how long bookings and checks take, and how often checks are stale, with random delays",
        description=(
            "Draws the delays of a booking and of a check after it, many times; prints how long both take, how often "
            "the check sees the booking, and from when on it nearly always does."
        ),
        epilog=(
            f"A DELAY is one of {DELAYS}, in ms: exp:0.1 has a rate of 0.1 per ms, a file has one time in each line. "
            f"With dbI= before it, it is that of replica I; repeatable. {_STRATEGIES} "
            "Exit status: 0; 2 the request makes no sense; 130 stopped with Ctrl-C."
        ),
    )
    _add_strategies(simulate, SOURCE_WRITES)
    add = simulate.add_argument
    add("--replicas", type=values.replicas, default=3, metavar="N", help="how many replicas there are (default: 3)")
    sets = f"what was measured in production: {', '.join(SETS)} (default: {USUAL_SET})"
    add("--delays", default=USUAL_SET, metavar="NAME", help=sets)
    for leg, meaning in _LEGS.items():
        add(f"--{leg}-delay", action="append", metavar="DELAY", help=meaning)
    at = "times after the acknowledgement, in ms, at which a check is made (default: 0,10,100)"
    add("--at", type=values.times_in_ms, default=(0.0, 10.0, 100.0), metavar="T[,T...]", help=at)
    add("--trials", type=values.count, default=1_000_000, metavar="M", help="how many trials (default: 1,000,000)")
    add(
        "--seed",
        type=values.seed,
        default=1,
        metavar="S",
        help="where chance begins: the same again gives the same (default: 1)",
    )
    add("--format", choices=("text", "json", "csv"), default="text", help="how to print it (default: text)")
    picture = "draw latency against staleness, and staleness over time, into this .svg or .png"
    add("--plot", type=Path, metavar="FILE", help=picture)


def _add_max_memory(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--max-memory", type=values.memory, metavar="B", help=f"{what} (default: 80 %% of what is free)"
    )


def _add_bounds(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--replicas", type=values.replicas, default=3, metavar="N", help="how many replicas there are (default: 3)")
    book = "so many users run the guarantee's program that books (default: as many as the guarantee has)"
    add("--bookings", type=values.users, metavar="B", help=book)
    check = "so many users run the guarantee's program that only checks (default: as many as the guarantee has)"
    add("--checks", type=values.users, metavar="C", help=check)
    bound = f"stop each search at M states and say unknown (default: {Bounds().max_states:,})"
    add("--max-states", type=values.count, default=Bounds().max_states, metavar="M", help=bound)
    _add_max_memory(command, "stop each search before the process has so many bytes (500M, 2G) and say unknown")
    kept = (
        "keep what is explored in this file, now and then and when the search is stopped or comes to a bound; the same "
        "command goes on from there, also with other bounds"
    )
    add("--checkpoint", type=Path, metavar="FILE", help=kept)
    everything = "explore every state, and not only as much as it takes to know the verdicts"
    add("--no-reduction", dest="reduce", action="store_false", help=everything)


def _by_default(names: tuple[str, ...]) -> str:
    return f"(default: {', '.join(names)}); repeatable"
