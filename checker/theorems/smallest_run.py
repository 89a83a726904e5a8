"""The smallest run of the booking system that refutes a statement about N, W and R."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TypeAlias

import z3

from overbooked.checker.engine.runs import Run
from overbooked.checker.engine.verdicts import check
from overbooked.checker.theorems.any_size import Sizes, System
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.telling import event

Found: TypeAlias = tuple[str, tuple[str, ...]]
"""The numbers of a case, and its run, in words."""


def smallest_run(system: System, premise: z3.BoolRef, *, restarts: int = 0) -> Found | None:
    """Return in words a shortest run of a system that breaks its guarantee where ``premise`` holds.

    It is over as few replicas as can be, up to the system's ``largest``, and has as many faults of a kind at most as
    the premise says, which are none where it does not speak of them. The search finds it in the spec's own steps;
    ``None`` when there is none. Raises :class:`MemoryError` when it has no memory left.
    """
    for sizes in _sizes(system, premise):
        setting, guarantee = system.of_sizes(sizes, restarts), GUARANTEES[system.guarantee]
        found = check(model(setting, guarantee))
        if not found.complete:
            raise MemoryError
        if run := found.judgements[guarantee.name].run:
            return ", ".join(_told(system, premise, sizes)), run_in_words(setting, run)
    return None


def run_in_words(setting: Setting, run: Run) -> tuple[str, ...]:
    """Return the steps of a run in words."""
    events = [event(setting, step, run.states[at], run.states[at + 1]) for at, step in enumerate(run.steps)]
    return tuple(f"{it.who} {it.what}" for it in events)


def _told(system: System, premise: z3.BoolRef, sizes: Sizes) -> Iterator[str]:
    """Yield what the numbers are: those of faults only where the premise speaks of them."""
    others = len(sizes) - len(system.numbers.faults)
    for at, (number, value) in enumerate(zip(system.numbers, sizes, strict=True)):
        if at < others or occurs(number, premise):
            yield f"{number} = {value}"


def _sizes(system: System, premise: z3.BoolRef) -> Iterator[Sizes]:
    fitting = z3.And(premise, *system.fit)
    for n in range(1, system.largest + 1):
        faults = (range(n + 1) if occurs(number, premise) else (0,) for number in system.numbers.faults)
        for rest in product(range(1, n + 1), range(1, n + 1), *faults):
            sizes = Sizes(n, *rest)
            values = [(it, z3.IntVal(value)) for it, value in zip(system.numbers, sizes, strict=True) if z3.is_expr(it)]
            if z3.is_true(z3.simplify(z3.substitute(fitting, *values))):
                yield sizes


def occurs(number: int | z3.ArithRef, formula: z3.ExprRef) -> bool:
    """Return whether a formula speaks of a number."""
    return z3.is_expr(number) and not z3.substitute(formula, (number, number + 1)).eq(formula)
