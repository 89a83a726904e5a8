"""What is proved of replicas that forget and of writes that are lost agrees with the search, run for run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest
import z3

from judged_theorems import judged_with_twins
from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.theorems import catalogue, claimed_rooms, repaired_reads, stale_reads
from overbooked.checker.theorems import forgetful_replicas as forgetful
from overbooked.checker.theorems.any_size import A, N, R, W
from overbooked.checker.theorems.primary_guarantees import BOTH_BOOK
from overbooked.spec.faults import Fault
from test_repair_theorems import HOLDS, LONG, Pair, assert_refuted

THEOREMS = {
    "no-stale-read-if-few-forget": [("if R + W >= N + A", "N = 1, W = 1, R = 1, A = 1; 1 u1 calls", 8)],
    "stale-read-as-replicas-forget": [("if R + W > N and R + W <= N + A + 1", "N = 1, W = 1, R = 1, A = 0; not", 0)],
    "linearizable-if-repaired-and-few-forget": [
        ("if R + W >= N + A and 2R > N + A", "N = 2, W = 1, R = 2, A = 1; 1 u1 calls bookRoom(u1, r1)", 9),
        ("if R + W > N + A and 2R >= N + A", "N = 3, W = 3, R = 2, A = 1; 1 u1 calls bookRoom(u1, r1)", 12),
    ],
    "repaired-reads-miss-each-other-as-replicas-forget": [
        ("if 2R > N and 2R <= N + A + 1", "N = 2, R = 2, A = 1; not possible: 2R - N times forget", 0)
    ],
    "claims-exclude-each-other-if-few-forget": [("if 2W >= N + A", "N = 1, W = 1, R = 1, A = 1; 1 u1 calls", 9)],
    "claims-both-succeed-as-replicas-forget": [("if 2W > N and 2W <= N + A + 1", "N = 1, W = 1, A = 0; not", 0)],
    "bookings-are-acknowledged": [("if C + L <= N - W + 1", "N = 1, W = 1, R = 1, C = 0, L = 1; 1 u1 calls", 2)],
    "replicas-converge": [
        ("if it restarts at most once", "N = 2, W = 1, R = 1; 1 u1 calls", 4),
        ("if at most one write is lost", "N = 2, W = 1, R = 1, L = 1; 1 u1 calls", 11),
        ("if at most one replica forgets", "N = 1, W = 1, R = 1, A = 1; 1 u1 calls", 9),
    ],
}
"""The theorems, and of each twin the premise, how its smallest case begins, and how many steps that has."""
IN_THE_README = (
    *("no-stale-read-if-few-forget", "linearizable-if-repaired-and-few-forget"),
    *("claims-exclude-each-other-if-few-forget", "acknowledged-is-kept", "bookings-are-acknowledged"),
    *("checks-are-answered", "sessions-are-answered", "sessions-are-answered-after-restarts"),
)
"""The theorems whose premises stand in the README's table."""
SLOW = {"linearizable-if-repaired-and-few-forget"}


@pytest.mark.parametrize("name", [pytest.param(it, marks=LONG) if it in SLOW else it for it in THEOREMS])
def test_a_theorem_is_proved_and_breaks_where_weakened(name: str) -> None:
    """Each is proved, and each of its twins is refuted by the fewest replicas that can, in the words of the model."""
    theorem, *twins = judged_with_twins(name, at_once=name not in SLOW)
    assert (theorem.theorem.name, theorem.proof.verdict, theorem.proof.wrong) == (name, "proved", None)
    assert [each.theorem.said.when for each in twins] == [when for when, *_ in THEOREMS[name]]
    for twin, (_, begins, steps) in zip(twins, THEOREMS[name], strict=True):
        assert_refuted(twin, begins, steps)


def test_the_page_says_what_is_proved() -> None:
    """Each premise, and each length of a run, stands in the page's table just as the theorems have it."""
    text = (Path(__file__).parent.parent / "checker/theorems/README.md").read_text(encoding="utf-8")
    table = text[text.index("| what is proved for every N, W, R, C, A and L") :].partition("\n\n")[0].replace("*", "")
    said = {it.name: it.said.when.removeprefix("if ") for it in catalogue.listed(3)}
    for name in IN_THE_README:
        assert re.search(rf"(\| |restart ){re.escape(said[name])}( \||;)", table), name
    for (few, first), (_, more) in (STALE, MISSED, TWICE):
        assert f"{text_of(first)} steps, if {text_of(few)}; else {text_of(more)}" in table


# With the search.


def said(runs: Iterable[tuple[z3.BoolRef, z3.ArithRef]], sizes: tuple[int, ...]) -> tuple[str, int | None]:
    """Return what is proved for these N, W, R and A: the shortest of the runs that are possible, or that it holds."""
    values = [(term, z3.IntVal(value)) for term, value in zip((N, W, R, A), sizes, strict=True)]

    def at(formula: z3.ExprRef) -> z3.ExprRef:
        return z3.simplify(z3.substitute(formula, *values))

    lengths = [at(steps).as_long() for possible, steps in runs if z3.is_true(at(possible))]
    return ("violated", min(lengths)) if lengths else HOLDS


def forgets(times: int) -> Fault:
    """Return the fault in which a replica forgets so many times."""
    return Fault("some", 0, 0, "", amnesias=times)


STALE = (stale_reads.TOO_FEW, stale_reads.STEPS), (forgetful.STALE, forgetful.STALE_STEPS)
MISSED = (repaired_reads.MISS, repaired_reads.STEPS), (forgetful.MISSED, forgetful.MISSED_STEPS)
TWICE = (claimed_rooms.MAY_NOT, claimed_rooms.STEPS), (forgetful.BOTH, forgetful.BOTH_STEPS)


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_what_a_replica_that_forgets_costs_reads_is_what_the_search_finds(replicas: int) -> None:
    """For all W, R and A: where it is proved, it holds; elsewhere the runs in terms of them are there, none shorter."""
    for needed, answers, times in product(*[range(1, replicas + 1)] * 2, range(3)):
        pair, sizes = Pair(f"parallel:{needed}", f"first:{answers}", replicas, forgets(times)), (replicas, needed)
        assert pair.explored("read-after-write") == said(STALE, (*sizes, answers, times))
        if answers > 1:
            repaired = pair._replace(read=f"first:{answers}:repair")
            assert repaired.explored("linearizability") == said((*STALE, *MISSED), (*sizes, answers, times))
        in_session = pair._replace(read=f"first:{answers}:session")
        assert in_session.explored("read-your-writes") == in_session.explored("monotonic-reads") == HOLDS


@pytest.mark.parametrize("replicas", [1, 2, 3, pytest.param(4, marks=pytest.mark.long)])
def test_what_a_replica_that_forgets_costs_claims_is_what_the_search_finds(replicas: int) -> None:
    """For all W and A: no room is booked twice, or in the shorter of the runs that are proved."""
    for needed, times in product(range(1, replicas + 1), range(3)):
        pair = Pair(f"claim:{needed}", "one", replicas, forgets(times), BOTH_BOOK)
        assert pair.explored("no-double-booking") == said(TWICE, (replicas, needed, 1, times))


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_who_waits_and_what_is_lost_is_what_the_search_finds(replicas: int) -> None:
    """For all W, R, and few faults of each kind: each condition that is proved to be enough is needed, too."""
    for needed, crashes, times, lost in product(range(1, replicas + 1), *[range(3)] * 3):
        fault = Fault("some", min(crashes, replicas), 0, "", amnesias=times, lost_writes=lost)
        restarted = fault._replace(restarts=1)
        pair = Pair(f"parallel:{needed}", "one", replicas, fault)
        assert (pair.explored("booking-availability") == HOLDS) == (fault.crashes + lost <= replicas - needed)
        kept = pair._replace(fault=restarted).explored("durability") == HOLDS
        assert kept == (fault.crashes + times < needed)
        for answers in range(1, replicas + 1):
            in_session = pair._replace(read=f"first:{answers}:session")
            answered = in_session.explored("checking-availability") == HOLDS
            enough_kept = fault.crashes + times <= needed - answers
            assert answered == (fault.crashes + lost + times <= replicas - answers or enough_kept)
            after_restart = in_session._replace(fault=restarted).explored("checking-availability") == HOLDS
            assert after_restart == enough_kept


@pytest.mark.parametrize("replicas", [1, 2, pytest.param(3, marks=pytest.mark.long)])
def test_replicas_agree_just_if_nothing_is_lost_or_forgotten(replicas: int) -> None:
    """One write that is lost keeps two replicas apart for ever, and one replica that forgets lacks what was acked."""
    for needed, lost, times in product(range(1, replicas + 1), range(2), range(2)):
        pair = Pair(f"parallel:{needed}", "one", replicas, Fault("some", 0, 0, "", amnesias=times, lost_writes=lost))
        agrees = not times and (not lost or replicas == 1)
        assert (pair.explored("convergence") == HOLDS) == agrees
