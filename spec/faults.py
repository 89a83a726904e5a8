"""The faults that a run may meet, each at most once unless told."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault setting: how many replicas may crash, how often the app server may restart, how many calls time out.

    With ``skew`` there is more than one app server, and their clocks disagree. With ``failover`` a standby takes over
    when the primary has crashed.
    """

    name: str
    crashes: int
    restarts: int
    sentence: str
    timeouts: int = 0
    skew: bool = False
    failover: bool = False


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
    )
}
