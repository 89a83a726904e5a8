"""The way out, beside the problem: other strategies that keep what a pair breaks.

Over three replicas every verdict is known (``spec/expected.csv``); what is named is explored once more all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from overbooked.checker.cells import Cell
from overbooked.checker.choosing.candidates import Pair, candidates
from overbooked.checker.choosing.known import REPLICAS, is_known, verdicts
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.spec.guarantees import TABLE
from overbooked.spec.wording import listed
from overbooked.spec.write_strategies import write_strategy

_Kept: TypeAlias = dict[tuple[str, str], set[str]]
"""By way to write and to read, the guarantees that the pair keeps."""


class WayOut(NamedTuple):
    """Another pair, which keeps a guarantee; ``lost`` is what the one before keeps and it does not."""

    write: str
    read: str
    lost: tuple[str, ...] = ()


class Keeper(NamedTuple):
    """A pair; which of the guarantees that others break it ``keeps``, and what it ``breaks`` itself."""

    write: str
    read: str
    keeps: tuple[str, ...]
    breaks: tuple[str, ...]


def way_out(cell: Cell) -> WayOut | None:
    """Return the least change of strategies by which the guarantee of a cell is kept; ``None``, if none is known.

    To change one of the two comes before changing both, as long as the same party replicates; then what loses less, and
    then what is cheaper.
    """
    if not is_known(cell):
        return None
    cell = cell.first_named._replace(each_fault=False)
    kept = _kept(cell.fault)
    before = kept.get((cell.write, cell.read), set())
    ways = [pair for pair in _pairs(cell.fault) if cell.guarantee in kept.get(pair[:2], set())]
    ways.sort(key=lambda pair: (*_changes(cell, pair), len(before - kept[pair[:2]])))
    for pair in ways[:1]:
        if _holds(cell._replace(write=pair.write, read=pair.read)):
            return WayOut(pair.write, pair.read, tuple(g for g in TABLE if g in before - kept[pair[:2]]))
    return None


def keepers(cells: Sequence[Cell]) -> list[Keeper]:
    """Return few pairs that together keep the guarantees of these cells, which are all of one fault.

    First comes the pair that keeps most of all, of these the cheapest; then one that keeps most and some of the rest.
    """
    found: list[Keeper] = []
    left = {cell.guarantee: cell for cell in cells if is_known(cell)}
    fault = next((cell.fault for cell in left.values()), "none")
    while left:
        best = max(_pairs(fault), key=partial(_worth, _kept(fault), {*left}))
        kept = _kept(fault)[best[:2]]
        keeps = [cell._replace(write=best.write, read=best.read) for name, cell in left.items() if name in kept]
        if not keeps or not all(map(_holds, keeps)):
            break
        left = {name: cell for name, cell in left.items() if name not in kept}
        names = (tuple(cell.guarantee for cell in keeps), tuple(name for name in TABLE if name not in kept))
        found.append(Keeper(best.write, best.read, *names))
    return found


def _worth(kept: _Kept, left: set[str], pair: Pair) -> tuple[bool, int]:
    """Return whether a pair keeps some of what is left, and how much of the table it keeps."""
    its = kept.get(pair[:2], set())
    return bool(its & left), len(its & {*TABLE})


def in_words(cell: Cell, way: WayOut) -> str:
    """Return what is to be changed, and what that costs.

    >>> in_words(Cell("parallel:1", "one", 3, "none", "no-double-booking"), WayOut("claim:2", "one", ("convergence",)))
    'write by claim:2; that breaks convergence'
    """
    changes = ((cell.write, way.write, "write"), (cell.first_named.read, way.read, "read"))
    change = listed([f"{does} by {now}" for was, now, does in changes if was != now])
    return f"{change}{f'; that breaks {listed(way.lost)}' if way.lost else ''}"


def _changes(cell: Cell, pair: Pair) -> tuple[bool, int]:
    """Return whether another party replicates then, and how much is changed."""
    was, now = write_strategy(cell.write, REPLICAS), write_strategy(pair.write, REPLICAS)
    return (was.log, was.primary) != (now.log, now.primary), (cell.write != pair.write) + (cell.read != pair.read)


@cache
def _pairs(fault: str) -> list[Pair]:
    return candidates(REPLICAS, [fault], "latency", counted=False)


@cache
def _kept(fault: str) -> _Kept:
    """Return what each pair is known to keep under a fault."""
    kept: _Kept = {}
    for cell, verdict in verdicts(fault).items():
        kept.setdefault((cell.write, cell.read), set()).update({cell.guarantee} if verdict.verdict == "holds" else ())
    return kept


def _holds(cell: Cell) -> bool:
    judging = Evaluation([cell], Bounds(), runs=False, until_broken=True)
    for _ in judging.run():
        pass
    return all(verdict.verdict == "holds" for verdict in judging.verdicts)
