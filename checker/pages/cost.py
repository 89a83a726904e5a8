"""What strategies pay: what a booking and a check wait for, and what a crash does to them."""

from __future__ import annotations

from typing import NamedTuple

from overbooked.checker.cells import Cell
from overbooked.checker.pages.kinds import Verdicts
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.setting import Setting
from overbooked.spec.write_strategies import WriteStrategy


class Cost(NamedTuple):
    """What a way to write and a way to read wait for, and whether both are still answered when a replica crashes."""

    booking: str
    check: str
    crash: str


def cost(setting: Setting, verdicts: Verdicts, cell: Cell) -> Cost:
    """Return what the strategies of a cell pay; ``verdicts`` are known of their availability under a crash."""
    crashed = cell._replace(fault="replica-crash")
    waits = [
        what
        for what, guarantee in (("bookings", "booking-availability"), ("checks", "checking-availability"))
        if verdicts[crashed._replace(guarantee=guarantee)].verdict != "holds"
    ]
    crash = f"{' and '.join(waits)} may wait for ever" if waits else "both are still answered"
    return Cost(booking_waits_for(setting.write), check_waits_for(setting.read), crash)


def booking_waits_for(write: WriteStrategy) -> str:
    """Return what a booking's acknowledgement waits for.

    >>> from overbooked.spec.write_strategies import write_strategy
    >>> [booking_waits_for(write_strategy(name, 3)) for name in ("serial-sync", "parallel:2", "message:parallel:2")]
    ['3 confirmations, one after the other', '2 confirmations of 3 writes at once', 'an append to the log']
    """
    if write.log:
        return "an append to the log"
    if write.primary:
        standbys = write.needed - 1
        return f"the primary and {standbys} standby{'s' * (standbys > 1)}" if standbys else "the primary"
    if not write.serial:
        return f"{write.needed} confirmation{'s' * (write.needed > 1)} of 3 writes at once"
    return f"{write.needed} confirmations, one after the other" if write.needed > 1 else "db1's confirmation"


def check_waits_for(read: ReadStrategy) -> str:
    """Return what a check waits for."""
    if read.repair:
        return f"{_answers(read)}, and until {read.answers} replicas have the latest of them"
    return f"{_answers(read)}, of replicas that are not behind" if read.session else _answers(read)


def _answers(read: ReadStrategy) -> str:
    if read.primary:
        return "the primary's answer"
    if len(read.asks) == 1:
        return f"db{read.asks[0]}'s answer"
    return f"the first {read.answers} answers" if read.answers > 1 else "the first answer"
