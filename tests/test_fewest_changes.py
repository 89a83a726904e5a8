"""Of all shortest runs the one is told that changes hands least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_models import flag, holds, never, put
from overbooked.checker.engine import shortest_runs as shortest_runs_of_the_engine
from overbooked.checker.engine.fewest_changes import Move, Moves, fewest_changes
from overbooked.checker.engine.other_runs import different_runs
from overbooked.checker.engine.runs import Run, hand_of
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.verdicts import Search
from overbooked.spec.language import Model, State, Step, case, step
from random_models import families


@st.composite
def ways(draw: st.DrawFn) -> list[list[list[Move]]]:
    """Draw up to four levels of up to three nodes, from each of which one to three moves lead on."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=5))
    move = [st.lists(st.tuples(st.integers(0, 4), st.integers(0, size - 1)), min_size=1, max_size=3) for size in sizes]
    return [[draw(move[at + 1]) for _ in range(size)] for at, size in enumerate(sizes[:-1])]


def every_way(levels: Sequence[Moves], node: int) -> Iterator[list[Move]]:
    """Yield every way through all levels, in the order in which their moves stand."""
    if not levels:
        yield []
        return
    for move in levels[0][node]:
        yield from ([move, *rest] for rest in every_way(levels[1:], move[1]))


def changes(hands: Sequence[object]) -> int:
    """Return how often hands change."""
    return sum(one != other for one, other in pairwise(hands))


@given(ways(), st.lists(st.sampled_from("ab"), min_size=5, max_size=5))
def test_no_other_way_changes_hands_less_and_comes_first(levels: list[list[list[Move]]], hands: list[str]) -> None:
    """It is the first of all ways, in the order of their moves, of those that change hands least."""
    every = list(every_way(levels, 0))
    least = min(changes([hands[step] for step, _ in way]) for way in every)
    first = next(way for way in every if changes([hands[step] for step, _ in way]) == least)
    assert fewest_changes(levels, hands, 0) == first


def shortest_runs(model: Model, state: State, length: int) -> Iterator[list[Step]]:
    """Yield all runs of so many steps from a state to one that breaks the first property, in the order of the steps."""
    if length == 0:
        if any(case.on(state) for case in model.properties[0].broken):
            yield []
        return
    for each in model.steps:
        if (after := each.on(state)) is not None:
            yield from ([each, *rest] for rest in shortest_runs(model, after, length - 1))


def handed(family: Sequence[Model], hands: int) -> list[Model]:
    """Return models whose steps are in so many hands, with their first property alone."""
    return [
        model._replace(
            properties=model.properties[:1],
            steps=tuple(step._replace(about=(("who", at % hands),)) for at, step in enumerate(model.steps)),
        )
        for model in family
    ]


def told(models: Sequence[Model]) -> Iterator[tuple[Run, list[list[Step]]]]:
    """Yield the runs that are told of models explored together, each with all runs that are as short."""
    search = Search(models, Bounds(10**6), reduce=False)
    for _ in search.run():
        pass
    for result in search.results(runs=True):
        run = result.judgements["safe"].run
        if run is not None and len(run.steps) < 6:
            yield run, list(shortest_runs(result.model, run.states[0], len(run.steps)))


@given(families(most=2), st.sampled_from([1, 2]))
def test_the_run_that_is_told_changes_hands_least(family: list[Model], hands: int) -> None:
    """Of all shortest runs of a model, alone or explored with others, it is the first that changes hands least."""
    models = handed(family, hands)
    for run, every in (*told(models), *told(models[:1])):
        changed = [changes([hand_of(step) for step in steps]) for steps in every]
        assert list(run.steps) == every[changed.index(min(changed))]


@given(families(most=2))
def test_where_states_are_too_many_the_first_run_is_told(family: list[Model]) -> None:
    """Where it would take too long to find the one that reads best, it is the first in the order of the steps."""
    models = handed(family, 2)
    with patch.object(shortest_runs_of_the_engine, "_MOST", -1):
        for run, every in (*told(models), *told(models[:1])):
            assert list(run.steps) == every[0]


@pytest.mark.parametrize("most", [-1, 100])
def test_of_steps_in_one_hand_the_first_is_taken(most: int) -> None:
    """Where two steps do as well, the run has the first of them, wherever it leads; alone, and with another model."""
    lamps = [flag(name) for name in "abc"]
    steps = tuple(step(f"{each.name} on", put(each, True), who="Ann") for each in reversed(lamps))
    two = [case(holds(one, True), holds(other, True)) for one, other in combinations(lamps, 2)]
    model = Model("lamps", tuple(lamps), steps, (never("safe", *two),))
    for models in ([model], [model, model._replace(name="others")]):
        with patch.object(shortest_runs_of_the_engine, "_MOST", most):
            assert [[each.name for each in run.steps] for run, _ in told(models)] == [["c on", "b on"]] * len(models)


@given(families(most=1))
def test_other_runs_are_told_so_too(family: list[Model]) -> None:
    """The run that is told is the first of all the different ones, and each other one does something else."""
    model = family[0]._replace(properties=family[0].properties[:1])
    found = Exploration([model])
    for _ in explore(found, Bounds(10**6)):
        pass
    if "safe" in found.broken[0] and found.broken[0]["safe"] < 6:
        search = Search([model], Bounds(10**6), reduce=False)
        for _ in search.run():
            pass
        told = search.results(runs=True)[0].judgements["safe"].run
        every = [other.run for other in different_runs(found, "safe", 1000)]
        assert told in every
        assert len({tuple(step.label for step in run.steps) for run in every}) == len(every) or len(model.starts) > 1
