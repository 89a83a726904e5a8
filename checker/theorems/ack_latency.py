"""Theorems about how long a booking takes to be acknowledged, for all times that the replicas may take.

A replica's time is that from sending it a write to its confirmation. What an acknowledgement waits for is read off the
spec's own description of a strategy (:mod:`overbooked.checker.latency.waits`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeAlias

import z3

from overbooked.checker.latency import waits
from overbooked.checker.latency.waits import booking_wait, check_wait
from overbooked.checker.proving.solver import Claim
from overbooked.checker.proving.theorem import Prover, Statement, Theorem, Topic, WeakenedPremise, proof_of
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy, by_app_server

MOST = 5
"""Up to so many replicas, times are compared as the spec's description of the strategies gives them."""
APPEND, MORE = z3.Real(waits.APPEND), z3.Real("one more")
"""The time that an append to the log takes, and that of one replica more."""

Times: TypeAlias = list[z3.ArithRef]
"""For each replica, db1 first, the time from sending it a write to its confirmation."""
Acks: TypeAlias = dict[str, z3.ArithRef]
"""When an ack comes, by the strategy's name."""
Order: TypeAlias = Callable[[Acks], z3.BoolRef]
"""What is claimed of the strategies' times; ``parallel:N`` is the one that waits for all."""

_EVERY_N = Topic(
    "latency",
    "every N, with no bound; any times",
    "By induction over N: over one replica it is so, and one replica more, whatever its time, leaves it so. What one "
    f"more does to the time of an ack is read off the spec's description of the strategies, for N up to {MOST}.",
)
_FEW = Topic(
    "latency",
    f"N up to {MOST}; any times",
    "When an ack comes is read off the spec's description of the strategies, as an expression of the replicas' times.",
)


def theorems() -> Iterator[Theorem]:
    """Yield the theorems about latency, each with its twin."""
    return chain.from_iterable(_listed())


def ack_time(write: WriteStrategy, times: Times) -> z3.ArithRef:
    """Return when the user is told, if replica i confirms ``times[i - 1]`` after the write is sent to it.

    >>> z3.simplify(ack_time(by_app_server(1)["serial-sync"], [z3.Real("db1")]))
    db1
    """
    return booking_wait(write, len(times)).over(_named(times), in_order)


def check_time(read: ReadStrategy, times: Times) -> z3.ArithRef:
    """Return when a check is answered, if replica i answers after ``times[i - 1]``.

    >>> from overbooked.spec.read_strategies import read_strategies
    >>> z3.simplify(check_time(read_strategies(2)["one:db2"], [z3.Real("db1"), z3.Real("db2")]))
    db2
    """
    return check_wait(read).over(_named(times), in_order)


def in_order(times: Times) -> Times:
    """Return the times, the earliest first: each is put where it belongs among those before it."""
    found: Times = []
    for each in times:
        later = each
        for at, other in enumerate(found):
            found[at], later = _least(other, later), _most(other, later)
        found.append(later)
    return found


def _listed() -> Iterator[tuple[Theorem, Theorem]]:
    yield _EVERY_N.with_twin(
        "acks-in-order",
        Statement(
            "an ack of parallel:1 comes no later than one of serial-async, and that no later than one of serial-sync",
            "if no time is negative",
            "tᵢ ≥ 0 ⇒ parallel:1 ≤ serial-async ≤ serial-sync",
        ),
        WeakenedPremise("if times may be -1 or more", "tᵢ ≥ -1 ⇒ parallel:1 ≤ serial-async ≤ serial-sync"),
        lambda slack: _for_every_n(_in_order, _in_order, lowest=-slack),
    )
    yield _EVERY_N.with_twin(
        "parallel-N-before-serial-sync",
        Statement(
            "an ack of parallel:N comes no later than one of serial-sync, which waits for all as well",
            "if no time is negative",
            "tᵢ ≥ 0 ⇒ parallel:N ≤ serial-sync",
        ),
        WeakenedPremise("if times may be -1 or more", "tᵢ ≥ -1 ⇒ parallel:N ≤ serial-sync"),
        lambda slack: _for_every_n(_all_before_serial, _all_before_serial_and_positive, lowest=-slack),
    )
    yield _FEW.with_twin(
        "parallel-K-is-the-Kth",
        Statement(
            "an ack comes at the K-th smallest of the replicas' times",
            "if it is one of parallel:K",
            "#{i: tᵢ ≤ parallel:K} ≥ K > #{i: tᵢ < parallel:K}",
        ),
        WeakenedPremise(
            "if it waits for one confirmation fewer", "#{i: tᵢ ≤ parallel:(K - 1)} ≥ K > #{i: tᵢ < parallel:(K - 1)}"
        ),
        _kth,
    )
    yield _EVERY_N.with_twin(
        "log-acks-first",
        Statement(
            "an ack of message:S comes no later than one of any other strategy",
            "if an append takes no longer than the fastest write",
            "append ≤ tᵢ for all i ⇒ message:S ≤ every other",
        ),
        WeakenedPremise("if it takes up to 1 longer", "append ≤ tᵢ + 1 for all i ⇒ message:S ≤ every other"),
        lambda slack: _for_every_n(_log_first, _log_first, when=lambda time: time + slack >= APPEND),
    )
    yield _EVERY_N.with_twin(
        "log-acks-first-only-then",
        Statement(
            "an ack of parallel:1 comes before one of message:S",
            "if an append takes longer than the fastest write",
            "append > tᵢ for some i ⇒ parallel:1 < message:S",
        ),
        WeakenedPremise("if it takes as long or longer", "append ≥ tᵢ for some i ⇒ parallel:1 < message:S"),
        _only_then,
    )


# What is claimed.


def _in_order(acks: Acks) -> z3.BoolRef:
    return z3.And(acks["parallel:1"] <= acks["serial-async"], acks["serial-async"] <= acks["serial-sync"])


def _all_before_serial(acks: Acks) -> z3.BoolRef:
    return acks["parallel:N"] <= acks["serial-sync"]


def _all_before_serial_and_positive(acks: Acks) -> z3.BoolRef:
    return z3.And(_all_before_serial(acks), acks["serial-sync"] >= 0)


def _log_first(acks: Acks) -> z3.BoolRef:
    return z3.And([ack >= APPEND for ack in acks.values()])


# How it is proved.


def _for_every_n(
    goal: Order, invariant: Order, *, lowest: int = 0, when: Callable[[z3.ArithRef], z3.BoolRef] | None = None
) -> Prover:
    """Return a prover by induction over N; ``when`` is a premise on each time, and no time is below ``lowest``."""

    def fits(time: z3.ArithRef) -> z3.BoolRef:
        return z3.And(time >= lowest, when(time) if when else True)

    def claims() -> Iterator[Claim]:
        for n in range(1, MOST + 1):
            yield _claim(n, [fits(time) for time in _times(n)], goal(_acks(n)))
        yield _claim(1, [fits(time) for time in _times(1)], invariant(_acks(1)))
        now = {name: z3.Real(name) for name in (*_ENDS, "parallel:K", "parallel:K-1")}
        kept = invariant(_one_more(now) | {"parallel:K": _between(now["parallel:K-1"], now["parallel:K"])})
        yield Claim("one replica more leaves it so", (fits(MORE), invariant(now)), kept)
        yield from _read_off()

    return proof_of(claims, _case_in_words)


_ENDS = ("serial-sync", "serial-async", "parallel:1", "parallel:N")


def _one_more(acks: Acks) -> Acks:
    """Return when acks come if there is one replica more, the last."""
    return {
        "serial-sync": acks["serial-sync"] + MORE,
        "serial-async": acks["serial-async"],
        "parallel:1": _least(acks["parallel:1"], MORE),
        "parallel:N": _most(acks["parallel:N"], MORE),
    }


def _between(fewer: z3.ArithRef, this: z3.ArithRef) -> z3.ArithRef:
    """Return when an ack of parallel:K comes with one replica more; ``fewer`` is when one of parallel:(K-1) came."""
    return _most(fewer, _least(this, MORE))


def _read_off() -> Iterator[Claim]:
    """Yield the claims that one replica more does to the spec's strategies what is said here."""
    for n in range(1, MOST):
        before, after = _acks(n), _acks(n + 1, [*_times(n), MORE])
        said = _one_more(before) | {
            f"parallel:{k}": _between(before[f"parallel:{k - 1}"], before[f"parallel:{k}"]) for k in range(2, n + 1)
        }
        same = [after[name] == time for name, time in said.items()]
        known = tuple(time >= 0 for time in (*_times(n), MORE))
        yield Claim(f"that is what one more than {n} does in the spec", known, z3.And(same))


def _kth(slack: int) -> Prover:
    def claims() -> Iterator[Claim]:
        for n in range(1, MOST + 1):
            for k in range(1 + slack, n + 1):
                times = _times(n)
                at = ack_time(by_app_server(n)[f"parallel:{k - slack}"], times)
                enough, early = _how_many([t <= at for t in times]) >= k, _how_many([t < at for t in times]) < k
                yield _claim(n, [time >= 0 for time in times], z3.And(enough, early), f"K = {k}")

    return proof_of(claims, _case_in_words)


def _only_then(slack: int) -> Prover:
    def longer(time: z3.ArithRef) -> z3.BoolRef:
        return time <= APPEND if slack else time < APPEND

    def claims() -> Iterator[Claim]:
        for n in range(1, MOST + 1):
            fast = [z3.Or([longer(time) for time in _times(n)]), *(time >= 0 for time in _times(n))]
            yield _claim(n, fast, _acks(n)["parallel:1"] < APPEND)
        first, some = z3.Real("parallel:1"), z3.Bool("one is faster than the append")
        known = (z3.Implies(some, first < APPEND), z3.Or(some, MORE < APPEND))
        yield Claim("one replica more leaves it so", known, _least(first, MORE) < APPEND)
        yield from _read_off()

    return proof_of(claims, _case_in_words)


def _claim(n: int, known: list[z3.BoolRef], conclusion: z3.BoolRef, also: str = "") -> Claim:
    """Return a claim about n replicas; a case that refutes it is shown in small whole numbers if there is one."""
    terms = [*_times(n), APPEND]
    whole = [z3.IsInt(term) for term in terms]
    what = ", ".join(filter(None, [f"N = {n}", also]))
    return Claim(what, (*known, APPEND >= 0), conclusion, tuple(_most(term, -term) for term in terms), tuple(whole))


def _case_in_words(claim: Claim, case: z3.ModelRef) -> str:
    if not claim.small:
        return f"{claim.what}: {case}"
    n = len(claim.small) - 1
    terms = [*_times(n), APPEND] if "append" in str(claim.conclusion) else _times(n)
    values = [f"{term} takes {case.eval(term, model_completion=True)}" for term in terms]
    acks = {f"parallel:{n}" if name == "parallel:N" else name: ack for name, ack in _acks(n).items()}
    comes = [f"{name} at {case.eval(ack, model_completion=True)}" for name, ack in acks.items()]
    return f"{claim.what}; {', '.join(values)}; acks come: {', '.join(comes)}"


def _times(n: int) -> Times:
    return [z3.Real(f"db{i}") for i in range(1, n + 1)]


def _acks(n: int, times: Times | None = None) -> Acks:
    """Return when acks come over n replicas, for every strategy without a log."""
    direct = {name: write for name, write in by_app_server(n).items() if not write.log}
    acks = {name: ack_time(write, times or _times(n)) for name, write in direct.items()}
    return acks | {"parallel:N": acks[f"parallel:{n}"]}


def _named(times: Times) -> dict[str, z3.ArithRef]:
    """Return the times by the names of what takes them."""
    return {f"db{i}": time for i, time in enumerate(times, 1)} | {waits.APPEND: APPEND}


def _least(one: z3.ArithRef, other: z3.ArithRef) -> z3.ArithRef:
    return z3.If(one <= other, one, other)


def _most(one: z3.ArithRef, other: z3.ArithRef) -> z3.ArithRef:
    return z3.If(one <= other, other, one)


def _how_many(terms: list[z3.BoolRef]) -> z3.ArithRef:
    return z3.Sum([z3.If(term, 1, 0) for term in terms])
