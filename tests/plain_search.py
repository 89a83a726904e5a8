"""A search of a few lines, written apart from the checker: a set of states, a list for each level."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import NamedTuple, TypeVar

from overbooked.spec.language import Model, Property, Value

State = TypeVar("State", bound=Hashable)


class Found(NamedTuple):
    """The length of a shortest run to a broken state (``None``: there is none), and the three counts."""

    length: int | None
    states: int
    transitions: int
    depth: int


def search(
    initial: Collection[State],
    steps: Callable[[State], Iterable[tuple[bool, State]]],
    is_broken: Callable[[State, bool], bool],
) -> Found:
    """Explore from some states; ``steps`` gives what follows each, owed or not.

    ``is_broken`` is told of a state and of whether the run is over there.
    """
    seen, level, levels, transitions, length = set(initial), list(dict.fromkeys(initial)), 0, 0, None
    while level:
        levels += 1
        following = []
        for state in level:
            possible = list(steps(state))
            transitions += len(possible)
            if length is None and is_broken(state, not any(owed for owed, _ in possible)):
                length = levels - 1
            for _, after in possible:
                if after not in seen:
                    seen.add(after)
                    following.append(after)
        level = following
    return Found(length, len(seen), transitions, levels - 1)


def search_model(model: Model, judged: Property) -> Found:
    """Explore a model of the spec's language by calling its steps, one state at a time."""
    names = [field.name for field in model.fields]

    def steps(state: tuple[Value, ...]) -> Iterable[tuple[bool, tuple[Value, ...]]]:
        before = dict(zip(names, state, strict=True))
        for step in model.steps:
            if (after := step.on(before)) is not None:
                yield bool(step.owed), tuple(after[name] for name in names)

    def is_broken(state: tuple[Value, ...], over: bool) -> bool:
        values = dict(zip(names, state, strict=True))
        return (over or judged.when == "never") and any(case.on(values) for case in judged.broken)

    starts = [tuple(state[name] for name in names) for state in model.initial_states]
    return search(starts, steps, is_broken)
