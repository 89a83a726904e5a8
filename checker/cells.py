"""The booking system's cells (a way to write, a way to read, a fault setting and a guarantee) and their verdicts."""

from __future__ import annotations

from typing import NamedTuple

from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.verdicts import Search, Verdict
from overbooked.spec.combinations import misfit
from overbooked.spec.faults import fault_named
from overbooked.spec.faulty_runs import in_faulty_runs
from overbooked.spec.guarantees import GUARANTEES, Guarantee
from overbooked.spec.read_strategies import names_of, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.users import scaled
from overbooked.spec.write_strategies import write_strategy

SOURCE_WRITES = ("serial-sync", "serial-async", "parallel:1", "message:serial-sync")
"""The ways to write that the source has, in each of which the app server writes to every replica."""
DEFAULT_WRITES = (
    "serial-sync",
    "serial-async",
    "parallel:1",
    "parallel:2",
    "message:serial-sync",
    "primary:1",
    "primary:2",
)
"""Those of the table unless others are asked for; some of them need two replicas."""
COVERED_WRITES = (*SOURCE_WRITES, "primary:2")
"""Those that the reference is held to unless others are asked for; an app server of one's own, to the source's."""
DEFAULT_READS = ("one", "quorum", "all")
_SMALL = 3
"""Up to so many replicas, models are small and explored together; larger ones one by one, and reduced."""


class Cell(NamedTuple):
    """What is asked: whether this way to write and this way to read give the guarantee under this fault.

    So many users book, and so many only check; ``None`` stands for as many as the guarantee itself has. With
    ``each_fault``, only runs count in which each fault happens.
    """

    write: str
    read: str
    replicas: int
    fault: str
    guarantee: str
    bookings: int | None = None
    checks: int | None = None
    each_fault: bool = False

    @property
    def judged(self) -> Guarantee:
        """The guarantee, with as many users as are asked for."""
        guarantee = GUARANTEES[self.guarantee].tested_by(read_strategy(self.read, self.replicas))
        guarantee = guarantee._replace(users=scaled(guarantee.users, self.bookings, self.checks))
        return in_faulty_runs(guarantee) if self.each_fault else guarantee

    @property
    def setting(self) -> Setting:
        """The setting, with the programs that put the guarantee to the test."""
        write, read = write_strategy(self.write, self.replicas), read_strategy(self.read, self.replicas)
        return Setting(write, read, self.replicas, fault_named(self.fault), self.judged.users)

    @property
    def misfit(self) -> str | None:
        """What does not go together in the cell, on a line; ``None``, if all does."""
        write, read = write_strategy(self.write, self.replicas), read_strategy(self.read, self.replicas)
        return misfit(write, read, fault_named(self.fault))

    @property
    def first_named(self) -> Cell:
        """The same cell, with the first of the names that its way to read has over so many replicas."""
        read = read_strategy(self.read, self.replicas)
        return self._replace(read=names_of(read, self.replicas)[0])

    @property
    def is_small(self) -> bool:
        """Whether all of its model is explored in no time."""
        return self.replicas <= _SMALL and self.bookings is None and self.checks is None


class CellVerdict(NamedTuple):
    """What is answered; ``length`` is that of the run that breaks the guarantee, of a ``shortest`` one or not.

    The counts are all there is where the search is ``complete``, and what was seen until a bound or Ctrl-C elsewhere;
    where the model was ``reduced`` they are what it took.
    """

    cell: Cell
    verdict: Verdict
    witness: bool = False
    states: int = 0
    transitions: int = 0
    depth: int = 0
    complete: bool = False
    length: int | None = None
    run: Run | None = None
    shortest: bool = True
    reduced: bool = False


class Explored(NamedTuple):
    """How much was explored: distinct models have their states and transitions counted once.

    Some of the models were ``reduced``: only as much of them was explored as it takes to know the verdicts.
    """

    states: int = 0
    transitions: int = 0
    models: int = 0
    reduced: int = 0

    def __str__(self) -> str:
        """How much, on a line."""
        return f"{self.states:,} states in {self.models} distinct models"

    def plus(self, search: Search) -> Explored:
        """Return how much it is together with what a search has explored."""
        more = (search.states, search.transitions, search.models, int(search.is_reduced))
        return Explored(*(before + each for before, each in zip(self, more, strict=True)))
