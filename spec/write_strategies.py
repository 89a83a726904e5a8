"""The write strategies: to whom a booking is sent, when, and what its acknowledgement waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import NamedTuple

from overbooked.spec.everyday_words import WORDS, foreign
from overbooked.spec.names import StrategyError, number_of, shown, there_are, unknown

_FORMS = ("serial-sync", "serial-async", "parallel:K", "message:S", "claim:K", "primary:K", "and more: overbooked list")
"""What the names of these strategies look like."""


class WriteStrategy(NamedTuple):
    """How a booking reaches the replicas.

    serial
        One replica after the other, each once the one before has confirmed; otherwise all at once.
    needed
        The confirmations that an acknowledgement waits for (in a message log: that the commit of the entry waits for).
    log
        The booking is appended to a durable log, which is all that the user waits for; one consumer reads
        the log in order and writes each entry to the replicas as the rest of this strategy says.
    primary
        The database replicates by itself: the app server writes to the primary alone, whose standbys follow its log.
        The primary shows a booking, and confirms it, once ``needed`` replicas have it, itself among them.
    on_receipt
        A standby confirms what it has received, and need not show it yet.
    unique
        A second booking of a room is refused: by the primary, if its log has one; or, where the app server writes to
        every replica, by each of them that has one (the strategy is a *claim*).
    """

    name: str
    serial: bool
    needed: int
    log: bool = False
    primary: bool = False
    on_receipt: bool = False
    unique: bool = False

    @property
    def claims(self) -> bool:
        """Whether each replica by itself takes a booking only where it has none of the room."""
        return self.unique and not self.primary

    def first(self, replicas: int) -> range:
        """Return the numbers, from 1, of the replicas that a write is sent to at once."""
        return range(1, 2) if self.serial or self.primary else range(1, replicas + 1)

    def after(self, replica: int, replicas: int) -> range:
        """Return the replicas that the write is sent to once ``replica`` has confirmed."""
        return range(replica + 1, min(replica + 2, replicas + 1)) if self.serial else range(0)

    def path(self, replica: int, replicas: int) -> tuple[int, ...]:
        """Return the replicas whose confirmations, one after the other, come before ``replica`` has confirmed, and it.

        A standby's are on the way from the primary and back: the primary's own comes last there.

        >>> write_strategy("serial-sync", 3).path(3, 3), write_strategy("parallel:1", 3).path(3, 3)
        ((1, 2, 3), (3,))
        """
        if replica in self.first(replicas):
            return (replica,)
        if self.primary:
            return (1, replica)
        before = next(each for each in range(1, replicas + 1) if replica in self.after(each, replicas))
        return (*self.path(before, replicas), replica)


def write_strategies(replicas: int) -> dict[str, WriteStrategy]:
    """Return every write strategy over that many replicas, by name.

    >>> list(write_strategies(2))[:4], list(write_strategies(1))[-2:]
    (['serial-sync', 'serial-async', 'parallel:1', 'parallel:2'], ['primary:1:unique', 'primary:1:received:unique'])
    """
    return dict(_known(replicas))


@cache
def _known(replicas: int) -> Mapping[str, WriteStrategy]:
    return {each.name: each for each in (*by_app_server(replicas).values(), *_by_database(replicas))}


def by_app_server(replicas: int) -> dict[str, WriteStrategy]:
    """Return the write strategies in which the app server, or the consumer of its log, writes to every replica."""
    direct = [
        WriteStrategy("serial-sync", serial=True, needed=replicas),
        WriteStrategy("serial-async", serial=True, needed=1),
        *(WriteStrategy(f"parallel:{k}", serial=False, needed=k) for k in range(1, replicas + 1)),
    ]
    logged = [each._replace(name=f"message:{each.name}", log=True) for each in direct]
    claims = [WriteStrategy(f"claim:{k}", serial=False, needed=k, unique=True) for k in range(1, replicas + 1)]
    return {each.name: each for each in direct + logged + claims}


def _by_database(replicas: int) -> Iterator[WriteStrategy]:
    """Yield the write strategies in which the database replicates by itself."""
    for unique, on_receipt in product((False, True), repeat=2):
        ending = ":received" * on_receipt + ":unique" * unique
        for k in range(1, replicas + 1):
            kinds = {"primary": True, "on_receipt": on_receipt, "unique": unique}
            yield WriteStrategy(f"primary:{k}{ending}", serial=False, needed=k, **kinds)


def write_strategy(name: str, replicas: int) -> WriteStrategy:
    """Return the write strategy of that name.

    Raises :class:`StrategyError` when there is none.

    >>> write_strategy("parallel:4", 3)
    Traceback (most recent call last):
        ...
    overbooked.spec.names.StrategyError: parallel:4: there are 3 replicas, so K is one of 1..3
    """
    known = _known(replicas)
    if name in known:
        return known[name]
    in_order = name.replace(":unique:received", ":received:unique")
    if in_order in known:
        raise StrategyError(f"{name}: no such write strategy; did you mean {in_order}?")
    to_primary = name.removesuffix(":unique").removesuffix(":received")
    if number_of(name.removeprefix("message:"), "claim") is not None and name.startswith("message:"):
        raise StrategyError(f"{name}: what is in the log is acknowledged before a replica could refuse it")
    for k in (number_of(to_primary.removeprefix("message:"), kind) for kind in ("parallel", "claim", "primary")):
        if k is not None and not 1 <= k <= replicas:
            raise StrategyError(f"{name}: {there_are(replicas)}, so K is one of 1..{replicas}")
    kind, _, number = name.rpartition(":")
    if number in {"quorum", "majority"} and f"{kind}:1" in known:
        raise StrategyError(f"{name}: no such write strategy; did you mean {kind}:{replicas // 2 + 1}?")
    if elsewhere := foreign(name, "write", replicas):
        raise StrategyError(f"{shown(name)}: {elsewhere}")
    if name in _FORMS:
        stands = (
            f"K stands for a number, 1..{replicas}" if name.endswith("K") else "S stands for one such as parallel:1"
        )
        raise StrategyError(f"{name}: {stands}")
    raise unknown("write strategy", name, [*known, *WORDS], _FORMS)
