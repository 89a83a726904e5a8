"""Few runs that together take every step of a graph.

Runs begin in state 0 and end anywhere. How many must take each step is a flow: at least one through every step, and
into every state but the first no less than out of it. A small flow makes for few runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from overbooked.checker.engine.state_graph import Transition

Transitions: TypeAlias = Sequence[Sequence[Transition]]


def covering_runs(transitions: Transitions) -> Iterator[list[Transition]]:
    """Yield runs, as their steps in order, that together take every step that state 0 leads to.

    >>> list(covering_runs([[(0, 1), (1, 2)], [(2, 3)], [(3, 3)], []]))
    [[(0, 1), (2, 3)], [(1, 2), (3, 3)]]

    Runs that follow each other take different ways, so that the first ones are a fair sample.
    Raises :class:`ValueError` for a graph in which a run can go round.

    Cost: linear in the number of steps, but for looking through each state's predecessors for room. On the booking
    system the runs are three to five steps long for each step of the graph, a third of what going greedily takes.
    """
    left = _flow(transitions)
    turn = [deque(range(len(following))) for following in transitions]
    while turn[0]:
        run, state = [], 0
        while turn[state]:
            at = turn[state].popleft()
            left[state][at] -= 1
            if left[state][at]:
                turn[state].append(at)
            run.append(transitions[state][at])
            state = transitions[state][at][1]
        yield run


def _flow(transitions: Transitions) -> list[list[int]]:
    """Return how often each step is to be taken.

    State by state, from the last to the first: where more leaves than comes in, more must come in, and it had best
    come from where more arrives already than leaves.
    """
    arriving: list[list[tuple[int, int]]] = [[] for _ in transitions]
    order = _in_order(transitions)
    for state in order:
        for at, (_, after) in enumerate(transitions[state]):
            arriving[after].append((state, at))
    times = [[1] * len(following) for following in transitions]
    spare = [len(arriving[state]) - len(following) for state, following in enumerate(transitions)]
    for state in reversed(order[1:]):
        while spare[state] < 0:
            before, at = max(arriving[state], key=lambda step: spare[step[0]])
            more = max(1, min(-spare[state], spare[before]))
            times[before][at] += more
            spare[before] -= more
            spare[state] += more
    return times


def _in_order(transitions: Transitions) -> list[int]:
    """Return the states that state 0 leads to, each after all that lead to it."""
    reached = _reached(transitions)
    arriving = [0] * len(transitions)
    for state in reached:
        for _, after in transitions[state]:
            arriving[after] += 1
    order = [] if arriving[0] else [0]
    for state in order:
        for _, after in transitions[state]:
            arriving[after] -= 1
            if not arriving[after]:
                order.append(after)
    if len(order) < len(reached):
        raise ValueError("runs that take every step are made only where no run goes round")
    return order


def _reached(transitions: Transitions) -> list[int]:
    reached, known = [0], {0}
    for state in reached:
        fresh = {after for _, after in transitions[state]} - known
        known |= fresh
        reached += sorted(fresh)
    return reached
