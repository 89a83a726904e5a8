"""Whether the reference does what the spec says: every step of the spec's graph is taken in both, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from checker.cells import Cell
from checker.conformance.following import Difference
from checker.conformance.orders import with_orders
from checker.conformance.parts import Parts
from checker.conformance.sides import Sides, shortest_difference
from checker.cover import covering_runs
from checker.graph import Edge, Graph, graph_of
from spec.guarantees import GUARANTEES
from spec.system import model

Conforms: TypeAlias = Literal["conforms", "differs", "unknown"]
_OFTEN = 0.1
"""Seconds between two reports of how far it is."""


class Conformance(NamedTuple):
    """What is said of one program of one pair: how many states and edges there are, and how many edges were covered."""

    cells: tuple[Cell, ...]
    states: int = 0
    edges: int = 0
    covered: int = 0
    runs: int = 0
    verdict: Conforms = "unknown"
    difference: Difference | None = None


def programs_of(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Return the cells in groups, in each of which users do the same and guarantees remember the same."""
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        guarantee = GUARANTEES[cell.guarantee]
        groups.setdefault((cell._replace(guarantee=""), guarantee.users, guarantee.memory), []).append(cell)
    return [tuple(group) for group in groups.values()]


def conform(
    cells: tuple[Cell, ...], parts: Parts, seconds: float, max_states: int, *, orders: bool = False
) -> Iterator[Conformance]:
    """Cover one program's graph, on the reference, for so many seconds; yield now and then what is known.

    It ends with the first difference. A graph of more than ``max_states`` is not covered. With ``orders``, states are
    told apart by the orders in which replicas answered and confirmed, too.
    """
    until = time.monotonic() + seconds
    spec = model(cells[0].world, *(GUARANTEES[cell.guarantee] for cell in cells))
    graph = graph_of(with_orders(spec, cells[0].world) if orders else spec, max_states, until)
    if graph is None:
        yield Conformance(cells)
        return
    covering = _Covering(cells, graph, parts, until)
    reported = 0.0
    for run in covering_runs(graph.edges):
        if covering.differs(run) or time.monotonic() > until:
            break
        if time.monotonic() - reported > _OFTEN:
            reported = time.monotonic()
            yield covering.result
    covering.finish()
    yield covering.result


class _Covering:
    """A graph that is being covered."""

    def __init__(self, cells: tuple[Cell, ...], graph: Graph, parts: Parts, until: float) -> None:
        self._until = until
        self._sides = Sides(cells[0], graph, parts)
        self._steps = len(graph.model.steps)
        self._covered: set[int] = set()
        self.result = Conformance(cells, len(graph.edges), sum(len(following) for following in graph.edges))

    def differs(self, run: Sequence[Edge]) -> bool:
        """Take a run on both sides; return whether they differ."""
        found = self._sides.first_difference(run)
        state = 0
        for step, after in run[: max(0, found.steps - 1) if found else None]:
            self._covered.add(state * self._steps + step)
            state = after
        self.result = self.result._replace(runs=self.result.runs + 1, covered=len(self._covered))
        if found:
            difference = shortest_difference(self._sides, run, found, self._until)
            self.result = self.result._replace(verdict="differs", difference=difference)
        return found is not None

    def finish(self) -> None:
        """Say that all was covered, if it was."""
        if self.result.verdict == "unknown" and self.result.covered == self.result.edges:
            self.result = self.result._replace(verdict="conforms")
