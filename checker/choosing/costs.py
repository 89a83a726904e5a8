"""What a way to write and a way to read cost, and in which order costs are compared."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

from overbooked.checker.latency.message_costs import of_booking, of_check
from overbooked.checker.latency.waits import APPEND, booking_wait, check_wait
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy

Rank: TypeAlias = tuple[float, ...]


class Cost(NamedTuple):
    """What a pair costs.

    rounds
        How long a booking takes, and a check, where each replica and the log take 1.
    ack_waits_for, check_waits_for
        How many confirmations an acknowledgement waits for (0: an append to the log alone), and a check answers.
    repairs
        Whether a check may also have to write.
    messages
        How many messages both take, until all is quiet and if nothing has to be repaired.
    """

    rounds: tuple[float, float]
    ack_waits_for: int
    check_waits_for: int
    repairs: bool
    messages: int

    def rank(self, prefer: str) -> Rank:
        """Return what is compared, the lower the cheaper, by what is preferred.

        >>> one, quorum = Cost((1, 1), 2, 1, False, 10), Cost((1, 1), 2, 2, False, 11)
        >>> one.rank("latency") < quorum.rank("latency")
        True
        """
        latency = (sum(self.rounds), self.ack_waits_for + self.check_waits_for, self.repairs)
        first: dict[str, Rank] = {
            "latency": latency,
            "reads": (self.rounds[1], self.check_waits_for, self.repairs),
            "messages": (self.messages,),
        }
        return (*first[prefer], *latency, self.messages)


def cost_of(write: WriteStrategy, read: ReadStrategy, replicas: int, *, counted: bool = True) -> Cost:
    """Return what a pair costs; its messages are 0 where they are not to be ``counted``, which takes a while.

    >>> from overbooked.spec.read_strategies import read_strategy
    >>> from overbooked.spec.write_strategies import write_strategy
    >>> cost_of(write_strategy("parallel:2", 3), read_strategy("quorum", 3), 3)
    Cost(rounds=(1.0, 1.0), ack_waits_for=2, check_waits_for=2, repairs=False, messages=11)
    """
    times = {f"db{i}": 1.0 for i in range(1, replicas + 1)} | {APPEND: 1.0}
    rounds = (booking_wait(write, replicas).over(times, sorted), check_wait(read).over(times, sorted))
    messages = _of_booking(write, replicas) + _of_check(read, replicas) if counted else 0
    return Cost(rounds, 0 if write.log else write.needed, read.answers, read.repair, messages)


@cache
def _of_booking(write: WriteStrategy, replicas: int) -> int:
    return of_booking(write, replicas).messages


@cache
def _of_check(read: ReadStrategy, replicas: int) -> int:
    return of_check(read._replace(session=False), replicas).messages
