"""Other runs that break a property, as short as the one that is shown: first those that do so in another way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, permutations, product
from math import factorial, prod
from typing import NamedTuple, TypeAlias

from overbooked.checker.engine.few_states import numbers_of
from overbooked.checker.engine.fewest_changes import Move, fewest_changes
from overbooked.checker.engine.rule_tables import is_wide, writers
from overbooked.checker.engine.runs import Run, hand_of, run_along
from overbooked.checker.engine.search import Exploration
from overbooked.checker.engine.shortest_runs import is_in, near_levels, packed
from overbooked.spec.language import Model, Part, State, Step, Value

Shape: TypeAlias = tuple[tuple[str, ...], ...]
"""What is done: rounds of steps that do not touch each other, each step as its label."""
_MOST_SETS = 1 << 14
"""Of a run whose steps can be put in order by way of more sets of steps than this the order stays as it is."""
_NAMES = 200
"""Up to so many ways to rename what is alike, the one that comes first in the alphabet is taken."""


class Other(NamedTuple):
    """A run; ``is_new`` says that it does what none before it does, but for which of those alike is which."""

    run: Run
    is_new: bool


def different_runs(found: Exploration, prop: str, most: int) -> Iterator[Other]:
    """Yield the shortest runs of the first model explored that break a property: first one for each way to do so.

    Runs that differ only in the order of steps that do not touch each other are one run. They go the same way when they
    differ in which of those that are alike (the model's ``alike``: replicas, users) is which. It looks at ``most``.
    Each is told in that order of its steps which changes hands least.

    The runs are told apart by sleep sets (Godefroid, Partial-Order Methods, 1996, chapter 5): of runs that differ only
    in the order of independent steps, one is followed. Cost: that of the states from which a broken one is as near as
    can be, and time that grows with the number of runs yielded and of those that differ in names alone.
    """
    model = found.compiled.models[0]
    known: set[Shape] = set()
    alike = []
    for its in islice(_runs(found, model, prop), most):
        shape = shape_of(model, its.steps)
        if shape in known:
            alike.append(its)
        else:
            known.add(shape)
            yield Other(_told(model, its), is_new=True)
    yield from (Other(_told(model, its), is_new=False) for its in alike)


def _told(model: Model, its: _Steps) -> Run:
    return run_along(model, _reordered(model, its.steps), its.start)


def _reordered(model: Model, steps: list[Step]) -> list[Step]:
    """Return the steps in that order which changes hands least, of all that do the same; as they are, if too many do.

    What was done until then is a set of steps, as bits. A step can be next if all are done that it depends on.
    """
    needed = [sum(1 << j for j in range(i) if _depend(steps[j], step)) for i, step in enumerate(steps)]
    order = sorted(range(len(steps)), key=lambda at: model.steps.index(steps[at]))
    done, levels, count = [0], list[list[list[Move]]](), 0
    for _ in steps:
        nodes: dict[int, int] = {}
        levels.append([])
        for mask in done:
            free = [at for at in order if not mask >> at & 1 and not needed[at] & ~mask]
            levels[-1].append([(at, nodes.setdefault(mask | 1 << at, len(nodes))) for at in free])
        done, count = list(nodes), count + len(nodes)
        if count > _MOST_SETS:
            return steps
    return [steps[at] for at, _ in fewest_changes(levels, [hand_of(step) for step in steps], 0)]


def shape_of(model: Model, steps: Sequence[Step]) -> Shape:
    """Return what a run does, whatever the order of independent steps and the names of what is alike.

    It is the normal form of Foata: each step stands in the earliest round in which all that it depends on is done.
    """
    rounds: list[list[Step]] = []
    for step in steps:
        at = max((n + 1 for n, done in enumerate(rounds) if any(_depend(step, other) for other in done)), default=0)
        if at == len(rounds):
            rounds.append([])
        rounds[at].append(step)
    return min(
        tuple(tuple(sorted(_label(step, names) for step in done)) for done in rounds) for names in _namings(model)
    )


def _namings(model: Model) -> list[dict[str, str]]:
    """Return every way to rename what is alike; only the one that renames nothing, where there are too many."""
    if prod(factorial(len(group)) for group in model.alike) > _NAMES:
        return [{}]
    ways = product(*([dict(zip(group, names, strict=True)) for names in permutations(group)] for group in model.alike))
    return [{old: new for each in way for old, new in each.items()} for way in ways]


def _label(step: Step, names: dict[str, str]) -> str:
    words = step.label.replace(".", " . ").split(" ")
    return " ".join(names.get(word, word) for word in words)


class _Steps(NamedTuple):
    """Where a run begins, and what it does."""

    start: dict[str, Value]
    steps: list[Step]


def _runs(found: Exploration, model: Model, prop: str) -> Iterator[_Steps]:
    """Yield the shortest runs that break the property, one of those that differ in the order of independent steps."""
    near = near_levels(found, 0, next(judge for judge in found.compiled.judges if judge.name == prop))
    starts = [start for start in model.initial_states if is_in(found, _number(found, start), near[0])]
    under_way: list[tuple[State, State, list[Step], list[Step]]] = [(start, start, [], []) for start in starts[::-1]]
    while under_way:
        start, state, taken, asleep = under_way.pop()
        if len(taken) == len(near) - 1:
            yield _Steps(dict(start), taken)
            continue
        level, follow = near[len(taken) + 1], []
        for step in model.steps:
            after = step.on(state) if step not in asleep else None
            if after is not None and is_in(found, _number(found, after), level):
                follow.append((start, after, [*taken, step], [other for other in asleep if not _depend(step, other)]))
                asleep = [*asleep, step]
        under_way += reversed(follow)


def _number(found: Exploration, state: State) -> int:
    return numbers_of(packed(found, 0, state))[0]


@cache
def _depend(one: Step, other: Step) -> bool:
    """Return whether two steps touch a field that one of them may change."""
    touched, changed = _touched(one)
    its_touched, its_changed = _touched(other)
    return bool(changed & its_touched or touched & its_changed)


@cache
def _touched(step: Step) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the fields that a step looks at or changes, and of those that it may change."""
    touched = {field.name for part in step.parts for _, field in part.fields}
    return frozenset(touched), frozenset(name for part in step.parts for name in _changed(part))


@cache
def _changed(part: Part) -> frozenset[str]:
    names = [field.name for _, field in part.fields]
    return frozenset(names if is_wide(part) else writers([part]))
