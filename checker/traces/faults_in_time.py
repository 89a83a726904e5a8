"""Faults of a run told where they could matter: before what breaks the guarantee, and not after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from overbooked.checker.cells import CellVerdict
from overbooked.checker.engine.runs import Run, run_along
from overbooked.spec.language import Case, Model, Step, When


def faults_in_time(run: Run, when: When, broken: Iterable[Case]) -> Run:
    """Return the same steps in another order: what comes after the step that breaks it comes before, but late.

    ``broken`` are the cases in which the guarantee is broken, whatever failed; ``when`` says how. Where it
    cannot be, or the guarantee speaks of how runs end, the run is as it was. Cost: each step is tried at each place.
    """
    cases = tuple(broken)
    if when != "never":
        return run
    first = next(at for at, state in enumerate(run.states) if any(case.on(state) for case in cases))
    steps = list(run.steps[:first])
    for late in run.steps[first:]:
        orders = ([*steps[:at], late, *steps[at:]] for at in range(len(steps) - 1, -1, -1))
        found = next((order for order in orders if _breaks(run.model, order, cases)), None)
        if found is None:
            return run
        steps = found
    return run_along(run.model, steps)


def told_in_time(verdict: CellVerdict) -> CellVerdict:
    """Return the verdict; if only runs were looked for in which each fault happens, with its run told in that order."""
    if not (verdict.run and verdict.cell.each_fault):
        return verdict
    plain = verdict.cell._replace(each_fault=False).judged
    return verdict._replace(run=faults_in_time(verdict.run, plain.when, plain.broken(verdict.cell.setting)))


def _breaks(model: Model, steps: Sequence[Step], broken: Sequence[Case]) -> bool:
    """Return whether these steps can be taken one after the other, and the last of them breaks it."""
    try:
        *_, before, after = run_along(model, steps).states
    except ValueError:
        return False
    return any(case.on(after) for case in broken) and not any(case.on(before) for case in broken)
