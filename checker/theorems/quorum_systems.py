"""Quorum systems: which sets of replicas a write and a read wait for, and whether all of them meet.

What a strategy waits for is read off the spec's own description of it: to whom a write is sent at once and after each
confirmation, how many confirmations it needs, whom a check asks and how many answers it uses. Other systems are made by
name: grids, weighted votes, read-one-write-all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import z3

from overbooked.checker.proving.solver import Claim, number
from overbooked.spec.combinations import misfit
from overbooked.spec.everyday_words import read_called, write_called
from overbooked.spec.faults import FAULTS
from overbooked.spec.names import StrategyError, shown
from overbooked.spec.read_strategies import ReadStrategy, read_strategy
from overbooked.spec.write_strategies import WriteStrategy, write_strategy

Members: TypeAlias = list[z3.ArithRef]
"""For each replica 1 if it is in a set, and 0 if it is not."""
Waits: TypeAlias = Callable[[Members], z3.BoolRef]
"""Tells of a set of replicas whether it is one that is waited for."""

MOST = 64
"""The most replicas that a quorum system may have."""
FORMS = {
    "WRITE/READ": "what a way to write and a way to read wait for: serial-async/one:db1",
    "grid:RxC": "R rows by C columns; a write takes a column and one of each other, a read one of each column",
    "votes:V1,V2,...:W:R": "db1 has V1 votes, db2 V2, ...; a write needs W, a read R",
    "read-one-write-all:N": "a write takes all N, a read one",
}
"""How quorum systems are named."""


class QuorumSystem(NamedTuple):
    """The sets that a write and a read wait for, over so many replicas, and what these are in words."""

    name: str
    replicas: int
    writes: Waits
    reads: Waits
    words: str


def of_strategies(write: WriteStrategy, read: ReadStrategy, replicas: int) -> QuorumSystem:
    """Return what strategies wait for; of the sets that do, the smallest, which the others contain.

    Of a primary it is the replicas that show a booking once it is acknowledged: the primary is always one of them.
    """

    def confirmed(members: Members) -> z3.BoolRef:
        if write.log:
            return z3.Sum(members) == 0
        if write.primary:
            return z3.And(members[0] == 1, z3.Sum(members) == (1 if write.on_receipt else write.needed))
        senders = {
            i: [j for j in range(1, replicas + 1) if i in write.after(j, replicas)] for i in range(1, replicas + 1)
        }
        first = write.first(replicas)
        sent = [
            z3.Or([members[i - 1] == 0, *(members[j - 1] == 1 for j in by)])
            for i, by in senders.items()
            if i not in first
        ]
        return z3.And([*sent, z3.Sum(members) == write.needed])

    def answered(members: Members) -> z3.BoolRef:
        asks = (1,) if read.primary else read.asks
        others = [member == 0 for i, member in enumerate(members, 1) if i not in asks]
        return z3.And([*others, z3.Sum(members) == read.answers])

    written = (
        f"what shows a booking once {write.name} acks it" if write.primary else f"what an ack of {write.name} waits for"
    )
    words = f"write sets are {written}, read sets what a check by {read.name} uses{_added(write, read)}"
    return QuorumSystem(f"{write.name}/{read.name}", replicas, confirmed, answered, words)


def _added(write: WriteStrategy, read: ReadStrategy) -> str:
    """Return what strategies are for beside stale reads, and the theorems that speak of it."""
    sessions = "sessions-with-standbys" if write.primary else "sessions"
    added = (
        (write.claims, "whether a room can be booked twice: claims-exclude-each-other"),
        (read.repair, "whether all answers fit an order: linearizable-if-repaired"),
        (read.session, f"that users see what they were told: {sessions}-see-own-bookings, {sessions}-are-monotonic"),
    )
    return "".join(f"; {theorem}" for is_so, theorem in added if is_so)


def grid(rows: int, columns: int, lacking: int = 0) -> QuorumSystem:
    """Return the grid protocol's sets (Cheung, Ammar, Ahamad, ICDE 1990); a write's column may lack some replicas."""

    def column(members: Members, number: int) -> Members:
        return members[number::columns]

    def cover(members: Members) -> z3.BoolRef:
        return z3.And([z3.Sum(column(members, number)) >= 1 for number in range(columns)])

    def write(members: Members) -> z3.BoolRef:
        return z3.And(cover(members), z3.Or([z3.Sum(column(members, n)) >= rows - lacking for n in range(columns)]))

    words = f"a grid of {rows} by {columns}: a write takes a column and one of each other, a read one of each column"
    return QuorumSystem(f"grid:{rows}x{columns}", rows * columns, write, cover, words)


def votes(of: tuple[int, ...], written: int, read: int) -> QuorumSystem:
    """Return the sets of weighted voting (Gifford, SOSP 1979): those that have enough votes together."""

    def have(needed: int) -> Waits:
        return lambda members: z3.Sum([it * many for it, many in zip(members, of, strict=True)]) >= needed

    spelled = ",".join(map(str, of))
    words = f"votes {spelled.replace(',', ', ')}: a write needs {written}, a read {read}"
    return QuorumSystem(f"votes:{spelled}:{written}:{read}", len(of), have(written), have(read), words)


def read_one_write_all(replicas: int) -> QuorumSystem:
    """Return the sets of read-one-write-all."""
    words = f"read-one-write-all over {replicas}: a write takes all, a read one"
    return QuorumSystem(f"read-one-write-all:{replicas}", replicas, _all, lambda members: z3.Sum(members) == 1, words)


def system_named(name: str, replicas: int) -> QuorumSystem | None:
    """Return the quorum system of that name, strategies over so many replicas; ``None`` when it is no such name.

    Raises :class:`overbooked.spec.names.StrategyError` when it has the form of one, and makes no sense.

    >>> system_named("grid:2x3", 3).replicas
    6
    """
    if "/" in name:
        its_write, _, its_read = name.partition("/")
        write = write_strategy(write_called(its_write, replicas), replicas)
        read = read_strategy(read_called(its_read, replicas), replicas)
        if unfit := misfit(write, read, FAULTS["none"]):
            raise StrategyError(unfit)
        return of_strategies(write, read, replicas)
    if found := re.fullmatch(r"grid:(\d{1,4})x(\d{1,4})", name):
        rows, columns = int(found[1]), int(found[2])
        return grid(*_some(name, rows * columns, rows, columns))
    if found := re.fullmatch(r"votes:(\d{1,4}(?:,\d{1,4})*):(\d{1,6}):(\d{1,6})", name):
        of = tuple(map(int, found[1].split(",")))
        for needed in (int(found[2]), int(found[3])):
            if not 1 <= needed <= sum(of):
                raise StrategyError(f"{shown(name)}: there are {sum(of)} votes, so W and R are from 1 to {sum(of)}")
        _some(name, len(of), 1)
        return votes(of, int(found[2]), int(found[3]))
    if found := re.fullmatch(r"read-one-write-all:(\d{1,4})", name):
        return read_one_write_all(*_some(name, int(found[1]), int(found[1])))
    if name.partition(":")[0] in {"grid", "votes"}:
        form = next(form for form in FORMS if form.startswith(name.partition(":")[0]))
        raise StrategyError(f"{shown(name)}: it is written {form}, all whole numbers")
    return None


def meet(system: QuorumSystem) -> Claim:
    """Return the claim that every set that a write waits for meets every set that a read waits for.

    Two sets of more members together than there are replicas have one in common: this is said as well, because z3 would
    find it out replica by replica.
    """
    written, read = members_of(system, "written"), members_of(system, "read")
    known = [z3.And(member >= 0, member <= 1) for member in (*written, *read)]
    shared = [one + other > 1 for one, other in zip(written, read, strict=True)]
    both = z3.Or([*shared, z3.Sum(written) + z3.Sum(read) > system.replicas])
    small = (z3.Sum(written), z3.Sum(read), _weight(written), _weight(read))
    return Claim("all sets meet", (*known, system.writes(written), system.reads(read)), both, small)


def missing(system: QuorumSystem, case: z3.ModelRef) -> tuple[list[int], list[int]]:
    """Return the two sets that miss each other in a case that refutes that all meet, as replicas' numbers from 1."""
    written, read = (
        [i for i, member in enumerate(members_of(system, name), 1) if number(case, member)]
        for name in ("written", "read")
    )
    return written, read


def members_of(system: QuorumSystem, name: str) -> Members:
    """Return a set of the system's replicas of which nothing is known."""
    return [z3.Int(f"db{i} is {name}") for i in range(1, system.replicas + 1)]


def _some(name: str, replicas: int, *numbers: int) -> tuple[int, ...]:
    if not 1 <= replicas <= MOST:
        raise StrategyError(f"{shown(name)}: there may be 1 to {MOST} replicas, not {replicas}")
    return numbers


def _all(members: Members) -> z3.BoolRef:
    return z3.Sum(members) == len(members)


def _weight(members: Members) -> z3.ArithRef:
    """Return the sum of the members' numbers: of sets of one size, db1, db2, ... has the smallest."""
    return z3.Sum([member * i for i, member in enumerate(members, 1)])
