"""What the stateful machine may draw, as its user says; what contradicts itself is told at once, in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from overbooked.checker.console import counted
from overbooked.spec.combinations import misfit
from overbooked.spec.everyday_words import read_called, write_called
from overbooked.spec.faults import FAULTS, Fault, fault_named
from overbooked.spec.names import StrategyError
from overbooked.spec.read_strategies import read_strategies, read_strategy
from overbooked.spec.write_strategies import by_app_server, write_strategies, write_strategy

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
            _refuse_unknown(cls)
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
        return _sizes(self, self.writes, self.reads)


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


def fitting(writes: Sequence[str], reads: Sequence[str], replicas: int) -> Iterator[tuple[str, str]]:
    """Yield the pairs of these that go together."""
    for write in writes:
        for read in reads:
            if not misfit(write_strategy(write, replicas), read_strategy(read, replicas), FAULTS["none"]):
                yield write, read


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


def _sizes(
    limits: Limits | type[Limits], writes: Callable[[int], Sequence[str]], reads: Callable[[int], Sequence[str]]
) -> list[int]:
    numbers = range(limits.least_replicas, limits.most_replicas + 1)
    sizes = [n for n in numbers if next(fitting(writes(n), reads(n), n), None)]
    if not sizes:
        raise StrategyError(f"none of its ways to write goes with one to read, {_over(limits)}")
    return sizes


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


def _refuse_unknown(limits: type[Limits]) -> None:
    """Refuse ways to write or to read that there are not, and those of which none goes with another."""
    numbers = range(limits.least_replicas, limits.most_replicas + 1)
    most = limits.most_replicas
    for word in _each(limits.write_strategies):
        if not any([*_there(word, write_called, write_strategy, n)] for n in numbers):
            write_strategy(write_called(word, most), most)
    for word in _each(limits.read_strategies):
        if not any([*_there(word, read_called, read_strategy, n)] for n in numbers):
            read_strategy(read_called(word, most), most)
    if (limits.writes, limits.reads) == (Limits.writes, Limits.reads):
        _sizes(limits, lambda n: _writes(limits, n), lambda n: _reads(limits, n))
