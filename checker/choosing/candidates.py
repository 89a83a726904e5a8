"""The pairs among which one may choose: each way to write with each way to read, under one name each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from overbooked.checker.choosing.costs import Cost, cost_of
from overbooked.spec.combinations import misfit
from overbooked.spec.faults import fault_named
from overbooked.spec.read_strategies import read_strategies
from overbooked.spec.write_strategies import WriteStrategy, write_strategies


class Pair(NamedTuple):
    """A way to write and a way to read, by name, and what they cost."""

    write: str
    read: str
    cost: Cost


def candidates(replicas: int, faults: Sequence[str], prefer: str, *, counted: bool = True) -> list[Pair]:
    """Return every pair that goes with these faults, the cheapest first; messages may be left uncounted.

    >>> [pair[:2] for pair in candidates(3, ["none"], "latency")[:2]]
    [('message:serial-sync', 'one:db1'), ('message:serial-sync', 'one:db2')]
    """
    pairs = [
        Pair(write.name, read.name, cost_of(write, read, replicas, counted=counted))
        for write in _writes(replicas)
        for read in read_strategies(replicas).values()
        if not any(misfit(write, read, fault_named(fault)) for fault in faults)
    ]
    return sorted(pairs, key=lambda pair: pair.cost.rank(prefer))


def _writes(replicas: int) -> Iterator[WriteStrategy]:
    """Yield the ways to write, without those that promise the same: what one copy has, nobody else has to receive."""
    for write in write_strategies(replicas).values():
        if not (write.on_receipt and write.needed == 1):
            yield write
