"""All theorems by name, and the proving of those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import TypeAlias

from overbooked.checker.proving.solver import out_of_memory_is_an_error
from overbooked.checker.proving.theorem import Judged, Proof, Theorem, judge
from overbooked.checker.theorems import (
    ack_latency,
    bounded_proofs,
    claimed_rooms,
    forgetful_replicas,
    primary_guarantees,
    primary_runs,
    quiescence,
    quorum_intersection,
    quorum_sizes,
    read_guarantees,
    repaired_reads,
    session_reads,
    stale_reads,
)
from overbooked.checker.theorems.cross_check import Agreement, agreement
from overbooked.checker.theorems.quorum_systems import FORMS
from overbooked.spec.names import unknown

GROUPS = {
    "sets": "Sets of replicas and their sizes",
    "systems": "Sets that are no thresholds",
    "protocol": "What every run does",
    "primary": "What a primary and its standbys do",
    "steps": "The spec's own steps, in z3 as in the search",
    "latency": "When an acknowledgement comes",
    "agreement": "Explored and proved, side by side",
}
"""The groups of theorems, in words; the last is no theorem, but a table."""


class Proving:
    """Theorems being proved: what was found so far, whether that is all, and whether memory has run out.

    names
        Theorems, groups of them, or quorum systems, as typed; none are all theorems and the agreement.
    replicas
        Over how many replicas those are that speak of a number of them, and the examples.
    seconds
        How long each question to z3 may take.

    Raises :class:`overbooked.spec.names.StrategyError` when a name means nothing.
    """

    def __init__(self, names: Sequence[str], replicas: int, seconds: float) -> None:
        """Look up the names; nothing is proved yet."""
        self._seconds = seconds
        self._asked = [_named(name, replicas) for name in dict.fromkeys(names or GROUPS)]
        self._compares = not names or "agreement" in names
        self.judged: list[Judged] = []
        self.agreement: list[Agreement] = []
        self.finished = False
        self.out_of_memory = False

    def run(self) -> Generator[Judged, None, None]:
        """Prove; yield each theorem once it is judged, and compare at last. Stopped, what was found is kept.

        Where there is no memory left, a theorem that is being proved is unknown, and nothing more is asked.
        """
        try:
            with out_of_memory_is_an_error():
                yield from self._run()
        except MemoryError:
            self.out_of_memory = True
        self.finished = True

    def _run(self) -> Iterator[Judged]:
        for theorem in chain.from_iterable(theorems() for theorems in self._asked):
            try:
                with out_of_memory_is_an_error():
                    self.judged.append(judge(theorem, self._seconds))
            except MemoryError:
                self.judged.append(Judged(theorem, Proof("unknown"), 0.0))
                yield self.judged[-1]
                raise
            yield self.judged[-1]
        if self._compares:
            for each in agreement(self._is_proved, self._seconds):
                self.agreement.append(each)

    @cache  # noqa: B019 - it lives as long as the command
    def _is_proved(self, name: str) -> bool:
        known = {each.theorem.name: each for each in self.judged}
        if name not in known:
            theorem = next(each for each in chain(_protocol(), _primary()) if each.name == name)
            return judge(theorem, self._seconds).proof.verdict == "proved"
        return known[name].proof.verdict == "proved"


def listed(replicas: int) -> list[Theorem]:
    """Return every theorem whose statement is known before anything is explored, each followed by its twin."""
    return [theorem for group in GROUPS if group != "steps" for theorem in _of_group(group, replicas)()]


def theorems_in_words(replicas: int) -> dict[str, str]:
    """Return what each theorem says, by its name, and which others can be asked for."""
    known = {
        it.name: it.covers if it.group == "systems" else it.said.words for it in listed(replicas) if not it.weakens
    }
    return known | {"steps:WRITE/READ": "no check is stale, in the spec's own steps"} | FORMS


_Theorems: TypeAlias = Callable[[], Iterable[Theorem]]
"""Makes theorems; some are explored for that, so it is put off until they are to be proved."""


def _of_group(group: str, replicas: int) -> _Theorems:
    return {
        "sets": lambda: quorum_sizes.theorems(replicas),
        "systems": lambda: quorum_intersection.theorems(replicas),
        "protocol": _protocol,
        "primary": _primary,
        "steps": lambda: bounded_proofs.theorems(min(replicas, bounded_proofs.MOST)),
        "latency": ack_latency.theorems,
        "agreement": lambda: (),
    }[group]


def _protocol() -> Iterable[Theorem]:
    whole = chain(read_guarantees.theorems(), stale_reads.theorems(), quiescence.theorems())
    return chain(
        whole,
        repaired_reads.theorems(),
        session_reads.by_app_server(),
        claimed_rooms.theorems(),
        forgetful_replicas.theorems(),
    )


def _primary() -> Iterable[Theorem]:
    return chain(primary_guarantees.theorems(), primary_runs.theorems(), session_reads.by_primary())


def _named(name: str, replicas: int) -> _Theorems:
    """Return what a name means: a group, a theorem with its twin (by the name of either), or a quorum system."""
    if name in GROUPS:
        return _of_group(name, replicas)
    known = listed(replicas)
    weakens = {it.name: it.weakens for it in known}
    bare = weakens.get(name) or name.removesuffix(":weakened")
    if found := [theorem for theorem in known if bare in {theorem.name, theorem.weakens}]:
        return lambda: found
    if bare.startswith("steps:"):
        return bounded_proofs.named(bare, replicas)
    if system := quorum_intersection.named(name, replicas):
        return lambda: [system]
    raise unknown(
        "theorem, group of theorems or quorum system", name, [*GROUPS, *(it.name for it in known if not it.weakens)]
    )
