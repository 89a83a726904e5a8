"""The states among which a run must stay to break a property for ever, or until it is over, and what happens there.

They are cases of the property, and a run may come to them as it has to: anywhere, if it speaks of how runs end; from an
initial state by such cases alone, if it speaks of what comes at some point; from a witness, if that leads to something.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from overbooked.checker.engine.compiled import CompiledProperty, Marks, Rows, marks
from overbooked.checker.engine.layout import Words
from overbooked.checker.engine.memory_limit import Budget
from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.search import Exploration
from overbooked.checker.engine.shortest_runs import level_of, run_to
from overbooked.checker.engine.state_sets import find, join, ordered, size, take, where
from overbooked.checker.engine.successors import steps_from
from overbooked.spec.language import Step, Value

Transition = tuple[int, int]
"""The place of a step among those of a region, and that of the state that it leads to."""
_STATE, _TRANSITION = 80, 120
"""About how many bytes it takes to look for a round for each word of a state, and for each transition; there are some
more for each state and step."""
_FIRST = -1
"""What stands for the state before one that a run may begin to stay in."""


class Region(NamedTuple):
    """Broken states, and what happens among them.

    found, tag
        The exploration, and which of its models this is.
    states, depths
        The states, and how many steps each is away from where a run begins.
    lengths, before
        How long a shortest run is to each that comes to it as it has to; and from which state it comes, if from
        one of these.
    steps, possible
        The steps that are possible somewhere here; for each of them a row that says in which states it is.
    source, target, taken
        Transition by transition the states before and after, and the place of the step in ``steps``.
    """

    found: Exploration
    tag: int
    states: Words
    depths: NDArray[np.int64]
    lengths: NDArray[np.int64]
    before: NDArray[np.int64]
    steps: list[Step]
    possible: Marks
    source: Rows
    target: Rows
    taken: Rows

    def run(self, to: int, way: list[Transition]) -> Run:
        """Return a shortest run to a state, as it has to come there, that then goes this way."""
        back: list[Transition] = []
        while (before := int(self.before[to])) != _FIRST:
            leads = (self.source == before) & (self.target == to)
            back.append((int(self.taken[leads].min()), to))
            to = before
        begun = run_to(self.found, self.tag, int(self.depths[to]), take(self.states, slice(to, to + 1)))
        on = [*back[::-1], *way]
        steps, states = [self.steps[step] for step, _ in on], [self._state(state) for _, state in on]
        return Run(begun.model, (*begun.steps, *steps), (*begun.states, *states))

    def _state(self, at: int) -> dict[str, Value]:
        of = self.found.compiled
        return of.layout.unpack([int(word[at]) for word in self.states], of.models[self.tag].fields)


def broken_region(found: Exploration, tag: int, judge: CompiledProperty, budget: Budget) -> Region:
    """Return the states in which a run of one model may stay, once it came there, to break a property.

    Raises :class:`MemoryError` where the budget has no room for it.

    Cost: linear in the states explored and in the transitions among those that are broken, on arrays; for a property
    that is not of how runs end, Dijkstra's algorithm on them, too.
    """
    of = found.compiled
    each = _STATE * of.layout.words + 3 * len(of.models[tag].steps)
    budget.spend(found.states[tag] * each + found.transitions[tag] * _TRANSITION)
    levels = [level_of(found, tag, depth) for depth in range(len(found.levels))]
    everything, depths = join(levels), np.repeat(np.arange(len(levels)), [size(level) for level in levels])
    broken = marks(judge.broken, everything, of.layout.tags(everything))
    unsorted, depths_there = where(everything, broken), depths[broken]
    states = ordered(of.layout, tuple(word.copy() for word in unsorted))
    at = find(of.layout, unsorted, states)[1]
    depths = np.empty_like(depths_there)
    depths[at] = depths_there
    steps: list[Step] = []
    possible = np.empty((len(of.steps), size(states)), np.bool_)
    edges = [(np.empty(0, np.intp),) * 3]
    for lookup, rows, after in steps_from(of, states):
        inside, to = find(of.layout, after, states)
        edges.append((rows[inside], to[inside], np.full(int(inside.sum()), len(steps))))
        possible[len(steps)] = np.isin(np.arange(size(states)), rows, assume_unique=True)
        steps.append(lookup.step(tag, of.models[tag]))
    source, target, taken = (np.concatenate(column) for column in zip(*edges, strict=True))
    before = np.full(size(states), _FIRST)
    whole = Region(found, tag, states, depths, depths, before, steps, possible[: len(steps)], source, target, taken)
    return whole if judge.when == "in the end" else _from(whole, _begins(whole, judge))


def _begins(whole: Region, judge: CompiledProperty) -> Marks:
    """Return in which states a run may begin to stay."""
    if judge.when == "leads to":
        return marks(judge.witness, whole.states, whole.found.compiled.layout.tags(whole.states))
    first: Marks = whole.depths == 0
    return first


def _from(whole: Region, begins: Marks) -> Region:
    """Return what of a region can be reached within it from some of its states, and how soon.

    It is a shortest way from one state more, from which each of those is as far as it is from where runs begin.
    """
    count, first = size(whole.states), np.flatnonzero(begins)
    pairs = np.unique(whole.source * np.int64(count) + whole.target)  # once each: weights of the same pair are added up
    rows = np.concatenate([pairs // max(count, 1), np.full(len(first), count)])
    columns = np.concatenate([pairs % max(count, 1), first])
    weights = np.concatenate([np.ones(len(pairs)), whole.depths[first] + 1.0])  # one more: 0 would be no way at all
    graph = csr_array((weights, (rows, columns)), shape=(count + 1, count + 1))
    far, before = dijkstra(graph, indices=count, return_predecessors=True)
    kept = np.isfinite(far[:count])
    number = np.cumsum(kept) - 1
    came = before[:count][kept].astype(np.int64)
    inside = kept[whole.source] & kept[whole.target]
    return whole._replace(
        states=where(whole.states, kept),
        depths=whole.depths[kept],
        lengths=far[:count][kept].astype(np.int64) - 1,
        before=np.where(came == count, _FIRST, number[np.minimum(came, count - 1)]),
        possible=whole.possible[:, kept],
        source=number[whole.source[inside]],
        target=number[whole.target[inside]],
        taken=whole.taken[inside],
    )
