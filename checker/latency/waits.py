"""What answers wait for: sums of the times that replicas take, the first of them, or the k-th.

The time of a replica is that from sending it a write to its confirmation, or from asking it to its answer; that of the
log is what an append takes. What is waited for is read off the spec's own description of a strategy: to whom a write is
sent at once and after each confirmation, how many confirmations and answers it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol, Self, TypeVar

from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy

APPEND = "append"
"""What an append to the log takes."""


class Time(Protocol):
    """A time, or many, or an unknown one: what can be added up."""

    def __add__(self, other: Self, /) -> Self:
        """Return both one after the other."""


T = TypeVar("T", bound=Time)
InOrder = Callable[[list[T]], Sequence[T]]
"""Returns times with the shortest first."""
_FEW = 4
"""Up to so many replicas are named, each."""


class Wait(NamedTuple):
    """The ``kth``, from 1 on, to come of ``sums``; each is of the times of the parts named, one after the other.

    ``more`` says what else is waited for, at times.
    """

    kth: int
    sums: tuple[tuple[str, ...], ...]
    more: str = ""

    def over(self, times: Mapping[str, T], in_order: InOrder[T]) -> T:
        """Return how long it takes, if each part takes its time of ``times``.

        >>> parallel = Wait(2, (("db1",), ("db2",), ("db3",)))
        >>> parallel.over({"db1": 5, "db2": 1, "db3": 3}, sorted)
        3
        """
        sums = [total([times[part] for part in each]) for each in self.sums]
        return sums[0] if len(sums) == 1 else in_order(sums)[self.kth - 1]

    @property
    def words(self) -> str:
        """What is waited for, as an expression.

        >>> Wait(1, (("db1", "db2", "db3"),)).words, Wait(2, (("db1",), ("db2",), ("db3",))).words
        ('db1 + db2 + db3', 'the 2nd of db1, db2, db3')
        """
        if len(self.sums) == 1:
            return _few(self.sums[0], " + ", " + ... + ") + self.more
        which = "first" if self.kth == 1 else "last" if self.kth == len(self.sums) else _ordinal(self.kth)
        return f"the {which} of {_few([' + '.join(each) for each in self.sums], ', ', '..')}{self.more}"


def booking_wait(write: WriteStrategy, replicas: int) -> Wait:
    """Return what the acknowledgement of a booking waits for, no time being negative.

    >>> from overbooked.spec.write_strategies import write_strategy
    >>> booking_wait(write_strategy("serial-async", 3), 3).words
    'db1'
    """
    if write.log:
        return Wait(1, ((APPEND,),))
    paths = [tuple(f"db{i}" for i in write.path(i, replicas)) for i in range(1, replicas + 1)]
    if write.primary:
        return Wait(write.needed - 1, tuple(paths[1:])) if write.needed > 1 else Wait(1, (paths[0],))
    if all(later[: len(path)] == path for path, later in pairwise(paths)):
        return Wait(1, (paths[write.needed - 1],))
    return Wait(write.needed, tuple(paths))


def check_wait(read: ReadStrategy) -> Wait:
    """Return what the answer to a check waits for, while db1 is the primary, if there is one.

    With a repair, it waits for that, too, where answers differ. In a session it may also wait for what the user was
    told of, which is nothing to begin with.

    >>> from overbooked.spec.read_strategies import read_strategy
    >>> check_wait(read_strategy("quorum:repair", 3)).words
    'the 2nd of db1, db2, db3, and a repair if these differ'
    """
    asks = (1,) if read.primary else read.asks
    more = ", and a repair if these differ" if read.repair else ", of those that are not behind" if read.session else ""
    return Wait(read.answers, tuple((f"db{i}",) for i in asks), more)


def total(times: Sequence[T]) -> T:
    """Return the sum of times, of which there is at least one."""
    whole = times[0]
    for time in times[1:]:
        whole = whole + time
    return whole


def _few(items: Sequence[str], between: str, left_out: str) -> str:
    return between.join(items) if len(items) <= _FEW else f"{items[0]}{left_out}{items[-1]}"


def _ordinal(number: int) -> str:
    """Return a number in an order.

    >>> [_ordinal(number) for number in (2, 3, 4, 11, 22)]
    ['2nd', '3rd', '4th', '11th', '22nd']
    """
    tens, ones = divmod(number, 10)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(ones, "th") if tens != 1 else "th"
    return f"{number}{ending}"
