"""Networks: a delay for each leg of a call to each replica; four that were measured in production, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from overbooked.checker.simulation.delays import Delay, DelayError, Times, delay, one_after_the_other
from overbooked.spec.names import unknown

Legs: TypeAlias = tuple[Delay, ...]
"""A delay for each replica."""
_SSD = "mix:0.9122*pareto:0.235,10+0.0878*exp:1.66"
_DISK = "mix:0.38*pareto:1.05,1.51+0.62*exp:0.183"
_YMMR = "mix:0.982*pareto:1.5,3.8+0.018*exp:0.0217"
_FAR = 75.0
"""What a leg takes more between data centres, in ms."""
LEGS = ("write", "ack", "read", "response")
"""The way of a write to a replica and back, and that of a question and its answer."""
ALONE = ("log", "consumer", "apply")
"""What else takes time, the same for all replicas."""
SETS = {
    "lnkd-ssd": (_SSD, _SSD, _SSD, _SSD),
    "lnkd-disk": (_DISK, _SSD, _SSD, _SSD),
    "ymmr": ("mix:0.939*pareto:3,3.5+0.061*exp:0.0028", _YMMR, _YMMR, _YMMR),
    "wan": (_DISK, _SSD, _SSD, _SSD),
}
"""By name, the delays of the four legs as Bailis et al. fitted them (VLDB 2012, table 3): LinkedIn's with SSDs and with
disks, Yammer's, and LinkedIn's disks across data centres. For Yammer's writes the paper prints an exponent of 3.35; its
code has 3.5, which is used."""


class Network(NamedTuple):
    """The delays: for each replica of a write's request and acknowledgement, and of a read's request and response.

    ``log`` is what an append to the log takes until it is acknowledged, ``consumer`` what it takes from then on until
    the consumer has the entry. From the primary to a standby and back it takes as long as a write to that standby and
    its acknowledgement, and ``apply`` is what a standby takes from then on to show what it has received. Each leg to a
    replica takes ``far`` ms more, but for the one replica that is local to the caller: which one is drawn anew for each
    call. No standby is local to the primary.
    """

    name: str
    write: Legs
    ack: Legs
    read: Legs
    response: Legs
    log: Delay
    consumer: Delay
    apply: Delay
    far: float = 0.0

    @property
    def replicas(self) -> int:
        """How many replicas there are."""
        return len(self.write)

    @property
    def is_anything(self) -> bool:
        """Whether messages may overtake each other in every way."""
        every = (*self.write, *self.ack, *self.read, *self.response, self.log, self.consumer, self.apply)
        return not self.far and all(each.is_anything for each in every)

    def legs(self) -> Iterator[tuple[str, str]]:
        """Yield each leg with its delays as they are spelled, those of each replica where they differ."""
        for leg, delays in zip(LEGS, (self.write, self.ack, self.read, self.response), strict=True):
            spelled = [each.spelled for each in delays]
            each = (f"db{i}={text}" for i, text in enumerate(spelled, 1))
            yield leg, spelled[0] if len(set(spelled)) == 1 else " ".join(each)
        yield "log", self.log.spelled
        yield "consumer", self.consumer.spelled
        yield "apply", self.apply.spelled
        if self.far:
            yield "far", f"{self.far:g} more on each leg to a replica, but for one, drawn for each call"

    def drawn(self, random: np.random.Generator, trials: int, *ways: Legs) -> tuple[list[Times], Times]:
        """Return for each leg of a call what it takes to each replica, and how much more to where that is far.

        All are replicas by trials.
        """
        times = [np.stack([leg.draw(random, trials) for leg in legs]) for legs in ways]
        if not self.far:
            return times, np.zeros_like(times[0])
        local = random.integers(self.replicas, size=trials)
        return times, np.where(np.arange(self.replicas)[:, None] == local, 0.0, self.far)


def network(name: str, replicas: int, given: Mapping[str, Sequence[str]]) -> Network:
    """Return the network of that name, with other delays where they are given.

    ``given`` has delays as they are typed by leg (one of ``LEGS`` or ``ALONE``), each for all replicas or, as in
    ``db2=const:5``, for one. Unless given, an append to the log takes as long as a replica's write and its
    acknowledgement, and the consumer has an entry, or a standby shows one, after as long as a replica's response takes.

    Raises :class:`overbooked.checker.simulation.delays.DelayError` or :class:`overbooked.spec.names.StrategyError` when
    that makes no sense.

    >>> network("ymmr", 3, {"write": ["exp:1", "db2=const:5"]}).write[1].spelled
    'const:5'
    """
    if name not in SETS:
        raise unknown("set of delays", name, SETS)
    write, ack, read, response = (
        _legs(leg, replicas, spelled, given.get(leg, ())) for leg, spelled in zip(LEGS, SETS[name], strict=True)
    )
    usual = dict(zip(ALONE, (one_after_the_other([write[0], ack[0]]), response[0], response[0]), strict=True))
    log, consumer, apply = (_given(part, given[part][-1]) if given.get(part) else each for part, each in usual.items())
    said = " ".join((name, *(f"--{leg}-delay {each}" for leg, spelled in given.items() for each in spelled)))
    return Network(said, write, ack, read, response, log, consumer, apply, _FAR if name == "wan" else 0.0)


def _legs(leg: str, replicas: int, usual: str, given: Sequence[str]) -> Legs:
    """Return the delays of one leg; of what is given, what comes later counts."""
    legs = [delay(usual)] * replicas
    for each in given:
        found = re.fullmatch(r"db(\d{1,4})=(.*)", each, re.DOTALL)
        if found and not 1 <= int(found[1]) <= replicas:
            raise DelayError(f"--{leg}-delay {each}: there are {replicas} replicas, db1..db{replicas}")
        its = _given(leg, found[2] if found else each)
        legs = [its if not found or i == int(found[1]) else before for i, before in enumerate(legs, 1)]
    return tuple(legs)


def _given(leg: str, spelled: str) -> Delay:
    try:
        return delay(spelled)
    except DelayError as error:
        raise DelayError(f"--{leg}-delay {error}") from None
