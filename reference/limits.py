"""How much an app server takes upon itself."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """How long a try may take, and how much may wait.

    seconds
        A try of a replica, the log or the clock may take so long; without a number, as long as it likes.
    writers
        So many writes are sent to one replica at a time.
    failures
        After so many failures in a row a replica's circuit breaker is open, until a write works: that is told.
    probes
        So many writes at a time are tried then.
    bugs
        A replica that has nothing but bugs so many times in a row is taken to be damaged.
    in_memory
        So many writes that a replica lacks are held in memory; further ones go to where they overflow.
    under_way
        So many bookings, and so many checks, may be under way; further ones are refused.
    lag
        So many bookings may be in the log, and not consumed; further ones are refused.
    """

    seconds: float | None = None
    writers: int = 64
    failures: int = 5
    probes: int = 64
    bugs: int = 100
    in_memory: int = 10_000
    under_way: int = 10_000
    lag: int = 10_000


USUAL_LIMITS = Limits()
"""Those that hold where no others are given: tries take as long as they like, a breaker is only told of."""
HOTEL_LIMITS = Limits(seconds=2.0, probes=1)
"""Those of a hotel, whose replicas may hang or be away for long."""
