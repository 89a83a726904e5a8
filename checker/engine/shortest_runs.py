"""Shortest runs to what was explored: found backwards through the levels, and told forwards.

Of all shortest runs the one is told that reads best: it changes hands least, and of several such the first in the order
of the model's steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from overbooked.checker.engine.compiled import CompiledProperty, CompiledStep, Rows
from overbooked.checker.engine.few_states import numbers_of, split, words_of
from overbooked.checker.engine.fewest_changes import Move, Moves, fewest_changes
from overbooked.checker.engine.layout import Words
from overbooked.checker.engine.runs import Run, hand_of, run_along
from overbooked.checker.engine.search import Bounds, Exploration, until_broken
from overbooked.checker.engine.state_sets import find, join, ordered, size, take, unique, where
from overbooked.checker.engine.successors import cases_in, steps_from
from overbooked.spec.language import State, Value

Near: TypeAlias = Words | set[int]
"""States of one level: packed, or of narrow levels as whole numbers."""
_ONLY = np.zeros(1, np.intp)
"""The row of a state that is alone."""
_MOST = 1 << 15
"""Among the runs through more states than these the one that reads best is not looked for."""


class RunError(Exception):
    """No run was found to a state that was reached; the message says why."""


def run_breaking(found: Exploration, tag: int, judge: CompiledProperty) -> Run:
    """Return a run of one model to a state that breaks the property, which one is known to do.

    It is a shortest one, unless steps were taken at once; of all shortest ones it is the one that reads best (see
    above), whatever the layout. It is found backwards through the levels, as all states from which a broken
    one is still as near, and then told forwards by the steps' own rules.

    Where steps are taken at once, which of some alike steps that is may depend on their names; where no run is found
    for that, the model is explored again without, and the run is a shortest one of those found there.

    Raises :class:`RunError` when a bound is reached before that.

    Cost: the levels up to the broken state are expanded once more, for this model.
    """
    run = _forwards(found, tag, near_levels(found, tag, judge))
    return run or run_breaking(_exactly(found, judge), tag, judge)


def _exactly(found: Exploration, judge: CompiledProperty) -> Exploration:
    """Return an exploration of the same model in which no step is taken at once, until the property is broken."""
    if found.reduced is None or found.reduced.exact:
        raise RunError(f"{judge.name}: there is no run through its levels, which contradict each other")
    again = Exploration(found.compiled.models, found.reduced.exactly())
    if not until_broken(again, judge.name, Bounds()):
        raise RunError(f"{judge.name}: a bound was reached before a run was found")
    return again


def run_to(found: Exploration, tag: int, depth: int, targets: Words) -> Run:
    """Return the shortest run that reads best to one of ``targets``, states of level ``depth`` sorted by key."""
    run = _forwards(found, tag, _near(found, tag, depth, targets))
    if run is None:
        raise RunError(f"there is no run to level {depth}, though it was reached")
    return run


def near_levels(found: Exploration, tag: int, judge: CompiledProperty) -> list[Near]:
    """Return, level by level, the states of one model that the shortest runs lead through which break the property.

    Raises :class:`RunError` when no state was found that does.
    """
    if judge.name not in found.broken[tag]:
        raise RunError(f"{judge.name} is not broken by any state that was explored")
    depth = found.broken[tag][judge.name]
    level = level_of(found, tag, depth)
    return _near(found, tag, depth, where(level, cases_in(found.compiled, judge, level)))


def is_in(found: Exploration, state: int, near: Near) -> bool:
    """Return whether a state of the only model, as a whole number, is among these."""
    if isinstance(near, set):
        return state in near
    return bool(size(near)) and bool(find(found.compiled.layout, words_of(found.compiled, [state]), near)[0][0])


def _near(found: Exploration, tag: int, depth: int, targets: Words) -> list[Near]:
    near: list[Near] = [targets]
    for at in range(depth - 1, -1, -1):
        near.append(_leading(found, tag, at, near[-1]))
    return near[::-1]


def _leading(found: Exploration, tag: int, depth: int, near: Near) -> Near:
    """Return the states of a level from which a step leads to one of these."""
    few = found.levels.few(depth)
    if few is not None:
        goals = near if isinstance(near, set) else set(numbers_of(near))
        return {state for state in few if any(after in goals for _, after in found.few.possible(state))}
    goal = words_of(found.compiled, list(near)) if isinstance(near, set) else near
    level = level_of(found, tag, depth)
    leads = np.zeros(size(level), np.bool_)
    for _, rows, after in steps_from(found.compiled, level):
        put = found.reduced.put(after) if found.reduced else after
        leads[rows[find(found.compiled.layout, put, goal)[0]]] = True
    return where(level, leads)


def level_of(found: Exploration, tag: int, depth: int) -> Words:
    """Return the states of one model on one level."""
    counts = found.compiled.layout.counts(found.levels[depth])
    start = sum(counts[:tag])
    return found.compiled.layout.bare(take(found.levels[depth], slice(start, start + counts[tag])))


def packed(found: Exploration, tag: int, state: State) -> Words:
    """Return one state of one model, packed."""
    return tuple(np.array([word], np.int64) for word in found.compiled.layout.pack(state, tag))


def _forwards(found: Exploration, tag: int, levels: Sequence[Near]) -> Run | None:
    """Return a run through these levels, if there is one: that which changes hands least, or the first.

    Which reads best is not found out where steps are taken at once, or where states are too many.
    """
    start = _start(found, tag, levels[0])
    if start is None:
        return None
    alone = len(found.states) == 1 and not found.reduced
    hurries = found.reduced is not None and not found.reduced.exact
    if not hurries and sum(len(each) if isinstance(each, set) else size(each) for each in levels) <= _MOST:
        best = _best(found, start, levels) if alone else _best_in_arrays(found, tag, start, levels)
        if best:
            return best
    if alone:
        return _one_by_one(found, start, levels)
    of = found.compiled
    ways = sorted((each for each in of.steps if each.of[tag] is not None), key=lambda each: each.of[tag] or 0)
    here, steps = _placed(found, packed(found, tag, start))
    for level in (_nameless(found, level) for level in levels[1:] if not isinstance(level, set)):
        after = ((way, *_placed(found, way.after(here, _ONLY, tag))) for way in ways if len(way.rows(here, tag)))
        leads = next((it for it in after if find(of.layout, _nameless(found, it[1]), level)[0][0]), None)
        if leads is None:
            return None
        way, here, at_once = leads
        steps += [way, *at_once]
    return run_along(of.models[tag], [each.step(tag, of.models[tag]) for each in steps], start)


def _start(found: Exploration, tag: int, level: Near) -> dict[str, Value] | None:
    """Return the first state in which the model may begin that is one of a first level's, or has its place there."""
    starts = [len(model.initial_states) for model in found.compiled.models]
    its = slice(sum(starts[:tag]), sum(starts[: tag + 1]))
    words, _ = _placed(found, take(found.compiled.initial, its))
    words = found.reduced.smallest(words) if found.reduced else words
    goal = words_of(found.compiled, list(level)) if isinstance(level, set) else _nameless(found, level)
    known = find(found.compiled.layout, words, goal)[0]
    return found.compiled.models[tag].initial_states[int(np.argmax(known))] if known.any() else None


def _best(found: Exploration, start: dict[str, Value], levels: Sequence[Near]) -> Run:
    """Return that run of the only model which changes hands least, with the states that were explored."""
    (model,), layout = found.compiled.models, found.compiled.layout
    numbers = [sorted(each) if isinstance(each, set) else numbers_of(each) for each in levels]
    moves = [_moves(found, here, after) for here, after in pairwise(numbers)]
    first = numbers[0].index(numbers_of(packed(found, 0, start))[0])
    way = fewest_changes(moves, [hand_of(step) for step in model.steps], first)
    states = (level[node] for level, (_, node) in zip(numbers[1:], way, strict=True))
    told = (layout.unpack(split(state, layout.words), model.fields) for state in states)
    return Run(model, tuple(model.steps[place] for place, _ in way), (start, *told))


def _moves(found: Exploration, here: list[int], after: list[int]) -> Moves:
    """Return what leads from the states of one level, of the only model, to those of the next, in the steps' order."""
    places = [each.of[0] or 0 for each in found.compiled.steps]
    nodes = {state: node for node, state in enumerate(after)}
    ways = ([(places[at], nodes[to]) for at, to in found.few.possible(state) if to in nodes] for state in here)
    return [sorted(way) for way in ways]


def _best_in_arrays(found: Exploration, tag: int, start: dict[str, Value], levels: Sequence[Near]) -> Run | None:
    """Return that run of one model which changes hands least; ``None`` if that takes too many states.

    Where the model is reduced, its own states are followed, as long as others stand for them on these levels.
    """
    model, here, moves, states = found.compiled.models[tag], packed(found, tag, start), list[Moves](), 1
    for level in (_nameless(found, each) for each in levels[1:] if not isinstance(each, set)):
        its, here = _moves_in_arrays(found, tag, here, level)
        moves.append(its)
        states += size(here)
        if states > _MOST or not all(its):
            return None
    way = fewest_changes(moves, [hand_of(step) for step in model.steps], 0)
    return run_along(model, [model.steps[place] for place, _ in way], start)


def _moves_in_arrays(found: Exploration, tag: int, here: Words, level: Words) -> tuple[Moves, Words]:
    """Return what leads from some states to others that stand, or have one in their place, on a level; and those."""
    layout, led = found.compiled.layout, list[tuple[int, Rows, Words]]()
    for lookup, rows, after in steps_from(found.compiled, here):
        stands = found.reduced.smallest(found.reduced.without_order(after)) if found.reduced else after
        inside = find(layout, stands, level)[0]
        led.append((lookup.of[tag] or 0, rows[inside], where(after, inside)))
    following = unique(layout, ordered(layout, join([after for _, _, after in led]))) if led else here
    moves: list[list[Move]] = [[] for _ in range(size(here))]
    for place, rows, after in led:
        for row, node in zip(rows.tolist(), find(layout, after, following)[1].tolist(), strict=True):
            moves[row].append((place, node))
    return [sorted(way) for way in moves], following


def _one_by_one(found: Exploration, start: dict[str, Value], levels: Sequence[Near]) -> Run | None:
    """Return that run of the only model, with the states that were explored."""
    of, (model,) = found.compiled, found.compiled.models
    places = [each.of[0] or 0 for each in of.steps]
    states, steps = numbers_of(packed(found, 0, start)), []
    for level in levels[1:]:
        possible = sorted(found.few.possible(states[-1]), key=lambda it: places[it[0]])
        leads = next((each for each in possible if is_in(found, each[1], level)), None)
        if leads is None:
            return None
        steps.append(model.steps[places[leads[0]]])
        states.append(leads[1])
    return Run(
        model, tuple(steps), tuple(of.layout.unpack(split(state, of.layout.words), model.fields) for state in states)
    )


def _placed(found: Exploration, words: Words) -> tuple[Words, list[CompiledStep]]:
    """Return what the search puts in the place of a state, before names are put in order, and the steps that took."""
    taken: list[CompiledStep] = []
    return (found.reduced.without_order(words, taken) if found.reduced else words), taken


def _nameless(found: Exploration, words: Words) -> Words:
    """Return states such that those which differ only in what stands for what are the same."""
    if found.reduced is None:
        return words
    layout = found.compiled.layout
    return unique(layout, ordered(layout, found.reduced.smallest(words)))
