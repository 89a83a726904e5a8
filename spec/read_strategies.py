"""The read strategies: which replicas a check asks, and how many answers it uses."""

from __future__ import annotations

from typing import NamedTuple

from overbooked.spec.names import StrategyError, number_of, unknown


class ReadStrategy(NamedTuple):
    """How a check reads: it asks the replicas ``asks`` (numbered from 1) and uses the first ``answers`` answers.

    With ``primary`` it asks that one of them which is the primary now.
    """

    name: str
    answers: int
    asks: tuple[int, ...]
    primary: bool = False


def read_strategies(replicas: int, *, primary: bool = True) -> dict[str, ReadStrategy]:
    """Return every read strategy over that many replicas, by name; ``primary`` says whether there is one of these.

    >>> read_strategies(5)["quorum"].answers
    3
    """
    everyone = tuple(range(1, replicas + 1))
    each = [
        ReadStrategy("one", 1, everyone),
        ReadStrategy("quorum", replicas // 2 + 1, everyone),
        ReadStrategy("all", replicas, everyone),
        *(ReadStrategy(f"one:db{i}", 1, (i,)) for i in everyone),
        *(ReadStrategy(f"first:{r}", r, everyone) for r in everyone),
        ReadStrategy("one:primary", 1, everyone, primary=True),
    ]
    return {strategy.name: strategy for strategy in each if primary or not strategy.primary}


def read_strategy(name: str, replicas: int) -> ReadStrategy:
    """Return the read strategy of that name.

    Raises :class:`StrategyError` when there is none.

    >>> read_strategy("one:db7", 3)
    Traceback (most recent call last):
        ...
    overbooked.spec.names.StrategyError: one:db7: there are 3 replicas, db1..db3
    """
    known = read_strategies(replicas)
    if name in known:
        return known[name]
    if number_of(name, "first") is not None:
        raise StrategyError(f"{name}: there are {replicas} replicas, so R is one of 1..{replicas}")
    if number_of(name.replace(":db", ":"), "one") is not None:
        raise StrategyError(f"{name}: there are {replicas} replicas, db1..db{replicas}")
    raise unknown("read strategy", name, known)
