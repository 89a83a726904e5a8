"""The faults that a run may meet, each at most once unless told; they can be joined, and counted."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from overbooked.spec.names import StrategyError, shown, unknown


class Fault(NamedTuple):
    """A fault setting: how many replicas may crash, how often the app server may restart, how many calls time out.

    skew
        There is more than one app server, and their clocks disagree.
    failover
        A standby takes over when the primary has crashed.
    node_crashes
        How often a replica may crash on whose machine the app server runs, which restarts with it.
    lost_writes, amnesias
        How many writes may be lost, and how often a replica may forget all that it keeps.
    """

    name: str
    crashes: int
    restarts: int
    sentence: str
    timeouts: int = 0
    skew: bool = False
    failover: bool = False
    node_crashes: int = 0
    lost_writes: int = 0
    amnesias: int = 0

    @property
    def stops_replicas(self) -> bool:
        """Whether a replica may stop for good."""
        return bool(self.crashes or self.node_crashes)

    @property
    def restarts_app(self) -> bool:
        """Whether the app server may lose its memory."""
        return bool(self.restarts or self.node_crashes)

    @property
    def shortens_logs(self) -> bool:
        """Whether the primary's log may lose entries."""
        return bool(self.failover or self.amnesias)


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none", 0, 0, "nothing fails; messages may take any time and overtake each other"),
        Fault("replica-crash", 1, 0, "one replica stops for good, at any moment"),
        Fault("app-restart", 0, 1, "the app server loses its memory and comes back at once, at any moment"),
        Fault("both", 1, 1, "one replica-crash and one app-restart, in any order"),
        Fault(
            "timeout",
            0,
            0,
            "one call takes too long and ends with unknown; what it sent goes on",
            timeouts=1,
        ),
        Fault(
            "clock-skew",
            0,
            0,
            "there are several app servers: a booking may get a lower timestamp than one before it",
            skew=True,
        ),
        Fault(
            "failover",
            1,
            0,
            "one replica stops for good; if it was the primary, the standby that has received most takes over",
            failover=True,
        ),
        Fault(
            "node-crash",
            0,
            0,
            "one machine goes down: its replica stops for good, and the app server starts elsewhere, its memory empty",
            node_crashes=1,
        ),
        Fault(
            "lost-write",
            0,
            0,
            "one write that was sent to a replica never arrives, and nobody sends it again",
            lost_writes=1,
        ),
        Fault(
            "amnesia",
            0,
            0,
            "one replica loses all that it keeps, and is back at once, empty",
            amnesias=1,
        ),
    )
}


@cache
def fault_named(name: str) -> Fault:
    """Return the fault setting of that name: one of :data:`FAULTS`, or some joined by ``+``, each up to ``:C`` times.

    Raises :class:`StrategyError` when there is none, or it makes no sense.

    >>> fault_named("replica-crash:2+timeout")[:3], fault_named("replica-crash:2").sentence
    (('replica-crash:2+timeout', 2, 0), 'up to 2 replicas stop for good, at any moment')
    """
    if name in FAULTS:
        return FAULTS[name]
    counts: dict[str, int] = {}
    for each in name.split("+"):
        kind, times = _counted(name, each)
        if kind in counts:
            raise StrategyError(f"{shown(name)}: has {kind} twice; {kind}:2 allows two of it")
        counts[kind] = times
    if "failover" in counts and counts.keys() & _NOT_WITH_FAILOVER.keys():
        beside = next(_NOT_WITH_FAILOVER[kind] for kind in counts if kind in _NOT_WITH_FAILOVER)
        raise StrategyError(f"{shown(name)}: {beside} beside a failover is not defined")
    return _joined(name, counts)


def _counted(name: str, each: str) -> tuple[str, int]:
    """Return the kind of a fault and how often it may come; raise :class:`StrategyError` where that makes no sense."""
    found = re.fullmatch(r"([a-z-]+)(?::([1-9]\d?))?", each)
    if not found or found[1] not in _KINDS:
        if each == name:
            raise unknown("fault", name, FAULTS)
        kinds = ", ".join(_KINDS)
        raise StrategyError(f"{shown(name)}: {shown(each)} is none of {kinds}; replica-crash:2 allows two of one")
    if found[2] and found[1] in {"clock-skew", "failover"}:
        raise StrategyError(f"{shown(name)}: what several of {found[1]} would mean is not defined")
    return found[1], int(found[2] or 1)


def _joined(name: str, counts: dict[str, int]) -> Fault:
    crashes = counts.get("replica-crash", 0) + ("failover" in counts)
    sentences = [_KINDS[kind].format(times) if times > 1 else FAULTS[kind].sentence for kind, times in counts.items()]
    restarts, timeouts = counts.get("app-restart", 0), counts.get("timeout", 0)
    skew, failover = "clock-skew" in counts, "failover" in counts
    others = (counts.get(kind, 0) for kind in ("node-crash", "lost-write", "amnesia"))
    return Fault(name, crashes, restarts, "; also, ".join(sentences), timeouts, skew, failover, *others)


_NOT_WITH_FAILOVER = {
    "replica-crash": "a second crash",
    "node-crash": "a second crash",
    "amnesia": "a replica that forgets",
}
"""What cannot be joined with a failover, in words."""

_KINDS = {
    "replica-crash": "up to {} replicas stop for good, at any moment",
    "app-restart": "up to {} times the app server loses its memory and comes back at once",
    "timeout": "up to {} calls take too long and end with unknown; what they sent goes on",
    "clock-skew": "",
    "failover": "",
    "node-crash": "up to {} machines go down, each with its replica; the app server starts elsewhere, its memory empty",
    "lost-write": "up to {} writes that were sent to a replica never arrive, and nobody sends them again",
    "amnesia": "up to {} times a replica loses all that it keeps, and is back at once, empty",
}
"""The faults that can be joined, and what is said of several of one."""
