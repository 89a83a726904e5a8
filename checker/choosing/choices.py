"""Which pairs keep all that is needed, whatever may fail; or, where none does, which miss least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.choosing.candidates import Pair, candidates
from overbooked.checker.choosing.known import Known
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.spec.guarantees import GUARANTEES, TABLE, implied

_SMALL_FIRST = sorted(GUARANTEES, key=lambda name: sum(map(len, GUARANTEES[name].users)))
"""Every guarantee, those first in whose programs there are few calls: what breaks them need not be judged by others."""


class Wanted(NamedTuple):
    """What is asked for: guarantees, under each of these faults, over so many replicas; and what is to be cheap."""

    needs: tuple[str, ...]
    faults: tuple[str, ...] = ("none",)
    replicas: int = 3
    prefer: str = "latency"


class Choice(NamedTuple):
    """A pair, and the guarantees that it keeps under every fault, breaks under one, or of which neither is known.

    One that holds only because nothing happened is none of these. ``misses`` are the cells in which what is needed does
    not hold.
    """

    pair: Pair
    keeps: tuple[str, ...]
    breaks: tuple[str, ...]
    unknown: tuple[str, ...]
    misses: tuple[CellVerdict, ...] = ()


class Choosing:
    """Chooses; of the pairs ``considered``, ``kept`` are those that keep all, cheapest first.

    Where there are none, ``nearest`` are those that miss least. What is not ``known`` is explored.
    """

    def __init__(self, wanted: Wanted, bounds: Bounds, known: Known) -> None:
        self.wanted = wanted
        self._bounds = bounds
        self._pairs = candidates(wanted.replicas, wanted.faults, wanted.prefer)
        self.is_known = bool(known)
        self._known = dict(known)
        self.considered = len(self._pairs)
        self.kept: list[Choice] = []
        self.nearest: list[Choice] = []
        self.unknown = 0
        """Of so many pairs it is not known whether they keep all, as a bound was reached."""

    def run(self, most: int | None = None) -> Iterator[str]:
        """Yield how far it is; of at most so many pairs, what they keep that is not needed is explored, too."""
        left = self._pairs
        needs = [name for name in _SMALL_FIRST if name in self.wanted.needs]
        for name in needs:
            yield from self._judge(left, [name])
            left = [pair for pair in left if self._stands(pair, name) in {"holds", "unknown"}]
        kept = [pair for pair in left if all(self._stands(pair, name) == "holds" for name in needs)]
        self.unknown = len(left) - len(kept)
        if kept:
            yield from self._judge(kept if self.is_known else kept[:most], _SMALL_FIRST)
            self.kept = [self._choice(pair) for pair in kept]
            return
        yield from self._judge(self._pairs, needs)
        every = [self._choice(pair) for pair in self._pairs]
        least = min((len(self._missed(choice)) for choice in every), default=0)
        nearest = [choice.pair for choice in every if len(self._missed(choice)) == least]
        yield from self._judge(nearest if self.is_known else nearest[:most], _SMALL_FIRST)
        self.nearest = [self._choice(pair) for pair in nearest]

    def _missed(self, choice: Choice) -> set[str]:
        return {verdict.cell.guarantee for verdict in choice.misses}

    def _judge(self, pairs: Sequence[Pair], names: Sequence[str]) -> Iterator[str]:
        """Judge these guarantees of these pairs, one guarantee after the other, so that what one implies is known."""
        for name in names:
            asked = [cell for pair in pairs for cell in self._cells(pair, name) if not self._is_known(cell)]
            judging = Evaluation(asked, self._bounds, runs=False, until_broken=True)
            for _ in judging.run():
                yield f"{name}, {judging.explored}"
            self._known |= {verdict.cell: verdict for verdict in judging.verdicts}

    def _is_known(self, cell: Cell) -> bool:
        """Return whether a cell is judged, or broken as it implies one that is."""
        if cell in self._known:
            return True
        weaker = [self._known.get(cell._replace(guarantee=name)) for name in implied(cell.guarantee)]
        broken = next((verdict for verdict in weaker if verdict and verdict.verdict == "violated"), None)
        if broken:
            self._known[cell] = broken._replace(cell=cell, length=None)
        return broken is not None

    def _cells(self, pair: Pair, name: str) -> list[Cell]:
        return [Cell(pair.write, pair.read, self.wanted.replicas, fault, name) for fault in self.wanted.faults]

    def _verdicts(self, pair: Pair, name: str) -> list[CellVerdict]:
        return [self._known[cell] for cell in self._cells(pair, name) if cell in self._known]

    def _stands(self, pair: Pair, name: str) -> str:
        """Return how a guarantee stands: ``holds`` under every fault; else ``violated``, ``unknown`` or ``vacuous``."""
        found = {verdict.verdict for verdict in self._verdicts(pair, name)}
        return next((worst for worst in ("violated", "unknown", "vacuous", "holds") if worst in found), "unknown")

    def _choice(self, pair: Pair) -> Choice:
        stand = {name: self._stands(pair, name) for name in TABLE + self.wanted.needs}
        keeps, breaks, unknown = (
            tuple(name for name, how in stand.items() if how == each) for each in ("holds", "violated", "unknown")
        )
        every = [verdict for name in self.wanted.needs for verdict in self._verdicts(pair, name)]
        misses = tuple(verdict for verdict in every if verdict.verdict != "holds")
        return Choice(pair, keeps, breaks, unknown, misses)
