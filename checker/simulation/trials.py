"""Trials: bookings, and checks of them, with random delays, many at once.

The model is WARS (Bailis et al., Probabilistically Bounded Staleness for Practical Partial Quorums, VLDB 2012,
section 5.1): a write's request takes W, its acknowledgement A, a read's request R and its response S, drawn anew for
each replica. What is sent when, and what an acknowledgement and a check wait for, is read off the spec's own
description of the strategies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from overbooked.checker.latency.waits import APPEND, booking_wait, check_wait, total
from overbooked.checker.simulation.delays import Times
from overbooked.checker.simulation.networks import Network
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.write_strategies import WriteStrategy

_BATCH = 1 << 15
"""So many trials are drawn at once: what they take fits into the processor's cache."""


class Booked(NamedTuple):
    """Bookings: when each was acknowledged, and when each replica had applied it, in ms after its call.

    ``applied`` is replicas by trials.
    """

    acked: Times
    applied: Times


class Checked(NamedTuple):
    """Checks: how long each took; by its side which answers are used, and when each question came to its replica.

    ``used`` and ``asked`` are replicas by trials, and ``asked`` is in ms after the check's call.
    """

    took: Times
    used: np.typing.NDArray[np.bool_]
    asked: Times


class Trial(NamedTuple):
    """What becomes of some bookings and checks, by the strategies' names; all in ms.

    booking
        How long bookings took.
    checking
        How long checks took.
    fresh_from
        By way to write and way to read, the least time after the acknowledgement from which on the check sees the
        booking. Below 0 it would see it that much before the acknowledgement.
    """

    booking: dict[str, Times]
    checking: dict[str, Times]
    fresh_from: dict[tuple[str, str], Times]


def trials(
    writes: Iterable[WriteStrategy], reads: Iterable[ReadStrategy], network: Network, count: int, seed: int
) -> Iterator[Trial]:
    """Yield ``count`` trials of every way to write with every way to read, some at a time.

    All ways have the same delays in a trial, so that they can be compared in it: none is only luckier than another.

    Cost: of a million trials over three replicas, 17 million draws, and a sort of three for each strategy.
    """
    random = np.random.default_rng(seed)
    (standbys,) = random.spawn(1)
    every_write, every_read = list(writes), list(reads)
    for begun in range(0, count, _BATCH):
        size = min(_BATCH, count - begun)
        delays = Delays.drawn(network, random, standbys, size)
        booked = {write.name: book(write, delays) for write in every_write}
        checked = {read.name: check(read, delays) for read in every_read}
        yield Trial(
            {name: each.acked for name, each in booked.items()},
            {name: each.took for name, each in checked.items()},
            {(w, r): fresh_from(booking, its) for w, booking in booked.items() for r, its in checked.items()},
        )


class Delays(NamedTuple):
    """The delays of some trials: of the four legs replicas by trials, and of the log and of its consumer.

    ``tie`` decides between answers that arrive at the same time. From the primary to each replica it takes ``receive``,
    until that shows what it received ``apply``, and back to the primary ``confirm``.
    """

    write: Times
    ack: Times
    read: Times
    response: Times
    log: Times
    consumer: Times
    tie: np.random.Generator
    receive: Times
    apply: Times
    confirm: Times

    @classmethod
    def drawn(cls, network: Network, random: np.random.Generator, standbys: np.random.Generator, size: int) -> Delays:
        """Return the delays of so many trials; those of ``standbys`` alone are drawn apart, and change no others."""
        (write, ack), away = network.drawn(random, size, network.write, network.ack)
        (read, response), read_away = network.drawn(random, size, network.read, network.response)
        legs = write + away, ack + away, read + read_away, response + read_away
        log, consumer = network.log.draw(random, size), network.consumer.draw(random, size)
        apply = np.stack([network.apply.draw(standbys, size) for _ in range(network.replicas)])
        return cls(*legs, log, consumer, random, write + network.far, apply, ack + network.far)


def book(write: WriteStrategy, delays: Delays) -> Booked:
    """Return bookings with these delays, a trial each."""
    if write.primary:
        return _book_by_primary(write, delays)
    replicas = len(delays.write)
    numbers = range(1, replicas + 1)
    confirmed = {f"db{i}": delays.write[i - 1] + delays.ack[i - 1] for i in numbers}
    acked = booking_wait(write, replicas).over(confirmed | {APPEND: delays.log}, _in_order)
    applied = []
    for i in numbers:
        *before, last = write.path(i, replicas)
        applied.append(total([*(confirmed[f"db{j}"] for j in before), delays.write[last - 1]]))
    return Booked(acked, np.stack(applied) + (delays.log + delays.consumer if write.log else 0.0))


def _book_by_primary(write: WriteStrategy, delays: Delays) -> Booked:
    """Return bookings that db1 passes on to the others, which show them in their own time."""
    replicas = len(delays.write)
    shown = delays.receive + delays.apply
    confirmed = (delays.receive if write.on_receipt else shown) + delays.confirm
    times = {f"db{i}": confirmed[i - 1] for i in range(2, replicas + 1)} | {"db1": delays.write[0] + delays.ack[0]}
    acked = booking_wait(write, replicas).over(times, _in_order)
    by_primary = delays.write[0] if write.needed == 1 else acked - delays.ack[0]
    return Booked(acked, np.concatenate([by_primary[None], delays.write[0] + shown[1:]]))


def check(read: ReadStrategy, delays: Delays) -> Checked:
    """Return checks with these delays, a trial each: which answers are used does not depend on when they are made."""
    replicas = len(delays.read)
    arrive = delays.read + delays.response
    took = check_wait(read).over({f"db{i}": arrive[i - 1] for i in range(1, replicas + 1)}, _in_order)
    among = np.isin(np.arange(1, replicas + 1), (1,) if read.primary else read.asks)[:, None]
    used = (arrive <= took) & among
    if (tied := np.flatnonzero(used.sum(axis=0) > read.answers)).size:
        used[:, tied] = _first(read.answers, np.where(among, arrive[:, tied], np.inf), delays.tie)
    return Checked(took, used, delays.read)


def fresh_from(booked: Booked, checked: Checked) -> Times:
    """Return the least times after the acknowledgements from which on the checks see the bookings.

    A check made t ms after the acknowledgement sees it if one of the replicas whose answers it uses has applied it by
    the time that the question comes to it.
    """
    late = booked.applied - booked.acked - checked.asked
    first: Times = np.where(checked.used, late, np.inf).min(axis=0)
    return first


def _first(answers: int, arrive: Times, random: np.random.Generator) -> np.typing.NDArray[np.bool_]:
    """Return which are the first so many to arrive; of those that arrive at once, any, by chance."""
    order = np.lexsort((random.random(arrive.shape), arrive), axis=0)
    ranks = np.argsort(order, axis=0)
    return ranks < answers


def _in_order(times: list[Times]) -> list[Times]:
    return list(np.sort(np.stack(times), axis=0))
