"""The booking system: its verdicts and numbers are those of the same system typed again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest

from fair_runs import assert_breaks
from overbooked.checker.cells import DEFAULT_READS, DEFAULT_WRITES, Cell
from overbooked.checker.cli.main import main
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import check
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.spec.faults import FAULTS, fault_named
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import read_strategies, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model, steps_of
from overbooked.spec.users import Kind, programs
from overbooked.spec.write_strategies import by_app_server, write_strategies, write_strategy
from plain_search import Found, search
from tiers import exhaustive_but, long_but
from typed_again import PROGRAMS, hotel

READS = [name for name in read_strategies(3) if not name.startswith(("first:", "one:db1:", "one:db3:", "all:session"))]
"""The ways to read, without those that have two names over three replicas, and some of those with a session."""
EXPECTED = Path(__file__).parent.parent / "spec" / "expected.csv"
CHECKING = [name for name, programs in PROGRAMS.items() if any("check" in program for program in programs)]
BOOKING = [name for name in GUARANTEES if name not in CHECKING]
"""The guarantees in whose programs somebody checks, and those in which nobody does, whatever the way to read."""


def again(cell: Cell) -> Found:
    """Return what a plain search finds in the system typed again."""
    again = hotel(cell.write, cell.read, cell.guarantee, cell.fault, cell.replicas)
    return search([again.initial], again.steps, again.is_broken)


def assert_agree(cells: list[Cell]) -> None:
    """Assert that the checker says of each cell what the plain search does."""
    judging = Evaluation(cells, Bounds(10**8), runs=False, reduce=False)
    for _ in judging.run():
        pass
    for verdict in judging.verdicts:
        found = Found(verdict.length, verdict.states, verdict.transitions, verdict.depth)
        assert found == again(verdict.cell), verdict.cell
        assert verdict.witness or is_empty(verdict.cell), f"{verdict.cell} holds only because nothing happened"


def is_empty(cell: Cell) -> bool:
    """Return whether nothing can happen that a guarantee speaks of: that two bookings of one room are acknowledged."""
    return cell.guarantee == "last-write-wins" and cell.write.endswith((":unique", "claim:2", "claim:3"))


def cells(fault: str, writes: Iterable[str], reads: Iterable[str], guarantees: Iterable[str]) -> list[Cell]:
    """Return the cells of these ways to write and to read, and of these guarantees."""
    them = [Cell(write, read, 3, fault, name) for write, read, name in product(writes, reads, guarantees)]
    return [cell for cell in them if not cell.misfit]


def test_pairs_with_no_fault_are_those_of_the_system_typed_again() -> None:
    """One of each kind of strategy, with no fault: verdicts, lengths and counts of every guarantee agree."""
    for write, read in (("serial-sync", "quorum"), ("parallel:2", "one"), ("message:serial-async", "one:db2")):
        assert_agree(cells("none", [write], [read], GUARANTEES))


@pytest.mark.parametrize("fault", exhaustive_but("replica-crash", [fault for fault in FAULTS if fault != "failover"]))
def test_what_repairs_it_is_that_of_the_system_typed_again(fault: str) -> None:
    """With a repair, with a session and with claims, under each fault, the system that was typed again agrees, too."""
    small = [name for name in GUARANTEES if name not in {"linearizability", "no-double-booking"}]
    assert_agree(cells(fault, ["parallel:1", "message:serial-async"], ["quorum:repair", "one:session"], small))
    assert_agree(cells(fault, ["claim:2"], ["one:db2:session"], small))


JOINED = [
    "replica-crash:2",
    "app-restart:2",
    "replica-crash+timeout",
    "clock-skew+app-restart",
    "timeout:2+app-restart",
    "replica-crash+amnesia",
    "node-crash+lost-write:2",
]


@pytest.mark.parametrize("fault", exhaustive_but("replica-crash+timeout", [*JOINED, "replica-crash:3+app-restart"]))
def test_faults_that_are_joined_and_counted_are_those_of_the_system_typed_again(fault: str) -> None:
    """Several of a fault, and several faults, in any order: the system that was typed again agrees, too."""
    small = ("read-your-writes", "durability", "booking-availability", "checking-availability")
    assert_agree(cells(fault, ["serial-async", "message:parallel:2", "claim:2"], ["one", "one:session"], small))
    assert_agree(cells(fault, ["parallel:1"], ["quorum:repair"], ["read-your-writes", "checking-availability"]))
    assert_agree(cells(fault, ["serial-async"], ["one"], ["convergence", "last-write-wins"]))


FAILOVERS = ["failover+app-restart", "failover+timeout", "failover+clock-skew", "failover+lost-write"]


@pytest.mark.parametrize("fault", long_but("failover+app-restart", FAILOVERS))
def test_a_failover_may_be_joined_with_other_faults(fault: str) -> None:
    """Where the database replicates by itself, too."""
    small = ("read-your-writes", "durability", "booking-availability", "convergence")
    assert_agree(cells(fault, ["primary:1", "primary:2:received", "primary:2:unique"], ["one:primary"], small))


@pytest.mark.parametrize("write", exhaustive_but("parallel:2", by_app_server(3)))
def test_it_makes_no_difference_if_repairs_go_on_once_a_check_has_its_answer(write: str) -> None:
    """Verdicts and lengths are the same if a check writes back until its user is told, as the page allows it to."""
    for cell in cells("none", [write], ["quorum:repair", "all:repair"], CHECKING):
        again = hotel(write, cell.read, cell.guarantee)
        lengths = []
        for again.late_repairs in (False, True):
            lengths.append(search([again.initial], again.steps, again.is_broken).length)
        assert lengths[0] == lengths[1], cell


@pytest.mark.parametrize("fault", long_but("replica-crash", [fault for fault in FAULTS if fault != "none"]))
def test_pairs_under_faults_are_those_of_the_system_typed_again(fault: str) -> None:
    """Under each fault, two pairs agree for every guarantee."""
    small = [name for name in GUARANTEES if name != "linearizability"]
    assert_agree(cells(fault, ["serial-async"], ["quorum"], GUARANTEES))
    assert_agree(cells(fault, ["message:serial-sync"], ["one"], small))


@pytest.mark.parametrize("fault", long_but("failover", FAULTS))
def test_primary_and_standbys_are_those_of_the_system_typed_again(fault: str) -> None:
    """Where the database replicates by itself, under each fault, the system that was typed again agrees, too."""
    small = [name for name in GUARANTEES if name not in {"linearizability", "no-double-booking"}]
    assert_agree(cells(fault, ["primary:1", "primary:2:received", "primary:2:unique"], ["one:primary"], small))


@pytest.mark.long
def test_default_table_is_that_of_the_system_typed_again() -> None:
    """The source's four writes by its three reads, with no fault: verdicts, lengths and counts agree."""
    assert_agree(cells("none", DEFAULT_WRITES, DEFAULT_READS, GUARANTEES))


@pytest.mark.parametrize("fault", exhaustive_but(None, [fault for fault in FAULTS if fault != "none"]))
def test_every_way_to_write_is_that_of_the_system_typed_again(fault: str) -> None:
    """With faults, the guarantees whose programs are small agree for every way to write."""
    small = ("read-your-writes", "durability", "booking-availability", "checking-availability")
    assert_agree(cells(fault, by_app_server(3), ("one", "one:db2"), small))
    assert_agree(cells(fault, write_strategies(3), ["one:primary"], small))


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", write_strategies(3))
@pytest.mark.parametrize("read", READS)
def test_every_cell_with_a_check_is_that_of_the_system_typed_again(write: str, read: str, fault: str) -> None:
    """Every way to write and to read, every guarantee about what is read, and every fault setting agree."""
    assert_agree(cells(fault, [write], [read], CHECKING))


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", write_strategies(3))
def test_every_cell_without_a_check_is_that_of_the_system_typed_again(write: str, fault: str) -> None:
    """Every way to write, every guarantee about bookings alone, and every fault setting agree."""
    assert_agree(cells(fault, [write], ["quorum"], BOOKING))


@pytest.mark.exhaustive
@pytest.mark.parametrize("write", write_strategies(3))
def test_every_cell_is_as_expected(write: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is explored of a way to write over three replicas has the numbers in ``spec/expected.csv``."""
    every = ("--read", "every", "--fault", "every", "--guarantee", "every")
    assert main(["check", "--expect", str(EXPECTED), "--write", write, *every]) == 0
    assert re.fullmatch(r"\d+ as expected\n", capsys.readouterr().out)


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(4, marks=pytest.mark.long)])
def test_other_numbers_of_replicas_agree_too(replicas: int) -> None:
    """With one, two and four replicas the systems agree, on a crash with a majority read among others."""
    them = [
        Cell(write, "quorum", replicas, fault, guarantee)
        for write in ("serial-async", f"message:parallel:{replicas}", f"primary:{replicas}:received")
        for fault in ("none", "replica-crash")
        for guarantee in ("read-after-write", "convergence", "durability", "booking-availability")
    ]
    assert_agree(them)


@pytest.mark.parametrize(
    ("bookings", "checks", "states", "transitions"),
    [(1, 1, 947, 2_559), (2, 1, 125_771, 558_139), (2, 2, 7_754_329, 38_371_124)],
)
def test_counts_are_those_that_others_got(bookings: int, checks: int, states: int, transitions: int) -> None:
    """``parallel:2`` by ``first:2`` has the states and transitions that the definition of the system gives for it."""
    book: tuple[Kind, ...] = ("book",)
    check_: tuple[Kind, ...] = ("check",)
    write, read = write_strategy("parallel:2", 3), read_strategy("first:2", 3)
    guarantee = GUARANTEES["read-after-write"]
    result = check(
        model(Setting(write, read, 3, FAULTS["none"], programs(*[book] * bookings, *[check_] * checks)), guarantee)
    )
    assert (result.states, result.transitions) == (states, transitions)
    assert result.judgements["read-after-write"].verdict == "holds"


def test_two_names_of_one_strategy_have_one_verdict() -> None:
    """Over three replicas ``first:2`` is ``quorum``: what is said of one is said of the other."""
    them = [Cell("parallel:1", read, 3, "none", "linearizability") for read in ("quorum", "first:2")]
    judging = Evaluation(them, Bounds(10**6), runs=False)
    for _ in judging.run():
        pass
    one, other = judging.verdicts
    assert one[1:] == other[1:]
    assert judging.explored.models == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_every_counterexample_is_a_run_of_the_spec_that_breaks_the_guarantee(fault: str) -> None:
    """Each violation's run follows the spec's own rules, has the length that was said, and ends in a broken state."""
    pairs = [("serial-async", "quorum"), ("message:parallel:2", "one"), ("parallel:3", "one:db3")]
    them = [
        Cell(write, read, 3, fault, guarantee)
        for write, read in [*pairs, ("primary:1:unique", "one:primary"), ("primary:3", "one")]
        for guarantee in GUARANTEES
        if guarantee != "linearizability" or fault != "both"
    ]
    them = [cell for cell in them if not cell.misfit]
    judging = Evaluation(them, Bounds(10**7), runs=True)
    for _ in judging.run():
        pass
    violated = [verdict for verdict in judging.verdicts if verdict.verdict == "violated"]
    assert violated
    for verdict in violated:
        assert verdict.run is not None
        assert len(verdict.run.steps) == verdict.length
        assert_breaks(verdict.run, next(p for p in verdict.run.model.properties if p.name == verdict.cell.guarantee))


def test_no_fault_is_ever_owed() -> None:
    """A run may be over without any fault, and nothing else may stay undone."""
    every = fault_named("replica-crash+app-restart+timeout+node-crash+lost-write+amnesia")
    users = GUARANTEES["read-after-write"].users
    setting = Setting(write_strategy("message:parallel:1", 3), read_strategy("one", 3), 3, every, users)
    faults = {"crash", "restart", "timeout", "node-crash", "lose", "forget"}
    assert {step.name for step in steps_of(setting) if not step.owed} == faults
    primary = setting._replace(write=write_strategy("primary:2:unique", 3))
    assert {step.name for step in steps_of(primary) if not step.owed} == faults
    failover = primary._replace(fault=fault_named("failover+app-restart+timeout+lost-write"))
    assert {step.name for step in steps_of(failover) if not step.owed} == {"crash", "restart", "timeout", "lose"}


def test_rooms_do_not_disturb_each_other() -> None:
    """A booking of one room says nothing about another: with a room each, no answer could be stale."""
    (u1,), (u2,) = programs(("book",), ("check",))
    users = ((u1,), (u2._replace(room="r2"),))
    setting = Setting(write_strategy("parallel:1", 3), read_strategy("one", 3), 3, FAULTS["none"], users)
    judgement = check(model(setting, GUARANTEES["read-after-write"])).judgements["read-after-write"]
    assert judgement.verdict == "vacuous"


def test_a_users_earlier_calls_count_for_the_same_room_however_far_back() -> None:
    """What a user was told binds all later checks of that room, and none of another room."""
    (program,) = programs(("book", "check", "check"))
    fault, read_one = FAULTS["none"], read_strategy("one", 3)
    for write, rooms, expected in (
        ("serial-async", ("r1", "r1", "r1"), "violated"),
        ("serial-sync", ("r1", "r2", "r2"), "holds"),
    ):
        user = tuple(call._replace(room=room) for call, room in zip(program, rooms, strict=True))
        setting = Setting(write_strategy(write, 3), read_one, 3, fault, (user,))
        own = GUARANTEES["read-your-writes"]
        assert check(model(setting, own)).judgements[own.name].verdict == expected
        assert len(list(own.broken(setting))) == (2 if rooms[1] == "r1" else 0)


def test_a_search_that_reached_its_bound_never_says_holds() -> None:
    """Stopped after any number of states, a search says ``unknown`` or what is true, and never ``holds``."""
    cell = Cell("serial-async", "all", 3, "none", "read-after-write")
    for bound in (1, 2, 50, 381, 382):
        judging = Evaluation([cell], Bounds(bound), runs=False)
        for _ in judging.run():
            pass
        (verdict,) = judging.verdicts
        assert (verdict.states, verdict.verdict) == (bound, "holds" if bound == 382 else "unknown")
