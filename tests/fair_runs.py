"""Runs that go on for ever, decided a second way; and what makes a run a counterexample."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeAlias, TypeVar

from overbooked.checker.engine.runs import Run
from overbooked.spec.language import Model, Property, Value

State: TypeAlias = tuple[Value, ...]
Node: TypeAlias = tuple[State, Hashable]


def goes_on_for_ever_broken(model: Model, judged: Property) -> bool:
    """Return whether a fair run goes on for ever among broken states: the fixpoint of Emerson and Lei (1986).

    A node is a state and the step that led to it. What is left in the end are nodes from which each owed step can be
    met again and again, as one just taken or as one that is not possible.
    """
    names = [field.name for field in model.fields]
    after = _graph(model, names)
    broken = {n for n in after if any(case.on(dict(zip(names, n[0], strict=True))) for case in judged.broken)}
    owed = [step for step in model.steps if step.owed]
    possible = {
        n: {step.label for step in owed if step.on(dict(zip(names, n[0], strict=True))) is not None} for n in after
    }
    left, before = broken, None
    while left != before:
        before = left
        left = {n for n in left if after[n] & left}
        for step in owed:
            met = {n for n in left if step.label not in possible[n] or n[1] == step.label}
            left = _can_reach(left, met, after)
    return bool(left)


def shortest_lasso(model: Model, judged: Property) -> int | None:
    """Return how many steps the shortest fair run takes that goes round for ever among broken states, once round.

    Every state is tried as the one to go round from, with all that was met on the way: owed steps taken, or not
    possible. ``None`` when there is no such run.
    """
    names = [field.name for field in model.fields]
    owed = [step for step in model.steps if step.owed]

    def after(state: State) -> list[tuple[str, State]]:
        moves = ((step.label, step.on(dict(zip(names, state, strict=True)))) for step in model.steps)
        return [(label, tuple(to[name] for name in names)) for label, to in moves if to is not None]

    def broken(state: State) -> bool:
        return any(case.on(dict(zip(names, state, strict=True))) for case in judged.broken)

    def met(state: State) -> frozenset[str]:
        possible = {label for label, _ in after(state)}
        return frozenset(step.label for step in owed) - possible

    depths = _distances(tuple(model.initial[name] for name in names), lambda state: [to for _, to in after(state)])
    found = []
    for start in (state for state in depths if broken(state)):

        def onward(node: tuple[State, frozenset[str], bool]) -> list[tuple[State, frozenset[str], bool]]:
            state, so_far, _ = node
            moves = [(label, to) for label, to in after(state) if broken(to)]
            return [(to, so_far | met(to) | {label}, True) for label, to in moves]

        for (state, so_far, is_on), length in _distances((start, met(start), False), onward).items():
            if is_on and state == start and so_far >= {step.label for step in owed}:
                found.append(depths[start] + length)
    return min(found, default=None)


_Any = TypeVar("_Any", bound=Hashable)


def _distances(start: _Any, after: Callable[[_Any], list[_Any]]) -> dict[_Any, int]:
    found, level, distance = {start: 0}, [start], 0
    while level:
        distance += 1
        level = [to for to in dict.fromkeys(to for node in level for to in after(node)) if to not in found]
        found |= dict.fromkeys(level, distance)
    return found


def _graph(model: Model, names: list[str]) -> dict[Node, set[Node]]:
    start: Node = (tuple(model.initial[name] for name in names), None)
    after: dict[Node, set[Node]] = {}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node in after:
            continue
        moves = ((step.label, step.on(dict(zip(names, node[0], strict=True)))) for step in model.steps)
        after[node] = {(tuple(to[name] for name in names), label) for label, to in moves if to is not None}
        waiting += after[node]
    return after


def _can_reach(region: set[Node], goal: set[Node], after: dict[Node, set[Node]]) -> set[Node]:
    """Return from where in ``region`` a node of ``goal`` follows after one step or more, all in ``region``."""
    reached: set[Node] = set()
    while more := {n for n in region - reached if after[n] & (goal | reached)}:
        reached |= more
    return reached


def assert_breaks(run: Run, judged: Property) -> None:
    """Assert that this is a run of its model, and that it breaks the property."""
    assert run.states[0] == run.model.initial
    for step, before, now in zip(run.steps, run.states[:-1], run.states[1:], strict=True):
        assert step in run.model.steps
        assert step.on(before) == now
    if run.cycle_from is None:
        assert any(case.on(run.states[-1]) for case in judged.broken)
        over = all(step.on(run.states[-1]) is None for step in run.model.steps if step.owed)
        assert over or judged.when == "never"
    else:
        _assert_fair_cycle(run, run.cycle_from, judged)


def _assert_fair_cycle(run: Run, start: int, judged: Property) -> None:
    cycle, taken = run.states[start:], run.steps[start:]
    assert taken
    assert cycle[0] == cycle[-1]
    assert all(any(case.on(state) for case in judged.broken) for state in cycle)
    for step in run.model.steps:
        assert not step.owed or step in taken or any(step.on(state) is None for state in cycle)
