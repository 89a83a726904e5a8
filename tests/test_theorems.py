"""What is proved of the booking system agrees with the search, with counting it out, and with its own twins."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import pytest
import z3

from interrupted import interrupted
from judged_theorems import SECONDS, all_judged
from overbooked.checker.cli.main import main
from overbooked.checker.engine.verdicts import check
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.solver import ask
from overbooked.checker.proving.solver import check as z3_check
from overbooked.checker.proving.theorem import Judged, Proof, judge
from overbooked.checker.theorems import catalogue, cross_check, primary_guarantees, primary_runs, read_guarantees
from overbooked.checker.theorems.ack_latency import APPEND, ack_time
from overbooked.checker.theorems.any_primary import K
from overbooked.checker.theorems.any_size import N, R
from overbooked.checker.theorems.catalogue import Proving
from overbooked.checker.theorems.primary_guarantees import BOTH_BOOK
from overbooked.checker.theorems.quorum_systems import (
    QuorumSystem,
    meet,
    members_of,
    missing,
    of_strategies,
    system_named,
)
from overbooked.checker.theorems.stale_run import stale_run
from overbooked.spec.faults import FAULTS, Fault
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import plain_reads, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.write_strategies import by_app_server, write_strategy
from tiers import long_but


@pytest.fixture
def judged() -> dict[str, Judged]:
    """Every theorem over three replicas, judged once for all tests."""
    return all_judged()


@pytest.mark.xdist_group("theorems")
@pytest.mark.long
def test_every_theorem_has_the_verdict_that_it_must_have(judged: dict[str, Judged]) -> None:
    """All theorems are proved, and all twins refuted with a counterexample in words."""
    assert [name for name, each in judged.items() if not each.as_expected] == []
    assert len(judged) > 60
    for each in judged.values():
        assert (each.proof.counterexample is not None) == (each.proof.verdict == "refuted")


@pytest.mark.xdist_group("theorems")
@pytest.mark.long
def test_every_proved_theorem_has_a_twin_that_fails(judged: dict[str, Judged]) -> None:
    """No proof passes because its statement is empty: with a weaker premise each is refuted."""
    proved = {name for name, each in judged.items() if each.proof.verdict == "proved"}
    assert proved == {each.theorem.weakens for each in judged.values() if each.theorem.weakens}


@pytest.mark.xdist_group("theorems")
@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("reads-meet-writes", "N = 2, W = 1, R = 1; written: db1; read: db2"),
        ("reads-may-miss-writes", "N = 1, W = 1, R = 1"),
        ("writes-meet", "N = 2, W = 1, R = 1"),
        ("votes-meet", "N = 2, V = 2, W = 1, R = 1"),
        ("first-R-still-answers", "N = 1, R = 1, C = 1"),
        ("no-stale-read", "N = 2, W = 1, R = 1; 1 u1 calls bookRoom(u1, r1)"),
        ("linearizable-if-all-are-read", "N = 2, W = 2, R = 1; "),
        ("stale-read", "N = 1, W = 1, R = 1; not possible: R times sample u2.check"),
        ("acknowledged-is-kept", "N = 1, W = 1, R = 1, C = 0, A = 1; "),
        ("replicas-converge", "N = 2, W = 1, R = 1; "),
        ("standbys-are-fresh", "N = 2, K = 1, R = 1; 1 u1 calls bookRoom(u1, r1): b1, sent to db1; "),
        ("standbys-that-received-are-fresh", "N = 2, K = 1, R = 1; "),
        ("acknowledged-survives-failover", "N = 1, K = 1, R = 1, C = 1; "),
        ("bookings-are-answered-after-failover", "N = 1, K = 1, R = 1, C = 1; "),
        ("replicas-converge-after-failover", "N = 2, K = 1, R = 1, C = 1; "),
        ("unique-survives-failover", "N = 2, K = 1, R = 1, C = 1; 1 u1 calls isRoomAvailable(r1)"),
        ("stale-standbys-if-received", "N = 1, K = 1, R = 1; not possible: R - min(R, K - 1) times sample"),
        ("acknowledged-is-lost-on-failover", "N = 2, K = 1, C = 0; not possible: crash db1"),
        ("unique-is-lost-on-failover", "N = 1, K = 1, C = 1; not possible: promote"),
        ("log-acks-first", "N = 1; db1 takes 0, append takes 1; "),
    ],
)
def test_a_counterexample_is_the_smallest(judged: dict[str, Judged], name: str, begins: str) -> None:
    """A twin is refuted by the fewest replicas that can, in the words of the model."""
    told = judged[f"{name}:weakened"].proof.counterexample
    assert told is not None
    assert told.startswith(begins)


@pytest.mark.xdist_group("theorems")
@pytest.mark.long
def test_a_proof_asks_for_every_step(judged: dict[str, Judged]) -> None:
    """An induction has the start, what it excludes and every step of every way to write; a latency one the one more."""
    steps = {
        "apply u1.book",
        "confirm u1.book",
        "ack u1.book",
        "sample u2.check",
        "finish u2.check",
        "crash",
        "restart",
        "lose u1.book",
    }
    parts = {part.what for part in judged["no-stale-read"].proof.parts}
    for way in ("parallel", "serial"):
        assert {f"{way}: {step} keeps it" for step in steps} <= parts
        assert {f"{way}: it holds at the start", f"{way}: invoke u1.book keeps it"} <= parts
    assert "serial: confirm u1.book by 2 members keeps it" in parts
    for name in ("acks-in-order", "parallel-N-before-serial-sync", "log-acks-first", "log-acks-first-only-then"):
        assert "one replica more leaves it so" in {part.what for part in judged[name].proof.parts}


def test_sets_that_miss_are_handed_over_for_any_number_of_replicas() -> None:
    """For every N asked, each W below N comes with W replicas and N - W others that have none in common."""
    for replicas in (1, 2, 7, 20):
        (found,) = [
            each for each in Proving(["reads-may-miss-writes"], replicas, SECONDS).run() if not each.theorem.weakens
        ]
        assert len(found.proof.examples) == replicas - 1
        for written, told in enumerate(found.proof.examples, 1):
            assert f"N = {replicas}, W = {written}, R = {replicas - written}; " in told
            sets = [re.findall(r"db\d+", each) for each in told.split(";")[1:]]
            assert [len(each) for each in sets] == [written, replicas - written]
            assert not set(sets[0]) & set(sets[1])


# With the search.


def verdict(guarantee: str, setting: Setting) -> str:
    """Return what the search says."""
    return check(model(setting, GUARANTEES[guarantee])).judgements[guarantee].verdict


def after_crashes(guarantee: str, pair: tuple[str, str], replicas: int, crashes: int, restarts: int = 0) -> str:
    """Return what the search says of a pair when so many replicas may crash."""
    fault = Fault("some", crashes, restarts, "")
    users, (write, read) = GUARANTEES[guarantee].users, pair
    return verdict(
        guarantee, Setting(write_strategy(write, replicas), read_strategy(read, replicas), replicas, fault, users)
    )


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_crashes_that_are_survived_are_those_that_the_search_finds(replicas: int) -> None:
    """``first:R`` answers, ``parallel:W`` and serial writes ack, and bookings are kept after just so many crashes."""
    for count, crashes in product(range(1, replicas + 1), range(replicas + 1)):
        answers = after_crashes("checking-availability", ("parallel:1", f"first:{count}"), replicas, crashes)
        acks = after_crashes("booking-availability", (f"parallel:{count}", "one"), replicas, crashes)
        kept = after_crashes("durability", (f"parallel:{count}", "one"), replicas, crashes, 1)
        assert (answers == "holds") == (crashes <= replicas - count)
        assert (acks == "holds") == (crashes <= replicas - count)
        assert (kept == "holds") == (crashes <= count - 1)
    for crashes, write in product(range(replicas + 1), ("serial-sync", "serial-async")):
        acks = after_crashes("booking-availability", (write, "one"), replicas, crashes)
        assert (acks == "holds") == (crashes == 0)


def explored(guarantee: str, write: str, read: str, replicas: int, crashes: int = 0) -> tuple[str, int | None]:
    """Return what the search says, and in how many steps, where a standby takes over if the primary crashes."""
    fault = Fault("some", crashes, 0, "", failover=crashes > 0)
    users = BOTH_BOOK if guarantee == "no-double-booking" else GUARANTEES[guarantee].users
    setting = Setting(write_strategy(write, replicas), read_strategy(read, replicas), replicas, fault, users)
    found = check(model(setting, GUARANTEES[guarantee]), reduce=True).judgements[guarantee]
    return found.verdict, found.length


def long_run(steps: z3.ArithRef, replicas: int, needed: int, answers: int = 1) -> tuple[str, int]:
    """Return the verdict and the length of a run that is given in terms of N, K and R."""
    numbers = [(N, z3.IntVal(replicas)), (K, z3.IntVal(needed)), (R, z3.IntVal(answers))]
    return "violated", z3.simplify(z3.substitute(steps, *numbers)).as_long()


HOLDS = ("holds", None)


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_what_a_primary_guarantees_is_what_the_search_finds(replicas: int) -> None:
    """For all K, R and C: what is proved holds, and runs in terms of them are there, and none is shorter."""
    for needed, answers in product(range(1, replicas + 1), repeat=2):
        stale = long_run(primary_runs.STALE, replicas, needed, answers)
        pair = f"primary:{needed}", f"first:{answers}"
        assert explored("read-after-write", *pair, replicas) == (HOLDS if answers + needed > replicas else stale)
        received = explored("read-after-write", f"{pair[0]}:received", pair[1], replicas)
        stale = long_run(primary_runs.STALE_IF_RECEIVED, replicas, needed, answers)
        assert received == (HOLDS if answers == replicas else stale)
    for needed, crashes in product(range(1, replicas + 1), range(replicas + 1)):
        lost, twice = (long_run(it, replicas, needed) for it in (primary_runs.LOST, primary_runs.BOOKED_TWICE))
        if needed == replicas:
            lost = "violated", lost[1] - 1  # nobody is left to take over
        kept = explored("durability", f"primary:{needed}", "one", replicas, crashes)
        assert kept == (HOLDS if crashes < needed else lost)
        assert explored("durability", f"primary:{needed}:received", "one", replicas, crashes)[0] == kept[0]
        answered = explored("booking-availability", f"primary:{needed}", "one", replicas, crashes)
        assert (answered == HOLDS) == (crashes <= replicas - needed)
        agree = explored("convergence", f"primary:{needed}", "one", replicas, crashes)
        if crashes < needed and crashes <= replicas - needed:
            assert agree == HOLDS
        elif replicas > 2:  # of two, one is left, and agrees with itself
            assert agree[0] == "violated"
        unique = explored("no-double-booking", f"primary:{needed}:unique", "one", replicas, crashes)
        assert unique == (HOLDS if crashes < needed or 2 * needed > replicas else twice)


def test_the_page_says_of_a_primary_what_is_proved() -> None:
    """Each premise, and each length of a run, that a theorem about a primary has stands in the page's table."""
    text = (Path(__file__).parent.parent / "checker/theorems/README.md").read_text(encoding="utf-8")
    table = text[text.index("| what is proved for every N") :].partition("\n\n")[0]
    cells = {cell.strip() for row in table.splitlines() for cell in row.split("|")}
    conditions = {it.said.when.removeprefix("if ") for it in primary_guarantees.theorems() if not it.weakens}
    assert conditions - {"it uses the answer of a replica that showed the booking by then, whatever the sets"} <= cells
    runs = (primary_runs.STALE, primary_runs.STALE_IF_RECEIVED, primary_runs.LOST, primary_runs.BOOKED_TWICE)
    for steps in map(text_of, runs):
        assert any(cell.startswith(f"{steps} steps") for cell in cells)


def test_a_room_is_booked_twice_once_a_majority_is_not_needed() -> None:
    """Over four replicas, ``primary:2:unique`` breaks by two crashes, in the run that is proved, and not by one."""
    four = "no-double-booking", "primary:2:unique", "one", 4
    assert explored(*four, crashes=1) == HOLDS
    assert explored(*four, crashes=2) == long_run(primary_runs.BOOKED_TWICE, 4, 2)


@pytest.mark.parametrize("guarantee", ["linearizability", "monotonic-reads"])
def test_reading_all_is_what_the_search_says_too(guarantee: str) -> None:
    """Over two and three replicas, both hold for ``all``, and break for one answer fewer even where W = N."""
    for replicas, read in product((2, 3), (0, 1)):
        for write in (f"parallel:{replicas}", "serial-sync"):
            pair = (write, f"first:{replicas - read}")
            assert after_crashes(guarantee, pair, replicas, 0) == ("violated" if read else "holds")


@pytest.mark.exhaustive
def test_explored_and_proved_agree_on_every_pair() -> None:
    """For N up to 5 every way to write by every way to read has one verdict, and violations have one length."""
    found = list(cross_check.agreement(lambda _: True, SECONDS))
    assert {row.replicas for row in found} == {1, 2, 3, 4, 5}
    assert len(found) == sum(4 * (n + 1) * 2 * n for n in range(1, 6))
    assert [row for row in found if not row.agrees] == []
    assert {row.explored for row in found} == {"holds", "violated"}


def test_nothing_follows_from_a_theorem_that_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proved side of the table rests on the theorems: without them it is unknown."""
    monkeypatch.setattr(cross_check, "MOST", 2)
    found = list(cross_check.agreement(lambda _: False, SECONDS))
    by_numbers = [row for row in found if row.write.startswith("parallel") and row.read.startswith("first")]
    assert {row.proved for row in by_numbers} == {"unknown"}
    assert {row.proved for row in found if row.explored == "holds"} == {"unknown"}
    assert not any(row.agrees for row in by_numbers)


def test_a_stale_run_is_stale_and_possible() -> None:
    """Sets that meet, or that a write does not wait for, make no run: the spec's own steps say so."""
    setting = Setting(
        write_strategy("parallel:2", 3),
        read_strategy("one", 3),
        3,
        FAULTS["none"],
        GUARANTEES["read-after-write"].users,
    )
    assert len(stale_run(setting, [1, 3], [2]).steps) == 9
    with pytest.raises(ValueError, match="the read is not stale"):
        stale_run(setting, [1, 3], [3])
    with pytest.raises(ValueError, match=r"ack u1\.book is not possible"):
        stale_run(setting, [1], [2])
    by_primary = setting._replace(write=write_strategy("primary:2", 3))
    assert [step.label for step in stale_run(by_primary, [1, 3], [2]).steps][2:5] == [
        "receive u1.book db3",
        "apply u1.book db3",
        "confirm u1.book db3",
    ]


# Quorum systems, counted out.


def waited_for(write: str, replicas: int) -> set[frozenset[int]]:
    """Return the sets of replicas that have confirmed when an ack first is possible in the spec's own steps."""
    guarantee = GUARANTEES["durability"]
    setting = Setting(
        write_strategy(write, replicas), read_strategy("one", replicas), replicas, FAULTS["none"], guarantee.users
    )
    (b,) = setting.bookings
    asked = model(setting, guarantee)
    ack = next(step for step in asked.steps if step.name == "ack")
    found, seen, todo = set(), set(), [asked.initial]
    while todo:
        state = todo.pop()
        if (key := tuple(state.values())) in seen:
            continue
        seen.add(key)
        if ack.on(state):
            found.add(frozenset(i for i in setting.numbers if state[setting.writing(b, i).name] == "confirmed"))
        else:
            todo += [after for step in asked.steps if (after := step.on(state)) is not None]
    return found


@pytest.mark.parametrize("replicas", [1, 2, 3])
def test_the_sets_that_a_write_waits_for_are_those_of_the_specs_own_steps(replicas: int) -> None:
    """What is read off a strategy's description is what has confirmed when the spec's steps first allow an ack."""
    for write in by_app_server(replicas):
        system = of_strategies(write_strategy(write, replicas), read_strategy("one", replicas), replicas)
        assert set(sets_of(system, "written")) == waited_for(write, replicas)


def sets_of(system: QuorumSystem, which: str) -> Iterator[frozenset[int]]:
    """Yield every set that a system's writes or reads wait for, each from z3."""
    members = members_of(system, which)
    solver = z3.Solver()
    solver.add(*(z3.And(member >= 0, member <= 1) for member in members))
    solver.add((system.writes if which == "written" else system.reads)(members))
    while z3_check(solver) == z3.sat:
        values = [solver.model().eval(member, model_completion=True).as_long() for member in members]
        yield frozenset(i for i, value in enumerate(values, 1) if value)
        solver.add(z3.Or([member != value for member, value in zip(members, values, strict=True)]))


def test_the_sets_that_a_read_uses_are_those_that_it_asks() -> None:
    """``first:R`` uses any R, ``one:db2`` db2 alone."""
    reads_of = {name: of_strategies(write_strategy("parallel:1", 3), it, 3) for name, it in plain_reads(3).items()}
    assert set(sets_of(reads_of["quorum"], "read")) == {frozenset(pair) for pair in combinations((1, 2, 3), 2)}
    assert set(sets_of(reads_of["one:db2"], "read")) == {frozenset({2})}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("grid:2x2", "proved"),
        ("grid:3x2", "proved"),
        ("votes:2,1,1:3:2", "proved"),
        ("votes:2,1,1:2:2", "refuted"),
        ("votes:3,1:2:2", "proved"),
        ("votes:1,1,1,1:2:2", "refuted"),
        ("read-one-write-all:4", "proved"),
        ("read-one-write-all:1", "proved"),
    ],
)
def test_quorum_systems_that_are_asked_for_agree_with_counting_them_out(name: str, verdict: str) -> None:
    """z3's word on whether all sets meet is what comparing every set with every set says."""
    system = system_named(name, 3)
    assert system is not None
    writes, answers = (set(sets_of(system, which)) for which in ("written", "read"))
    assert all(one & other for one, other in product(writes, answers)) == (verdict == "proved")
    answer = ask(meet(system), SECONDS)
    assert answer.verdict == verdict
    if answer.case:
        written, read = map(frozenset, missing(system, answer.case))
        assert written in writes
        assert read in answers
        assert not written & read


def test_a_grids_sets_are_rows_and_columns() -> None:
    """In a grid of two by two a write takes a column and one of the other, a read one of each column."""
    grid = system_named("grid:2x2", 3)
    assert grid is not None
    smallest = {each for each in sets_of(grid, "written") if len(each) == 3}
    assert smallest == {frozenset(each) for each in ((1, 3, 2), (1, 3, 4), (2, 4, 1), (2, 4, 3))}
    assert {each for each in sets_of(grid, "read") if len(each) == 2} == {
        frozenset(each) for each in ((1, 2), (1, 4), (3, 2), (3, 4))
    }


# Latency, with numbers.


def test_when_acks_come_is_what_the_strategies_say() -> None:
    """Of random times: the sum for ``serial-sync``, db1's for ``serial-async``, the K-th smallest, the append's."""
    source = random.Random(7)  # noqa: S311 - chance for a test
    for replicas in (1, 2, 3, 4):
        times = [z3.Real(f"db{i}") for i in range(1, replicas + 1)]
        for _ in range(5):
            numbers = [source.randrange(10) for _ in times]
            values = [(time, z3.RealVal(number)) for time, number in zip((*times, APPEND), (*numbers, 11), strict=True)]
            comes = {
                name: z3.simplify(z3.substitute(ack_time(write, times), *values)).as_long()
                for name, write in by_app_server(replicas).items()
            }
            in_order = sorted(numbers)
            assert comes["serial-sync"] == sum(numbers)
            assert comes["serial-async"] == numbers[0]
            assert [comes[f"parallel:{k}"] for k in range(1, replicas + 1)] == in_order
            assert {comes[name] for name in comes if name.startswith("message")} == {11}


# The command.


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit status, its output and what it complained of."""
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def test_json_has_what_programs_need(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Theorems come with statement, verdict, expected verdict and more, pairs with what is explored and proved."""
    monkeypatch.setattr(Proving, "_is_proved", lambda *_: True)
    monkeypatch.setattr(cross_check, "MOST", 3)
    status, out, _ = printed(capsys, "prove", "systems", "agreement", "--format", "json")
    found = json.loads(out)
    assert status == 0
    assert found["schema"] == 1
    assert all(
        {"name", "statement", "verdict", "expected", "seconds", "counterexample"} <= it.keys()
        for it in found["theorems"]
    )
    assert all(it["verdict"] == it["expected"] for it in found["theorems"])
    assert all({"replicas", "write", "read", "explored", "proved"} <= row.keys() for row in found["agreement"])
    assert all(row["explored"] == row["proved"] for row in found["agreement"])
    assert {row["explored"] for row in found["agreement"]} == {"holds", "violated"}


def test_a_name_shows_how_its_theorem_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for by name, of itself or of its twin, a theorem comes with its invariant, its parts and its twin."""
    for name in ("no-stale-read", "no-stale-read:weakened"):
        status, out, _ = printed(capsys, "prove", name)
        assert status == 0
        assert "How: The spec's own steps without the replicas' numbers" in " ".join(out.split())
        assert "- once u1.book is acknowledged, W replicas keep it or a later one" in out
        assert "✓ parallel: confirm u1.book keeps it" in out
        assert "✗ if R + W >= N: refuted" in out


def test_what_is_asked_may_be_refuted(capsys: pytest.CaptureFixture[str]) -> None:
    """A pair or a system whose sets miss ends with 1 and the sets, a pair with the run too; else with 0."""
    status, out, _ = printed(capsys, "prove", "serial-async/one:db3")
    assert status == 1
    assert "written: db1; read: db3 1 u1 calls bookRoom(u1, r1)" in " ".join(out.split())
    assert "should be" not in out
    assert printed(capsys, "prove", "votes:1,1:1:1")[0] == 1
    assert printed(capsys, "prove", "serial-async/one:db1", "grid:4x4")[0] == 0
    assert printed(capsys, "prove", "steps:parallel:2/quorum", "--replicas", "4")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("no-stale-reed",), "did you mean no-stale-read?"),
        (("grid:3",), "grid:3: it is written grid:RxC, all whole numbers"),
        (("grid:99x99",), "there may be 1 to 64 replicas, not 9801"),
        (("votes:1,1:3:1",), "there are 2 votes, so W and R are from 1 to 2"),
        (("read-one-write-all:0",), "there may be 1 to 64 replicas, not 0"),
        (("parallel:4/one",), "there are 3 replicas, so K is one of 1..3"),
        (("serial-sync/four",), "four: no such read strategy"),
        (("steps:serial-async/one:db1",), "one:db1 asks one replica alone"),
        (("steps:parallel:9/quorum", "--replicas", "9"), "up to 5 replicas"),
        (("--timeout", "-1"), "-1"),
        (("--timeout", "0"), "0 is not a number of seconds above 0"),
        (("--replicas", "65"), "65 are too many"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong name or number ends with 2 and one line that says what would be right."""
    status, out, err = printed(capsys, "prove", *arguments)
    assert (status, out) == (2, "")
    assert complaint in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(("said", "status"), [("unknown", 3), ("refuted", 1)])
def test_a_verdict_that_is_not_the_expected_one_shows(
    said: str, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A theorem that z3 does not decide ends with 3, one that is refuted with 1; both say what they should be."""
    theorem = next(read_guarantees.theorems())._replace(prove=lambda _: Proof(said))  # type: ignore[arg-type]
    monkeypatch.setattr(read_guarantees, "theorems", lambda: iter([theorem]))
    found, out, _ = printed(capsys, "prove", "no-stale-read")
    assert found == status
    assert f"no-stale-read: {said}, and should be proved" in out
    assert (
        json.loads(printed(capsys, "prove", "no-stale-read", "--format", "json")[1])["theorems"][0]["verdict"] == said
    )


@pytest.mark.parametrize("decided", [0, 1, 7])
def test_what_z3_does_not_decide_in_time_is_unknown(
    decided: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of time at the first question, the second or a later one, a theorem is unknown, and the status 3."""
    asked = iter(range(1000))

    def out_of_time(solver: z3.Solver, *assumptions: z3.BoolRef) -> z3.CheckSatResult:
        return z3_check(solver, *assumptions) if next(asked) < decided else z3.unknown

    monkeypatch.setattr("overbooked.checker.proving.solver.check", out_of_time)
    status, out, _ = printed(capsys, "prove", "no-stale-read-where-sets-meet", "--format", "json")
    assert status == 3
    assert json.loads(out)["theorems"][0]["verdict"] == "unknown"


def test_what_is_printed_of_a_premise_is_what_is_proved() -> None:
    """Read as Python, the words after *if*, and the symbols before the arrow, are the formula that z3 is given."""
    spelled = [each for each in catalogue.listed(3) if each.said.premise is not None]
    assert len(spelled) > 25
    for theorem in spelled:
        symbols = theorem.said.symbols.partition(" ⇒ ")[0].replace("≤", "<=").replace("≥", ">=")
        for text in (theorem.said.when.removeprefix("if "), symbols.replace(", ", " and ")):
            assert z3_check(z3_solver(theorem.said.premise != formula(text))) == z3.unsat, theorem.name


def formula(text: str) -> z3.BoolRef:
    """Return what a text says of whole numbers, read a second way: as Python."""
    names = {name: z3.Int(name) for name in "NWRCVKAL"}
    typed = re.sub(r"(?<![<>=])=(?!=)", "==", re.sub(r"(\d)([A-Z])", r"\1 * \2", text))
    if " or " in typed:
        return z3.Or([eval(each, names) for each in typed.split(" or ")])  # noqa: S307 - the text is this project's own
    return z3.And([eval(each, names) for each in typed.split(" and ")])  # noqa: S307 - as above


def z3_solver(*known: z3.BoolRef) -> z3.Solver:
    """Return a solver that knows this."""
    solver = z3.Solver()
    solver.add(*known)
    return solver


def test_a_spec_that_contradicts_its_description_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where sets that are read off a strategy make no run of the spec's own steps, that is said in a line each."""
    monkeypatch.setattr(Proving, "_is_proved", lambda *_: True)
    monkeypatch.setattr(cross_check, "MOST", 2)
    monkeypatch.setattr(cross_check, "missing", lambda *_: ([], [1]))
    status, out, err = printed(capsys, "prove", "agreement")
    assert (status, err) == (1, "")
    assert "ack u1.book is not possible, where the sets that are waited for say that it is" in " ".join(out.split())


def test_a_disagreement_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where explored and proved differ, the pair is named with both words, and the command ends with 1."""
    monkeypatch.setattr(Proving, "_is_proved", lambda *_: True)
    monkeypatch.setattr(cross_check, "MOST", 2)
    monkeypatch.setattr(cross_check, "ENOUGH", z3.BoolVal(val=True))
    status, out, _ = printed(capsys, "prove", "agreement")
    assert status == 1
    assert "parallel:1 by first:1, N = 2: explored violated in 7 steps, proved holds" in out


def test_every_theorem_that_is_listed_can_be_asked_for() -> None:
    """``overbooked list`` names just what ``overbooked prove`` takes, apart from forms in capitals."""
    names = [name for name in catalogue.theorems_in_words(3) if name == name.lower() or "-" in name]
    for name in names:
        if not re.search(r":[A-Z]", name) and "/" not in name:
            Proving([name], 3, SECONDS)
    assert len(names) > 20


@pytest.mark.parametrize("form", long_but("json", ["text", "json"]))
def test_ctrl_c_keeps_what_was_proved(form: str) -> None:
    """Stopped on the way, the command says what it found until then, ends with 130, and shows no traceback."""
    ended = interrupted("prove", "--format", form)
    assert ended.status == 130
    assert "Traceback" not in ended.shown
    if form == "json":
        document = json.loads(ended.out)
        assert document["finished"] is False
        assert document["theorems"]
    else:
        assert "stopped" in ended.out


def test_a_reader_that_leaves_ends_it() -> None:
    """Where nobody reads any more, the command ends at once, with the usual status and without a word."""
    command = [sys.executable, "-u", "-m", "overbooked", "prove", "sets"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(timeout=600) == 141


def test_a_terminal_without_signs_gets_letters() -> None:
    """Where output cannot have signs such as arrows, statements are spelled in plain letters."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "overbooked", "prove", "sets", "systems"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "R + W > N => A & B != {}" in done.stdout


def test_a_theorem_is_judged_with_its_time() -> None:
    """How long a proof takes is measured, and is more than nothing."""
    assert judge(next(read_guarantees.theorems()), SECONDS).seconds > 0
