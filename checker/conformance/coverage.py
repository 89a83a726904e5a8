"""Whether the reference does what the spec says: every step of the spec's graph is taken in both, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.history_variables import with_orders
from overbooked.checker.conformance.implementation import Implementation
from overbooked.checker.conformance.minimize import Sides, shortest_difference
from overbooked.checker.conformance.replay import Difference
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.state_graph import Graph, Transition
from overbooked.checker.engine.transition_cover import covering_runs
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.system import model

Conforms: TypeAlias = Literal["conforms", "differs", "unknown"]


class Conformance(NamedTuple):
    """What is said of one program of one pair: its states and transitions, and how many transitions were covered.

    ``reason`` says why the verdict is ``unknown``.
    """

    cells: tuple[Cell, ...]
    states: int = 0
    transitions: int = 0
    covered: int = 0
    runs: int = 0
    verdict: Conforms = "unknown"
    difference: Difference | None = None
    reason: str = ""


def programs_of(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Return the cells in groups, in each of which users do the same and guarantees remember the same."""
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        guarantee = GUARANTEES[cell.guarantee]
        groups.setdefault((cell._replace(guarantee=""), guarantee.users, guarantee.memory), []).append(cell)
    return [tuple(group) for group in groups.values()]


def conform(
    cells: tuple[Cell, ...], parts: Implementation, max_states: int, *, orders: bool = False, until: float = math.inf
) -> Iterator[Conformance]:
    """Cover one program's graph, on the reference; yield what is known after each level and after each run.

    It ends with the first difference, for which a shorter run is looked for ``until`` then, a time of
    :func:`time.monotonic`. A graph of more than ``max_states`` is not covered. With ``orders``, states are told apart
    by the orders in which replicas answered and confirmed, too.
    """
    spec = model(cells[0].setting, *(GUARANTEES[cell.guarantee] for cell in cells))
    spec = with_orders(spec, cells[0].setting) if orders else spec
    found = Exploration([spec])
    for _ in explore(found, Bounds(max_states)):
        yield Conformance(cells)
    if not found.complete[0]:
        yield Conformance(cells, reason=f"more than {max_states:,} states")
        return
    graph = Graph(spec, found)
    covering = _Covering(cells, graph, parts, until)
    yield covering.result
    for run in covering_runs(graph.transitions):
        differs = covering.differs(run)
        yield covering.result
        if differs:
            return
    covering.finish()
    yield covering.result


class _Covering:
    """A graph that is being covered."""

    def __init__(self, cells: tuple[Cell, ...], graph: Graph, parts: Implementation, until: float) -> None:
        self._until = until
        self._sides = Sides(cells[0], graph, parts)
        self._steps = len(graph.model.steps)
        self._covered: set[int] = set()
        self.result = Conformance(cells, len(graph.transitions), sum(len(following) for following in graph.transitions))

    def differs(self, run: Sequence[Transition]) -> bool:
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
        if self.result.verdict == "unknown" and self.result.covered == self.result.transitions:
            self.result = self.result._replace(verdict="conforms")
