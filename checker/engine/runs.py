"""Runs: what is shown of a model, step by step."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from overbooked.spec.language import Model, Property, Step, Value

_UNBROKEN = "\N{NO-BREAK SPACE}"
_LINE = 100
"""How many columns the text of a run takes, unless what is in it is longer."""


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
    return value if isinstance(value, str) else _inside(value)


def _inside(value: Value) -> str:
    """Return a value as Python would have it; what is in a set in the order of the alphabet, whatever Python's is."""
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_inside, value)))}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_inside, value))}{',' * (len(value) == 1)})"
    return repr(value)


def _line(begin: str, what: str) -> str:
    whole = what.replace(" ", _UNBROKEN).replace(f";{_UNBROKEN}", "; ")  # lines end only where a field's text does
    wrapped = textwrap.wrap(whole, max(_LINE - len(begin), _LINE // 3), break_long_words=False, break_on_hyphens=False)
    wrapped = [line.replace(_UNBROKEN, " ") for line in wrapped]
    return f"\n{' ' * len(begin)}".join([begin + wrapped[0], *wrapped[1:]]) if wrapped else begin.rstrip()


def hand_of(step: Step) -> object:
    """Return in whose hands a step is: what comes first of what it is about, or else its name."""
    return step.about[0][1] if step.about else step.name


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
    states = [model.initial if start is None else start]
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
