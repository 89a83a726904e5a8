"""What is proved of repairs, sessions and claims agrees with the search, down to the length of the shortest run."""

from __future__ import annotations

import re
from itertools import product
from typing import NamedTuple

import pytest
import z3

from judged_theorems import SECONDS, judged_with_twins
from overbooked.checker.cli.main import main
from overbooked.checker.engine.verdicts import check
from overbooked.checker.proving.theorem import Judged
from overbooked.checker.theorems import catalogue, claimed_rooms, repaired_reads, stale_reads
from overbooked.checker.theorems.any_size import N, R, W
from overbooked.checker.theorems.catalogue import Proving
from overbooked.checker.theorems.primary_guarantees import BOTH_BOOK
from overbooked.spec.combinations import misfit
from overbooked.spec.faults import FAULTS, Fault
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import read_strategies, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.users import Program, programs
from overbooked.spec.write_strategies import write_strategies, write_strategy

HOLDS = ("holds", None)
LONG = [pytest.mark.long, pytest.mark.xdist_group("theorems")]
THEOREMS = {
    "linearizable-if-repaired": [
        ("if R + W >= N and 2R > N", "N = 3, W = 1, R = 2; 1 u1 calls bookRoom(u1, r1)", 8),
        ("if R + W > N and 2R >= N", "N = 4, W = 3, R = 2; 1 u1 calls bookRoom(u1, r1)", 11),
    ],
    "monotonic-if-repaired": [("if 2R >= N", "N = 4, W = 1, R = 2; 1 u1 calls", 11)],
    "repaired-reads-may-miss-each-other": [("if 2R <= N + 1", "N = 3, R = 2; not possible: ", 0)],
    "sessions-see-own-bookings": [("if reads do not end in :session", "N = 2, W = 1, R = 1; 1 u1 calls", 7)],
    "sessions-are-monotonic": [("if reads do not end in :session", "N = 2, W = 1, R = 1; 1 u1 calls", 8)],
    "sessions-with-standbys-see-own-bookings": [("if reads do not end in :session", "N = 2, K = 1, R = 1; 1 u1 ", 8)],
    "sessions-with-standbys-are-monotonic": [("if reads do not end in :session", "N = 2, K = 1, R = 1; 1 u1 calls", 9)],
    "checks-are-answered": [("if C <= N - R + 1", "N = 1, W = 1, R = 1, C = 1; 1 u1 calls", 2)],
    "sessions-are-answered": [("if C + L + A <= N - R + 1", "N = 1, W = 1, R = 1, C = 0, A = 1, L = 0; 1 u1 calls", 6)],
    "sessions-are-answered-after-restarts": [
        ("if C + A <= W - R + 1", "N = 1, W = 1, R = 1, C = 0, A = 1; 1 u1 calls", 6)
    ],
    "claims-exclude-each-other": [("if 2W >= N", "N = 2, W = 1, R = 1; 1 u1 calls bookRoom(u1, r1)", 8)],
    "claims-are-answered": [("if C <= 1 and C <= N - W", "N = 2, W = 1, R = 1, C = 1; 1 u1 calls bookRoom(u1, r1)", 8)],
    "claims-may-both-succeed": [("if 2W <= N + 1", "N = 1, W = 1; not possible: ", 0)],
}
"""The theorems, and of each twin the premise, how its smallest case begins, and how many steps that has."""
SLOW = {
    *("linearizable-if-repaired", "monotonic-if-repaired", "sessions-see-own-bookings", "sessions-are-monotonic"),
    "sessions-with-standbys-are-monotonic",
}


@pytest.mark.parametrize("name", [pytest.param(it, marks=LONG) if it in SLOW else it for it in THEOREMS])
def test_a_theorem_is_proved_and_breaks_where_weakened(name: str) -> None:
    """Each is proved, and each of its twins is refuted by the fewest replicas that can, in the words of the model."""
    theorem, *twins = judged_with_twins(name, at_once=name not in SLOW)
    assert (theorem.theorem.name, theorem.proof.verdict, theorem.proof.wrong) == (name, "proved", None)
    assert all(each.theorem.weakens == name for each in twins)
    assert [each.theorem.said.when for each in twins] == [when for when, *_ in THEOREMS[name]]
    for twin, (_, begins, steps) in zip(twins, THEOREMS[name], strict=True):
        assert_refuted(twin, begins, steps)


def assert_refuted(twin: Judged, begins: str, steps: int) -> None:
    """Assert that a twin is refuted by a case that begins like this, and whose run has so many steps."""
    assert twin.as_expected
    assert (twin.proof.counterexample or "").startswith(begins)
    assert len(twin.proof.run) == steps


# With the search.


class Pair(NamedTuple):
    """A pair of strategies over so many replicas, the faults, and what users do, if not what the guarantee says."""

    write: str
    read: str
    replicas: int
    fault: Fault = FAULTS["none"]
    users: tuple[Program, ...] = ()

    def explored(self, guarantee: str) -> tuple[str, int | None]:
        """Return what the search says, and in how many steps it breaks."""
        write, read = write_strategy(self.write, self.replicas), read_strategy(self.read, self.replicas)
        asked = GUARANTEES[guarantee].tested_by(read)
        setting = Setting(write, read, self.replicas, self.fault, self.users or asked.users)
        found = check(model(setting, asked), reduce=True).judgements[guarantee]
        return found.verdict, found.length


def said(holds_if: z3.BoolRef, runs: list[tuple[z3.BoolRef, z3.ArithRef]], *sizes: int) -> tuple[str, int | None]:
    """Return what is proved for these N, W and R: that it holds, or the shortest of the runs that there are."""
    values = [(term, z3.IntVal(value)) for term, value in zip((N, W, R), sizes, strict=False)]

    def at(formula: z3.ExprRef) -> z3.ExprRef:
        return z3.simplify(z3.substitute(formula, *values))

    if z3.is_true(at(holds_if)):
        return HOLDS
    return "violated", min(at(steps).as_long() for possible, steps in runs if z3.is_true(at(possible)))


CHECKED = programs(("book",), ("check",))
STALE, MISSED = (stale_reads.TOO_FEW, stale_reads.STEPS), (repaired_reads.MISS, repaired_reads.STEPS)
TWICE = claimed_rooms.MAY_NOT, claimed_rooms.STEPS


@pytest.mark.parametrize("replicas", [2, 3, pytest.param(4, marks=pytest.mark.long)])
def test_what_a_repair_gives_is_what_the_search_finds(replicas: int) -> None:
    """For all W and R: what is proved holds, elsewhere the runs in terms of them are there, and none is shorter."""
    for needed, answers in product(range(1, replicas + 1), range(2, replicas + 1)):
        pair, sizes = Pair(f"parallel:{needed}", f"first:{answers}:repair", replicas), (replicas, needed, answers)
        assert pair.explored("linearizability") == said(repaired_reads.ENOUGH, [STALE, MISSED], *sizes)
        assert pair.explored("monotonic-reads") == said(repaired_reads.MEET, [MISSED], *sizes)
        assert pair.explored("read-after-write") == said(z3.Not(stale_reads.TOO_FEW), [STALE], *sizes)
        by_log = pair._replace(write=f"message:{pair.write}")
        assert by_log.explored("monotonic-reads") == said(repaired_reads.MEET, [(MISSED[0], MISSED[1] + 1)], *sizes)


def test_neither_condition_is_enough_without_the_other() -> None:
    """Over four replicas a read may miss a write though reads meet, and reads may miss each other though none is stale.

    Over three no read of two or three answers has R + W > N and 2R <= N, so that a table over three cannot show it.
    """
    assert Pair("parallel:1", "first:3:repair", 4).explored("linearizability") == ("violated", 9)
    assert Pair("parallel:3", "first:2:repair", 4).explored("linearizability") == ("violated", 11)
    assert Pair("parallel:3", "first:2:repair", 4).explored("read-after-write") == HOLDS


@pytest.mark.parametrize(
    "replicas", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.exhaustive)]
)
def test_what_a_session_gives_is_what_the_search_finds(replicas: int) -> None:
    """By every way to read that ends in ``:session``, over every way to write, nobody is told less than before."""
    reads = [it for it in read_strategies(replicas).values() if it.session]
    for write, read in product(write_strategies(replicas).values(), reads):
        if not misfit(write, read, FAULTS["none"]):
            for guarantee in ("read-your-writes", "monotonic-reads"):
                assert Pair(write.name, read.name, replicas).explored(guarantee) == HOLDS


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_who_waits_in_a_session_is_whom_the_search_finds(replicas: int) -> None:
    """After C crashes all are answered just if R live replicas come to have what was told: all, or after a restart W.

    A check that repairs is answered wherever a plain one is.
    """
    for needed, answers, crashes in product(*[range(1, replicas + 1)] * 2, range(replicas + 1)):
        write, fault = f"parallel:{needed}", Fault("some", crashes, 0, "")
        pair = Pair(write, f"first:{answers}:session", replicas, fault)
        restarted = pair._replace(fault=Fault("some", crashes, 1, ""))
        assert (pair.explored("checking-availability") == HOLDS) == (crashes <= replicas - answers)
        assert (restarted.explored("checking-availability") == HOLDS) == (crashes <= needed - answers)
        if answers > 1:
            repaired = Pair(write, f"first:{answers}:repair", replicas, restarted.fault, CHECKED)
            assert (repaired.explored("checking-availability") == HOLDS) == (crashes <= replicas - answers)


@pytest.mark.parametrize("replicas", [1, 2, 3, pytest.param(4, marks=pytest.mark.long)])
def test_what_a_claim_gives_is_what_the_search_finds(replicas: int) -> None:
    """For all W: no room is booked twice, or in the run that is proved; with checks before it, in 2R + 4 steps more."""
    for needed in range(1, replicas + 1):
        expected = said(claimed_rooms.EXCLUDE, [TWICE], replicas, needed)
        pair = Pair(f"claim:{needed}", "one", replicas)
        assert pair._replace(users=BOTH_BOOK).explored("no-double-booking") == expected
        for answers in range(1, min(replicas, 3) + 1):
            checked = said(claimed_rooms.EXCLUDE, [(TWICE[0], TWICE[1] + 2 * answers + 4)], replicas, needed)
            assert pair._replace(read=f"first:{answers}").explored("no-double-booking") == checked


@pytest.mark.parametrize("replicas", [2, 3])
def test_one_crash_may_leave_a_claim_without_an_answer(replicas: int) -> None:
    """Whatever W is: of two who book, one may wait for ever once one replica has crashed, and nobody does without."""
    for needed in range(1, replicas + 1):
        pair = Pair(f"claim:{needed}", "one", replicas, users=BOTH_BOOK)
        assert pair.explored("booking-availability") == HOLDS
        crashed = pair._replace(fault=FAULTS["replica-crash"])
        assert crashed.explored("booking-availability")[0] == "violated"


# Pairs that are asked for.


@pytest.mark.parametrize(
    ("pair", "named"),
    [
        ("parallel:2/quorum:repair", {"linearizable-if-repaired"}),
        ("parallel:1/first:2:repair", {"linearizable-if-repaired"}),
        ("serial-async/one:db1:session", {"sessions-see-own-bookings", "sessions-are-monotonic"}),
        ("serial-async/one:db2:session", {"sessions-see-own-bookings", "sessions-are-monotonic"}),
        (
            "primary:2/one:session",
            {"sessions-with-standbys-see-own-bookings", "sessions-with-standbys-are-monotonic"},
        ),
        ("claim:2/quorum", {"claims-exclude-each-other"}),
        ("claim:1/one", {"claims-exclude-each-other"}),
    ],
)
def test_of_a_pair_the_sets_are_those_of_the_plain_one(pair: str, named: set[str]) -> None:
    """Whether its sets meet does not depend on an ending; what that adds is a theorem, which the answer names."""
    plain = re.sub(":(repair|session)", "", pair).replace("claim", "parallel")
    found, as_plain = (next(Proving([it], 3, SECONDS).run()) for it in (pair, plain))
    assert found.proof.verdict == as_plain.proof.verdict
    assert found.proof.run == as_plain.proof.run
    known = {it.name for it in catalogue.listed(3)}
    assert set(re.findall(r"[a-z]+(?:-[a-z]+){2,}", found.theorem.covers)) == named <= known


def test_each_twin_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """By the name of any twin the theorem comes with all of them."""
    for name in ("claims-may-both-succeed", "claims-may-both-succeed:weakened"):
        assert main(["prove", name]) == 0
        assert "1 proved; 1 refuted where weakened by one" in capsys.readouterr().out
    assert [it.name for it in repaired_reads.theorems()][:3] == [
        "linearizable-if-repaired",
        "linearizable-if-repaired:weakened",
        "linearizable-if-repaired:weakened:reads",
    ]
    Proving(["linearizable-if-repaired:weakened:reads"], 3, SECONDS)
