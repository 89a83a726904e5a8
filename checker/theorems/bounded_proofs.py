"""The spec's own steps in z3, over a fixed number of replicas: it must say what the search says, and as shortly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES
from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.verdicts import PropertyVerdict, check
from overbooked.checker.proving.induction import View
from overbooked.checker.proving.theorem import Part, Proof, Prover, Statement, Theorem, Topic, WeakenedPremise, ask_all
from overbooked.checker.proving.transition_relation import SymbolicState, induction, shortest_run
from overbooked.checker.theorems import invariants
from overbooked.checker.theorems.any_size import Numbers, replica_of
from overbooked.checker.theorems.invariants import Lines
from overbooked.checker.theorems.smallest_run import run_in_words
from overbooked.spec.everyday_words import read_called, write_called
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Model
from overbooked.spec.names import StrategyError, shown
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.write_strategies import write_strategy

GUARANTEE = "read-after-write"
MOST = 5
"""Over so many replicas at most."""
LONGEST = 16
"""Runs of up to so many steps are looked for: a second or so."""

TOPIC = Topic(
    "steps",
    "",
    "The tables that the search explores, as formulas: bounded search unrolls them, a step at a time, until a run "
    "breaks the guarantee; where the search finds none, z3 proves by induction that there is none.",
)


def theorems(replicas: int) -> Iterator[Theorem]:
    """Yield, for each of the source's pairs, what the search says as a theorem, with a twin if it holds."""
    for write, read in product(SOURCE_WRITES, DEFAULT_READS):
        yield from _of_pair(f"steps:{write}/{read}", _setting(write, read, replicas))


def named(name: str, replicas: int) -> Callable[[], Iterator[Theorem]]:
    """Return what makes the theorem ``steps:WRITE/READ``.

    Raises :class:`overbooked.spec.names.StrategyError` when a strategy is unknown, or the pair is not one that is
    proved so.
    """
    its_write, _, its_read = name.removeprefix("steps:").partition("/")
    write, read = write_called(its_write, replicas), read_called(its_read, replicas)
    setting = _setting(write, read, replicas)
    if replicas > MOST:
        raise StrategyError(f"{shown(name)}: the spec's own steps are proved over up to {MOST} replicas")
    if len(setting.read.asks) < replicas:
        raise StrategyError(f"{shown(name)}: {read} asks one replica alone, so ask for the sets: {write}/{read}")
    return lambda: _of_pair(name, setting)


def _of_pair(name: str, setting: Setting) -> Iterator[Theorem]:
    write, read = setting.write.name, setting.read.name
    topic = TOPIC._replace(covers=f"N = {setting.replicas}; one booking and one check; no fault")
    found = _explored(setting)
    said = Statement(f"no check by {read} is stale after an ack of {write}", "", f"{write}, {read} ⇒ {GUARANTEE}")
    theorem = topic.theorem(name, said, _prover(setting, found))
    if found.verdict == "violated":
        yield theorem._replace(expected="refuted")
    else:
        yield theorem
        yield _twin(theorem, setting)


def _setting(write: str, read: str, replicas: int) -> Setting:
    users = GUARANTEES[GUARANTEE].users
    return Setting(write_strategy(write, replicas), read_strategy(read, replicas), replicas, FAULTS["none"], users)


def _twin(theorem: Theorem, setting: Setting) -> Theorem:
    """Return the twin: an ack waits for one confirmation fewer than R + W > N asks for."""
    fewer = setting.replicas - setting.read.answers
    weaker = setting._replace(write=setting.write._replace(needed=fewer))
    when = WeakenedPremise(
        f"if the ack waits for {fewer} confirmation{'s' * (fewer != 1)}", f"W = {fewer}, {theorem.said.symbols}"
    )
    return theorem.weakened(when, _prover(weaker, _explored(weaker)))


def _model(setting: Setting) -> Model:
    return model(setting, GUARANTEES[GUARANTEE])


def _explored(setting: Setting) -> PropertyVerdict:
    found = check(_model(setting)).judgements[GUARANTEE]
    if found.verdict == "unknown":
        raise MemoryError
    return found


def _prover(setting: Setting, explored: PropertyVerdict) -> Prover:
    """Return a prover for one pair: by bounded search where the search found a violation, else by induction."""
    if explored.verdict == "violated":
        return lambda seconds: _searched(setting, explored, seconds)
    return lambda seconds: _induced(setting, seconds)


def _searched(setting: Setting, explored: PropertyVerdict, seconds: float) -> Proof:
    try:
        run = shortest_run(_model(setting), _model(setting).properties[0], LONGEST, replica_of, seconds)
    except TimeoutError as error:
        return Proof("unknown", (Part(str(error), "unknown"),))
    if run is None and (explored.length or 0) > LONGEST:
        return Proof("unknown", (Part(f"no run of up to {LONGEST} steps", "unknown"),))
    if run is None or len(run.steps) != explored.length:
        return Proof("unknown", wrong=f"the search says {explored.length} steps, z3 {_length(run)}")
    brief = f"a run of {explored.length} steps and none shorter, as in the search"
    return Proof("refuted", (Part(brief, "refuted"),), "", run_in_words(setting, run), brief)


def _length(run: Run | None) -> str:
    return f"{len(run.steps)}" if run else f"none of up to {LONGEST}"


def _induced(setting: Setting, seconds: float) -> Proof:
    numbers = Numbers(setting.replicas, setting.write.needed, setting.read.answers)

    def lines(view: View) -> Lines:
        return invariants.reads_see_writes(view, setting, numbers)

    asked = _model(setting)
    found = ask_all(induction(asked, asked.properties[0], lines, replica_of), seconds)
    return Proof(
        "proved" if found.verdict == "proved" else "unknown", found.parts, invariant=tuple(_sentences(setting, numbers))
    )


def _sentences(setting: Setting, numbers: Numbers) -> Lines:
    return invariants.reads_see_writes(SymbolicState(_model(setting), 0, replica_of), setting, numbers)
