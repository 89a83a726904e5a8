"""Explores one model here: ``ours.py WRITE READ REPLICAS BOOKINGS CHECKS RESTARTS [reduce]``, told as JSON."""

from __future__ import annotations

import json
import sys
import time

from overbooked.checker.cells import Cell
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import Search
from overbooked.spec.system import model


def main() -> None:
    """Print how many states and transitions there are, whether read-after-write holds, and what it took to know."""
    write, read, *numbers = sys.argv[1:6]
    replicas, bookings, checks = map(int, numbers)
    fault = "app-restart" if "True" in sys.argv else "none"
    cell = Cell(write, read, replicas, fault, "read-after-write", bookings, checks)
    start, start_cpu = time.perf_counter(), time.process_time()
    search = Search([model(cell.setting, cell.judged)], Bounds(max_states=10**12), reduce="reduce" in sys.argv)
    for _ in search.run():
        pass
    (result,) = search.results(runs=False)
    took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    holds = result.judgements["read-after-write"].verdict == "holds"
    counts = {"states": search.states, "transitions": search.transitions, "holds": holds}
    print(json.dumps(counts | {"search": took, "search_cpu": cpu}))


if __name__ == "__main__":
    main()
