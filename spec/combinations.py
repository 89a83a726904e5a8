"""What goes with what: some ways to read, and some faults, make sense with some ways to write alone."""

from __future__ import annotations

from overbooked.spec.faults import Fault
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy


def misfit(write: WriteStrategy, read: ReadStrategy, fault: Fault) -> str | None:
    """Return in a line what does not go together here; ``None``, if all does.

    >>> from overbooked.spec.faults import FAULTS
    >>> from overbooked.spec.read_strategies import read_strategy
    >>> from overbooked.spec.write_strategies import write_strategy
    >>> misfit(write_strategy("primary:1", 3), read_strategy("one:primary", 3), FAULTS["failover"])
    >>> misfit(write_strategy("parallel:1", 3), read_strategy("one:primary", 3), FAULTS["none"])
    'one:primary: goes with primary:K alone, as with parallel:1 the app server writes to every replica'
    >>> misfit(write_strategy("primary:1", 3), read_strategy("quorum:repair", 3), FAULTS["none"])
    'quorum:repair: a repair writes to replicas, and with primary:1 only the primary takes writes'
    """
    needing = [read.name] * read.primary + [fault.name] * fault.failover
    if needing and not write.primary:
        return f"{needing[0]}: goes with primary:K alone, as with {write.name} the app server writes to every replica"
    if read.repair and write.primary:
        return f"{read.name}: a repair writes to replicas, and with {write.name} only the primary takes writes"
    if read.repair and write.claims:
        return (
            f"{read.name}: with {write.name} a repair would spread a booking that was rejected over one that was acked"
        )
    return None
