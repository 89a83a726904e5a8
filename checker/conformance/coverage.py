"""Whether an app server does what the spec says: every step of the spec's graph is taken in both, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from overbooked.checker.cells import Cell
from overbooked.checker.conformance.cut_short import CutShortError
from overbooked.checker.conformance.history_variables import with_orders
from overbooked.checker.conformance.implementation import Implementation
from overbooked.checker.conformance.minimize import Sides, shortest_difference
from overbooked.checker.conformance.replay import Difference
from overbooked.checker.engine.memory_limit import Budget
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.state_graph import Graph, Transition
from overbooked.checker.engine.transition_cover import covering_runs
from overbooked.spec.system import model

Conforms: TypeAlias = Literal["conforms", "differs", "unknown"]
_TRANSITION = 650
"""About how many bytes it takes, for each transition, to have a graph and the runs that cover it."""
_RUN = 1 << 24
"""So many bytes are to be left when a run is begun: what the program under test may take."""


class Conformance(NamedTuple):
    """What is said of one program of one pair: its states and transitions, and how many transitions were covered.

    ``reason`` says why the verdict is ``unknown``, and ``where`` in the user's code a run was cut short.
    """

    cells: tuple[Cell, ...]
    states: int = 0
    transitions: int = 0
    covered: int = 0
    runs: int = 0
    verdict: Conforms = "unknown"
    difference: Difference | None = None
    reason: str = ""
    where: str = ""


def programs_of(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Return the cells in groups, in each of which users do the same and guarantees remember the same."""
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        guarantee = cell.judged
        groups.setdefault((cell._replace(guarantee=""), guarantee.users, guarantee.memory), []).append(cell)
    return [tuple(group) for group in groups.values()]


def conform(
    cells: tuple[Cell, ...], parts: Implementation, bounds: Bounds, *, orders: bool = False, until: float = math.inf
) -> Iterator[Conformance]:
    """Cover one program's graph, on the app server; yield what is known after each level and after each run.

    It ends with the first difference, for which a shorter run is looked for ``until`` then, a time of
    :func:`time.monotonic`. A graph beyond the ``bounds`` is not covered, and covering ends when it takes more memory.
    With ``orders``, states are told apart by the orders in which replicas answered and confirmed, too.
    """
    result = Conformance(cells)
    try:
        for result in _Program(cells, parts, bounds).conform(orders=orders, until=until):
            yield result
    except MemoryError:
        yield result._replace(reason="out of memory")
    except CutShortError as cut:
        yield result._replace(where=str(cut))


class _Program:
    """One program to be covered, and how much that may take."""

    def __init__(self, cells: tuple[Cell, ...], parts: Implementation, bounds: Bounds) -> None:
        self._cells, self._parts, self._bounds = cells, parts, bounds

    def conform(self, *, orders: bool, until: float) -> Iterator[Conformance]:
        """Explore and cover it; raise :class:`MemoryError` before it takes more memory than it may."""
        setting, budget = self._cells[0].setting, Budget(self._bounds.max_memory)
        spec = model(setting, *(cell.judged for cell in self._cells))
        spec = with_orders(spec, setting) if orders else spec
        found = Exploration([spec])
        for _ in explore(found, self._bounds._replace(max_memory=budget.limit)):
            yield Conformance(self._cells)
        if not found.complete[0] and found.states[0] < self._bounds.max_states:
            raise MemoryError
        if not found.complete[0]:
            yield Conformance(self._cells, reason=f"more than {self._bounds.max_states:,} states")
            return
        budget.spend(_TRANSITION * found.transitions[0])
        yield from self._cover(Graph(spec, found), budget, until)

    def _cover(self, graph: Graph, budget: Budget, until: float) -> Iterator[Conformance]:
        covering = _Covering(self._cells, graph, self._parts, until)
        yield covering.result
        for run in covering_runs(graph.transitions):
            budget.spend(_RUN)
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
