"""Choosing: the pairs that are listed are those that keep what is needed, and the way out of a problem is one."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from pathlib import Path

import pytest

from overbooked.checker.cells import DEFAULT_READS, DEFAULT_WRITES, Cell
from overbooked.checker.choosing.as_text import worth_it
from overbooked.checker.choosing.candidates import candidates
from overbooked.checker.choosing.choices import Choosing, Wanted
from overbooked.checker.choosing.dictionary import FILE, page
from overbooked.checker.choosing.known import Known, known
from overbooked.checker.choosing.preferences import PREFERENCES
from overbooked.checker.choosing.ways_out import keepers, way_out
from overbooked.checker.cli.main import main
from overbooked.checker.engine.search import Bounds
from overbooked.checker.latency.latencies import latencies
from overbooked.checker.matrix import expected
from overbooked.spec.dictionary import SYSTEMS
from overbooked.spec.everyday_words import foreign, read_called, write_called
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES, TABLE
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.write_strategies import write_strategies

EXPECTED = Path(__file__).parent.parent / "spec" / "expected.csv"


@cache
def verdicts() -> dict[Cell, str]:
    """Return every verdict over three replicas, as all of it was explored."""
    return {cell: row["verdict"] for cell, row in expected.read(EXPECTED).items()}


def chosen(wanted: Wanted, beforehand: Known | None = None) -> Choosing:
    """Return what is chosen, knowing this beforehand, or else all that is known."""
    before = known(wanted.replicas, wanted.faults) if beforehand is None else beforehand
    choosing = Choosing(wanted, Bounds(), before)
    for _ in choosing.run():
        pass
    return choosing


def keeps(write: str, read: str, fault: str, guarantee: str) -> bool:
    """Return whether a pair keeps a guarantee, as all of it was explored."""
    return verdicts()[Cell(write, read, 3, fault, guarantee)] == "holds"


def assert_chosen(wanted: Wanted) -> None:
    """Assert that the pairs are just those that keep all of it; or else those that miss least, and what they miss."""
    found = chosen(wanted, {})
    pairs = [pair[:2] for pair in candidates(3, wanted.faults, wanted.prefer)]
    missed = {
        pair: {name for name in wanted.needs if not all(keeps(*pair, fault, name) for fault in wanted.faults)}
        for pair in pairs
    }
    least = min(map(len, missed.values()))
    choices = found.nearest if least else found.kept
    assert [choice.pair[:2] for choice in choices] == [pair for pair in pairs if len(missed[pair]) == least]
    assert (found.nearest if not least else found.kept) == []
    for choice in choices:
        pair = choice.pair[:2]
        kept = {name for name in TABLE if all(keeps(*pair, fault, name) for fault in wanted.faults)}
        assert (set(choice.keeps), set(choice.breaks), choice.unknown) == (kept, set(TABLE) - kept, ())
        assert {verdict.cell.guarantee for verdict in choice.misses} == missed[pair]


@pytest.mark.parametrize(
    ("needs", "faults"),
    [
        (("read-after-write", "durability", "booking-availability", "checking-availability"), ("replica-crash",)),
        pytest.param(("durability", "convergence"), ("app-restart",), marks=pytest.mark.long),
        pytest.param(("linearizability",), ("failover",), marks=pytest.mark.long),
    ],
)
def test_the_pairs_that_keep_what_is_needed_are_listed(needs: tuple[str, ...], faults: tuple[str, ...]) -> None:
    """Explored anew, with many answers or where only built-in replication fits, it is what is known to be so."""
    assert_chosen(Wanted(needs, faults))


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", range(12))
def test_whatever_is_needed_and_may_fail(number: int) -> None:
    """For guarantees and faults drawn by chance, too."""
    chance = random.Random(number)  # noqa: S311 - nothing here is secret
    needs = tuple(chance.sample(TABLE, chance.randint(1, 5)))
    assert_chosen(
        Wanted(needs, tuple(chance.sample(list(FAULTS), chance.randint(1, 2))), 3, chance.choice(PREFERENCES))
    )


def test_the_one_pair_for_a_usual_wish() -> None:
    """Fresh reads, durability and both availabilities under a crash: the cheapest is ``parallel:2`` by ``quorum``."""
    needs = ("read-after-write", "durability", "booking-availability", "checking-availability")
    cheapest = chosen(Wanted(needs, ("replica-crash",))).kept[0]
    assert cheapest.pair[:2] == ("parallel:2", "quorum")
    assert set(cheapest.breaks) == {"monotonic-reads", "linearizability", "no-double-booking"}


def test_pairs_are_ordered_by_what_is_to_be_cheap() -> None:
    """By latency, by what a check waits for, or by messages; and what is counted is what ``latency`` counts."""
    for prefer, first in (
        ("latency", lambda cost: sum(cost.rounds)),
        ("reads", lambda cost: (cost.rounds[1], cost.check_waits_for)),
        ("messages", lambda cost: cost.messages),
    ):
        costs = [first(pair.cost) for pair in candidates(3, ["none"], prefer)]
        assert costs == sorted(costs)
    times = {f"db{i}": 1.0 for i in (1, 2, 3)} | {"append": 1.0}
    for write, read, cost in candidates(3, ["none"], "messages")[::7]:
        booking, check = latencies([write], [read], 3, times)
        assert (booking.seconds, check.seconds) == cost.rounds
        assert booking.traffic is not None
        assert check.traffic is not None
        assert booking.traffic.messages + check.traffic.messages == cost.messages


def test_of_the_pairs_listed_none_is_replaced_by_a_cheaper_one() -> None:
    """A pair that keeps nothing which one before it does not keep is left out, and no other one."""
    every = chosen(Wanted(("durability",), ("failover",))).kept
    worth = worth_it(every)
    for at, choice in enumerate(every):
        replaced = any(set(choice.keeps) <= set(before.keeps) for before in every[:at])
        assert (choice in worth) != replaced


def test_the_way_out_of_each_problem_is_one() -> None:
    """For each violation of the default table, the pair that is named keeps it, loses what is said, and is known."""
    for fault in ("none", "replica-crash"):
        every = [Cell(w, r, 3, fault, g) for w in DEFAULT_WRITES for r in DEFAULT_READS for g in GUARANTEES]
        broken = [cell for cell in every if verdicts()[cell] == "violated"]
        for cell in broken[::3]:
            way = way_out(cell)
            can = any(
                verdicts().get(cell._replace(write=w, read=r)) == "holds" for w, r, _ in candidates(3, [fault], "reads")
            )
            assert (way is not None) == can, cell
            if way:
                assert keeps(way.write, way.read, fault, cell.guarantee)
                before = {name for name in TABLE if keeps(cell.write, cell.read, fault, name)}
                assert set(way.lost) == {name for name in before if not keeps(way.write, way.read, fault, name)}
        found = keepers(broken)
        for write, read, kept, breaks in found:
            assert {name for name in TABLE if not keeps(write, read, fault, name)} == set(breaks)
            assert not {*kept} & {*breaks}
        assert {name for pair in found for name in pair.keeps} == {cell.guarantee for cell in broken}


def test_the_way_out_changes_as_little_as_it_can() -> None:
    """A new/old inversion is repaired by a repair, a double booking by claims; and what that costs is said."""
    inversion = way_out(Cell("parallel:2", "quorum", 3, "none", "linearizability"))
    double = way_out(Cell("parallel:1", "one", 3, "none", "no-double-booking"))
    assert inversion == ("parallel:2", "quorum:repair", ())
    assert double == ("claim:2", "one", ("convergence",))
    assert way_out(Cell("parallel:1", "one", 4, "none", "no-double-booking")) is None


def test_what_other_systems_call_it_is_known_here() -> None:
    """Each name in the dictionary is that of a strategy or a fault, and each pair goes together with its fault."""
    for system in SYSTEMS:
        for entry in system.entries:
            if entry.here not in {None, *write_strategies(3), *FAULTS}:
                read_strategy(str(entry.here), 3)
        for usual in system.usual:
            cell = Cell(usual.write, usual.read, 3, usual.fault, "durability")
            assert cell.misfit is None, usual
        here = {entry.here for entry in system.entries}
        assert {usual.fault for usual in system.usual} <= {*here, "replica-crash"}


@pytest.mark.parametrize(
    ("system", "there", "kind", "word"),
    [
        ("Cassandra", "write ONE", "write", "ONE"),
        ("Cassandra", "write QUORUM, LOCAL_QUORUM", "write", "QUORUM"),
        ("Cassandra", "write QUORUM, LOCAL_QUORUM", "write", "LOCAL_QUORUM"),
        ("Cassandra", "write ALL", "write", "ALL"),
        ("Cassandra", "read ONE", "read", "ONE"),
        ("Cassandra", "read QUORUM", "read", "QUORUM"),
        ("Cassandra", "read ALL", "read", "ALL"),
        ("Dynamo and Riak", "W", "write", "W=2"),
        ("Dynamo and Riak", "R", "read", "R=2"),
        ("MongoDB", "`w: 1`", "write", "w:1"),
        ("MongoDB", '`w: "majority"`', "write", "w:majority"),
        ("MongoDB", "read preference `primary`", "read", "primary"),
        ("MongoDB", "read preference `secondary`", "read", "secondary"),
        ("MongoDB", "read preference `nearest`", "read", "nearest"),
        ("PostgreSQL", "`on`, `remote_write`, `ANY 1 (...)`", "write", "on"),
        ("PostgreSQL", "`on`, `remote_write`, `ANY 1 (...)`", "write", "remote_write"),
        ("PostgreSQL", "`remote_apply`, `ANY 1 (...)`", "write", "remote_apply"),
        ("MySQL", "semi-synchronous, `AFTER_SYNC`, one replica", "write", "semi-sync"),
        ("Redis", "`WAIT 1`", "write", "WAIT 1"),
        ("Kafka", "`acks=1`", "write", "acks=1"),
        ("Kafka", "`acks=all`, `min.insync.replicas=2`", "write", "min.insync.replicas=2"),
    ],
)
def test_a_word_that_is_typed_is_what_the_dictionary_says(system: str, there: str, kind: str, word: str) -> None:
    """Whether a word is taken or explained, over three replicas it is the strategy that stands in the dictionary."""
    (entry,) = (entry for it in SYSTEMS if it.name == system for entry in it.entries if entry.there == there)
    called = (write_called if kind == "write" else read_called)(word, 3)
    says = called if called != word else foreign(word, kind, 3)
    assert entry.here is not None
    assert says is not None
    assert re.search(rf"(^|\s){re.escape(entry.here)}(\s|,|;|$)", says)


def test_the_dictionary_is_what_is_found(request: pytest.FixtureRequest) -> None:
    """``spec/dictionary.md`` has each system, with today's verdicts; ``--write-docs`` makes it so."""
    if request.config.getoption("--write-docs"):
        FILE.write_text(page(), encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == page()


def test_a_system_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    """However it is written; what is no system is refused with those that there are; lines fit."""
    for name in ("cassandra", "riak", "mongo", "postgres", "MySQL", "redis", "KAFKA", "etcd", "zookeeper"):
        assert main(["list", "--like", name]) == 0
        out = capsys.readouterr().out
        assert "where the likeness ends" in out
        assert max(map(len, out.splitlines())) <= 100, out
    assert main(["list", "--like", "oracle"]) == 2
    assert "oracle: is not in the dictionary; there are Cassandra, Dynamo and Riak" in capsys.readouterr().err


def test_choices_are_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Each pair has its names, what it keeps and breaks, and what it costs; status 0 says that some keep all."""
    status = main(["choose", "--need", "linearizability", "--survive", "replica-crash", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    row = next(row for row in found["choices"] if (row["write"], row["read"]) == ("parallel:2", "quorum:repair"))
    assert (status, found["schema"], found["found"]) == (0, 1, True)
    assert (row["replicas"], row["ack_waits_for"], row["check_waits_for"], row["messages"]) == (3, 2, 2, 11)
    assert (row["breaks"], row["unknown"], row["misses"]) == (["no-double-booking"], [], [])
    assert set(row["keeps"]) == set(TABLE) - {"no-double-booking"}


def test_without_a_pair_that_keeps_all_those_that_miss_least_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, what each misses, and the command that shows it."""
    asked = ["choose", "--need", "no-double-booking", "--need", "convergence", "--survive", "both"]
    assert main(asked) == 1
    out = capsys.readouterr().out
    assert "None of 316 pairs keeps all of it" in out
    assert "misses convergence: overbooked trace claim:2 quorum convergence --fault both" in out
    assert max(map(len, out.splitlines())) <= 100
    assert main([*asked, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["found"]
    assert {tuple(row["misses"]) for row in found["choices"]} == {("convergence",)}


def test_what_holds_only_because_nothing_happened_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """A unique constraint leaves no second booking to be the last one: such a pair is not listed for it."""
    assert main(["choose", "--need", "last-write-wins", "--format", "json"]) == 0
    writes = {row["write"] for row in json.loads(capsys.readouterr().out)["choices"]}
    assert "parallel:2" in writes
    assert not {"primary:1:unique", "claim:2"} & writes
    assert main(["choose", "--need", "last-write-wins", "--need", "no-double-booking"]) == 1
    assert "has no case of last-write-wins: overbooked trace" in capsys.readouterr().out


def test_a_bound_that_is_reached_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not known to be kept is not listed as kept, and is said to be unknown."""
    asked = ["choose", "--need", "linearizability", "--replicas", "2", "--max-states", "20", "--format", "json"]
    assert main(asked) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["found"], found["unknown"] > 100) == (False, True)
    assert any("linearizability" in row["unknown"] for row in found["choices"])
    assert main(asked[:-2]) == 3
    assert "Unknown: a bound was reached (--max-states) for" in capsys.readouterr().out


def test_other_numbers_of_replicas_are_chosen_among(capsys: pytest.CaptureFixture[str]) -> None:
    """Over one replica every way is fresh; over two a quorum is all; nine are too many to explore, which is said."""
    assert main(["choose", "--need", "read-after-write", "--replicas", "1"]) == 0
    assert "Needed: read-after-write. May fail: nothing." in capsys.readouterr().out
    crash = ("--survive", "replica-crash", "--replicas", "2", "--format", "json")
    assert main(["choose", "--need", "read-after-write", *crash]) == 0
    pairs = {(row["write"], row["read"]) for row in json.loads(capsys.readouterr().out)["choices"]}
    assert ("parallel:2", "one") in pairs
    assert ("parallel:1", "one") not in pairs
    assert main(["choose", "--need", "durability", "--replicas", "9"]) == 2
    assert "there may be up to 8 here" in capsys.readouterr().err
