"""Estimates out of trials, each with the interval that has the true value with a probability of 95 %."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import beta, binom

from overbooked.checker.simulation.delays import Times

_MISS = 0.05
"""The probability that the true value is outside of an interval."""


class Estimate(NamedTuple):
    """An estimated value, and the interval; ``high`` is infinite where the trials are too few to bound it."""

    value: float
    low: float
    high: float


CERTAIN = Estimate(1.0, 1.0, 1.0)
"""The probability of what is proved."""
AT_ONCE = Estimate(0.0, 0.0, 0.0)
"""The time from which on what is proved is so."""


def probability(happened: int, trials: int) -> Estimate:
    """Return the probability of what happened in so many trials (Clopper and Pearson, Biometrika 1934).

    >>> probability(0, 100).low, round(probability(0, 100).high, 4)
    (0.0, 0.0362)
    """
    low = beta.ppf(_MISS / 2, happened, trials - happened + 1) if happened else 0.0
    high = beta.ppf(1 - _MISS / 2, happened + 1, trials - happened) if happened < trials else 1.0
    return Estimate(happened / trials, float(low), float(high))


def quantile(ordered: Times, share: float) -> Estimate:
    """Return the time below which this share of all times is; ``ordered`` has those of the trials, shortest first.

    Its interval is between two of them, by their rank: how many of the trials are below the true quantile is binomial,
    whatever the distribution (David and Nagaraja, Order Statistics, section 7.1).

    >>> quantile(np.arange(1.0, 1001.0), 0.5)
    Estimate(value=500.5, low=469.0, high=532.0)
    """
    count = len(ordered)
    below, above = binom.ppf([_MISS / 2, 1 - _MISS / 2], count, share).astype(int)
    at = share * (count - 1)
    value = float(np.interp(at, [math.floor(at), math.floor(at) + 1], ordered[[int(at), min(int(at) + 1, count - 1)]]))
    high = float(ordered[above]) if above < count else math.inf
    return Estimate(value, float(ordered[below - 1]) if below else 0.0, high)
