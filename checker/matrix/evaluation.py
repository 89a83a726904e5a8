"""Cells being judged, model by model: what many cells ask of one model is explored once."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from overbooked.checker.cells import Cell, CellVerdict, Explored
from overbooked.checker.engine.runs import run_along
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import Search, batches
from overbooked.spec.language import Model
from overbooked.spec.system import model

if TYPE_CHECKING:
    from overbooked.checker.engine.checkpoint import Checkpoint


class Evaluation:
    """Cells being judged: the verdicts so far, whether they are finished, and how much was explored.

    ``bounds`` are those of each search. With ``runs``, the runs that break guarantees are told. With ``until_broken`` a
    search ends with the first level that breaks what it judges, so that its counts are not all there is. With
    ``reduce``, models that are not small are reduced. What a ``checkpoint`` knows of these cells is not done again.
    """

    def __init__(  # noqa: PLR0913 - all but two of them by name
        self,
        cells: Sequence[Cell],
        bounds: Bounds,
        *,
        runs: bool,
        until_broken: bool = False,
        reduce: bool = True,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.cells = cells
        self.finished = False
        self._bounds = bounds
        self._runs = runs
        self._until_broken = until_broken
        self._reduce = reduce
        self._known: dict[Cell, CellVerdict] = {}
        self._checkpoint = checkpoint
        self._searches = 0
        self._done = Explored()
        self._under_way: Search | None = None

    @property
    def verdicts(self) -> list[CellVerdict]:
        """A verdict for every cell, ``unknown`` for those not reached yet."""
        return [self._known.get(cell, CellVerdict(cell, "unknown")) for cell in self.cells]

    @property
    def explored(self) -> Explored:
        """How much was explored until now."""
        return self._done.plus(self._under_way) if self._under_way else self._done

    @cached_property
    def models(self) -> int:
        """How many distinct models there are in all."""
        return sum(len(_alike(family)) for family in _families(self.cells))

    def is_judged(self, cell: Cell) -> bool:
        """Return whether all is known of a cell that is going to be."""
        return cell in self._known

    def run(self) -> Generator[Explored, None, None]:
        """Judge the cells; yield after each step of the way. Stopped in between, what was found is kept."""
        for asked in _families(self.cells):
            models = {id(made): (made, cells) for made, cells in _models(asked)}
            made = [made for made, _ in models.values()]
            small = all(cell.is_small for cell in asked)
            for batch in batches(made) if small else ([one] for one in made):
                its_cells = [models[id(made)][1] for made in batch]
                if not self._is_known(batch, its_cells):
                    yield from self._explore(batch, its_cells, reduce=not small)
                self._searches += 1
        self.finished = True

    def _explore(self, batch: list[Model], cells: list[list[Cell]], *, reduce: bool) -> Iterator[Explored]:
        reduce = reduce and self._reduce
        search = Search(batch, self._bounds, reduce=reduce, until_broken=self._until_broken)
        if self._checkpoint:
            search.resume(self._checkpoint.explored(self._searches))
        self._under_way = search
        try:
            for _ in search.run():
                if self._checkpoint and self._checkpoint.is_due:
                    self._checkpoint.save(self._searches, search.made)
                yield self.explored
            self._keep(search, cells, runs=self._runs)
            self._write(search, batch, cells)
        except MemoryError:
            self._keep(search, cells, runs=False)
        except (KeyboardInterrupt, GeneratorExit):
            self._keep(search, cells, runs=False)
            if self._checkpoint:
                self._checkpoint.save(self._searches, search.made)
            raise
        self._done, self._under_way = self.explored, None

    def _write(self, search: Search, batch: list[Model], cells: list[list[Cell]]) -> None:
        """Have the checkpoint, if there is one, keep what a search has found; or how far it is, if a bound ended it."""
        if self._checkpoint and search.is_whole:
            its = Explored().plus(search)
            rows = [[_row(self._known[cell], of) for cell in each] for of, each in zip(batch, cells, strict=True)]
            self._checkpoint.finish(self._searches, [its, rows])
        elif self._checkpoint:
            self._checkpoint.save(self._searches, search.made)

    def _is_known(self, batch: list[Model], cells: list[list[Cell]]) -> bool:
        """Return whether the checkpoint has what the next search would find, which is then known."""
        found = self._checkpoint.finished(self._searches) if self._checkpoint else None
        if not found:
            return False
        its, rows = found
        self._done = Explored(*(before + each for before, each in zip(self._done, its, strict=True)))
        for of, each, its_rows in zip(batch, cells, rows, strict=True):
            self._known |= {cell: _known(cell, row, of) for cell, row in zip(each, its_rows, strict=True)}
        return True

    def _keep(self, search: Search, cells: list[list[Cell]], *, runs: bool) -> None:
        for result, of in zip(search.results(runs=runs), cells, strict=False):
            for cell in of:
                it = result.judgements[cell.guarantee]
                counts = (result.states, result.transitions, result.depth, result.complete)
                more = (it.length, it.run, it.shortest, search.is_reduced)
                self._known[cell] = CellVerdict(cell, it.verdict, it.witness, *counts, *more)


def _row(verdict: CellVerdict, of: Model) -> list[object]:
    """Return a verdict as a checkpoint keeps it: of a run, the places of its steps in the model."""
    run = verdict.run and ([of.steps.index(step) for step in verdict.run.steps], verdict.run.cycle_from)
    _, *its = verdict._replace(run=None)
    return [*its, run]


def _known(cell: Cell, row: Sequence[Any], of: Model) -> CellVerdict:
    """Return the verdict that a checkpoint has kept."""
    *its, run = row
    if not run:
        return CellVerdict(cell, *its)
    told = run_along(of, [of.steps[at] for at in run[0]])._replace(cycle_from=run[1])
    return CellVerdict(cell, *its)._replace(run=told)


def _families(cells: Iterable[Cell]) -> Iterable[list[Cell]]:
    """Return the cells in groups: in one, users do the same, under the same fault, and guarantees remember the same."""
    families: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        judged = cell.judged
        families.setdefault((cell.replicas, cell.fault, judged.users, judged.memory), []).append(cell)
    return families.values()


def _models(family: list[Cell]) -> Iterator[tuple[Model, list[Cell]]]:
    """Yield the distinct models of a family, each with the cells that it answers for."""
    for cells in _alike(family):
        guarantees = {cell.guarantee: cell.judged for cell in cells}
        yield model(cells[0].setting, *guarantees.values()), cells


def _alike(family: list[Cell]) -> list[list[Cell]]:
    """Return the cells of a family in groups, each of which has one model.

    Where nobody checks, the way to read makes no difference, nor the way to write where nobody books; and
    some strategies have two names (over three replicas ``first:2`` is ``quorum``).
    """
    alike: dict[Hashable, list[Cell]] = {}
    for cell in family:
        setting = cell.setting
        write, read = setting.write._replace(name=""), setting.read._replace(name="")
        alike.setdefault((write if setting.bookings else None, read if setting.checks else None), []).append(cell)
    return list(alike.values())
