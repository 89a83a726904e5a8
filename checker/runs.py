"""Runs: what is shown of a model, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from checker.compiled import Judge
from checker.layout import Words
from checker.search import Exploration, cases_in, expand, steps_from
from checker.stateset import find, size, take, where
from spec.language import Model, Step, Value


class Run(NamedTuple):
    """A run from the initial state: the steps taken, and the states before, between and after them.

    ``cycle_from`` is the place in ``steps`` from which the run goes round for ever, if it does.
    """

    model: Model
    steps: tuple[Step, ...]
    states: tuple[dict[str, Value], ...]
    cycle_from: int | None = None

    def changes(self, at: int) -> dict[str, tuple[Value, Value]]:
        """Return the fields that the step at this place changed, with their old and new values."""
        before, after = self.states[at], self.states[at + 1]
        return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def shortest_run(found: Exploration, tag: int, judge: Judge) -> Run:
    """Return a shortest run of one model to a state that breaks the property, which one is known to do.

    Of all shortest ones it is the first in the order of the model's steps, whatever the layout: it is found backwards
    through the levels, as all states from which a broken one is still as near, and then told forwards by the steps'
    own rules.

    Cost: the levels up to the broken state are expanded once more, for this model.
    """
    depth = found.broken[tag][judge.name]
    level = level_of(found, tag, depth)
    over = expand(found.compiled, level).over
    return run_to(found, tag, depth, where(level, cases_in(found.compiled, judge, level, over)))


def run_to(found: Exploration, tag: int, depth: int, targets: Words) -> Run:
    """Return the first of the shortest runs to one of ``targets``, states of level ``depth`` sorted by key."""
    near = [targets]
    for at in range(depth - 1, -1, -1):
        level = level_of(found, tag, at)
        leads = np.zeros(size(level), np.bool_)
        for _, rows, after in steps_from(found.compiled, level):
            leads[rows[find(found.compiled.layout, after, near[0])[0]]] = True
        near.insert(0, where(level, leads))
    return _forwards(found, tag, near)


def level_of(found: Exploration, tag: int, depth: int) -> Words:
    """Return the states of one model on one level."""
    counts = found.compiled.layout.counts(found.levels[depth])
    start = sum(counts[:tag])
    return take(found.levels[depth], slice(start, start + counts[tag]))


def packed(found: Exploration, tag: int, state: dict[str, Value]) -> Words:
    """Return one state of one model, packed."""
    return tuple(np.array([word], np.int64) for word in found.compiled.layout.pack(state, tag))


def _forwards(found: Exploration, tag: int, near: Sequence[Words]) -> Run:
    model = found.compiled.models[tag]
    states, steps = [model.initial], []
    for following in near[1:]:
        step, state = next(
            (step, after)
            for step in model.steps
            if (after := step.on(states[-1])) is not None
            and find(found.compiled.layout, packed(found, tag, after), following)[0][0]
        )
        steps.append(step)
        states.append(state)
    return Run(model, tuple(steps), tuple(states))
