"""What is measured: a way to write, a way to read, and how many replicas, bookings and checks there are."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple


class Size(NamedTuple):
    """One model: users book and users check, one call each, and read-after-write is asked.

    With ``restarts`` the app server may restart once, at any moment.
    """

    write: str
    read: str
    replicas: int
    bookings: int
    checks: int
    restarts: bool = False

    @property
    def needed(self) -> int:
        """How many confirmations an acknowledgement, or with a log the commit, waits for."""
        how = self.write.removeprefix("message:")
        return {"serial-sync": self.replicas, "serial-async": 1}.get(how) or int(how.rpartition(":")[2])

    @property
    def answers(self) -> int:
        """How many answers a check waits for."""
        known = {"one": 1, "quorum": self.replicas // 2 + 1, "all": self.replicas}
        return known.get(self.read) or int(self.read.rpartition(":")[2])

    @property
    def serial(self) -> bool:
        """Whether one replica is written after the other."""
        return "serial" in self.write

    @property
    def log(self) -> bool:
        """Whether bookings go into a log."""
        return self.write.startswith("message:")

    def __str__(self) -> str:
        """Which model it is, on a line."""
        asked = f"{self.write} with {self.read}, {self.replicas} replicas, {self.bookings} book, {self.checks} check"
        return f"{asked}, app-restart" if self.restarts else asked


PARALLEL, SERIAL, LOG = (("parallel:2", "first:2"), ("serial-async", "one"), ("message:parallel:1", "all"))
SMALL = [Size(*pair, *size) for pair in (PARALLEL, SERIAL, LOG) for size in ((3, 1, 1), (3, 2, 1))]
SMALL += [Size(*PARALLEL, 3, 1, 1, restarts=True), Size(*LOG, 3, 1, 1, restarts=True)]
MEDIUM = [Size(*SERIAL, 4, 3, 1), Size(*LOG, 3, 2, 1, restarts=True), Size(*SERIAL, 3, 2, 3), Size(*PARALLEL, 3, 2, 2)]
LARGE = [Size(*SERIAL, 3, 3, 2), Size(*SERIAL, 3, 3, 2, restarts=True), Size(*LOG, 3, 2, 2)]
SIZES = {"small": SMALL, "medium": [*SMALL, *MEDIUM], "large": [*SMALL, *MEDIUM, *LARGE]}
TABLE = [
    Size(*pair, 3, 1, 1)
    for pair in product(("serial-sync", "serial-async", "parallel:1", "message:serial-sync"), ("one", "quorum", "all"))
]
"""The models that the default table has for read-after-write."""
