"""Runs that stay where they should not, looked for a second way; and what makes a run a counterexample."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, TypeAlias, TypeVar

from overbooked.checker.engine.runs import Run
from overbooked.spec.language import Case, Model, Owed, Property, Step, Value

State: TypeAlias = tuple[Value, ...]
_Any = TypeVar("_Any", bound=Hashable)


class _Round(NamedTuple):
    """Where a way round is, and what it has met: the steps taken, those once possible, and those once not possible."""

    state: State
    taken: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    impossible: frozenset[frozenset[str]] = frozenset()


def shortest_staying(model: Model, judged: Property) -> int | None:
    """Return how many steps the shortest run takes that breaks a property by where it stays; ``None``: there is none.

    It is over there, or goes round, which counts once. Every state is tried as the one to go round from, with all that
    was met on the way: which steps were taken, and which demands of fairness could be met, or not, in some state.
    """
    graph = _Graph(model)
    found = []
    for start, length in _begins(graph, judged).items():
        if not any(step.owed for step, _ in graph.after(start)):
            found.append(length)
        rounds = _distances({_met(graph, start, _Round(start)): 0}, lambda each: _onward(graph, each, judged.broken))
        back = {each: more for each, more in rounds.items() if each.state == start and each.taken}
        found += [length + more for each, more in back.items() if is_fair(model, each)]
    return min(found, default=None)


def is_fair(model: Model, each: _Round) -> bool:
    """Return whether a round is fair that has met all this."""
    for labels, strongly in _demands(model):
        excused = not labels & each.possible if strongly else labels in each.impossible
        if not excused and not labels & each.taken:
            return False
    return True


def _begins(graph: _Graph, judged: Property) -> dict[State, int]:
    """Return how many steps a shortest run takes to each broken state, if it comes to it as the property says."""
    depths = _distances(dict.fromkeys(graph.starts, 0), lambda state: [to for _, to in graph.after(state)])
    begins = {
        "in the end": depths,
        "at some point": dict.fromkeys(graph.starts, 0),
        "leads to": {state: depth for state, depth in depths.items() if graph.is_one(state, judged.witness)},
    }[judged.when]
    here = {state: depth for state, depth in begins.items() if graph.is_one(state, judged.broken)}
    return _distances(here, lambda state: [to for _, to in graph.after(state) if graph.is_one(to, judged.broken)])


def _onward(graph: _Graph, each: _Round, broken: Iterable[Case]) -> list[_Round]:
    moves = [(step, to) for step, to in graph.after(each.state) if graph.is_one(to, broken)]
    return [_met(graph, to, each._replace(taken=each.taken | {step.label})) for step, to in moves]


def _met(graph: _Graph, to: State, each: _Round) -> _Round:
    possible = frozenset(step.label for step, _ in graph.after(to))
    unmet = frozenset(labels for labels, _ in _demands(graph.model) if not labels & possible)
    return each._replace(state=to, possible=each.possible | possible, impossible=each.impossible | unmet)


def _demands(model: Model) -> list[tuple[frozenset[str], bool]]:
    """Return what fairness asks: of which steps one is to be taken, and whether strongly."""
    alone = [step for step in model.steps if step.owed and not (isinstance(step.owed, Owed) and step.owed.group)]
    found = [(frozenset([step.label]), _strongly(step)) for step in alone]
    grouped = [step for step in model.steps if step.owed and step not in alone]
    for owed in {step.owed for step in grouped}:
        its = [step for step in grouped if step.owed == owed]
        found.append((frozenset(step.label for step in its), _strongly(its[0])))
    return found


def _strongly(step: Step) -> bool:
    return isinstance(step.owed, Owed) and step.owed.strongly


class _Graph:
    """A model's states, as tuples of values, and what follows them."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._names = [field.name for field in model.fields]
        self.starts = [self._tuple(state) for state in model.initial_states]
        self._known: dict[State, list[tuple[Step, State]]] = {}

    def after(self, state: State) -> list[tuple[Step, State]]:
        """Return the steps possible in a state, and where they lead."""
        if state not in self._known:
            moves = ((step, step.on(self._dict(state))) for step in self.model.steps)
            self._known[state] = [(step, self._tuple(to)) for step, to in moves if to is not None]
        return self._known[state]

    def is_one(self, state: State, cases: Iterable[Case]) -> bool:
        """Return whether a state is one of some cases."""
        return any(case.on(self._dict(state)) for case in cases)

    def _dict(self, state: State) -> dict[str, Value]:
        return dict(zip(self._names, state, strict=True))

    def _tuple(self, state: dict[str, Value]) -> State:
        return tuple(state[name] for name in self._names)


def _distances(begin: dict[_Any, int], after: Callable[[_Any], list[_Any]]) -> dict[_Any, int]:
    """Return how far everything is that follows, from what is as far as ``begin`` says."""
    found: dict[_Any, int] = {}
    distance, level = 0, list[_Any]()
    while level or any(far >= distance for far in begin.values()):
        level += [it for it, far in begin.items() if far == distance]
        level = [it for it in dict.fromkeys(level) if it not in found]
        found |= dict.fromkeys(level, distance)
        distance += 1
        level = [to for it in level for to in after(it)]
    return found


def assert_breaks(run: Run, judged: Property) -> None:
    """Assert that this is a run of its model, and that it breaks the property."""
    assert run.states[0] in run.model.initial_states
    for step, before, now in zip(run.steps, run.states[:-1], run.states[1:], strict=True):
        assert step in run.model.steps
        assert step.on(before) == now
    is_over = all(step.on(run.states[-1]) is None for step in run.model.steps if step.owed)
    assert judged.when == "never" or is_over or run.cycle_from is not None
    stays = len(run.states) - 1 if run.cycle_from is None else run.cycle_from
    if judged.when == "at some point":
        stays = 0
    elif judged.when == "leads to":
        stays = max(at for at, state in enumerate(run.states[: stays + 1]) if _is_one(state, judged.witness))
    assert all(_is_one(state, judged.broken) for state in run.states[stays:])
    if run.cycle_from is not None:
        _assert_fair_cycle(run, run.cycle_from)


def _is_one(state: dict[str, Value], cases: Iterable[Case]) -> bool:
    return any(case.on(state) for case in cases)


def _assert_fair_cycle(run: Run, start: int) -> None:
    assert run.steps[start:]
    assert run.states[start] == run.states[-1]
    graph = _Graph(run.model)
    around = _Round(())
    for state in run.states[start:]:
        around = _met(graph, tuple(state[field.name] for field in run.model.fields), around)
    assert is_fair(run.model, around._replace(taken=frozenset(step.label for step in run.steps[start:])))
