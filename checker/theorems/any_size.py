"""The booking system for any number of replicas, with W confirmations and R answers as unknown numbers."""

from __future__ import annotations

import re
from typing import NamedTuple

import z3

from overbooked.checker.proving.parameterized import Family, family
from overbooked.spec.faults import Fault
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Field
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.write_strategies import WriteStrategy

N, W, R, C = z3.Ints("N W R C")
"""The numbers of replicas, of confirmations that an ack needs, of answers that a check uses, and of crashes."""
NUMBERS_FIT = (W >= 1, W <= N, R >= 1, R <= N)
"""What W and R may be over N replicas."""


def replica_of(field: Field) -> tuple[str, int] | None:
    """Return a field's name without its replica, and the replica's number; ``None`` when it is of no replica.

    >>> replica_of(Field("stored r1 db2", (0, 1), 0))
    ('stored r1', 2)
    """
    found = re.fullmatch(r"(.+) db(\d+)", field.name)
    return (found[1], int(found[2])) if found else None


class AnySize(NamedTuple):
    """What the booking system is like, apart from its numbers; W and R are unknown.

    With ``crashes`` any number of replicas may crash, with ``restarts`` the app server may restart any number of times:
    both begin with a number that grows with the replicas, and so is unknown to the family.
    """

    guarantee: str
    serial: bool = False
    log: bool = False
    crashes: bool = False
    restarts: bool = False

    def setting(self, replicas: int) -> Setting:
        """Return the system over so many replicas."""
        writes = WriteStrategy("any", serial=self.serial, needed=W, log=self.log)
        reads = ReadStrategy("any", R, tuple(range(1, replicas + 1)))
        fault = Fault("any", replicas * self.crashes, replicas * self.restarts, "")
        return Setting(writes, reads, replicas, fault, GUARANTEES[self.guarantee].users)

    def family(self) -> Family:
        """Return the system over any number of replicas."""
        guarantee = GUARANTEES[self.guarantee]
        return family(lambda replicas: model(self.setting(replicas), guarantee), replica_of)

    @property
    def in_words(self) -> str:
        """How it writes, in a word or two."""
        return f"{'message:' * self.log}{'serial' if self.serial else 'parallel'}"
