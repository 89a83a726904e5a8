"""The search: every reachable state of some models, breadth first, a level at a time.

Level d holds the states whose shortest run has d steps, so the first level with a broken case gives the length of a
shortest counterexample. Models that share fields are explored side by side, and told apart by the tag in their
states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from checker.compiled import Compiled, Judge, Lookup, Marks, Rows, compiled, marks
from checker.layout import Tags, Words
from checker.progress import is_graded
from checker.stateset import Seen, join, ordered, size, take, unique, where
from checker.tables import ModelError
from spec.language import Model, Step, Value

CHUNK = 1 << 15
"""How many states are looked up at once: few enough that what is computed on the way stays in the cache."""
WAITING = 1 << 22
"""How many states that follow may wait, at least, before those that are repeated are dropped."""
MANY = 1 << 13
"""From this many states on a level, it pays to look for a certificate that they cannot have been reached before."""


class Expansion(NamedTuple):
    """What follows some states: the states, each once; for each model how many steps lead there; and who is over.

    A state is ``over`` when nothing that is owed is possible in it.
    """

    after: Words
    transitions: list[int]
    over: Marks


class Exploration:
    """What a search has found so far; every list has one entry for each model.

    levels
        The states by the length of a shortest run to them.
    states, transitions, depths
        How many states, how many steps possible in them added up, and the longest distance from the initial state.
    complete
        Whether everything reachable was explored.
    broken, witnessed
        By property, the length of a shortest run to a state that breaks it, and the properties whose witness was
        reached.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self.compiled = compiled(models)
        self.levels: list[Words] = []
        self.states = [0] * len(models)
        self.transitions = [0] * len(models)
        self.depths = [0] * len(models)
        self.complete = [False] * len(models)
        self.broken: list[dict[str, int]] = [{} for _ in models]
        self.witnessed: list[set[str]] = [set() for _ in models]


def explore(models: Sequence[Model], max_states: int) -> Iterator[Exploration]:
    """Explore models that share fields; yield the exploration after each level, the last time when it is finished.

    ``max_states`` bounds each model by itself: its search ends once it has that many states.
    Raises :class:`ModelError` when a step leaves the domain of a field.

    Cost: time and memory grow with the number of states; 8 bytes a state and word are kept, for the runs.
    """
    found = Exploration(models)
    layout, frontier = found.compiled.layout, found.compiled.initial
    seen: Seen | None = Seen(layout)
    cut, tried = [False] * len(models), False
    while size(frontier):
        frontier = _within(found, frontier, max_states, cut)
        expansion = expand(found.compiled, frontier)
        _judge(found, frontier, expansion.over)
        _record(found, frontier, expansion.transitions)
        yield found
        if seen and size(frontier) > MANY and not tried:
            tried = True
            seen = None if is_graded(models) else seen
        if seen:
            seen.add(frontier)
        frontier = seen.fresh(expansion.after) if seen else expansion.after
    found.complete = [not each for each in cut]
    yield found


def expand(of: Compiled, words: Words) -> Expansion:
    """Return what follows ``words``.

    Raises :class:`ModelError` when a step leaves the domain of a field.

    Cost: repeated states are dropped whenever as many wait as are already sorted out, so that memory stays within
    a few times what follows.
    """
    over = np.ones(size(words), np.bool_)
    after, transitions = take(words, slice(0)), [0] * of.layout.models
    pending, waiting = [after], 0
    for start in range(0, size(words), CHUNK):
        chunk = take(words, slice(start, start + CHUNK))
        for lookup, rows, following in steps_from(of, chunk):
            pending.append(following)
            waiting += len(rows)
            if lookup.owed:
                over[start + rows] = False
        if waiting > max(WAITING, size(after)) or start + CHUNK >= size(words):
            new = ordered(of.layout, join(pending))
            _refuse_escape(of, words, new)
            transitions = [n + more for n, more in zip(transitions, of.layout.counts(new), strict=True)]
            new = unique(new)
            after = unique(ordered(of.layout, join([after, new]))) if size(after) else new
            pending, waiting = [take(words, slice(0))], 0
    return Expansion(after, transitions, over)


def steps_from(of: Compiled, words: Words) -> Iterator[tuple[Lookup, Rows, Words]]:
    """Yield, step by step, the rows of ``words`` it is possible in and the states that follow."""
    tags = of.layout.tags(words)
    for lookup in of.steps:
        rows, entries = lookup.rows(words, tags)
        if len(rows):
            yield lookup, rows, lookup.after(words, rows, entries)


def cases_in(of: Compiled, judge: Judge, words: Words, over: Marks) -> Marks:
    """Return in which of ``words`` the property is broken (one of how runs end: only in those that are over)."""
    found = marks(judge.broken, words, of.layout.tags(words))
    return found & over if judge.when == "in the end" else found


def _within(found: Exploration, frontier: Words, max_states: int, cut: list[bool]) -> Words:
    """Count the frontier's states by model; leave out those over the bound, and note which models were cut."""
    counts = found.compiled.layout.counts(frontier)
    kept = [min(count, max_states - states) for count, states in zip(counts, found.states, strict=True)]
    if kept != counts:
        cut[:] = [was or keep < count for was, keep, count in zip(cut, kept, counts, strict=True)]
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        frontier = where(frontier, np.arange(size(frontier)) - starts < np.repeat(kept, counts))
    found.complete = [not keep and not was for keep, was in zip(kept, cut, strict=True)]
    found.states = [states + keep for states, keep in zip(found.states, kept, strict=True)]
    return frontier


def _record(found: Exploration, frontier: Words, transitions: list[int]) -> None:
    found.transitions = [n + more for n, more in zip(found.transitions, transitions, strict=True)]
    for tag, here in enumerate(found.compiled.layout.counts(frontier)):
        if here:
            found.depths[tag] = len(found.levels)
    found.levels.append(frontier)


def _judge(found: Exploration, frontier: Words, over: Marks) -> None:
    of = found.compiled
    tags = of.layout.tags(frontier)
    for judge in of.judges:
        if any(judge.name not in found.broken[tag] for tag in judge.of):
            for tag in _marked(tags, cases_in(of, judge, frontier, over)):
                found.broken[tag].setdefault(judge.name, len(found.levels))
        if any(judge.name not in found.witnessed[tag] for tag in judge.of):
            for tag in _marked(tags, marks(judge.witness, frontier, tags)):
                found.witnessed[tag].add(judge.name)


def _marked(tags: Tags, found: Marks) -> list[int]:
    """Return the tags of the states that are marked."""
    if isinstance(tags, int):
        return [tags] if found.any() else []
    return [int(tag) for tag in np.unique(tags[found])]


def _refuse_escape(of: Compiled, frontier: Words, after: Words) -> None:
    """Raise when a state in ``after`` has the sign that a step left a domain; the sign makes it the smallest."""
    if not size(after) or after[0].min() >= 0:
        return
    for lookup, rows, words in steps_from(of, frontier):
        for row in rows[words[0] < 0]:
            before = take(frontier, slice(row, row + 1))
            tag = int(before[0][0] >> of.layout.tag_shift)
            state = of.layout.unpack([int(word[0]) for word in before], of.models[tag].fields)
            raise ModelError(_escape(lookup.step(tag, of.models[tag]), state, of.models[tag]))


def _escape(step: Step, state: dict[str, Value], model: Model) -> str:
    try:
        after = step.on(state) or state
    except Exception as error:  # noqa: BLE001 - whatever a rule may raise
        touched = {field.name: state[field.name] for part in step.parts for _, field in part.fields}
        return f"{step.label} has no answer for {touched}: {type(error).__name__}: {error}"
    field = next(field for field in model.fields if after[field.name] not in field.domain)
    return f"{step.label} makes {field.name} {after[field.name]!r}, which is not in its domain {field.domain}"
