"""An app server, led along a run of the spec: after each step both must look the same."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple, TypeAlias

from overbooked.checker.conformance.blame import at_fault
from overbooked.checker.conformance.cut_short import raise_if_cut_short, raise_what_stops
from overbooked.checker.conformance.event_loop import TIMERS
from overbooked.checker.conformance.implementation import Implementation
from overbooked.checker.conformance.observations import Observation, differences, observation_of
from overbooked.checker.conformance.system_under_test import SystemUnderTest
from overbooked.checker.engine.runs import Run
from overbooked.spec.setting import Setting

Row: TypeAlias = tuple[str, str, str]
"""What differs, how it is in the spec, and how it is in the app server."""


class Found(NamedTuple):
    """That the sides differ after so many steps of a run, and in what."""

    steps: int
    rows: list[Row]


class Difference(NamedTuple):
    """A run of the spec after whose last step the app server differs from it, and in what.

    It is ``repeatable`` when the same steps led to the same difference a second time; where they led elsewhere, what is
    held against the spec is not deterministic between steps. Where there was no time to take them again it is ``None``.
    It ``is_shortest`` where all that can be done in fewer steps was tried.
    """

    run: Run
    rows: list[Row]
    repeatable: bool | None
    is_shortest: bool = False


def first_difference(
    setting: Setting, parts: Implementation, first: Observation, steps: Iterable[tuple[str, Observation]]
) -> Found | None:
    """Take the steps, each by its label, on new parts; return where these first differ from how the spec looks.

    Raises :class:`overbooked.checker.conformance.cut_short.CutShortError` when they were cut short.
    """
    found = None
    try:
        with parts.storage() as storage, closing(SystemUnderTest(setting, storage, parts.server)) as driven:
            found = _difference_along(driven, parts, first, steps)
    except BaseException as error:  # noqa: BLE001 - whatever the parts may raise
        raise_what_stops(error)
        found = found or _raised(0, error, parts)
    finally:
        raise_if_cut_short()
    return found


def _difference_along(
    driven: SystemUnderTest, parts: Implementation, first: Observation, steps: Iterable[tuple[str, Observation]]
) -> Found | None:
    taken, setting = 0, driven.setting
    try:
        if (seen := driven.view()) != first:
            return Found(0, [*differences(setting, first, seen), *hints(driven)])
        for label, view in steps:
            taken += 1
            driven.take(label)
            if (seen := driven.view()) != view:
                return Found(taken, [*differences(setting, view, seen), *hints(driven)])
    except BaseException as error:  # noqa: BLE001 - whatever the parts may raise
        raise_what_stops(error)
        found = _raised(taken, error, parts)
        return found._replace(rows=[*found.rows, *hints(driven)])
    return None


def hints(driven: SystemUnderTest) -> list[Row]:
    """Return what there is to know of somebody who waits for time."""
    return [("timers of asyncio", "none", f"asked for; {TIMERS}")] if driven.has_timers else []


def _raised(taken: int, error: BaseException, parts: Implementation) -> Found:
    party, raised = at_fault(error, parts)
    return Found(taken, [(party, "goes on", raised)])


def replayed(setting: Setting, run: Run, parts: Implementation) -> Difference | None:
    """Lead the app server along a run of the spec; return where it cannot follow."""
    first, *views = (observation_of(setting, state, _possible(run, at)) for at, state in enumerate(run.states))
    steps = list(zip((step.label for step in run.steps), views, strict=True))
    found = first_difference(setting, parts, first, steps)
    if found is None:
        return None
    until = Run(run.model, run.steps[: found.steps], run.states[: found.steps + 1])
    return Difference(until, found.rows, repeatable=first_difference(setting, parts, first, steps) == found)


def _possible(run: Run, at: int) -> frozenset[str]:
    return frozenset(step.label for step in run.model.steps if step.on(run.states[at]) is not None)
