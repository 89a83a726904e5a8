"""Grounds: what a claim may rest on, each to be found out by a search, a proof or a count."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Keeps(NamedTuple):
    """A way to write and a way to read keep a guarantee under a fault, or break it."""

    write: str
    read: str
    guarantee: str
    fault: str = "none"
    is_so: bool = True


class HeldAtAck(NamedTuple):
    """At least so many replicas have a booking when it is acknowledged."""

    write: str
    replicas: int
    fault: str = "none"


class Proved(NamedTuple):
    """A theorem is proved, or one that is weakened by one is refuted."""

    theorem: str


class AckTime(NamedTuple):
    """An acknowledgement comes after the ``sum`` of the replicas' times, or after ``db1``'s, whatever these are."""

    write: str
    formula: str


class CheckTimes(NamedTuple):
    """Checks by these ways to read end in this order, whatever times the replicas take to answer; or they need not."""

    reads: tuple[str, ...]
    is_so: bool = True


class Uses(NamedTuple):
    """A check uses so many answers of three."""

    read: str
    answers: int


class MostAtOnce(NamedTuple):
    """So many writes are under way at once, at most, for one booking."""

    write: str
    writes: int


class MoreMessages(NamedTuple):
    """One way to write sends more messages for a booking than another; or, where that not ``is_so``, no more."""

    more: str
    fewer: str
    is_so: bool = True


class MoreOftenFresh(NamedTuple):
    """With delays that were measured, right after an ack one way to read sees the booking more often than another."""

    write: str
    more: str
    less: str
    delays: str


class Medians(NamedTuple):
    """With delays that were measured, the median times of checks by these ways to read rise in this order."""

    reads: tuple[str, ...]
    delays: str


class NoBetterIsFaster(NamedTuple):
    """Of these two ways to write and to read, the first does not keep more and take no longer, at 1 s for each part."""

    better: tuple[str, str]
    worse: tuple[str, str]


Ground: TypeAlias = (
    Keeps
    | HeldAtAck
    | Proved
    | AckTime
    | CheckTimes
    | Uses
    | MostAtOnce
    | MoreMessages
    | MoreOftenFresh
    | Medians
    | NoBetterIsFaster
)
