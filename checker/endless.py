"""Runs that go round for ever, among the states in which a property of how runs end is broken.

A run that never ends visits some states again and again; they lie in one strongly connected component. Under weak
fairness a component can be gone round for ever unless some step that is owed is possible in all of its states and
taken in none of its edges; a smaller part of such a component is no better, so looking at whole components is enough
(Manna and Pnueli, Temporal Verification of Reactive Systems: Safety, 1995, chapter 5).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import networkx as nx
import numpy as np

from checker.compiled import Judge, marks
from checker.layout import Words
from checker.runs import Run, level_of, run_to
from checker.search import Exploration, steps_from
from checker.stateset import find, join, ordered, size, take, where


class _Region(NamedTuple):
    """The broken states, the steps between them, and of each owed step where it is possible and which edges are it."""

    states: Words
    graph: nx.DiGraph[int]
    possible: list[set[int]]
    taken: list[set[tuple[int, int]]]


def endless_run(found: Exploration, tag: int, judge: Judge) -> Run | None:
    """Return a fair run that goes round for ever among states that break the property; ``None`` when there is none.

    The way there is a shortest one to the nearest such component; the way round meets all that fairness asks for.

    Cost: linear in the broken states and the steps between them, in Python (networkx).
    """
    region = _region(found, tag, judge)
    depths = _depths(found, tag, region.states)
    fair = [each for each in nx.strongly_connected_components(region.graph) if _is_fair(region, each)]
    if not fair:
        return None
    component = min(fair, key=lambda each: min((depths[at], at) for at in each))
    entry = min(component, key=lambda at: (depths[at], at))
    target = take(region.states, slice(entry, entry + 1))
    return _round(found, run_to(found, tag, depths[entry], target), tag, region, _tour(region, component, entry))


def _region(found: Exploration, tag: int, judge: Judge) -> _Region:
    of = found.compiled
    everything = join([level_of(found, tag, depth) for depth in range(len(found.levels))])
    states = ordered(of.layout, where(everything, marks(judge.broken, everything, of.layout.tags(everything))))
    region = _Region(states, nx.DiGraph(), [], [])
    for lookup, rows, after in steps_from(of, states):
        inside, at = find(of.layout, after, states)
        edges = list(zip(rows[inside].tolist(), at[inside].tolist(), strict=True))
        region.graph.add_edges_from(edges)
        if lookup.owed:
            region.possible.append(set(rows.tolist()))
            region.taken.append(set(edges))
    return region


def _depths(found: Exploration, tag: int, states: Words) -> list[int]:
    depths = np.zeros(size(states), np.int64)
    for depth in range(len(found.levels)):
        here, at = find(found.compiled.layout, level_of(found, tag, depth), states)
        depths[at[here]] = depth
    return [int(depth) for depth in depths]


def _is_fair(region: _Region, component: set[int]) -> bool:
    if not any(region.graph.has_edge(at, to) for at in component for to in component & set(region.graph[at])):
        return False
    return all(
        not component <= possible or any(edge[0] in component and edge[1] in component for edge in taken)
        for possible, taken in zip(region.possible, region.taken, strict=True)
    )


def _tour(region: _Region, component: set[int], entry: int) -> list[int]:
    """Return a way from ``entry`` round to it, through all that fairness asks for."""
    graph = region.graph.subgraph(component)
    tour = [entry]
    for possible, taken in zip(region.possible, region.taken, strict=True):
        if any(at not in possible for at in tour) or any(edge in taken for edge in pairwise(tour)):
            continue
        if rests := component - possible:
            tour += nx.shortest_path(graph, tour[-1], min(rests))[1:]
        else:
            edge = min(edge for edge in taken if component.issuperset(edge))
            tour += [*nx.shortest_path(graph, tour[-1], edge[0])[1:], edge[1]]
    if len(tour) == 1:
        tour.append(min(graph[entry]))
    return tour + nx.shortest_path(graph, tour[-1], entry)[1:]


def _round(found: Exploration, way: Run, tag: int, region: _Region, tour: list[int]) -> Run:
    model, layout = found.compiled.models[tag], found.compiled.layout
    tell = [layout.unpack([int(word[at]) for word in region.states], model.fields) for at in tour]
    steps = [next(s for s in model.steps if s.on(before) == after) for before, after in pairwise(tell)]
    return Run(model, (*way.steps, *steps), (*way.states, *tell[1:]), cycle_from=len(way.steps))
