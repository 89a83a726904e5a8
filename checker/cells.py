"""The booking system's cells (a way to write, a way to read, a fault setting and a guarantee) and their verdicts."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from checker.runs import Run
from checker.search import Exploration, explore
from checker.verdicts import Result, Verdict, batches, results
from spec.faults import FAULTS
from spec.guarantees import GUARANTEES, Guarantee
from spec.language import Model
from spec.read_strategies import read_strategy
from spec.system import model
from spec.world import World
from spec.write_strategies import write_strategy

SOURCE_WRITES = ("serial-sync", "serial-async", "parallel:1", "message:serial-sync")
SOURCE_READS = ("one", "quorum", "all")
_SMALL = 3
"""Up to so many replicas, models are small and explored together; larger ones one by one, for the memory they take."""


class Cell(NamedTuple):
    """What is asked: whether this way to write and this way to read give the guarantee under this fault."""

    write: str
    read: str
    replicas: int
    fault: str
    guarantee: str

    @property
    def world(self) -> World:
        """The setting, with the programs that put the guarantee to the test."""
        write, read = write_strategy(self.write, self.replicas), read_strategy(self.read, self.replicas)
        return World(write, read, self.replicas, FAULTS[self.fault], GUARANTEES[self.guarantee].users)


class CellVerdict(NamedTuple):
    """What is answered; ``length`` is that of a shortest run that breaks the guarantee.

    The counts are all there is where the search is ``complete``, and what was seen until a bound or Ctrl-C elsewhere.
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


class Explored(NamedTuple):
    """How much was explored: distinct models have their states and transitions counted once."""

    states: int = 0
    transitions: int = 0
    models: int = 0

    def __str__(self) -> str:
        """How much, on a line."""
        return f"{self.states:,} states in {self.models} distinct models"


class Judging:
    """Cells being judged: the verdicts so far, whether they are finished, and how much was explored.

    ``max_states`` bounds each search. With ``runs``, the runs that break guarantees are told. With ``until_broken`` a
    search ends with the first level that breaks what it judges, so that its counts are not all there is.
    """

    def __init__(self, cells: Sequence[Cell], max_states: int, *, runs: bool, until_broken: bool = False) -> None:
        self.cells = cells
        self.finished = False
        self._max_states = max_states
        self._runs = runs
        self._until_broken = until_broken
        self._known: dict[Cell, CellVerdict] = {}
        self._done = Explored()
        self._under_way: Exploration | None = None

    @property
    def verdicts(self) -> list[CellVerdict]:
        """A verdict for every cell, ``unknown`` for those not reached yet."""
        return [self._known.get(cell, CellVerdict(cell, "unknown")) for cell in self.cells]

    @property
    def explored(self) -> Explored:
        """How much was explored until now."""
        now, done = self._under_way, self._done
        if now is None:
            return done
        counts = (sum(now.states), sum(now.transitions), len(now.states))
        return Explored(*(before + more for before, more in zip(done, counts, strict=True)))

    def run(self) -> Generator[Explored, None, None]:
        """Judge the cells; yield after each step of the way. Stopped in between, what was found is kept."""
        for asked in _families(self.cells):
            models = {id(made): (made, cells) for made, cells in _models(asked)}
            made = [made for made, _ in models.values()]
            small = all(cell.replicas <= _SMALL for cell in asked)
            for batch in batches(made) if small else ([one] for one in made):
                yield from self._explore(batch, [models[id(made)][1] for made in batch])
        self.finished = True

    def _explore(self, batch: list[Model], cells: list[list[Cell]]) -> Iterator[Explored]:
        found = None
        try:
            for found in explore(batch, self._max_states):
                self._under_way = found
                yield self.explored
                if self._until_broken and all(found.broken):
                    break
            if found:
                self._keep(results(found, runs=self._runs), cells)
        except (KeyboardInterrupt, GeneratorExit):
            if found:
                self._keep(results(found, runs=False), cells)
            raise
        self._done, self._under_way = self.explored, None

    def _keep(self, judged: list[Result], cells: list[list[Cell]]) -> None:
        for result, of in zip(judged, cells, strict=True):
            for cell in of:
                it = result.judgements[cell.guarantee]
                counts = (result.states, result.transitions, result.depth, result.complete)
                self._known[cell] = CellVerdict(cell, it.verdict, it.witness, *counts, it.length, it.run)


def _families(cells: Iterable[Cell]) -> Iterable[list[Cell]]:
    """Return the cells in groups: in one, users do the same, under the same fault, and guarantees remember the same."""
    families: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        guarantee = GUARANTEES[cell.guarantee]
        key = (cell.replicas, cell.fault, guarantee.users, guarantee.memory)
        families.setdefault(key, []).append(cell)
    return families.values()


def _models(family: list[Cell]) -> Iterator[tuple[Model, list[Cell]]]:
    """Yield the distinct models of a family, each with the cells that it answers for.

    Where nobody checks, the way to read makes no difference, nor the way to write where nobody books; and
    some strategies have two names (over three replicas ``first:2`` is ``quorum``).
    """
    alike: dict[Hashable, list[Cell]] = {}
    for cell in family:
        world = cell.world
        write, read = world.write._replace(name=""), world.read._replace(name="")
        alike.setdefault((write if world.bookings else None, read if world.checks else None), []).append(cell)
    for cells in alike.values():
        guarantees: dict[str, Guarantee] = {cell.guarantee: GUARANTEES[cell.guarantee] for cell in cells}
        yield model(cells[0].world, *guarantees.values()), cells
