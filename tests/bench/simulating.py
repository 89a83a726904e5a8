"""``python tests/bench/simulating.py``: how long a million trials of every pair in the table take."""

from __future__ import annotations

import time
from statistics import median

from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES
from overbooked.checker.simulation.networks import SETS, network
from overbooked.checker.simulation.simulated import Simulation, simulated
from overbooked.checker.simulation.trials import trials
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.write_strategies import write_strategy

_TRIALS, _RUNS = 1_000_000, 5


def main() -> None:
    """Print medians of CPU seconds for a million trials: drawn alone, and with all that is told of them."""
    for replicas in (3, 5):
        for name in SETS:
            drawn, told = (median(each) for each in zip(*(_seconds(name, replicas) for _ in range(_RUNS)), strict=True))
            print(f"{replicas} replicas, {name:9} {drawn:.2f} s drawn, {told:.2f} s told")


def _seconds(name: str, replicas: int) -> tuple[float, float]:
    writes = [write_strategy(each, replicas) for each in SOURCE_WRITES]
    reads = [read_strategy(each, replicas) for each in DEFAULT_READS]
    over = network(name, replicas, {})
    start = time.process_time()
    for _ in trials(writes, reads, over, _TRIALS, 1):
        pass
    drawn = time.process_time()
    for each in simulated(Simulation(writes, reads, over, _TRIALS, 1)):
        each.fresh.visible()
    return drawn - start, time.process_time() - drawn


if __name__ == "__main__":
    main()
