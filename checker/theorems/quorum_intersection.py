"""Theorems about quorum systems that are no thresholds, and about any that is asked for by name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from overbooked.checker.proving.solver import ask
from overbooked.checker.proving.theorem import Part, Proof, Prover, Statement, Theorem, Topic, WeakenedPremise
from overbooked.checker.theorems.quorum_systems import (
    QuorumSystem,
    grid,
    meet,
    missing,
    of_strategies,
    system_named,
    votes,
)
from overbooked.checker.theorems.smallest_run import Found, run_in_words
from overbooked.checker.theorems.stale_run import GUARANTEE, stale_run
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.wording import listed
from overbooked.spec.write_strategies import write_strategy

TOPIC = Topic(
    "systems",
    "",
    "A set is a true or false for each replica, and the sets that are waited for are a formula over these: for "
    "strategies, read off the spec's description of them. z3 looks for two that have no replica in common. That no "
    "read is stale where all meet is the theorem no-stale-read-where-sets-meet, or of a primary "
    "standbys-are-fresh-where-sets-meet; where two do not, a run is made of them, of the spec's own steps.",
)
_SAID = Statement("every write set meets every read set", "", "A ∈ writes, B ∈ reads ⇒ A ∩ B ≠ ∅")


def theorems(replicas: int) -> Iterator[Theorem]:
    """Yield the theorems about fixed and other sets, each with its twin; strategies are over so many replicas."""
    return chain.from_iterable(_listed(replicas))


def named(name: str, replicas: int) -> Theorem | None:
    """Return the theorem that the sets of the quorum system of that name meet; ``None`` when it names no system."""
    if (system := system_named(name, replicas)) is None:
        return None
    return _topic(system).theorem(name, _SAID, _prover(system))._replace(asked=True)


def _listed(replicas: int) -> Iterator[tuple[Theorem, ...]]:
    first, other = (_pair("serial-async", f"one:db{i}", replicas) for i in (1, min(2, replicas)))
    if replicas > 1:
        yield _with_twin(first, other, "if db2 is read")
    yield _with_twin(grid(3, 3), grid(3, 3, lacking=1), "if a write's column may lack a replica")
    yield _with_twin(votes((3, 1, 1, 1), 3, 4), votes((3, 1, 1, 1), 3, 3), "if a read needs 3 votes")


def _pair(write: str, read: str, replicas: int) -> QuorumSystem:
    return of_strategies(write_strategy(write, replicas), read_strategy(read, replicas), replicas)


def _topic(system: QuorumSystem) -> Topic:
    return TOPIC._replace(covers=f"N = {system.replicas}; {system.words}")


def _with_twin(system: QuorumSystem, weaker: QuorumSystem, weakened: str) -> tuple[Theorem, Theorem]:
    return _topic(system).with_twin(
        system.name, _SAID, WeakenedPremise(weakened, _SAID.symbols), lambda slack: _prover(weaker if slack else system)
    )


def _prover(system: QuorumSystem) -> Prover:
    def prove(seconds: float) -> Proof:
        claim = meet(system)
        verdict, case = ask(claim, seconds)
        return Proof(verdict, (Part(claim.what, verdict),), *(_unmet(system, *missing(system, case)) if case else ()))

    return prove


def _unmet(system: QuorumSystem, written: list[int], read: list[int]) -> Found:
    sets = f"N = {system.replicas}; written: {_spelled(written)}; read: {_spelled(read)}"
    if "/" not in system.name:
        return sets, ()
    write, _, way = system.name.partition("/")
    setting = setting_of(write, way, system.replicas)
    return sets, run_in_words(setting, stale_run(setting, written, read))


def setting_of(write: str, read: str, replicas: int) -> Setting:
    """Return the setting of a pair of strategies in which stale reads are looked for."""
    users = GUARANTEES[GUARANTEE].users
    return Setting(write_strategy(write, replicas), read_strategy(read, replicas), replicas, FAULTS["none"], users)


def _spelled(replicas: list[int]) -> str:
    return listed([f"db{i}" for i in replicas]) or "none"
