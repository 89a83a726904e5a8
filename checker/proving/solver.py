"""Asking z3: is this true whatever the values, and if not, what is the smallest case in which it is false?"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Literal, NamedTuple, TypeAlias

import z3

from overbooked.checker.engine.memory_limit import Budget, resident

Verdict: TypeAlias = Literal["proved", "refuted", "unknown"]


_EFFORT = 20_000_000
"""So much work of z3's, in its own units, goes into making a case smaller at most: a count, so that no case that is
shown depends on how fast a machine is."""


class Claim(NamedTuple):
    """One question for z3: whether ``conclusion`` is true wherever all ``premises`` are.

    what
        The claim in words, as one part of a proof: "confirm keeps it".
    small
        Terms; of all cases in which the claim is false the smallest in these, the first one first, is shown.
    plain
        What a case that is shown should be like, if it can: whole numbers, for example.
    """

    what: str
    premises: tuple[z3.BoolRef, ...]
    conclusion: z3.BoolRef
    small: tuple[z3.ArithRef, ...] = ()
    plain: tuple[z3.BoolRef, ...] = ()


class Answer(NamedTuple):
    """What z3 says of a claim; ``case`` gives every term its value in a smallest case that refutes it."""

    verdict: Verdict
    case: z3.ModelRef | None = None


def ask(claim: Claim, seconds: float, *, met: bool = False) -> Answer:
    """Ask z3 for a claim, for so many seconds at most; what it cannot decide in time is ``unknown``.

    ``met``: something is known to meet the premises.

    Raises :class:`KeyboardInterrupt` when Ctrl-C stops z3, and :class:`ValueError` when nothing meets the premises.

    >>> n = z3.Int("n")
    >>> ask(Claim("squares are not negative", (), n * n >= 0), 5).verdict
    'proved'
    >>> ask(Claim("doubling makes larger", (n >= 0,), 2 * n > n, small=(n,)), 5).case[n]
    0
    """
    solver = z3.Solver()
    solver.set("timeout", _milliseconds(seconds))
    solver.add(*claim.premises, z3.Not(claim.conclusion))
    answer = check(solver)
    if answer == z3.unsat:
        if not met:
            _refuse_empty(claim, seconds)
        return Answer("proved")
    if answer == z3.unknown:
        return Answer("unknown")
    smallest = _smallest(claim) if claim.small else None
    return Answer("refuted", smallest or solver.model())


def _refuse_empty(claim: Claim, seconds: float) -> None:
    solver = z3.Solver()
    solver.set("timeout", _milliseconds(seconds))
    solver.add(*claim.premises)
    if check(solver) == z3.unsat:
        raise ValueError(f"{claim.what}: nothing meets the premises, so that it says nothing")


def check(solver: z3.Solver | z3.Optimize, *assumptions: z3.BoolRef) -> z3.CheckSatResult:
    """Return ``sat``, ``unsat`` or ``unknown``.

    z3 works in a thread of its own, so that Ctrl-C reaches Python, which stops z3 and raises
    :class:`KeyboardInterrupt`. Raises :class:`MemoryError` where z3 had no memory left, after which it never has.
    """
    if _STOPPED.is_set():
        raise KeyboardInterrupt
    solver.set(ctrl_c=False)
    with ThreadPoolExecutor(max_workers=1) as worker:
        try:
            answer = worker.submit(solver.check, *assumptions).result()
        except KeyboardInterrupt:
            solver.ctx.interrupt()
            raise
    if _STOPPED.is_set():
        raise KeyboardInterrupt
    if answer == z3.unknown and "memory" in solver.reason_unknown():
        raise MemoryError
    return answer


def limit_memory() -> None:
    """Have z3 give up before this process has more bytes than it may."""
    room = Budget().limit - resident() + z3.Z3_get_estimated_alloc_size()
    z3.set_param("memory_max_size", max(1, room >> 20))  # in MiB; 0 would be no limit


@contextmanager
def out_of_memory_is_an_error() -> Iterator[None]:
    """Raise :class:`MemoryError` where z3 says so in its own way: whatever is asked of it raises once it had none."""
    try:
        yield
    except z3.Z3Exception as error:
        if "memory" in str(error):
            raise MemoryError from None
        raise


_STOPPED = threading.Event()


@contextmanager
def stoppable() -> Iterator[None]:
    """Within this, Ctrl-C is raised by the question that is being asked or by the next one, and nowhere else.

    Raised anywhere, it would at times be raised where z3's objects are freed, and Python would print it and go on.
    """

    def stop(*_: object) -> None:
        _STOPPED.set()
        z3.main_ctx().interrupt()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _STOPPED.clear()


def number(case: z3.ModelRef, term: z3.ArithRef) -> int:
    """Return the value that an integer term has in a case."""
    return int(case.eval(term, model_completion=True).as_long())


def values_of(case: z3.ModelRef, *terms: z3.ArithRef) -> str:
    """Return the values of these terms in a case, as in ``N = 2, W = 1``."""
    return ", ".join(f"{term} = {number(case, term)}" for term in terms)


def _smallest(claim: Claim) -> z3.ModelRef | None:
    optimizer = z3.Optimize()
    optimizer.set("rlimit", _EFFORT)
    optimizer.add(*claim.premises, z3.Not(claim.conclusion), *claim.plain)
    for term in claim.small:
        optimizer.minimize(term)
    return optimizer.model() if check(optimizer) == z3.sat else None


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
