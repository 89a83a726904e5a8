"""The read strategies: which replicas a check asks, how many answers it uses, and what it does before it tells."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from overbooked.spec.everyday_words import WORDS, foreign
from overbooked.spec.names import StrategyError, number_of, shown, there_are, unknown

REPAIR, SESSION = ":repair", ":session"
_FORMS = ("one", "quorum", "all", "one:dbI", "first:R", "one:primary", "and more: overbooked list")
"""What the names of these strategies look like."""


class ReadStrategy(NamedTuple):
    """How a check reads: it asks the replicas ``asks`` (numbered from 1) and uses the first ``answers`` answers.

    primary
        It asks that one of them which is the primary now.
    repair
        Before it tells, it writes the latest answer back, until ``answers`` replicas have that.
    session
        A replica answers a user only once it has what this user was told of the room.
    """

    name: str
    answers: int
    asks: tuple[int, ...]
    primary: bool = False
    repair: bool = False
    session: bool = False


def read_strategies(replicas: int) -> dict[str, ReadStrategy]:
    """Return every read strategy over that many replicas, by name: plain ones, then with a repair, then with a session.

    Of those that have several names, as ``quorum`` is ``first:2`` over three replicas, the first is meant.

    >>> read_strategies(5)["quorum"].answers, list(read_strategies(1))
    (3, ['one', 'one:primary', 'one:session', 'one:primary:session'])
    """
    distinct: dict[ReadStrategy, ReadStrategy] = {}
    for strategy in _known(replicas).values():
        distinct.setdefault(strategy._replace(name=""), strategy)
    return {strategy.name: strategy for strategy in distinct.values()}


def names_of(read: ReadStrategy, replicas: int) -> list[str]:
    """Return every name that a read strategy has over that many replicas.

    >>> names_of(read_strategy("quorum", 3), 3)
    ['quorum', 'first:2']
    """
    return [it.name for it in _known(replicas).values() if it._replace(name=read.name) == read]


def plain_reads(replicas: int) -> dict[str, ReadStrategy]:
    """Return the read strategies that ask replicas, whoever these are, and do nothing else.

    >>> list(plain_reads(2))
    ['one', 'quorum', 'all', 'one:db1', 'one:db2', 'first:1', 'first:2']
    """
    everyone = tuple(range(1, replicas + 1))
    each = [
        ReadStrategy("one", 1, everyone),
        ReadStrategy("quorum", replicas // 2 + 1, everyone),
        ReadStrategy("all", replicas, everyone),
        *(ReadStrategy(f"one:db{i}", 1, (i,)) for i in everyone),
        *(ReadStrategy(f"first:{r}", r, everyone) for r in everyone),
    ]
    return {strategy.name: strategy for strategy in each}


@cache
def _known(replicas: int) -> Mapping[str, ReadStrategy]:
    everyone = tuple(range(1, replicas + 1))
    plain = [*plain_reads(replicas).values(), ReadStrategy("one:primary", 1, everyone, primary=True)]
    repairs = [it._replace(name=it.name + REPAIR, repair=True) for it in plain if it.answers > 1]
    sessions = [it._replace(name=it.name + SESSION, session=True) for it in plain]
    return {strategy.name: strategy for strategy in (*plain, *repairs, *sessions)}


def read_strategy(name: str, replicas: int) -> ReadStrategy:
    """Return the read strategy of that name.

    Raises :class:`StrategyError` when there is none.

    >>> read_strategy("one:db7", 3)
    Traceback (most recent call last):
        ...
    overbooked.spec.names.StrategyError: one:db7: there are 3 replicas, db1..db3
    """
    known = _known(replicas)
    if name in known:
        return known[name]
    plain = name.removesuffix(SESSION).removesuffix(REPAIR).removesuffix(SESSION)
    if number_of(plain, "first") not in {None, *range(1, replicas + 1)}:
        raise StrategyError(f"{name}: {there_are(replicas)}, so R is one of 1..{replicas}")
    if plain not in known and number_of(plain.replace(":db", ":"), "one") is not None:
        raise StrategyError(f"{name}: {there_are(replicas)}, db1..db{replicas}")
    if plain in known:
        raise StrategyError(f"{name}: {_why_not(name)}")
    if elsewhere := foreign(name, "read", replicas):
        raise StrategyError(f"{shown(name)}: {elsewhere}")
    if name in _FORMS:
        raise StrategyError(f"{name}: {name[-1]} stands for a number, 1..{replicas}")
    raise unknown("read strategy", name, [*known, *WORDS], _FORMS)


def _why_not(name: str) -> str:
    """Return why a way to read that there is goes with no such ending."""
    if SESSION in name:
        return "a repair already waits until R replicas have what it tells; take either :repair or :session"
    return "one answer is the latest as it is; a repair needs two answers or more, as in quorum:repair"
