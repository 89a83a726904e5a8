"""What the report shows of how long strategies take and how stale they are: all that JavaScript needs to draw it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from overbooked.checker.latency.latencies import latencies, latency_object
from overbooked.checker.simulation.as_json import pair_object
from overbooked.checker.simulation.networks import SETS, network
from overbooked.checker.simulation.simulated import VISIBLE, Simulated, Simulation, simulated
from overbooked.checker.simulation.trade_off import Keeps, Point, points, stale_over, strongest_about_answers
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.write_strategies import write_strategy

_TRIALS, _SEED = 100_000, 1
_AT = (0.0, 10.0, 100.0)
_TIMES = 40


def numbers(writes: Sequence[str], reads: Sequence[str], replicas: int) -> Generator[str, None, dict[str, object]]:
    """Yield how far it is, and return latencies, and what is simulated with each set of delays."""
    times = {f"db{i}": 1.0 for i in range(1, replicas + 1)}
    every_write = [write_strategy(each, replicas) for each in writes]
    every_read = [read_strategy(each, replicas) for each in reads]
    sets: list[object] = []
    keeps: Keeps | None = None
    for name in SETS:
        yield f"delays {name}"
        simulation = Simulation(every_write, every_read, network(name, replicas, {}), _TRIALS, _SEED)
        found = simulated(simulation)
        keeps = strongest_about_answers(found) if keeps is None else keeps
        sets.append(_simulated(simulation, found, keeps))
    rows: list[object] = [latency_object(row) for row in latencies(writes, reads, replicas, times)]
    return {"latencies": rows, "delays": sets, "trials": _TRIALS, "seed": _SEED}


def _simulated(simulation: Simulation, found: Sequence[Simulated], keeps: Keeps) -> dict[str, object]:
    longest = max((each.fresh.visible().value for each in found), default=0.0)
    times = np.linspace(0, longest, _TIMES).tolist()
    rows: list[object] = [_pair(each, point, keeps, times) for each, point in zip(found, points(found), strict=True)]
    legs: list[object] = [list(leg) for leg in simulation.network.legs()]
    return {"name": simulation.network.name, "legs": legs, "times": times, "visible": VISIBLE, "pairs": rows}


def _pair(each: Simulated, point: Point, keeps: Keeps, times: Sequence[float]) -> dict[str, object]:
    """Return a pair: its numbers, where its point is, and how often it is stale at each time, with the bounds."""
    curve: list[list[float]] = [] if each.fresh.proved else stale_over(each, times).round(6).tolist()
    return {
        **pair_object(each, _AT, keeps),
        "ms": point.ms,
        "stale": point.stale,
        "on_front": point.on_front,
        "curve": curve,
    }
