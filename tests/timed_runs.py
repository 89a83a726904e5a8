"""Runs of the spec in which every step takes its time, one state after the other: slow, and written apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from overbooked.spec.language import Model, State, Step


class Timed(NamedTuple):
    """A step, when it was taken, and the state that it led to."""

    at: float
    step: Step
    state: State


def timed_run(model: Model, takes: Callable[[Step, State], float | None]) -> Iterator[Timed]:
    """Yield the steps of one run: each is taken so long after it has become possible, unless it has ceased to be.

    ``takes`` is asked when a step has become possible; ``None``: not in this state, ask again in the next.
    """
    now, state, due = 0.0, dict(model.initial), dict[str, float]()
    while True:
        possible = {step.label: (step, after) for step in model.steps if (after := step.on(state)) is not None}
        due = {label: at for label, at in due.items() if label in possible}
        for label, (step, _) in possible.items():
            if label not in due and (time := takes(step, state)) is not None:
                due[label] = now + time
        if not due:
            return
        label = min(due, key=lambda each: due[each])
        now = due.pop(label)
        step, state = possible[label][0], possible[label][1]
        yield Timed(now, step, state)
