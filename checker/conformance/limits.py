"""What the stateful machine may draw, as its user says; what contradicts itself is told at once, in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from overbooked.checker.console import counted
from overbooked.spec.combinations import misfit
from overbooked.spec.everyday_words import read_called, write_called
from overbooked.spec.faults import FAULTS, Fault, fault_named
from overbooked.spec.names import StrategyError
from overbooked.spec.read_strategies import read_strategies, read_strategy
from overbooked.spec.write_strategies import by_app_server, write_strategies, write_strategy

_Names: TypeAlias = Callable[[int], Sequence[str]]
Named: TypeAlias = Sequence[str]
"""Names as one types them in the command: a tuple of them, or one."""
COUNTED = {
    "crashes": ("crash", "crashes"),
    "restarts": ("restart", "restarts"),
    "timeouts": ("timeout", "timeouts"),
    "node_crashes": ("node crash", "node crashes"),
    "lost_writes": ("lost write", "lost writes"),
    "amnesias": ("amnesia", "amnesias"),
}
"""What may fail more than once, and what one and several of it are called."""


class Drawn(NamedTuple):
    """Over how many replicas a run is, and how it writes and reads."""

    replicas: int
    write: str
    read: str


class Limits:
    """What a run may have: class attributes, which a machine of one's own sets to what it wants.

    Making a class whose attributes contradict each other raises :class:`overbooked.spec.names.StrategyError`.
    """

    has_primary = False
    """Whether the database may replicate by itself: the storage has nodes, and the app server takes a primary."""
    has_repairs = False
    """Whether an app server knows the ways to read that repair."""
    has_claims = False
    """Whether replicas can take one booking of a room alone: they have ``claim``."""
    has_sessions = False
    """Whether an app server's calls may be given a user's session, and replicas know when they are behind it."""
    has_handover = False
    """Whether an app server can be closed: ``close()`` returns what is unfinished, and ``start()`` takes it up."""
    odd_names = True
    """Whether users and rooms have names that databases mistake: long, with quotes, a line break, or alike."""
    write_strategies: Named = ()
    """The ways to write, as one types them in the command; with none named, all that the four above allow."""
    read_strategies: Named = ()
    """Likewise the ways to read."""
    faults: Named = ("replica-crash:5", "app-restart:2", "timeout:2", "node-crash", "lost-write:2", "failover")
    """What may fail, as one types it in the command, each up to so many times.

    Where ``amnesia`` is among it, replicas have ``forget``. There is a failover only where a primary is written to, and
    only beside what is defined together with one.
    """
    most_cuts = 3
    """How many messages may be lost with their connection, so that whoever sent one knows, and sends it again."""
    least_replicas = 1
    most_replicas = 5
    most_rooms = 3

    def __init_subclass__(cls) -> None:
        """Refuse what contradicts itself."""
        super().__init_subclass__()
        try:
            _refuse_numbers(cls)
            most_faults(cls.faults)
            _refuse_unknown(cls, lambda _: _each(cls.write_strategies), lambda _: _each(cls.read_strategies))
            if (cls.writes, cls.reads) == (Limits.writes, Limits.reads):
                _every(cls, lambda n: _writes(cls, n), lambda n: _reads(cls, n))
        except StrategyError as error:
            raise StrategyError(f"{cls.__name__}: {error}") from None

    def writes(self, replicas: int) -> Sequence[str]:
        """Return the names of the write strategies to try."""
        return _writes(self, replicas)

    def reads(self, replicas: int) -> Sequence[str]:
        """Return the names of the read strategies to try."""
        return _reads(self, replicas)

    def sizes(self) -> list[int]:
        """Return the numbers of replicas over which there is something to try.

        Raises :class:`overbooked.spec.names.StrategyError` when there is none.
        """
        return list(dict.fromkeys(drawn.replicas for drawn in self.every()))

    def every(self) -> list[Drawn]:
        """Return all that there is to try.

        Raises :class:`overbooked.spec.names.StrategyError` when there is nothing, or a name that there never is.
        """
        _refuse_unknown(self, self.writes, self.reads)
        return _every(self, self.writes, self.reads)

    def in_turn(self) -> list[str]:
        """Return in which order the parts of a :class:`Drawn` are drawn: first what is named, each as often.

        Otherwise a name that there is over five replicas alone would be rare.
        """
        named = {"write": self.write_strategies, "read": self.read_strategies}
        return sorted(Drawn._fields, key=lambda part: (not named.get(part), part in named))


def most_faults(names: Named) -> Fault:
    """Return how many of each fault there may be at most.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such fault.

    >>> most_faults(("timeout:2", "both"))._asdict()["crashes"]
    1
    """
    faults = [fault_named(name) for name in _each(names)]
    if skewed := [fault.name for fault in faults if fault.skew]:
        kinds = [name for name in FAULTS if not FAULTS[name].skew]
        raise StrategyError(f"faults has {skewed[0]}, and this machine has one clock; it draws {', '.join(kinds)}")
    alone = [fault._replace(crashes=fault.crashes - fault.failover) for fault in faults]
    most: dict[str, Any] = {name: max((getattr(fault, name) for fault in alone), default=0) for name in COUNTED}
    return Fault("most", 0, 0, "", failover=any(fault.failover for fault in faults))._replace(**most)


def named(fault: Fault) -> Fault:
    """Return the fault, called by what there is of it."""
    counts = {words: getattr(fault, name) for name, words in COUNTED.items()}
    there = [f"{count} {words[count != 1]}" for words, count in counts.items() if count] + ["failover"] * fault.failover
    return fault._replace(name=f"up to {', '.join(there)}" if there else "none")


def _each(names: Named) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names


def _writes(limits: Limits | type[Limits], replicas: int) -> Sequence[str]:
    if limits.write_strategies:
        return tuple(_there(limits.write_strategies, write_called, write_strategy, replicas))
    every = write_strategies(replicas) if limits.has_primary else by_app_server(replicas)
    return tuple(name for name, write in every.items() if limits.has_claims or not write.claims)


def _reads(limits: Limits | type[Limits], replicas: int) -> Sequence[str]:
    if limits.read_strategies:
        return tuple(_there(limits.read_strategies, read_called, read_strategy, replicas))
    every = read_strategies(replicas)
    knows = {"repair": limits.has_repairs, "session": limits.has_sessions, "primary": limits.has_primary}
    return tuple(name for name, read in every.items() if all(knows[it] or not getattr(read, it) for it in knows))


def _there(
    names: Named, called: Callable[[str, int], str], known: Callable[[str, int], object], replicas: int
) -> Iterator[str]:
    """Yield the names of those strategies that there are over so many replicas."""
    for word in _each(names):
        with suppress(StrategyError):
            name = called(word, replicas)
            known(name, replicas)
            yield name


def _every(limits: Limits | type[Limits], writes: _Names, reads: _Names) -> list[Drawn]:
    every = [drawn for n in _numbers(limits) for drawn in _fitting(tuple(_each(writes(n))), tuple(_each(reads(n))), n)]
    if not every:
        raise StrategyError(f"none of its ways to write goes with one to read, {_over(limits)}")
    return every


@cache
def _fitting(writes: tuple[str, ...], reads: tuple[str, ...], replicas: int) -> list[Drawn]:
    """Return the pairs of these that there are, and that go together."""
    its_reads = [read_strategy(name, replicas) for name in _there(reads, read_called, read_strategy, replicas)]
    its_writes = [write_strategy(name, replicas) for name in _there(writes, write_called, write_strategy, replicas)]
    pairs = [(write, read) for write in its_writes for read in its_reads if not misfit(write, read, FAULTS["none"])]
    return [Drawn(replicas, write.name, read.name) for write, read in pairs]


def _numbers(limits: Limits | type[Limits]) -> range:
    return range(limits.least_replicas, limits.most_replicas + 1)


def _over(limits: Limits | type[Limits]) -> str:
    least, most = limits.least_replicas, limits.most_replicas
    return f"over {least} to {most} replicas" if least < most else f"over {counted(least, 'replica')}"


def _refuse_numbers(limits: type[Limits]) -> None:
    for name, least in (("least_replicas", 1), ("most_rooms", 1), ("most_cuts", 0)):
        if getattr(limits, name) < least:
            raise StrategyError(f"{name} is {getattr(limits, name)}, and should be {least} or more")
    if limits.least_replicas > limits.most_replicas:
        least, most = limits.least_replicas, limits.most_replicas
        raise StrategyError(f"least_replicas is {least}, and should be no more than most_replicas, which is {most}")


def _refuse_unknown(limits: Limits | type[Limits], writes: _Names, reads: _Names) -> None:
    """Refuse ways to write or to read that there are over none of these numbers of replicas."""
    _refuse(limits, writes, write_called, write_strategy)
    _refuse(limits, reads, read_called, read_strategy)


def _refuse(
    limits: Limits | type[Limits],
    names: _Names,
    called: Callable[[str, int], str],
    known: Callable[[str, int], object],
) -> None:
    most = limits.most_replicas
    for word in dict.fromkeys(word for n in _numbers(limits) for word in _each(names(n))):
        if not any(next(_there(word, called, known, n), None) for n in _numbers(limits)):
            known(called(word, most), most)
