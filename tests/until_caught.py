"""Runs the stateful machine, ``until_caught.py OVER MOST HOW``, and prints after how many runs it finds a difference.

HOW is ``primary`` where it is to try built-in replication, too: there are as many ways to write again. It is
``repairs`` where it is to try claims, repairs and sessions, and no others. With ``+amnesia`` replicas forget.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from overbooked.checker.conformance.implementation import in_sqlite
from overbooked.checker.conformance.lockstep import DiffersError
from overbooked.checker.stateful import SETTINGS, BookingMachine
from overbooked.reference.ports import Storage


class Counting(BookingMachine):
    """The machine, counting its runs."""

    how = sys.argv[3].split("+")
    has_primary = "primary" in how
    has_handover = True
    faults = (*BookingMachine.faults, *["amnesia:2"] * ("amnesia" in how))
    repairs = has_repairs = has_claims = has_sessions = "repairs" in how
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        Counting.runs += 1

    def writes(self, replicas: int) -> Sequence[str]:
        """Return the ways to write, with claims or without."""
        return [name for name in super().writes(replicas) if self.repairs or not name.startswith("claim:")]

    def reads(self, replicas: int) -> Sequence[str]:
        """Return the ways to read that repair or keep a session, or the others."""
        return [name for name in super().reads(replicas) if name.endswith((":repair", ":session")) == self.repairs]

    def new_storage(self) -> AbstractContextManager[Storage]:
        """Return a storage of the kind that is asked for."""
        return in_sqlite() if sys.argv[1] == "sqlite" else super().new_storage()


def main() -> int:
    """Return 1 when a difference is found, 0 when there is none."""
    until = settings(SETTINGS, max_examples=int(sys.argv[2]), database=None, derandomize=True, phases=[Phase.generate])
    caught = 0
    try:
        run_state_machine_as_test(Counting, settings=until)
    except DiffersError:
        caught = 1
    print(Counting.runs)
    return caught


if __name__ == "__main__":
    sys.exit(main())
