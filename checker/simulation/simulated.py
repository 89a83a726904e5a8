"""Every way to write by every way to read, simulated: how long they take, and how fresh their answers are."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

import numpy as np

from overbooked.checker.proving.solver import ask
from overbooked.checker.simulation.delays import Times
from overbooked.checker.simulation.estimates import AT_ONCE, CERTAIN, Estimate, probability, quantile
from overbooked.checker.simulation.k_staleness import k_stale
from overbooked.checker.simulation.networks import Network
from overbooked.checker.simulation.trials import Trial, trials
from overbooked.checker.theorems.quorum_systems import meet, of_strategies
from overbooked.spec.combinations import misfit
from overbooked.spec.faults import FAULTS
from overbooked.spec.read_strategies import SESSION, ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy

SHARES = (0.5, 0.99, 0.999)
"""Of times, the median and these percentiles are told."""
VISIBLE = 0.999
"""A booking is said to be visible when this share of checks see it."""
SECONDS = 30.0
"""How long z3 may take for a pair."""


class Freshness(NamedTuple):
    """How fresh checks are.

    proved
        Whether z3 proves that no check which is made after the acknowledgement can be stale.
    fresh_from
        Of each trial, the shortest first, the least time after the acknowledgement at which a check sees the booking.
    """

    proved: bool
    fresh_from: Times

    def at(self, ms: float) -> Estimate:
        """Return the probability that a check sees the booking which is made so long after the acknowledgement."""
        if self.proved:
            return CERTAIN
        return probability(int(np.searchsorted(self.fresh_from, ms, side="right")), len(self.fresh_from))

    def visible(self, share: float = VISIBLE) -> Estimate:
        """Return how long after the acknowledgement this share of checks see the booking, in ms."""
        if self.proved:
            return AT_ONCE
        return Estimate(*(max(time, 0.0) for time in quantile(self.fresh_from, share)))


class Simulated(NamedTuple):
    """A way to write and a way to read, simulated; times are in ms, and shortest first."""

    write: str
    read: str
    replicas: int
    booking: Times
    checking: Times
    fresh: Freshness
    k_stale: tuple[float, ...]

    @property
    def trials(self) -> int:
        """How many trials there were."""
        return len(self.booking)


class Simulation(NamedTuple):
    """What is simulated: the ways to write and to read, over what network, how often, and by what seed."""

    writes: Sequence[WriteStrategy]
    reads: Sequence[ReadStrategy]
    network: Network
    trials: int
    seed: int

    @property
    def pairs(self) -> list[tuple[WriteStrategy, ReadStrategy]]:
        """Each way to write with each way to read that goes with it, of those that can be simulated."""
        reads = [read for read in self.reads if not why_not(read)]
        writes = [write for write in self.writes if not why_not(write)]
        return [(w, r) for w in writes for r in reads if not misfit(w, r, FAULTS["none"])]


def why_not(way: WriteStrategy | ReadStrategy) -> str | None:
    """Return in a line why a way to write or to read is not simulated; ``None``, if it is."""
    if isinstance(way, WriteStrategy):
        return (
            f"{way.name}: the one booking here meets no other, so ask for parallel:{way.needed}" if way.claims else None
        )
    if way.repair:
        return f"{way.name}: is not simulated, as how long a repair takes depends on how stale the answers are"
    if way.session:
        plain = way.name.removesuffix(SESSION)
        return f"{way.name}: whoever checks here was told of nothing that a session would wait for, so ask for {plain}"
    return None


KS = (1, 2, 3, 5)
"""Of how many last bookings it is told how often a check sees none."""


def simulate(simulation: Simulation) -> Generator[str, None, list[Simulated]]:
    """Yield how far it is, and return each way to write by each way to read.

    The intervals of what is estimated have the true value with a probability of 95 % each.
    """
    writes, reads, network, count, seed = simulation
    booking, checking = ({each.name: np.empty(count) for each in every} for every in (writes, reads))
    fresh = {(write.name, read.name): np.empty(count) for write, read in simulation.pairs}
    done = 0
    for some in trials(writes, reads, network, count, seed):
        size = _keep(some, booking, checking, fresh, done)
        done += size
        yield f"trial {done:,} of {count:,}"
    for times in (*booking.values(), *checking.values(), *fresh.values()):
        times.sort()
    return [
        Simulated(
            write.name,
            read.name,
            network.replicas,
            booking[write.name],
            checking[read.name],
            Freshness(is_never_stale(write, read, network.replicas), fresh[write.name, read.name]),
            tuple(k_stale(write, read, network.replicas, k) for k in KS),
        )
        for write, read in simulation.pairs
    ]


def simulated(simulation: Simulation) -> list[Simulated]:
    """Return each way to write by each way to read, as :func:`simulate` does."""
    simulating = simulate(simulation)
    while True:
        try:
            next(simulating)
        except StopIteration as ended:
            found: list[Simulated] = ended.value
            return found


def is_never_stale(write: WriteStrategy, read: ReadStrategy, replicas: int) -> bool:
    """Return whether z3 proves that every set of replicas a write waits for meets every set that a read waits for.

    Then no check is stale: that is the theorem ``no-stale-read-where-sets-meet``, or of a primary
    ``standbys-are-fresh-where-sets-meet``.
    """
    return ask(meet(of_strategies(write, read, replicas)), SECONDS).verdict == "proved"


def percentiles(ordered: Times) -> dict[str, Estimate]:
    """Return the median and the percentiles of times, by the names ``p50``, ``p99`` and ``p99.9``."""
    return {f"p{100 * share:g}": quantile(ordered, share) for share in SHARES}


def _keep(
    some: Trial,
    booking: dict[str, Times],
    checking: dict[str, Times],
    fresh: dict[tuple[str, str], Times],
    done: int,
) -> int:
    """Keep some trials, from the place ``done`` on; return how many they are."""
    size = 0
    for times, new in ((booking, some.booking), (checking, some.checking)):
        for name, its in new.items():
            size = len(its)
            times[name][done : done + size] = its
    for pair, its in fresh.items():
        its[done : done + size] = some.fresh_from[pair]
    return size
