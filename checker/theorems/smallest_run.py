"""The smallest run of the booking system that refutes a statement about N, W and R."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TypeAlias

import z3

from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.verdicts import check
from overbooked.checker.theorems.any_size import System
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.telling import event

Found: TypeAlias = tuple[str, tuple[str, ...]]
"""The numbers of a case, and its run, in words."""


def smallest_run(system: System, premise: z3.BoolRef, *, crashes: bool = False, restarts: int = 0) -> Found | None:
    """Return in words a shortest run of a system that breaks its guarantee where ``premise`` holds.

    It is over as few replicas as can be, up to the system's ``largest``, and has C crashes at most if there are
    ``crashes``. The search finds it in the spec's own steps; ``None`` when there is none. Raises :class:`MemoryError`
    when it has no memory left.
    """
    for sizes in _sizes(system, premise, crashes=crashes):
        setting, guarantee = system.of_sizes(*sizes, restarts), GUARANTEES[system.guarantee]
        found = check(model(setting, guarantee))
        if not found.complete:
            raise MemoryError
        if run := found.judgements[guarantee.name].run:
            told = zip(system.numbers if crashes else system.numbers[:-1], sizes, strict=False)
            return ", ".join(f"{name} = {value}" for name, value in told), run_in_words(setting, run)
    return None


def run_in_words(setting: Setting, run: Run) -> tuple[str, ...]:
    """Return the steps of a run in words."""
    events = [event(setting, step, run.states[at], run.states[at + 1]) for at, step in enumerate(run.steps)]
    return tuple(f"{it.who} {it.what}" for it in events)


def _sizes(system: System, premise: z3.BoolRef, *, crashes: bool) -> Iterator[tuple[int, int, int, int]]:
    fitting = z3.And(premise, *system.fit)
    for n in range(1, system.largest + 1):
        for needed, r, c in product(range(1, n + 1), range(1, n + 1), range(n + 1) if crashes else (0,)):
            sizes = n, needed, r, c
            values = [(term, z3.IntVal(value)) for term, value in zip(system.numbers, sizes, strict=True)]
            if z3.is_true(z3.simplify(z3.substitute(fitting, *values))):
                yield sizes
