"""How many bookings a check may miss at once, in closed form.

The formula is that of Bailis et al. (VLDB 2012, section 3.1, equation 2) for k-staleness: of N replicas a booking has
reached W, and no other hears of it; a check uses the answers of R. Any W and any R are as likely as any other, but
those that are always among them, where the strategy says so.
"""

from __future__ import annotations

from math import comb

from overbooked.checker.latency.waits import booking_wait
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy


def k_stale(write: WriteStrategy, read: ReadStrategy, replicas: int, k: int) -> float:
    """Return the probability that a check sees none of the last ``k`` bookings.

    >>> from overbooked.spec.read_strategies import read_strategy
    >>> from overbooked.spec.write_strategies import write_strategy
    >>> one, one_of_all = write_strategy("parallel:1", 3), read_strategy("one", 3)
    >>> [round(k_stale(one, one_of_all, 3, k), 3) for k in (1, 2, 3)]
    [0.667, 0.444, 0.296]

    Cost: that of some binomial coefficients.
    """
    always, others = _written(write, replicas)
    rest = replicas - len(always)
    asks = {1} if read.primary else set(read.asks)
    if len(asks) < replicas:
        none_of_them = 0.0 if asks & always else 1.0
    else:
        none_of_them = _missed(replicas, len(always), read.answers)
    return none_of_them * _missed(rest, others, read.answers) ** k if none_of_them else 0.0


def _written(write: WriteStrategy, replicas: int) -> tuple[set[int], int]:
    """Return the replicas that always show a booking which is acknowledged, and of how many of the others each may."""
    if write.log:
        return set(), 0
    if write.primary:
        return {1}, 0 if write.on_receipt else write.needed - 1
    if len(booking_wait(write, replicas).sums) == 1:
        return set(range(1, write.needed + 1)), 0
    return set(), write.needed


def _missed(replicas: int, written: int, read: int) -> float:
    """Return the probability that some replicas and some others, so many of each, have none in common."""
    return comb(replicas - written, read) / comb(replicas, read)
