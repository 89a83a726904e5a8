"""How many bookings a check may miss at once, in closed form.

The formula is that of Bailis et al. (VLDB 2012, section 3.1, equation 2) for k-staleness: of N replicas a booking has
reached W, and no other hears of it; a check uses the answers of R. Any W and any R are as likely as any other, or are
always the same where the strategy says so.
"""

from __future__ import annotations

from math import comb

from overbooked.checker.latency.waits import APPEND, Wait


def k_stale(booking: Wait, check: Wait, replicas: int, k: int) -> float:
    """Return the probability that a check sees none of the last ``k`` bookings.

    ``booking`` and ``check`` are what an acknowledgement and an answer wait for.

    >>> from overbooked.checker.latency.waits import booking_wait, check_wait
    >>> from overbooked.spec.read_strategies import read_strategy
    >>> from overbooked.spec.write_strategies import write_strategy
    >>> one = check_wait(read_strategy("one", 3))
    >>> [round(k_stale(booking_wait(write_strategy("parallel:1", 3), 3), one, 3, k), 3) for k in (1, 2, 3)]
    [0.667, 0.444, 0.296]

    Cost: that of two binomial coefficients.
    """
    written, read = _always(booking), _always(check)
    if written is None:
        return _missed(replicas, booking.kth, check.kth) ** k
    if read is None:
        return _missed(replicas, len(written), check.kth)
    return float(not written & read)


def _always(wait: Wait) -> frozenset[str] | None:
    """Return the replicas that are waited for, where these are always the same."""
    return frozenset(wait.sums[0]) - {APPEND} if len(wait.sums) == 1 else None


def _missed(replicas: int, written: int, read: int) -> float:
    """Return the probability that some replicas and some others, so many of each, have none in common."""
    return comb(replicas - written, read) / comb(replicas, read)
