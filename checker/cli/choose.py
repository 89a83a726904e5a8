"""The command ``overbooked choose``: the cheapest ways to write and to read that give what is needed."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.choosing.as_json import as_json
from overbooked.checker.choosing.as_text import SHOWN, show
from overbooked.checker.choosing.choices import Choosing, Wanted
from overbooked.checker.choosing.known import known
from overbooked.checker.cli.arguments import chosen, chosen_faults
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, STOPPED, VIOLATED, SenselessError
from overbooked.checker.cli.progress import watched
from overbooked.checker.engine.search import Bounds
from overbooked.checker.latency.message_costs import MOST_EXPLORED
from overbooked.spec.guarantees import GUARANTEES, TABLE


def run(request: argparse.Namespace, console: Console) -> int:
    """Print the pairs that keep all that is needed, and return 0; or those that miss least, and return 1, or 3.

    Raises :class:`overbooked.spec.names.StrategyError` when a guarantee or a fault is unknown, and
    :class:`overbooked.checker.cli.exit_status.SenselessError` when there are too many replicas.
    """
    if request.replicas > MOST_EXPLORED:
        many = f"there may be up to {MOST_EXPLORED} here, as all is explored"
        raise SenselessError(f"--replicas {request.replicas}: {many}")
    needs = chosen("guarantee", request.need, TABLE, GUARANTEES)
    faults = chosen_faults(request.survive, ("none",))
    wanted = Wanted(tuple(needs), tuple(faults), request.replicas, request.prefer)
    choosing = Choosing(wanted, Bounds(request.max_states), known(request.replicas, faults))
    try:
        for _ in watched(choosing.run(SHOWN if request.format == "text" else None), str):
            pass
    except KeyboardInterrupt:
        return STOPPED
    if request.format == "text":
        show(console, choosing)
    else:
        print(as_json(choosing))
    return HOLDS if choosing.kept else BOUNDED if choosing.unknown else VIOLATED
