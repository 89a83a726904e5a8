"""How runs are made that cover every step there is, of the graph of a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overbooked.checker.cells import Cell
from overbooked.checker.engine.state_graph import graph_of
from overbooked.checker.engine.transition_cover import covering_runs
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.system import model


@given(st.lists(st.lists(st.integers(1, 4), max_size=4), max_size=12))
def test_covering_runs_take_every_step_there_is(onward: list[list[int]]) -> None:
    """On any graph without a round: every run is one, and all steps that can be reached are taken."""
    size = len(onward) + 5
    transitions = [[(at, state + far) for at, far in enumerate(following)] for state, following in enumerate(onward)]
    transitions += [[] for _ in range(size - len(transitions))]
    runs = list(covering_runs(transitions))
    taken = set()
    for run in runs:
        state = 0
        for step, after in run:
            assert (step, after) in transitions[state]
            taken.add((state, step))
            state = after
    reached = {0} | {after for run in runs for _, after in run}
    assert taken == {(state, step) for state in reached for step, _ in transitions[state]}
    assert all(after in reached for state in reached for _, after in transitions[state])
    assert len(runs) <= sum(len(transitions[state]) for state in reached)


def test_where_a_run_can_go_round_no_covering_runs_are_made() -> None:
    """A graph with a round is refused."""
    with pytest.raises(ValueError, match="no run goes round"):
        list(covering_runs([[(0, 1)], [(0, 0)]]))


def test_covering_is_worth_it() -> None:
    """On the booking system the runs have fewer than five steps for each step of the graph."""
    cell = Cell("parallel:1", "quorum", 3, "none", "convergence")
    graph = graph_of(model(cell.setting, GUARANTEES[cell.guarantee]), 10**6)
    assert graph is not None
    assert sum(map(len, covering_runs(graph.transitions))) < 5 * sum(map(len, graph.transitions))


def test_a_graph_has_the_models_own_states_and_steps() -> None:
    """Each transition leads from a state to the one that the step's own rules make of it, restarts included."""
    cell = Cell("serial-async", "one", 3, "both", "read-your-writes")
    graph = graph_of(model(cell.setting, GUARANTEES[cell.guarantee]), 10**6)
    assert graph is not None
    for number in range(0, len(graph.transitions), 7):
        state = graph.state(number)
        possible = [(at, after) for at, step in enumerate(graph.model.steps) if (after := step.on(state)) is not None]
        assert [(step, graph.state(target)) for step, target in sorted(graph.transitions[number])] == possible
        assert len(graph.way_to(number)) == graph.depth(number)
