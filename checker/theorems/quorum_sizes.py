"""Theorems about sets of replicas and their sizes: for every N, W and R, with nothing else known of the sets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import z3

from overbooked.checker.proving.solver import Claim, check, values_of
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, Topic, WeakenedPremise, proof_of
from overbooked.checker.proving.venn import Sets, sets
from overbooked.checker.theorems.any_size import NUMBERS, C, N, R, W
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.wording import listed

V = z3.Int("V")
"""How many votes there are."""

TOPIC = Topic(
    "sets",
    "every N, W and R, with no bound",
    "Sets are given by the sizes of their Venn regions. Any sizes that are not negative are those of some sets, and "
    "only they are, so the statement is one of linear arithmetic, which z3 decides for sets of every size.",
)
MOST = 16
"""Up to so many replicas the spec's quorums are looked at."""
VOTES = TOPIC._replace(covers="every number of replicas and any votes, every W and R, with no bound")


_MEET = "A ∩ B ≠ ∅"


def theorems(replicas: int) -> Iterator[Theorem]:
    """Yield the theorems about sizes, each with its twin; examples of sets are over so many replicas."""
    return chain.from_iterable((*_of_two_sets(replicas), *_after_crashes()))


def _of_two_sets(replicas: int) -> Iterator[tuple[Theorem, Theorem]]:
    yield TOPIC.from_premise(
        "reads-meet-writes",
        "any W replicas and any R replicas have one in common",
        _MEET,
        (R + W > N, R + W >= N),
        _meet,
    )
    yield TOPIC.from_premise(
        "reads-may-miss-writes",
        "some W replicas and some R replicas have none in common",
        "∃ A, B: A ∩ B = ∅",
        (R + W <= N, R + W <= N + 1),
        lambda premise: _may_miss(premise, replicas),
    )
    yield TOPIC.from_premise(
        "writes-meet",
        "any two sets of W replicas have one in common",
        _MEET,
        (2 * W > N, 2 * W >= N),
        lambda premise: _meet(R == W, premise, second="written too"),
    )
    yield TOPIC._replace(covers=f"N up to {MOST}, as the spec counts a quorum").with_twin(
        "quorums-meet",
        Statement(
            "any two quorums have a replica in common, and no fewer answers would do", "", "2(⌊N/2⌋ + 1) > N ≥ 2⌊N/2⌋"
        ),
        WeakenedPremise("if a quorum has one replica fewer", "2⌊N/2⌋ > N"),
        _quorums,
    )
    yield TOPIC.from_premise(
        "read-one-write-all",
        "the one replica that is read, whichever, is one that was written to",
        _MEET,
        (z3.And(W == N, R == 1), z3.And(W >= N - 1, R == 1)),
        _meet,
    )
    yield VOTES.from_premise(
        "votes-meet",
        "of V votes, however spread, replicas that have W and replicas that have R have one in common",
        _MEET,
        (R + W > V, R + W >= V),
        _votes,
    )


def _after_crashes() -> Iterator[tuple[Theorem, Theorem]]:
    yield TOPIC.from_premise(
        "first-R-still-answers",
        "after C crashes a check that waits for R answers gets them",
        "R answers come",
        (C <= N - R, C <= N - R + 1),
        lambda premise: _all_live_are_enough("answered", R, premise),
    )
    yield TOPIC.from_premise(
        "parallel-W-still-acks",
        "after C crashes a parallel write gets W confirmations",
        "W confirmations come",
        (C <= N - W, C <= N - W + 1),
        lambda premise: _all_live_are_enough("confirmed", W, premise),
    )
    yield TOPIC.from_premise(
        "serial-still-acks",
        "after C crashes a serial write gets W confirmations",
        "W confirmations come",
        (C == 0, C <= 1),
        _the_next_is_live,
    )
    yield TOPIC.from_premise(
        "acked-booking-still-exists",
        "after C crashes and an app-restart a booking that W replicas had confirmed is still on a live one",
        "a live replica has it",
        (C <= W - 1, C <= W),
        _one_that_has_it_is_live,
    )


def _meet(*premises: z3.BoolRef, second: str = "read") -> Prover:
    both = sets("written", second)
    known = (
        *NUMBERS.fit,
        both.possible,
        both.size() == N,
        both.size("written") == W,
        both.size(second) == R,
        *premises,
    )
    return _proof(both, known, both.size("written", second) >= 1, N, W, R)


def _quorums(fewer: int) -> Prover:
    both = sets("one", "other")

    def claims() -> Iterator[Claim]:
        for n in range(1 + fewer, MOST + 1):
            many = read_strategy("quorum", n).answers - fewer
            known = (both.possible, n == N, both.size() == N, both.size("one") == many, both.size("other") == many)
            yield Claim(f"N = {n}: they meet", known, both.size("one", "other") >= 1, tuple(both.regions.values()))
            yield Claim(f"N = {n}: no fewer would do", (), z3.BoolVal(2 * (many - 1) <= n))

    return proof_of(claims, lambda _, case: _sets_in_words(both, (N,), case))


def _may_miss(premise: z3.BoolRef, replicas: int) -> Prover:
    """Return a prover for: whatever the numbers, there are such sets; z3 eliminates this quantifier."""
    both = sets("written", "read")
    found = (both.possible, both.size() == N, both.size("written") == W, both.size("read") == R)
    exists = z3.Exists(list(both.regions.values()), z3.And(*found, both.size("written", "read") == 0))
    claim = Claim("there are such sets", (*NUMBERS.fit, premise), exists, (N, W, R))
    proof = proof_of(lambda: [claim], lambda _, case: values_of(case, N, W, R))
    return lambda seconds: proof(seconds)._replace(examples=tuple(_sets_that_miss(both, replicas)))


def _sets_that_miss(both: Sets, replicas: int) -> Iterator[str]:
    """Yield, for each W below N and R = N - W, W replicas and R replicas that have none in common, as z3 finds them."""
    for written in range(1, replicas):
        solver = z3.Solver()
        solver.add(both.possible, both.size() == replicas, both.size("written") == written)
        solver.add(both.size("read") == replicas - written, both.size("written", "read") == 0)
        solver.add(replicas == N, written == W, replicas - written == R)
        if check(solver) == z3.sat:
            yield _sets_in_words(both, (N, W, R), solver.model())


def _votes(premise: z3.BoolRef) -> Prover:
    """Return a prover for votes: each region has some, an empty one has none, and nothing else is known of them."""
    both, votes = sets("written", "read"), sets("written", "read", of="votes")
    empty = [z3.Implies(size == 0, votes.regions[of] == 0) for of, size in both.regions.items()]
    counted = (votes.size() == V, votes.size("written") >= W, votes.size("read") >= R, W >= 1, R >= 1)
    known = (both.possible, votes.possible, *empty, *counted, both.size() == N, premise)
    return _proof(both, known, both.size("written", "read") >= 1, N, V, W, R)


def _all_live_are_enough(have: str, needed: z3.ArithRef, premise: z3.BoolRef) -> Prover:
    """Return a prover for: it cannot be that every live replica has answered, and yet too few have."""
    both = sets("crashed", have)
    known = (*NUMBERS.fit, both.possible, both.size() == N, both.size("crashed") == C, premise)
    stuck = z3.And(both.size(outside=("crashed", have)) == 0, both.size(have) < needed)
    return _proof(both, known, z3.Not(stuck), N, needed, C)


def _the_next_is_live(premise: z3.BoolRef) -> Prover:
    """Return a prover for: the replica that is next in line, as long as W have not confirmed, has not crashed."""
    line = sets("crashed", "next in line", "confirmed")
    known = (*NUMBERS.fit, line.possible, line.size() == N, line.size("crashed") == C, premise)
    waits = (line.size("confirmed") < W, line.size("next in line") == 1, line.size("next in line", "confirmed") == 0)
    return _proof(line, (*known, *waits), line.size("next in line", outside=("crashed",)) == 1, N, W, C)


def _one_that_has_it_is_live(premise: z3.BoolRef) -> Prover:
    kept = sets("crashed", "has it")
    known = (*NUMBERS.fit, kept.possible, kept.size() == N, kept.size("crashed") == C, premise)
    return _proof(kept, (*known, kept.size("has it") >= W), kept.size("has it", outside=("crashed",)) >= 1, N, W, C)


def _proof(of: Sets, known: tuple[z3.BoolRef, ...], conclusion: z3.BoolRef, *numbers: z3.ArithRef) -> Prover:
    small = (*numbers, *of.regions.values())
    return proof_of(
        lambda: [Claim("it follows", known, conclusion, small)], lambda _, case: _sets_in_words(of, numbers, case)
    )


def _sets_in_words(of: Sets, numbers: tuple[z3.ArithRef, ...], case: z3.ModelRef) -> str:
    lie = (f"{name}: {listed([f'db{i}' for i in who]) or 'none'}" for name, who in of.members(case).items())
    return "; ".join([values_of(case, *numbers), *lie])
