"""Runs: what is shown of a model, step by step."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import numpy as np

from overbooked.checker.engine.compiled import CompiledProperty, CompiledStep
from overbooked.checker.engine.few_states import numbers_of, split, words_of
from overbooked.checker.engine.layout import Words
from overbooked.checker.engine.search import Bounds, Exploration, until_broken
from overbooked.checker.engine.state_sets import find, ordered, size, take, unique, where
from overbooked.checker.engine.successors import cases_in, steps_from
from overbooked.spec.language import Model, Property, State, Step, Value

Near: TypeAlias = Words | set[int]
"""States of one level: packed, or of narrow levels as whole numbers."""
_LINE = 100
"""How many columns the text of a run takes, unless what is in it is longer."""
_ONLY = np.zeros(1, np.intp)
"""The row of a state that is alone."""


class RunError(Exception):
    """No run was found to a state that was reached; the message says why."""


class Run(NamedTuple):
    """A run from an initial state: the steps taken, and the states before, between and after them.

    ``cycle_from`` is the place in ``steps`` from which the run goes round for ever, if it does.
    """

    model: Model
    steps: tuple[Step, ...]
    states: tuple[dict[str, Value], ...]
    cycle_from: int | None = None

    def __str__(self) -> str:
        """Return the run as text: each step with what it changes, and from where it goes round for ever.

        >>> from overbooked.spec.language import Field, part, step
        >>> light = Field("light", ("red", "green"), "red")
        >>> go = step("go", part(lambda it: {"it": "green"} if it == "red" else None, it=light))
        >>> print(run_along(Model("lights", (light,), (go,), ()), [go]))
        0      light: red
        1  go  light: red -> green
        """
        starts = "; ".join(f"{name}: {_plain(value)}" for name, value in self.states[0].items())
        rows = [("", starts), *((step.label, self._changed(at)) for at, step in enumerate(self.steps))]
        wide, number = max(len(label) for label, _ in rows) + 2, len(str(len(self.steps)))
        lines = [_line(f"{at:>{number}}  {label:<{wide}}", what) for at, (label, what) in enumerate(rows)]
        if self.cycle_from is not None:
            lines.append(f"and so on: after step {len(self.steps)} it is as after step {self.cycle_from}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return in a line how long it is, and of what."""
        goes_on = "" if self.cycle_from is None else f", of which those after {self.cycle_from} repeat for ever"
        return f"<run of {self.model.name}: {len(self.steps)} step{'s' * (len(self.steps) != 1)}{goes_on}>"

    def _changed(self, at: int) -> str:
        changes = (f"{name}: {_plain(old)} -> {_plain(new)}" for name, (old, new) in self.changes(at).items())
        return "; ".join(changes) or "changes nothing"

    def changes(self, at: int) -> dict[str, tuple[Value, Value]]:
        """Return the fields that the step at this place changed, with their old and new values."""
        before, after = self.states[at], self.states[at + 1]
        return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else repr(value)


def _line(begin: str, what: str) -> str:
    wrapped = textwrap.wrap(what, max(_LINE - len(begin), _LINE // 3), break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * len(begin)}".join([begin + wrapped[0], *wrapped[1:]]) if wrapped else begin.rstrip()


def run_breaking(found: Exploration, tag: int, judge: CompiledProperty) -> Run:
    """Return a run of one model to a state that breaks the property, which one is known to do.

    It is a shortest one, unless steps were taken at once; of all shortest ones it is the first in the order of
    the model's steps, whatever the layout. It is found backwards through the levels, as all states from which a broken
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
    """Return the first of the shortest runs to one of ``targets``, states of level ``depth`` sorted by key."""
    run = _forwards(found, tag, _near(found, tag, depth, targets))
    if run is None:
        raise RunError(f"there is no run to level {depth}, though it was reached")
    return run


def near_levels(found: Exploration, tag: int, judge: CompiledProperty) -> list[Near]:
    """Return, level by level, the states of one model that the shortest runs lead through which break the property."""
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


def shortened(run: Run, prop: Property) -> Run:
    """Return the run without steps that it does as well without, tried from the last to the first."""
    steps = list(run.steps)
    for at in range(len(steps) - 1, -1, -1):
        fewer = [*steps[:at], *steps[at + 1 :]]
        with suppress(ValueError):
            if _breaks(run_along(run.model, fewer, run.states[0]), prop):
                steps = fewer
    return run_along(run.model, steps, run.states[0])


def run_along(model: Model, steps: Sequence[Step], start: dict[str, Value] | None = None) -> Run:
    """Return the run that takes these steps, from the initial state or the one that is given.

    Raises :class:`ValueError` where one of them is not possible.
    """
    states = [start or model.initial]
    for step in steps:
        after = step.on(states[-1])
        if after is None:
            raise ValueError(f"{step.label} is not possible after {len(states) - 1} steps")
        states.append(after)
    return Run(model, tuple(steps), tuple(states))


def _breaks(run: Run, prop: Property) -> bool:
    state = run.states[-1]
    is_over = all(step.on(state) is None for step in run.model.steps if step.owed)
    return (prop.when == "never" or is_over) and any(case.on(state) for case in prop.broken)


def _forwards(found: Exploration, tag: int, levels: Sequence[Near]) -> Run | None:
    """Return the run through these levels, from each by the first step that leads to the next, if there is one."""
    start = _start(found, tag, levels[0])
    if start is None:
        return None
    if len(found.states) == 1 and not found.reduced:
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
