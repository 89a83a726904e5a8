"""A theorem, what was said of it, and the twin that must fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import z3

from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.proving.formula_text import in_symbols, text_of
from overbooked.checker.proving.solver import Claim, Verdict, ask


class Part(NamedTuple):
    """One part of a proof: what it claims, and whether that is so."""

    what: str
    verdict: Verdict


class Proof(NamedTuple):
    """What was found.

    parts
        What z3 was asked, one after the other, and what it said.
    case
        The smallest case that refutes the statement, in words; ``run`` is what happens in it, step by step, and
        ``brief`` says it in fewer words.

    Examples:
        What a theorem that says that something exists finds, over as many replicas as were asked for.
    invariant
        The sentences that a proof by induction rests on.
    wrong
        What is wrong whatever the verdict is: the spec contradicts itself, or two engines each other.
    """

    verdict: Verdict
    parts: tuple[Part, ...] = ()
    case: str | None = None
    run: tuple[str, ...] = ()
    brief: str | None = None
    examples: tuple[str, ...] = ()
    invariant: tuple[str, ...] = ()
    wrong: str | None = None

    @property
    def counterexample(self) -> str | None:
        """The case and its run on one line."""
        steps = (f"{at} {it}" for at, it in enumerate(self.run, 1))
        return None if self.case is None else "; ".join(filter(None, [self.case, *steps]))


Prover: TypeAlias = Callable[[float], Proof]
"""Looks for a proof; given the seconds that each question may take."""


class Statement(NamedTuple):
    """A statement: what is claimed, when ("if ..."), and both in symbols; ``when`` may spell a formula, ``premise``."""

    claim: str
    when: str
    symbols: str
    premise: z3.BoolRef | None = None

    @classmethod
    def of(cls, claim: str, premise: z3.BoolRef, conclusion: str) -> Statement:
        """Return the statement that a claim, in symbols a ``conclusion``, follows from a premise, which is spelled."""
        text = text_of(premise)
        return cls(claim, f"if {text}", f"{in_symbols(text)} ⇒ {conclusion}", premise)

    @property
    def words(self) -> str:
        """The statement in words."""
        return ", ".join(filter(None, [self.claim, self.when]))


class WeakenedPremise(NamedTuple):
    """A premise weakened by one, and the statement with it in symbols."""

    when: str
    symbols: str


class Theorem(NamedTuple):
    """A statement, and how to prove it.

    covers
        What it is about, and which numbers are bound to nothing: "every N, W and R, with no bound".
    how
        How it is proved: the abstraction that is used, and why it is sound.
    expected
        The verdict that it must have.
    weakens
        The name of the theorem whose premise this one weakens by one: it must be refuted, or the other says nothing.
    asked
        Whether it is a question that a user asks, which may be refuted without anything being wrong.
    """

    name: str
    group: str
    said: Statement
    covers: str
    how: str
    prove: Prover
    expected: Verdict = "proved"
    weakens: str | None = None
    asked: bool = False

    def weakened(self, weaker: WeakenedPremise, prove: Prover) -> Theorem:
        """Return the twin, whose premise is weaker, and which must be refuted."""
        return self.twin(Statement(self.said.claim, *weaker), prove)

    def twin(self, said: Statement, prove: Prover) -> Theorem:
        """Return the weakened twin that says this."""
        name = f"{self.name}:weakened"
        return Theorem(name, self.group, said, self.covers, self.how, prove, "refuted", self.name)


class Judged(NamedTuple):
    """A theorem, what was found, and the seconds that it took."""

    theorem: Theorem
    proof: Proof
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the theorem must have, and nothing is wrong."""
        return self.proof.verdict == self.theorem.expected and not self.proof.wrong


def judge(theorem: Theorem, seconds: float) -> Judged:
    """Have z3 prove or refute a theorem; each question to it may take so many seconds.

    A model that contradicts itself, or what is proved of it, makes no exception, but a verdict that is ``wrong``.
    """
    start = time.perf_counter()
    try:
        proof = theorem.prove(seconds)
    except (ValueError, ModelError) as error:
        proof = Proof("unknown", wrong=str(error))
    return Judged(theorem, proof, time.perf_counter() - start)


class Topic(NamedTuple):
    """What theorems of one kind have in common: their group, what they cover, and how they are proved."""

    group: str
    covers: str
    how: str

    def theorem(self, name: str, said: Statement, prove: Prover) -> Theorem:
        """Return a theorem that must be proved."""
        return Theorem(name, self.group, said, self.covers, self.how, prove)

    def with_twin(
        self, name: str, said: Statement, weaker: WeakenedPremise, prove: Callable[[int], Prover]
    ) -> tuple[Theorem, Theorem]:
        """Return a theorem and its twin; ``prove`` is given by how much the premise is weakened: by 0, or by 1."""
        theorem = self.theorem(name, said, prove(0))
        return theorem, theorem.weakened(weaker, prove(1))

    def from_premise(
        self,
        name: str,
        claim: str,
        conclusion: str,
        premises: tuple[z3.BoolRef, z3.BoolRef],
        prove: Callable[[z3.BoolRef], Prover],
    ) -> tuple[Theorem, Theorem]:
        """Return the theorem that a claim follows from the first premise, and its twin, which has the weaker second.

        What is printed of a premise is spelled from the formula that ``prove`` is given. ``conclusion`` is the claim in
        symbols.
        """
        first, weaker = (Statement.of(claim, premise, conclusion) for premise in premises)
        theorem = self.theorem(name, first, prove(premises[0]))
        return theorem, theorem.twin(weaker, prove(premises[1]))


class Asked(NamedTuple):
    """What z3 said of claims, one after the other until one was not proved: that one, and a case that refutes it."""

    parts: tuple[Part, ...]
    failed: Claim | None = None
    case: z3.ModelRef | None = None

    @property
    def verdict(self) -> Verdict:
        """What follows for all claims together."""
        return self.parts[-1].verdict if self.failed else "proved"


def ask_all(claims: Iterable[Claim], seconds: float) -> Asked:
    """Ask the claims one after the other until one is not proved; each may take so many seconds."""
    parts: list[Part] = []
    met: dict[tuple[int, ...], Claim] = {}
    for claim in claims:
        premises = tuple(premise.get_id() for premise in claim.premises)
        verdict, case = ask(claim, seconds, met=premises in met)
        met[premises] = claim
        parts.append(Part(claim.what, verdict))
        if verdict != "proved":
            return Asked(tuple(parts), claim, case)
    return Asked(tuple(parts))


def proof_of(claims: Callable[[], Iterable[Claim]], tell: Callable[[Claim, z3.ModelRef], str]) -> Prover:
    """Return a prover that asks claims; ``tell`` puts a case that refutes one of them in words."""

    def prove(seconds: float) -> Proof:
        parts, failed, case = asked = ask_all(claims(), seconds)
        return Proof(asked.verdict, parts, tell(failed, case) if failed and case else None)

    return prove
