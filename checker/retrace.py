"""Runs taken again on the reference, for tests: what ``overbooked trace --format pytest`` writes calls this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from overbooked.checker.conformance.difference_text import difference_in_words
from overbooked.checker.conformance.loader import parts_called
from overbooked.checker.conformance.replay import replayed
from overbooked.checker.engine.runs import run_along
from overbooked.checker.traces.names import named
from overbooked.spec.system import model
from overbooked.spec.telling import answers, contents


class End(NamedTuple):
    """How a run ended: what each call's user was told, by the call's name, and what each replica holds."""

    told: dict[str, str]
    holds: dict[str, str]


def retrace(name: str, steps: Sequence[str], over: str = "memory", app: str | None = None) -> End:
    """Lead the reference along a run, step by step, and return how it ended.

    name
        The trace's name, which says the setting and what the users do.
    steps
        The steps, as in the spec: ``invoke u1.book``, ``apply u1.book db2``.
    over, app
        ``memory``, ``sqlite``, or ``MODULE:NAME`` of a storage of your own; ``MODULE:NAME`` of an app server of yours.

    Raises :class:`AssertionError`, which tells the run and what differs, when the reference cannot follow or does not
    look as the spec does after a step; :class:`ValueError` when a step is not possible in the spec.

    >>> retrace("serial-async/one/durability@replica-crash", ["invoke u1.book", "apply u1.book db1", "crash db1"]).holds
    {'db1': '(b1)', 'db2': '-', 'db3': '-'}
    """
    cell = named(name).cell
    setting = cell.setting
    spec = model(setting, cell.judged)
    known = {step.label: step for step in spec.steps}
    if unknown := [label for label in steps if label not in known]:
        raise ValueError(f"{unknown[0]}: no such step in {name}")
    run = run_along(spec, [known[label] for label in steps])
    parts = parts_called(app, over)
    if difference := replayed(setting, run, parts):
        raise AssertionError(difference_in_words(setting, difference, parts.names))
    return End(answers(setting, run.states[-1]), contents(setting, run.states[-1]))
