"""The booking system for any number of replicas, with W confirmations and R answers as unknown numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, Protocol

import z3

from overbooked.checker.proving.induction import View
from overbooked.checker.proving.parameterized import Family, family
from overbooked.spec.faults import Fault
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Field, Model, Part, Value
from overbooked.spec.read_strategies import REPAIR, SESSION, ReadStrategy, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.users import Program
from overbooked.spec.write_strategies import WriteStrategy, write_strategy

N, W, R, C, A, L = z3.Ints("N W R C A L")
"""The numbers of replicas, of confirmations that an ack needs and of answers that a check uses; and of crashes, of
amnesias and of lost writes."""


class Numbers(NamedTuple):
    """The numbers that a statement is about.

    These are the replicas, the confirmations that an ack needs, the answers that a check uses, and how many replicas
    may crash, how often one may forget, and how many writes may be lost.
    """

    replicas: int | z3.ArithRef
    confirmations: int | z3.ArithRef
    answers: int | z3.ArithRef
    crashes: int | z3.ArithRef = 0
    amnesias: int | z3.ArithRef = 0
    lost_writes: int | z3.ArithRef = 0

    @property
    def faults(self) -> tuple[int | z3.ArithRef, ...]:
        """Those that are of faults."""
        return self[3:]

    @property
    def fit(self) -> tuple[z3.BoolRef, ...]:
        """What they may be: an ack needs one confirmation at least, and N at most, and a check as many answers."""
        replicas, needed, answers, *_ = self
        return (needed >= 1, needed <= replicas, answers >= 1, answers <= replicas)


NUMBERS = Numbers(N, W, R, C, A, L)


class Sizes(NamedTuple):
    """Numbers as a statement is about them, all known."""

    replicas: int
    confirmations: int
    answers: int
    crashes: int = 0
    amnesias: int = 0
    lost_writes: int = 0


def replica_of(field: Field) -> tuple[str, int] | None:
    """Return a field's name without its replica, and the replica's number; ``None`` when it is of no replica.

    >>> replica_of(Field("stored r1 db2", (0, 1), 0))
    ('stored r1', 2)
    """
    found = re.fullmatch(r"(.+) db(\d+)", field.name)
    return (found[1], int(found[2])) if found else None


class System(Protocol):
    """The booking system over any number of replicas, as proofs need it."""

    @property
    def guarantee(self) -> str:
        """The guarantee that it is to keep."""

    @property
    def crashes(self) -> bool:
        """Whether replicas may crash."""

    @property
    def in_words(self) -> str:
        """How it writes, in a word or two."""

    @property
    def numbers(self) -> Numbers:
        """The numbers that are unknown."""

    @property
    def fit(self) -> tuple[z3.BoolRef, ...]:
        """What these numbers may be."""

    @property
    def largest(self) -> int:
        """Up to so many replicas a run that refutes a statement is looked for."""

    @property
    def members(self) -> z3.ArithRef:
        """How many replicas are alike."""

    def setting(self, replicas: int) -> Setting:
        """Return the system over so many replicas; all else is unknown."""

    def of_sizes(self, sizes: Sizes, restarts: int) -> Setting:
        """Return the system with these numbers, and so many restarts."""

    def family(self) -> Family:
        """Return the system over any number of replicas."""

    def first(self, view: View) -> tuple[z3.ArithRef, ...]:
        """Return the numbers that tell, before how far a state is, that a run comes nearer to its end."""


class AnySize(NamedTuple):
    """What the booking system is like, apart from its numbers; W and R are unknown.

    With ``crashes`` any number of replicas may crash, with ``restarts`` the app server may restart any number of times,
    and so on: each begins with a number that grows with the replicas, and so is unknown to the family. With ``claims``
    the write is ``claim:W``; with ``repair`` or ``session`` reads end so. ``users`` do something else than what the
    guarantee says.
    """

    guarantee: str
    serial: bool = False
    log: bool = False
    crashes: bool = False
    restarts: bool = False
    claims: bool = False
    repair: bool = False
    session: bool = False
    users: tuple[Program, ...] = ()
    amnesias: bool = False
    lost_writes: bool = False

    def setting(self, replicas: int) -> Setting:
        """Return the system over so many replicas."""
        writes = WriteStrategy("any", serial=self.serial, needed=W, log=self.log, unique=self.claims)
        reads = ReadStrategy("any", R, tuple(range(1, replicas + 1)), repair=self.repair, session=self.session)
        amnesias, lost = replicas * self.amnesias, replicas * self.lost_writes
        crashes, restarts = replicas * self.crashes, replicas * self.restarts
        fault = Fault("any", crashes, restarts, "", amnesias=amnesias, lost_writes=lost)
        return Setting(writes, reads, replicas, fault, self._users(reads))

    def family(self) -> Family:
        """Return the system over any number of replicas."""
        return _family(self)

    def of_sizes(self, sizes: Sizes, restarts: int) -> Setting:
        """Return ``parallel:W`` or ``claim:W`` by ``first:R``, with its ending, with these numbers."""
        replicas, needed, answers, crashes, amnesias, lost_writes = sizes
        writes = write_strategy(f"{'claim' if self.claims else 'parallel'}:{needed}", replicas)
        reads = read_strategy(f"first:{answers}{self.ending}", replicas)
        fault = Fault("as many as told", crashes, restarts, "", amnesias=amnesias, lost_writes=lost_writes)
        return Setting(writes, reads, replicas, fault, self._users(reads))

    @property
    def numbers(self) -> Numbers:
        """N, W, R, C, A and L."""
        return NUMBERS

    @property
    def fit(self) -> tuple[z3.BoolRef, ...]:
        """What N, W and R may be: a read that repairs uses two answers at least."""
        return (*NUMBERS.fit, *([R > 1] if self.repair else []))

    @property
    def largest(self) -> int:
        """Three replicas, or four, where a read uses two answers at least: two and two others."""
        return 4 if self.repair else 3

    @property
    def members(self) -> z3.ArithRef:
        """All replicas are alike."""
        return N

    def first(self, view: View) -> tuple[z3.ArithRef, ...]:
        """Return how many restarts, amnesias and lost writes may come: all else makes a state further."""
        some = self.setting(1)
        left = {
            some.restarts_left(): self.restarts,
            some.amnesias_left(): self.amnesias,
            some.lost_writes_left(): self.lost_writes,
        }
        return tuple(view.number(field.name) for field, may_come in left.items() if may_come)

    @property
    def in_words(self) -> str:
        """How it writes, and reads if not just by ``first:R``, in a word or two."""
        kind = "claim" if self.claims else "serial" if self.serial else "parallel"
        return f"{'message:' * self.log}{kind}{f' by first:R{self.ending}' if self.ending else ''}"

    def _users(self, reads: ReadStrategy) -> tuple[Program, ...]:
        return self.users or GUARANTEES[self.guarantee].tested_by(reads).users

    @property
    def ending(self) -> str:
        """What the name of its way to read ends in."""
        return REPAIR * self.repair + SESSION * self.session


def by_every_read(systems: Iterable[AnySize]) -> list[AnySize]:
    """Return these systems by each way to read that they go with: by ``first:R``, with a repair, and in a session."""
    plain = list(systems)
    repaired = [system._replace(repair=True) for system in plain if not system.claims]
    return [*plain, *repaired, *(system._replace(session=True) for system in plain)]


def unreliable(guarantee: str) -> AnySize:
    """Return the system in which any number of replicas crash, restarts come, and writes are lost."""
    return AnySize(guarantee, crashes=True, restarts=True, lost_writes=True)


@cache
def _family(system: AnySize) -> Family:
    guarantee = GUARANTEES[system.guarantee]
    return family(lambda replicas: _in_numbers(model(system.setting(replicas), guarantee), replicas), replica_of)


def _in_numbers(of: Model, replicas: int) -> Model:
    """Return the model over so many replicas with N - W wherever it says how many replicas an ack may do without."""

    def named(it: Part) -> Part:
        return it._replace(constants=tuple((role, spare(value)) for role, value in it.constants))

    def spare(value: Value) -> Value:
        return N - W if z3.is_expr(value) and z3.eq(value, replicas - W) else value

    return of._replace(steps=tuple(step._replace(parts=tuple(map(named, step.parts))) for step in of.steps))
