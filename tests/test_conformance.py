"""``overbooked conform`` and ``overbooked replay``: the reference does what the spec says, and nothing else."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from itertools import count, islice, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from interrupted import interrupted
from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES, Cell
from overbooked.checker.cli.main import main
from overbooked.checker.conformance.coverage import Conformance, conform, programs_of
from overbooked.checker.conformance.exercises import EXERCISES, ExerciseCell
from overbooked.checker.conformance.implementation import Implementation, NewServer, in_memory, in_sqlite
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.reference.app_server import AppServer
from overbooked.reference.background import Background
from overbooked.reference.outbox import Outbox
from overbooked.reference.ports import Booking, Clock, Log, Replica
from overbooked.reference.reading import Read, read_strategy
from overbooked.reference.repairing import Repair, latest
from overbooked.reference.session import Session
from overbooked.reference.writing import write_strategy
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.write_strategies import write_strategies
from tiers import SOURCE_FAULTS, long_but

REFERENCE = Implementation(in_memory)
ALL_BUT_LINEARIZABILITY = [name for name in GUARANTEES if name != "linearizability"]


def result(cells: Sequence[Cell], parts: Implementation = REFERENCE, runs: int = 10**9) -> list[Conformance]:
    """Return what comes of covering the programs of these cells, each by so many runs at most."""
    return [covered(program, parts, runs) for program in programs_of(cells)]


def covered(
    program: tuple[Cell, ...], parts: Implementation, runs: int = 10**9, *, orders: bool = False
) -> Conformance:
    """Return what comes of covering one program."""
    steps = conform(program, parts, Bounds(2_000_000), orders=orders)
    found = next(steps)
    while found.runs < runs and (onward := next(steps, None)):
        found = onward
    return found


def assert_conforms(cells: Sequence[Cell]) -> None:
    """Every transition is covered, as many as the checker counts, and none differs."""
    for found in result(cells):
        assert found.difference is None, found.difference
        assert (found.verdict, found.covered) == ("conforms", found.transitions)
        judging = Evaluation(found.cells, Bounds(10**7), runs=False, reduce=False)
        for _ in judging.run():
            pass
        assert {(each.states, each.transitions) for each in judging.verdicts} == {(found.states, found.transitions)}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit status and what it printed."""
    status = main(arguments)
    out, err = capsys.readouterr()
    return status, out + err


# What conforms.


@pytest.mark.parametrize(
    "write",
    ["serial-sync", "serial-async", "message:serial-sync", pytest.param("message:parallel:2", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("read", ["one", "quorum"])
def test_small_programs_conform(write: str, read: str) -> None:
    """Every transition of the smaller programs is taken on the reference, as many as the checker counts."""
    names = ("read-after-write", "read-your-writes", "monotonic-reads", "convergence", "durability")
    assert_conforms([Cell(write, read, 3, "none", name) for name in names])


@pytest.mark.parametrize("fault", [name for name in SOURCE_FAULTS if name != "none"])
@pytest.mark.parametrize(
    "write",
    [
        "serial-async",
        pytest.param("parallel:2", marks=pytest.mark.long),
        pytest.param("message:parallel:1", marks=pytest.mark.exhaustive),
    ],
)
def test_faults_conform(write: str, fault: str) -> None:
    """Crashes, restarts and calls that take too long do to the reference what they do to the spec."""
    assert_conforms([Cell(write, "quorum", 3, fault, name) for name in ("read-your-writes", "durability")])


@pytest.mark.parametrize("fault", long_but("failover", FAULTS))
def test_primary_and_standbys_conform(fault: str) -> None:
    """Where the database replicates by itself, whatever fails: every step of primary and standbys is taken."""
    names = ("read-after-write", "durability", "booking-availability")
    pairs = (("primary:1", "one:primary"), ("primary:2:received", "one"), ("primary:3:unique", "one:db2"))
    assert_conforms([Cell(write, read, 3, fault, name) for write, read in pairs for name in names])


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", [name for name in write_strategies(3) if name.startswith("primary:")])
def test_every_way_to_write_to_a_primary_conforms(write: str, fault: str) -> None:
    """Two bookings at once among them, under each fault."""
    assert_conforms([Cell(write, "one:primary", 3, fault, name) for name in ("convergence", "monotonic-reads")])


def test_a_storage_without_nodes_cannot_replicate_by_itself() -> None:
    """It is said what it lacks."""
    parts = Implementation(threaded(lambda: nullcontext(SimpleNamespace())))
    (found,) = result([Cell("primary:1", "one", 3, "none", "durability")], parts)
    assert found.difference
    assert "has no node(number), which primary:1 needs" in found.difference.rows[0][2]


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(4, marks=pytest.mark.long)])
def test_other_numbers_of_replicas_conform(replicas: int) -> None:
    """With one, two and four replicas the reference does what the spec says, too."""
    cells = [
        Cell(write, read, replicas, fault, "read-after-write")
        for write, read, fault in (
            ("serial-sync", f"one:db{replicas}", "replica-crash"),
            (f"message:parallel:{replicas}", "quorum", "none"),
        )
    ]
    assert_conforms(cells)


@pytest.mark.parametrize("fault", ["none", pytest.param("both", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("write", ["serial-sync", "serial-async", "message:serial-sync", "claim:3", "primary:2:unique"])
def test_two_rooms_and_three_bookings_conform(write: str, fault: str) -> None:
    """Every transition of the exercises is taken on the reference, as many as the checker counts."""
    assert_conforms([ExerciseCell(write, "quorum:session", 3, fault, name) for name in EXERCISES])


@pytest.mark.exhaustive
@pytest.mark.parametrize("write", [name for name in write_strategies(2) if ":received" not in name])
def test_exercises_conform_with_every_way_to_write(write: str) -> None:
    """Over two replicas, where none has too many states, those that are covered on request conform, too."""
    assert_conforms([ExerciseCell(write, "all", 2, "none", name) for name in EXERCISES])


@pytest.mark.exhaustive
@pytest.mark.parametrize("read", DEFAULT_READS)
@pytest.mark.parametrize("write", SOURCE_WRITES)
def test_the_sources_pairs_conform(write: str, read: str) -> None:
    """Every transition of every program, linearizability's too, is taken on the reference."""
    assert_conforms([Cell(write, read, 3, "none", name) for name in GUARANTEES])


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", [name for name in SOURCE_FAULTS if name != "none"])
@pytest.mark.parametrize(("write", "read"), list(product(SOURCE_WRITES, DEFAULT_READS)))
def test_the_sources_pairs_conform_under_faults(
    write: str, read: str, fault: str, record_property: Callable[[str, object], None]
) -> None:
    """Under faults, a fair sample of every program's runs conforms, and how much that was is reported."""
    found = result([Cell(write, read, 3, fault, name) for name in GUARANTEES], runs=1_000)
    assert [each for each in found if each.difference] == []
    taken, transitions = sum(each.covered for each in found), sum(each.transitions for each in found)
    record_property("covered", f"{write} by {read}, {fault}: {taken:,} of {transitions:,} transitions")
    assert taken > 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", SOURCE_FAULTS)
@pytest.mark.parametrize(("write", "read"), list(product(SOURCE_WRITES, DEFAULT_READS)))
def test_a_sample_conforms_over_sqlite(write: str, read: str, fault: str) -> None:
    """A fair sample of every program's runs conforms over SQLite files, which are gone afterwards."""
    found = result(
        [Cell(write, read, 3, fault, name) for name in ALL_BUT_LINEARIZABILITY], Implementation(in_sqlite), 60
    )
    assert [each for each in found if each.difference] == []
    assert all(each.runs for each in found)


# What does not.


NOPE = "u2.check returns 'nope', and should True or False"
KEY_ERROR = "KeyError: ('u1', 'r1') (here)"
NO_START = "'NoneType' object has no attribute 'start' (here)"
IN_A_ROW = "in a row: something goes round for ever"


class Eager(AppServer):
    """Acknowledges before anything is written."""

    async def book_room(self, user: str, room: str) -> Booking:  # type: ignore[override]
        """Book the room in the background."""
        stamped: list[Booking] = []
        self._background.start(self._deliveries.book(user, room, stamped))
        while not stamped:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0)
        return stamped[0]


class Moody(AppServer):
    """Asks one replica or all, as it likes."""

    def __init__(self, replicas: Sequence[Replica], log: Log, clock: Clock, write: str, read: str) -> None:
        super().__init__(replicas, log, clock, write, read)
        self._moods = random.SystemRandom()
        self._reads: list[Read] = [read_strategy(name, len(replicas)) for name in ("one", "one:db1")]

    async def is_room_available(self, room: str, session: Session | None = None) -> bool:
        """Ask in this way or in that."""
        self._read = self._moods.choice(self._reads)
        return await super().is_room_available(room, session)


class Restless(AppServer):
    """Never comes to rest."""

    async def is_room_available(self, room: str) -> bool:  # type: ignore[override]
        """Ask for ever."""
        while room:  # noqa: ASYNC110 - there is nothing to wait for
            await asyncio.sleep(0)
        return False


class Broken(AppServer):
    """Raises what nobody expects."""

    async def book_room(self, user: str, room: str) -> Booking:  # type: ignore[override]
        """Fail."""
        raise KeyError(user, room)


class Exits(AppServer):
    """Ends the process."""

    async def book_room(self, user: str, room: str) -> Booking:  # type: ignore[override]
        """Exit."""
        raise SystemExit(user, room)


class Cancelled(AppServer):
    """Takes itself for cancelled."""

    async def book_room(self, user: str, room: str) -> Booking:  # type: ignore[override]
        """Give up."""
        raise asyncio.CancelledError(user, room)


class Liar(AppServer):
    """Answers what is no answer."""

    async def is_room_available(self, room: str, session: Session | None = None) -> bool:
        """Say nope."""
        await super().is_room_available(room, session)
        return "nope"  # type: ignore[return-value]


def writing(before: Callable[[Booking, Clock], Awaitable[Booking | None]]) -> NewServer:
    """Return app servers that write what this makes of a booking, if anything, and are right otherwise."""

    def server(replicas: Sequence[Replica], log: Log, clock: Clock, write: str, read: str) -> AppServer:
        async def changed(booking: Booking, outboxes: Sequence[Outbox], background: Background) -> None:
            if to_write := await before(booking, clock):
                await write_strategy(write, len(replicas))(to_write, outboxes, background)

        return AppServer(replicas, log, clock, changed, read)

    return server


async def of_nobody(booking: Booking, _: Clock) -> Booking:
    """Forget who books."""
    return booking._replace(user="nobody")


async def late_if_second(booking: Booking, clock: Clock) -> Booking:
    """Wait with the second one until the call has taken too long."""
    if booking.timestamp == 2:
        await clock.until_too_late()
    return booking


class Curious(AppServer):
    """Asks before anybody has called."""

    async def start(self) -> None:  # type: ignore[override]
        """Ask."""
        await super().start()
        self._background.start(self._replicas[0].read("r1"))


READ_AFTER_WRITE = Cell("serial-sync", "one", 3, "none", "read-after-write")


def test_a_difference_is_told_by_a_shortest_run_and_both_sides() -> None:
    """An acknowledgement that comes too early is seen right after the call: possible here, and not there."""
    (found,) = result([READ_AFTER_WRITE], Implementation(in_memory, Eager))
    assert found.verdict == "differs"
    assert found.covered < found.transitions
    assert found.difference is not None
    assert [step.label for step in found.difference.run.steps] == ["invoke u1.book"]
    assert found.difference.rows == [("ack u1.book", "-", "possible")]
    assert found.difference.repeatable


TWO_BOOKINGS = Cell("serial-async", "quorum:repair", 3, "none", "read-after-write", bookings=2, checks=1)


@pytest.mark.exhaustive
def test_a_repair_conforms_while_two_bookings_overtake_each_other() -> None:
    """Of a check that finds one booking, begins to write it back, and finds a later one, each transition is taken."""
    (found,) = result([TWO_BOOKINGS], Implementation(in_memory))
    assert (found.verdict, found.covered) == ("conforms", 84_291)


def test_a_repair_of_what_is_no_longer_the_latest_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that goes on to write back what it found first, when it has found a later one, differs."""
    stop = Repair._write_back  # noqa: SLF001 - what is to go wrong

    def go_on(self: Repair) -> None:
        kept, self._writing = self._writing, {}
        if not kept:
            stop(self)
        self._writing |= kept

    monkeypatch.setattr(Repair, "_write_back", go_on)
    (found,) = result([TWO_BOOKINGS], Implementation(in_memory))
    assert found.verdict == "differs"
    assert found.difference is not None
    assert found.difference.run.steps[-1].name in {"sample", "repair"}


class Forgetful(AppServer):
    """Takes no notice of the first answer, so that it matters who answered first."""

    async def _latest(self, room: str) -> Booking | None:  # type: ignore[override]
        asked = [asyncio.create_task(replica.read(room)) for replica in self._replicas]
        answers = [await answer for answer in asyncio.as_completed(asked)]
        return latest(answers[1:])


@pytest.mark.long
def test_what_depends_on_the_order_of_answers_is_found_with_orders() -> None:
    """The spec's state does not tell who answered first; where states are told apart by it, every order is tried."""
    cell = Cell("serial-sync", "all", 4, "none", "read-after-write")
    found = covered((cell,), Implementation(in_memory, Forgetful), orders=True)
    assert found.difference is not None
    right = covered((cell,), REFERENCE, orders=True)
    without = covered((cell,), REFERENCE)
    assert (right.verdict, right.covered) == ("conforms", right.transitions)
    assert right.transitions > without.transitions


def test_a_difference_before_anybody_has_called_is_told_without_a_step() -> None:
    """What an app server does by itself, when it should do nothing, differs at once."""
    (found,) = result([READ_AFTER_WRITE], Implementation(in_memory, Curious))
    assert found.difference is not None
    assert found.difference.run.steps == ()
    assert found.difference.rows == [("sample (no call) db1", "-", "possible")]


def test_a_shortest_difference_is_found_deep_in_the_graph() -> None:
    """Where only a second booking goes wrong, the run has as few steps as that takes, found by trying them all."""
    cell = Cell("serial-async", "one", 3, "app-restart", "convergence")

    (found,) = result([cell], Implementation(in_memory, writing(late_if_second)))
    assert found.difference is not None
    assert [step.name for step in found.difference.run.steps] == ["invoke", "invoke"]


def test_a_reference_that_is_not_deterministic_is_reported_as_such() -> None:
    """What differs once and not the same way again is called not deterministic between steps."""
    found = [result([READ_AFTER_WRITE], Implementation(in_memory, Moody))[0].difference for _ in range(8)]
    assert all(found)
    assert not all(each.repeatable for each in found if each)


@pytest.mark.parametrize(
    ("app", "rows"),
    [
        (Restless, [("the reference", "goes on", f"RestlessError: 100,000 callbacks {IN_A_ROW} (here)")]),
        (Broken, [(f"u1.book raises {KEY_ERROR}", "-", "possible"), ("apply u1.book db1", "possible", "-")]),
        (Exits, [("the reference", "goes on", "SystemExit: ('u1', 'r1') (here)")]),
        (Cancelled, [("u1.book is cancelled", "-", "possible"), ("apply u1.book db1", "possible", "-")]),
        (Liar, [(NOPE, "-", "possible"), ("finish u2.check", "possible", "-")]),
        (writing(of_nobody), [("r1 at db1", "u1.book", "('r1', 'nobody', 1)")]),
        (lambda *_: None, [("the reference", "goes on", f"AttributeError: {NO_START}")]),
    ],
)  # fmt: skip
def test_whatever_an_app_server_does_is_a_difference_and_no_traceback(
    app: type[AppServer], rows: list[tuple[str, str, str]]
) -> None:
    """One that goes round for ever, raises, or is none at all, is told like any other difference, with its place."""
    (found,) = result([READ_AFTER_WRITE], Implementation(in_memory, app))
    assert found.difference is not None
    here = f" ({Path(__file__).relative_to(Path.cwd())}, line "
    told = [tuple(re.sub(rf"{re.escape(here)}\d+\)", " (here)", cell) for cell in row) for row in found.difference.rows]
    assert sorted(told) == sorted(rows)


SMALL = ("--write", "serial-async", "--read", "quorum", "--guarantee", "durability", "--guarantee", "convergence")


def clock() -> SimpleNamespace:
    """Return a clock that is a second further whenever it is looked at."""
    return SimpleNamespace(monotonic=count().__next__, perf_counter=time.perf_counter)


def told_after(seconds: float, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Conform two programs by a clock that is a second further whenever it is looked at; return status and rows."""
    with patch("overbooked.checker.cli.conform.time", clock()):
        status, out = printed(capsys, "conform", *SMALL, "--seconds", str(seconds), "--format", "json")
    return status, json.loads(out)["conformance"]


def test_seconds_are_one_budget_for_all_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs that need more than their share go on while there is time; with less than all need, one is open."""
    status, rows = told_after(10_000, capsys)
    assert status == 0
    needed = sum(row["runs"] for row in rows)
    assert max(row["runs"] for row in rows) > needed / 2
    status, rows = told_after(needed + 60, capsys)
    assert (status, [row["verdict"] for row in rows]) == (0, ["conforms"] * 2)
    status, rows = told_after(needed - 60, capsys)
    assert (status, [row["verdict"] for row in rows]) == (3, ["conforms", "unknown"])
    assert rows[1]["reason"] == f"stopped after {needed - 60} s"


def test_with_no_room_for_graphs_that_wait_the_budget_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs are then covered one after the other, and time is up when it is up."""
    with patch("overbooked.checker.cli.conform._MANY", 0):
        status, rows = told_after(10_000, capsys)
        assert status == 0
        needed = sum(row["runs"] for row in rows)
        status, rows = told_after(needed - 60, capsys)
    assert (status, [row["verdict"] for row in rows]) == (3, ["conforms", "unknown"])
    assert sum(row["runs"] for row in rows) < needed - 60


def test_what_is_unknown_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that time or the bound on states did not allow is unknown, says why, and the command ends with 3."""
    with patch("overbooked.checker.cli.conform.time", clock()):
        status, out = printed(capsys, "conform", *SMALL, "--seconds", "20")
    assert status == 3
    assert "? unknown: stopped after 20 s\n" in out
    assert "does what the spec says" not in out
    status, out = printed(capsys, "conform", *SMALL, "--max-states", "40")
    assert status == 3
    assert "? unknown: more than 40 states\n" in out


def test_ctrl_c_stops_it_between_two_runs_with_what_was_covered() -> None:
    """It says that it is unfinished, why, and how much was covered, ends with status 130, and shows no traceback."""
    ended = interrupted("conform", "--write", "parallel:1", "--read", "one")
    assert ended.status == 130, ended
    assert "Traceback" not in ended.shown
    assert ended.out.startswith("3 replicas, no fault")
    assert "? unknown: stopped\n" in ended.out
    assert "Stopped, so this is unfinished." in ended.out.splitlines()[-1]


def test_json_names_every_program_and_its_shortest_difference(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document has a row for each guarantee; one that differs has its steps, and both sides."""
    programs = ("--guarantee", "durability", "--guarantee", "booking-availability")
    asked = ("conform", "--write", "serial-sync", "--read", "one", *programs, "--format", "json")
    status, out = printed(capsys, *asked)
    document = json.loads(out)
    assert (status, document["schema"], document["finished"]) == (0, 1, True)
    rows = document["conformance"]
    assert [row["guarantee"] for row in rows] == ["durability", "booking-availability"]
    assert set(rows[0]) == {
        *("write", "read", "replicas", "fault", "guarantee", "program", "users", "command"),
        *("states", "transitions", "covered", "runs", "verdict", "reason", "trace"),
    }
    assert all(row["covered"] == row["transitions"] > 0 and row["verdict"] == "conforms" for row in rows)
    (tmp_path / "mine.py").write_text("from test_conformance import Eager as Server\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status, out = printed(capsys, *asked, "--app", "mine:Server")
    (row, _) = json.loads(out)["conformance"]
    assert (status, row["verdict"], row["trace"]["repeatable"]) == (1, "differs", True)
    assert row["trace"]["steps"][0]["step"] == "invoke"
    assert row["trace"]["differs"] == [{"what": "ack u1.book", "spec": "-", "reference": "possible"}]


def asked_for(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return whose programs these arguments ask for, once each; none is covered."""
    _, out = printed(capsys, "conform", *arguments, "--max-states", "1", "--format", "json")
    return list(dict.fromkeys(row["guarantee"] for row in json.loads(out)["conformance"]))


def test_exercises_are_covered_with_the_guarantees_or_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name all are but one with too many states; with names just these are; every name is every one."""
    usual = [name for name in ALL_BUT_LINEARIZABILITY if name != "last-write-wins"]
    assert asked_for(capsys, "--write", "serial-sync") == [*usual, *EXERCISES]
    assert asked_for(capsys, "--write", "parallel:1") == [*usual, "check-two-rooms", "book-two-rooms"]
    alone = ("--write", "parallel:1", "--guarantee", "book-three-times")
    assert asked_for(capsys, *alone) == ["book-three-times"]
    assert asked_for(capsys, "--guarantee", "every", "--app", "json:loads") == [*GUARANTEES, *EXERCISES]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("conform", "--guarantee", "two-rooms"),
            "no such guarantee or exercise; did you mean check-two-rooms?",
        ),
        (
            ("check", "--guarantee", "book-two-rooms"),
            "is no guarantee, but an exercise: overbooked conform",
        ),
    ],
)
def test_an_exercise_is_known_to_conform_alone(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """There the nearest name is told; where something is judged, it is no name."""
    status, out = printed(capsys, *arguments)
    assert (status, complaint in out) == (2, True), out


class OneRoom(AppServer):
    """Takes every room for the first one that it was asked about."""

    first = ""

    async def is_room_available(self, room: str, session: Session | None = None) -> bool:
        """Ask for the first room."""
        self.first = self.first or room
        return await super().is_room_available(self.first, session)


class TwoBookings(AppServer):
    """Writes no booking after the second one."""

    async def book_room(self, user: str, room: str) -> Booking:  # type: ignore[override]
        """Return the third one as if it were written."""
        if self.metrics().get("bookings_acknowledged", 0) < 2:
            return await super().book_room(user, room)
        return Booking(room, user, await self._clock.timestamp())


@pytest.mark.parametrize(("app", "name"), [("OneRoom", "check-two-rooms"), ("TwoBookings", "book-three-times")])
def test_what_only_an_exercise_finds_is_found_again_by_its_command(
    app: str, name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app server with one room, or two bookings, differs in an exercise alone, whose command shows just that."""
    (tmp_path / "mine.py").write_text(f"from test_conformance import {app} as Server\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    asked = ("--write", "serial-sync", "--read", "one", "--app", "mine:Server", "--format", "json")
    status, out = printed(capsys, "conform", *asked)
    (row,) = [row for row in json.loads(out)["conformance"] if row["verdict"] == "differs"]
    assert (status, row["guarantee"]) == (1, name)
    status, out = printed(capsys, *row["command"].split()[1:], "--format", "json")
    (again,) = json.loads(out)["conformance"]
    assert (status, again["trace"]) == (1, row["trace"])


class Workers(AppServer):
    """Right, and built otherwise: a queue and a worker task for each replica serve all calls."""

    async def start(self) -> None:  # type: ignore[override]
        """Begin to work."""
        self._queues: list[asyncio.Queue[tuple[Callable[[Outbox], Awaitable[Any]], asyncio.Future[Any]]]] = []
        for replica in self._replicas:
            self._queues.append(asyncio.Queue())
            self._background.start(self._work(replica, self._queues[-1]))
        await super().start()

    async def book_room(self, user: str, room: str) -> Booking:  # type: ignore[override]
        """Book the room at all replicas at once; two must confirm."""
        booking = Booking(room, user, await self._clock.timestamp())
        await self._first(2, lambda replica: replica.apply(booking))
        return booking

    async def is_room_available(self, room: str) -> bool:  # type: ignore[override]
        """Believe the latest of two answers."""
        return not any(await self._first(2, lambda replica: replica.read(room)))

    async def _first(self, count: int, ask: Callable[[Outbox], Awaitable[Any]]) -> list[Any]:
        answers = [asyncio.get_running_loop().create_future() for _ in self._queues]
        for queue, answer in zip(self._queues, answers, strict=True):
            queue.put_nowait((ask, answer))
        try:
            return [await answer for answer in islice(asyncio.as_completed(answers), count)]
        finally:
            for answer in answers:
                answer.cancel()

    async def _work(self, replica: Outbox, queue: asyncio.Queue[Any]) -> None:
        while True:
            ask, answer = await queue.get()
            self._background.start(self._serve(replica, ask, answer))

    async def _serve(self, replica: Outbox, ask: Callable[[Outbox], Awaitable[Any]], to: asyncio.Future[Any]) -> None:
        asked = self._background.start(self._asked(replica, ask))
        to.add_done_callback(lambda _: asked.cancel() if to.cancelled() and not self._is_write(ask) else None)
        answer = await asked
        if not to.done():
            to.set_result(answer)

    async def _asked(self, replica: Outbox, ask: Callable[[Outbox], Awaitable[Any]]) -> object:
        return await ask(replica)

    def _is_write(self, ask: Callable[[Outbox], Awaitable[Any]]) -> bool:
        return "apply" in ask.__code__.co_names


@pytest.mark.parametrize("guarantee", long_but("read-after-write", ["read-after-write", "monotonic-reads"]))
def test_an_app_server_built_otherwise_conforms(guarantee: str) -> None:
    """One whose calls are served by long-lived workers, outside of the calls' own tasks, is not held to be wrong."""
    (found,) = result([Cell("parallel:2", "quorum", 3, "none", guarantee)], Implementation(in_memory, Workers))
    assert (found.verdict, found.difference) == ("conforms", None)


OWN_STRATEGY = """
import asyncio

from overbooked.reference.app_server import AppServer


async def two_of_them(booking, replicas, background):
    waiting = asyncio.Semaphore(0)

    async def write(replica):
        await replica.apply(booking)
        waiting.release()

    for replica in replicas:
        background.start(write(replica))
    for _ in range({enough}):
        await waiting.acquire()


def server(replicas, log, clock, write, read):
    return AppServer(replicas, log, clock, two_of_them, read)
"""


def test_a_strategy_of_ones_own_conforms_or_does_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written against the same ports in a file of one's own, it is held against the strategy that it should be."""
    monkeypatch.chdir(tmp_path)
    asked = ("conform", "--write", "parallel:2", "--read", "one", "--guarantee", "read-after-write")
    for enough, expected, sentence in (
        (2, 0, "transitions covered in"),
        (1, 1, "After step 3 they differ"),
    ):
        (tmp_path / f"own{enough}.py").write_text(OWN_STRATEGY.format(enough=enough), encoding="utf-8")
        status, out = printed(capsys, *asked, "--app", f"own{enough}:server")
        assert (status, sentence in out) == (expected, True), out
        monkeypatch.delitem(sys.modules, f"own{enough}")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--app", "nowhere"), "nowhere: should be MODULE:NAME"),
        (("--app", "nowhere:Server"), "nowhere:Server: cannot be imported: ModuleNotFoundError"),
        (("--over", "json:nothing"), "json:nothing: cannot be imported: AttributeError"),
        (("--over", "tape"), "tape: should be memory, sqlite or MODULE:NAME"),
        (("--write", "parallel:9"), "K is one of 1..3"),
        (("--app", "json:__name__"), "json:__name__: is no class or function"),
    ],
)
def test_parts_that_do_not_exist_are_told_in_one_line(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name ends with status 2, and one line that says what would be right."""
    status, out = printed(capsys, "conform", *arguments)
    assert status == 2
    assert complaint in out
    assert len(out.splitlines()) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", ["none", "app-restart"])
@pytest.mark.parametrize("write", SOURCE_WRITES)
def test_the_sources_pairs_conform_in_every_order(write: str, fault: str) -> None:
    """Told apart by the orders in which replicas answered and confirmed, the smaller programs conform, too."""
    for read, name in product(DEFAULT_READS, ("read-after-write", "read-your-writes", "durability")):
        found = covered((Cell(write, read, 3, fault, name),), REFERENCE, orders=True)
        assert (found.verdict, found.covered) == ("conforms", found.transitions)
