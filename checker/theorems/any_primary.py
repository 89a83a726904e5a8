"""Built-in replication over any number of replicas: a primary, and standbys that are alike; K and R are unknown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.parameterized import Family, family
from overbooked.checker.theorems.any_size import C, N, Numbers, R, Sizes
from overbooked.spec.faults import Fault
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Field, Value
from overbooked.spec.read_strategies import SESSION, ReadStrategy, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.users import Program
from overbooked.spec.write_strategies import WriteStrategy, write_strategy

K = z3.Int("K")
"""The number of replicas that must have a booking before the primary shows it, the primary among them."""
NUMBERS = Numbers(N, K, R, C)
SMALL = (0, 1, 2)
"""So few standbys must do nothing that more of them do not do."""


def standby_of(field: Field) -> tuple[str, int] | None:
    """Return a field's name without its replica, and which standby that is; ``None`` for db1, the primary at first.

    >>> standby_of(Field("stored r1 db3", (0, 1), 0)), standby_of(Field("stored r1 db1", (0, 1), 0))
    (('stored r1', 2), None)
    """
    found = re.fullmatch(r"(.+) db(\d+)", field.name)
    return (found[1], int(found[2]) - 1) if found and found[2] != "1" else None


class Replicas:
    """A view in which db1, whose fields are among those that all share, is counted with the standbys."""

    def __init__(self, view: View, setting: Setting, marks: Mapping[str, z3.BoolRef] = {}) -> None:
        """Look at a view of the standbys; the setting's fields are those of db1, too, which may have marks."""
        self._view, self._setting, self._marks = view, setting, marks
        self._names = {field.name for field in setting.fields()}

    def count(self, where: Mapping[str, Collection[Value]] | None = None) -> z3.ArithRef:
        """Return how many replicas have one of the given values in each given field; db1 may lack one of them."""
        standbys = self._view.count(where)
        of_db1 = {f"{name} db1": values for name, values in (where or {}).items() if name not in self._marks}
        if not of_db1.keys() <= self._names:
            return standbys
        marked = [
            self._marks[name] == (True in values) for name, values in (where or {}).items() if name in self._marks
        ]
        like_it = [self.is_(name, *values) for name, values in of_db1.items()]
        return standbys + z3.If(z3.And([*like_it, *marked]), 1, 0)

    def primaries(self, where: Mapping[str, Collection[Value]]) -> z3.ArithRef:
        """Return how many replicas that are the primary are like this: one or none."""
        if self._setting.fault.failover:
            return self.count({**where, "leads": (True,)})
        of_db1 = [self.is_(f"{name} db1", *values) for name, values in where.items() if f"{name} db1" in self._names]
        return z3.If(z3.And(of_db1), 1, 0) if len(of_db1) == len(where) else z3.IntVal(0)

    def is_(self, name: str, *values: Value) -> z3.BoolRef:
        """Return the formula that a shared field has one of these values."""
        return self._view.is_(name, *values)

    def number(self, name: str) -> z3.ArithRef:
        """Return a shared field that counts replicas."""
        return self._view.number(name)


class AnyPrimary(NamedTuple):
    """What built-in replication is like, apart from its numbers; K and R are unknown.

    With ``crashes`` any number of replicas may crash, with ``restarts`` the app server may restart any number of times:
    both begin with a number that grows with the replicas, and so is unknown to the family. With ``failover`` a standby
    takes over whenever the primary has crashed. With ``session`` reads end so. ``users`` do something else than what
    the guarantee says.
    """

    guarantee: str
    on_receipt: bool = False
    unique: bool = False
    crashes: bool = False
    restarts: bool = False
    failover: bool = False
    session: bool = False
    users: tuple[Program, ...] = ()

    def setting(self, replicas: int) -> Setting:
        """Return the system over so many replicas."""
        writes = WriteStrategy(
            "any", serial=False, needed=K, primary=True, on_receipt=self.on_receipt, unique=self.unique
        )
        reads = ReadStrategy("any", R, tuple(range(1, replicas + 1)), session=self.session)
        fault = Fault("any", replicas * self.crashes, replicas * self.restarts, "", failover=self.failover)
        return Setting(writes, reads, replicas, fault, self.users or GUARANTEES[self.guarantee].users)

    def family(self) -> Family:
        """Return the system over any number of standbys."""
        return _family(self)

    def of_sizes(self, sizes: Sizes, restarts: int) -> Setting:
        """Return the system with these numbers, where users do what the guarantee says."""
        replicas, needed, answers, crashes, *_ = sizes
        write = write_strategy(self.in_words.replace("K", str(needed)), replicas)
        fault = Fault("as many as told", crashes, restarts, "", failover=self.failover and crashes > 0)
        read = read_strategy(f"first:{answers}{SESSION * self.session}", replicas)
        return Setting(write, read, replicas, fault, GUARANTEES[self.guarantee].users)

    @property
    def numbers(self) -> Numbers:
        """N, K, R and C."""
        return NUMBERS

    @property
    def fit(self) -> tuple[z3.BoolRef, ...]:
        """What N, K and R may be."""
        return NUMBERS.fit

    @property
    def largest(self) -> int:
        """Three replicas."""
        return 3

    @property
    def members(self) -> z3.ArithRef:
        """The standbys are alike."""
        return N - 1

    def first(self, view: View) -> tuple[z3.ArithRef, ...]:
        """Return the faults to come, and whether a standby is still to take over: both begin a part of the run anew."""
        setting = self.setting(1)
        crashes = [view.number(setting.crashes_left().name)] if self.crashes else []
        restarts = [view.number(setting.restarts_left().name)] if self.restarts else []
        vacant = [z3.If(view.is_(setting.primary_up().name, True), 0, 1)] if self.failover else []
        return (z3.Sum([z3.IntVal(0), *crashes, *restarts]), *vacant)

    @property
    def in_words(self) -> str:
        """How it writes, in a word or two."""
        return f"primary:K{':received' * self.on_receipt}{':unique' * self.unique}"


@cache
def _family(system: AnyPrimary) -> Family:
    guarantee = GUARANTEES[system.guarantee]
    return family(lambda standbys: model(system.setting(standbys + 1), guarantee), standby_of, SMALL)
