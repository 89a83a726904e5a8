"""Explored and proved, side by side: for every pair of strategies over up to five replicas, both must say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple, TypeAlias

import z3

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import Verdict
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.proving.solver import ask
from overbooked.checker.theorems.any_primary import K
from overbooked.checker.theorems.any_size import N, R, W
from overbooked.checker.theorems.primary_guarantees import SHOWN
from overbooked.checker.theorems.primary_runs import STALE, STALE_IF_RECEIVED
from overbooked.checker.theorems.quorum_systems import meet, missing, of_strategies
from overbooked.checker.theorems.read_guarantees import ALL, ENOUGH
from overbooked.checker.theorems.stale_reads import STEPS
from overbooked.checker.theorems.stale_run import GUARANTEE, stale_run
from overbooked.spec.names import number_of
from overbooked.spec.read_strategies import plain_reads, read_strategy
from overbooked.spec.write_strategies import write_strategies, write_strategy

MOST = 5
"""Pairs over 1 to so many replicas are compared."""


class Agreement(NamedTuple):
    """What is said of ``read-after-write`` for one pair of strategies, with no fault: explored, and proved.

    ``length`` and ``proved_length`` are those of the shortest run found, and of the run made of sets that miss each
    other.
    """

    replicas: int
    write: str
    read: str
    explored: Verdict
    proved: Verdict
    length: int | None
    proved_length: int | None
    wrong: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether both say the same, of a run of the same length."""
        return self.explored == self.proved and self.length == self.proved_length and not self.wrong

    @property
    def is_unknown(self) -> bool:
        """Whether they do not disagree, but one of them could not say."""
        return "unknown" in {self.explored, self.proved} and not self.wrong


def agreement(is_proved: Callable[[str], bool], seconds: float) -> Iterator[Agreement]:
    """Yield what both say of every pair, for one number of replicas after the other.

    ``is_proved`` tells of a theorem, by its name, whether it is: nothing follows from one that is not.
    """
    for replicas in range(1, MOST + 1):
        for found in _explored(replicas):
            cell = found.cell
            proved = _by_numbers(cell, is_proved) or _by_sets(cell, is_proved, seconds)
            says, proved_length, wrong = proved
            yield Agreement(replicas, cell.write, cell.read, found.verdict, says, found.length, proved_length, wrong)


def _explored(replicas: int) -> list[CellVerdict]:
    """Explore every pair of which something is proved; of two names for the same way to read, ``first:R`` is taken."""
    reads = [name for name in plain_reads(replicas) if name.startswith(("first:", "one:"))]
    writes = [name for name, way in write_strategies(replicas).items() if not way.unique]
    cells = [Cell(write, read, replicas, "none", GUARANTEE) for write, read in product(writes, reads)]
    judging = Evaluation(cells, Bounds(), runs=False)
    for _ in judging.run():
        pass
    return judging.verdicts


_Said: TypeAlias = tuple[Verdict, "int | None", "str | None"]


def _by_numbers(cell: Cell, is_proved: Callable[[str], bool]) -> _Said | None:
    """Return what theorems say of ``parallel:W`` or ``primary:K`` by ``first:R``, and ``None`` of other pairs."""
    r, about = number_of(cell.read, "first"), _of_numbers(cell.write)
    if r is None or about is None:
        return None
    fresh, stale, theorem, run, needed = about
    numbers = [(N, z3.IntVal(cell.replicas)), (W, z3.IntVal(needed)), (K, z3.IntVal(needed)), (R, z3.IntVal(r))]
    if z3.is_true(z3.simplify(z3.substitute(fresh, *numbers))):
        return ("holds" if is_proved(theorem) else "unknown"), None, None
    steps = z3.simplify(z3.substitute(stale, *numbers)).as_long()
    return ("violated" if is_proved(run) else "unknown"), steps, None


class _About(NamedTuple):
    """What is proved of a way to write: when no read is stale, and in how many steps one is elsewhere."""

    fresh: z3.BoolRef
    stale: z3.ArithRef
    theorem: str
    run: str
    needed: int


def _of_numbers(write: str) -> _About | None:
    if needed := number_of(write, "parallel"):
        return _About(ENOUGH, STEPS, "no-stale-read", "stale-read", needed)
    if needed := number_of(write, "primary"):
        return _About(SHOWN, STALE, "standbys-are-fresh", "stale-standbys", needed)
    if needed := number_of(write.removesuffix(":received"), "primary"):
        names = "standbys-that-received-are-fresh", "stale-standbys-if-received"
        return _About(ALL, STALE_IF_RECEIVED, *names, needed)
    return None


def _by_sets(cell: Cell, is_proved: Callable[[str], bool], seconds: float) -> _Said:
    """Return what follows from the sets that a pair waits for; two that miss each other make a run."""
    system = of_strategies(
        write_strategy(cell.write, cell.replicas), read_strategy(cell.read, cell.replicas), cell.replicas
    )
    verdict, case = ask(meet(system)._replace(small=()), seconds)
    theorem = "standbys-are-fresh-where-sets-meet" if cell.setting.write.primary else "no-stale-read-where-sets-meet"
    if verdict == "proved" and is_proved(theorem):
        return "holds", None, None
    if case is None:
        return "unknown", None, None
    try:
        return "violated", len(stale_run(cell.setting, *missing(system, case)).steps), None
    except ValueError as error:
        return "unknown", None, str(error)
