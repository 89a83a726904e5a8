"""The trade-off between how long a pair takes and how often it is stale, and the pairs that no other one beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from overbooked.checker.cells import Cell
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.simulation.simulated import Simulated, percentiles
from overbooked.spec.guarantees import strongest

Keeps: TypeAlias = Mapping[tuple[str, str], Sequence[str]]
"""By way to write and way to read, the strongest guarantees about answers that they give."""

ABOUT_ANSWERS = (
    "read-after-write",
    "read-your-writes",
    "monotonic-reads",
    "linearizability",
    "no-double-booking",
)
"""The guarantees that are written at a pair: those about what users are told."""
_STATES = 200_000
_MOST_JUDGED = 5
"""Over more replicas, and in models of more states, guarantees are left open here: they would take long."""


class Point(NamedTuple):
    """A pair as a point: both less is better.

    ms
        How long a booking and then a check take, each at the median.
    stale
        The probability that a check is stale which is made right after the acknowledgement.
    on_front
        Whether no other pair is better in one and as good in the other.
    """

    pair: tuple[str, str]
    ms: float
    stale: float
    on_front: bool = True


def points(found: Sequence[Simulated]) -> list[Point]:
    """Return the pairs as points."""
    every = [_point(each) for each in found]
    return [each._replace(on_front=not any(_beats(other, each) for other in every)) for each in every]


def strongest_about_answers(pairs: Sequence[Simulated]) -> Keeps:
    """Return for each pair the strongest guarantees about answers that it is found to give, if nothing fails."""
    if any(each.replicas > _MOST_JUDGED for each in pairs):
        return {}
    every = [Cell(each.write, each.read, each.replicas, "none", g) for each in pairs for g in ABOUT_ANSWERS]
    judging = Evaluation(every, Bounds(_STATES), runs=False, until_broken=True)
    for _ in judging.run():
        pass
    kept: dict[tuple[str, str], list[str]] = {}
    for verdict in judging.verdicts:
        kept.setdefault((verdict.cell.write, verdict.cell.read), [])
        if verdict.verdict == "holds":
            kept[verdict.cell.write, verdict.cell.read].append(verdict.cell.guarantee)
    return {pair: strongest(names) for pair, names in kept.items()}


def stale_over(each: Simulated, times: Sequence[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the probability that a check is stale at each of these times, with its bounds: three by times."""
    fresh = np.array([each.fresh.at(t) for t in times]).T
    return 1 - fresh[[0, 2, 1]]


def _point(each: Simulated) -> Point:
    ms = sum(percentiles(times)["p50"].value for times in (each.booking, each.checking))
    return Point((each.write, each.read), ms, 1 - each.fresh.at(0).value)


def _beats(one: Point, other: Point) -> bool:
    return one.ms <= other.ms and one.stale <= other.stale and (one.ms, one.stale) != (other.ms, other.stale)
