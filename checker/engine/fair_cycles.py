"""Runs that go round for ever, among the states in which a property of how runs end is broken.

A run that never ends visits some states again and again; they lie in one strongly connected component. Under weak
fairness a component can be gone round for ever unless some step that is owed is possible in all of its states and
taken in none of its transitions; a smaller part of such a component is no better: to look at whole components is enough
(Manna and Pnueli, Temporal Verification of Reactive Systems: Safety, 1995, chapter 5).
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import networkx as nx
import numpy as np

from overbooked.checker.engine.compiled import CompiledProperty, marks
from overbooked.checker.engine.layout import Words
from overbooked.checker.engine.runs import Run, level_of, run_to
from overbooked.checker.engine.search import Exploration
from overbooked.checker.engine.state_sets import find, join, ordered, size, take, where
from overbooked.checker.engine.successors import steps_from
from overbooked.spec.language import Step


class _Region(NamedTuple):
    """The broken states, the ways between them, and of each owed step where it is possible and which ways are it."""

    states: Words
    graph: nx.DiGraph[int]
    owed: list[Step]
    possible: list[set[int]]
    taken: list[set[tuple[int, int]]]


class _Move(NamedTuple):
    """One way between two broken states, and the step it is where that matters."""

    before: int
    to: int
    step: Step | None = None


def fair_lasso(found: Exploration, tag: int, judge: CompiledProperty) -> Run | None:
    """Return a fair run that goes round for ever among states that break the property; ``None`` when there is none.

    The way there is a shortest one to the nearest such component; the way round meets all that fairness asks for.

    Cost: linear in the broken states and the steps between them, in Python (networkx).
    """
    region = _region(found, tag, judge)
    depths = _depths(found, tag, region.states)
    fair = _fair(region)
    if not fair:
        return None
    component = min(fair, key=lambda each: min((depths[at], at) for at in each))
    entry = min(component, key=lambda at: (depths[at], at))
    target = take(region.states, slice(entry, entry + 1))
    return _round(found, run_to(found, tag, depths[entry], target), tag, region, _tour(region, component, entry))


def _region(found: Exploration, tag: int, judge: CompiledProperty) -> _Region:
    of = found.compiled
    everything = join([level_of(found, tag, depth) for depth in range(len(found.levels))])
    states = ordered(of.layout, where(everything, marks(judge.broken, everything, of.layout.tags(everything))))
    region = _Region(states, nx.DiGraph(), [], [], [])
    for lookup, rows, after in steps_from(of, states):
        inside, at = find(of.layout, after, states)
        edges = list(zip(rows[inside].tolist(), at[inside].tolist(), strict=True))
        region.graph.add_edges_from(edges)
        if lookup.owed:
            region.owed.append(lookup.step(tag, of.models[tag]))
            region.possible.append(set(rows.tolist()))
            region.taken.append(set(edges))
    return region


def _depths(found: Exploration, tag: int, states: Words) -> list[int]:
    depths = np.zeros(size(states), np.int64)
    for depth in range(len(found.levels)):
        here, at = find(found.compiled.layout, level_of(found, tag, depth), states)
        depths[at[here]] = depth
    return [int(depth) for depth in depths]


def _fair(region: _Region) -> list[set[int]]:
    """Return the components that can be gone round for ever: in each, every owed step is taken or once not possible."""
    components = list(nx.strongly_connected_components(region.graph))
    of = {at: number for number, component in enumerate(components) for at in component}
    rounds = {of[before] for before, after in region.graph.edges if of[before] == of[after]}
    for possible, taken in zip(region.possible, region.taken, strict=True):
        somewhere = {of[before] for before, after in taken if of[before] == of[after]}
        everywhere = Counter(of[at] for at in possible if at in of)
        rounds = {each for each in rounds if each in somewhere or everywhere[each] < len(components[each])}
    return [components[each] for each in rounds]


def _tour(region: _Region, component: set[int], entry: int) -> list[_Move]:
    """Return a way from ``entry`` round to it, on which every owed step is taken or once not possible."""
    graph = region.graph.subgraph(component)
    tour: list[_Move] = []
    for step, possible, taken in zip(region.owed, region.possible, region.taken, strict=True):
        here = tour[-1].to if tour else entry
        if rests := component - possible:
            if not rests & {entry, *(move.to for move in tour)}:
                tour += _walk(graph, here, min(rests))
        elif on_the_way := [at for at, move in enumerate(tour) if move.step is None and move[:2] in taken]:
            tour[on_the_way[0]] = tour[on_the_way[0]]._replace(step=step)
        else:
            before, after = min(edge for edge in taken if component.issuperset(edge))
            tour += [*_walk(graph, here, before), _Move(before, after, step)]
    if not tour:
        tour.append(_Move(entry, min(graph[entry])))
    return tour + _walk(graph, tour[-1].to, entry)


def _walk(graph: nx.DiGraph[int], start: int, end: int) -> list[_Move]:
    return [_Move(before, after) for before, after in pairwise(nx.shortest_path(graph, start, end))]


def _round(found: Exploration, way: Run, tag: int, region: _Region, tour: list[_Move]) -> Run:
    model, layout = found.compiled.models[tag], found.compiled.layout
    states, steps = [way.states[-1]], []
    for move in tour:
        state = layout.unpack([int(word[move.to]) for word in region.states], model.fields)
        steps.append(move.step or next(step for step in model.steps if step.on(states[-1]) == state))
        states.append(state)
    return Run(model, (*way.steps, *steps), (*way.states, *states[1:]), cycle_from=len(way.steps))
