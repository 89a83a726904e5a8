"""What people call strategies who come from elsewhere: words that stand for one here, and words that do not."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBERS = {"one": 1, "two": 2, "three": 3}


def write_called(word: str, replicas: int) -> str:
    """Return the name of the write strategy that is called so; the word itself, if that is none of these.

    >>> [write_called(word, 5) for word in ("W=2", "quorum", "MAJORITY", "all", "one", "serial-sync")]
    ['parallel:2', 'parallel:3', 'parallel:3', 'parallel:5', 'parallel:1', 'serial-sync']
    """
    count = _count(word, "w", replicas)
    return word if count is None else f"parallel:{count}"


def read_called(word: str, replicas: int) -> str:
    """Return the name of the read strategy that is called so; the word itself, if that is none of these.

    >>> [read_called(word, 5) for word in ("R=2", "QUORUM", "majority:repair", "ALL", "one:db1")]
    ['first:2', 'quorum', 'quorum:repair', 'all', 'one:db1']
    """
    first, *endings = word.split(":")
    said = first.lower()
    if said in {"one", "quorum", "all", "majority"}:
        return ":".join(["quorum" if said == "majority" else said, *endings])
    count = _count(first, "r", replicas)
    return word if count is None else ":".join([f"first:{count}", *endings])


def _count(word: str, letter: str, replicas: int) -> int | None:
    """Return how many replicas a word says are waited for."""
    said = word.lower()
    if found := re.fullmatch(rf"{letter}=(\d{{1,9}})", said):
        return int(found[1])
    return {**_NUMBERS, "quorum": replicas // 2 + 1, "majority": replicas // 2 + 1, "all": replicas}.get(said)


class Foreign(NamedTuple):
    """A word of another system: what a write that is called so is here, and what a read is."""

    pattern: str
    system: str
    write: str
    read: str


_PAXOS = "runs consensus (Paxos), which nothing here does"
_NO_READ = "is for writes alone"
_NO_WRITE = "is a way to read; for a write, try w:1 or w:majority"
_W = "is for writes; a read has a read preference, such as primary, secondary or nearest"
_ACKS = "is for writes; for a read, try one:primary"
_COMMIT = "is for commits; for a read, try one:primary or one:db2"
_FROM_8 = "here, from MongoDB 8.0 on; before, it is"
_FOREIGN = (
    Foreign(
        "local_quorum",
        "Cassandra",
        "is a majority in one data centre; where there is only one, it is {quorum} here",
        "is a majority in one data centre; where there is only one, it is quorum:repair here",
    ),
    Foreign(
        "each_quorum",
        "Cassandra",
        "is a majority in each data centre; where there is only one, it is {quorum} here",
        _NO_READ,
    ),
    Foreign(
        "local_one",
        "Cassandra",
        "is one replica in one data centre; where there is only one, it is parallel:1 here",
        "is one replica in one data centre; where there is only one, it is one here",
    ),
    Foreign("any", "Cassandra", "counts a hint, which no replica has; parallel:1 comes nearest here", _NO_READ),
    Foreign("(local_)?serial", "Cassandra", _PAXOS, _PAXOS),
    Foreign("w[:=]1", "MongoDB", "is primary:1 here", _W),
    Foreign("w[:=]majority", "MongoDB", f"is {{received}} {_FROM_8} {{shown}}", _W),
    Foreign("w:(?P<k>[1-9])", "MongoDB", f"is primary:{{k}}:received {_FROM_8} primary:{{k}}", _W),
    Foreign("w[:=]0", "MongoDB", "waits for nobody; here every write waits for one replica at least", _W),
    Foreign("primary(preferred)?", "MongoDB", _NO_WRITE, "is one:primary here"),
    Foreign("secondary(preferred)?", "MongoDB", _NO_WRITE, "is one:db2 here"),
    Foreign("nearest", "MongoDB", _NO_WRITE, "is one here"),
    Foreign("linearizable", "MongoDB", _NO_WRITE, "has the primary ask a majority first, which nothing here does"),
    Foreign("snapshot", "MongoDB", _NO_WRITE, "reads what a majority had, maybe a while ago; nothing here does that"),
    Foreign("acks[:=]0", "Kafka", "waits for nobody; here every write waits for one replica at least", _ACKS),
    Foreign("acks[:=]1", "Kafka", "is primary:1 here", _ACKS),
    Foreign("acks[:=](all|-1)", "Kafka", "is primary:K:received here, where K is min.insync.replicas", _ACKS),
    Foreign("min.insync.replicas[:=](?P<k>[1-9])", "Kafka", "is primary:{k}:received here, with acks=all", _ACKS),
    Foreign("wait[ :=](?P<k>[1-9])", "Redis", "is primary:{one_more} here", "is for writes; for a read, try one:db2"),
    Foreign("remote_apply", "PostgreSQL", "is {shown} here, with ANY {others} (...)", _COMMIT),
    Foreign("remote_write", "PostgreSQL", "is {received} here, with ANY {others} (...)", _COMMIT),
    Foreign(
        "semi-?sync(hronous)?|after_sync",
        "MySQL",
        "is primary:2:received here, with one replica to wait for",
        "is for writes; for a read, try one:db2 for a replica, or one:primary for the source",
    ),
)
"""Words that are no strategy here. They are explained and not taken: one should see which strategy one asks for."""


def foreign(word: str, kind: str, replicas: int) -> str | None:
    """Return what a word of another system is as a ``kind`` (``write`` or ``read``) of strategy, or why it is none.

    >>> foreign("LOCAL_ONE", "read", 3)
    'is one replica in one data centre; where there is only one, it is one here (overbooked list --like Cassandra)'
    >>> foreign("WAIT 1", "write", 3), foreign("parallel", "write", 3)
    ('is primary:2 here (overbooked list --like Redis)', None)
    """
    majority = replicas // 2 + 1
    names = {"quorum": f"parallel:{majority}", "shown": f"primary:{majority}", "others": majority - 1}
    for it in _FOREIGN:
        if found := re.fullmatch(it.pattern, word.lower()):
            k = int(found.groupdict().get("k") or 0)
            says = it.write if kind == "write" else it.read
            says = says.format(**names, received=f"primary:{majority}:received", k=k, one_more=k + 1)
            return f"{says} (overbooked list --like {it.system})"
    return None
