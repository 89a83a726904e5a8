"""What people call strategies who come from elsewhere: words that stand for one here, and words that do not."""

from __future__ import annotations

import re
from typing import NamedTuple

from overbooked.spec.names import StrategyError, there_are

WORDS = ("one", "two", "three", "quorum", "majority", "all")
"""Those that a write or a read is called by, beside ``W=2`` and ``R=2``."""
_NUMBERS = {"one": 1, "two": 2, "three": 3}


def write_called(word: str, replicas: int) -> str:
    """Return the name of the write strategy that is called so; the word itself, if that is none of these.

    Raises :class:`overbooked.spec.names.StrategyError` when there are not so many replicas.

    >>> [write_called(word, 5) for word in ("W=2", "quorum", "MAJORITY", "all", "one", "serial-sync")]
    ['parallel:2', 'parallel:3', 'parallel:3', 'parallel:5', 'parallel:1', 'serial-sync']
    """
    count = _count(word, "W", replicas)
    return word if count is None else f"parallel:{count}"


def read_called(word: str, replicas: int) -> str:
    """Return the name of the read strategy that is called so; the word itself, if that is none of these.

    Raises :class:`overbooked.spec.names.StrategyError` when there are not so many replicas.

    >>> [read_called(word, 5) for word in ("R=2", "majority:repair", "all", "ONE", "one:db1")]
    ['first:2', 'quorum:repair', 'all', 'one', 'one:db1']
    """
    first, *endings = word.split(":")
    if first == "one" or first.lower() in {"quorum", "all"} or foreign(word, "read", replicas):
        return word
    if first.lower() in {"one", "majority"}:
        return ":".join(["quorum" if first.lower() == "majority" else "one", *endings])
    count = _count(first, "R", replicas)
    return word if count is None else ":".join([f"first:{count}", *endings])


def _count(word: str, letter: str, replicas: int) -> int | None:
    """Return how many replicas a word says are waited for."""
    majority = replicas // 2 + 1
    count = {**_NUMBERS, "quorum": majority, "majority": majority, "all": replicas}.get(word.lower())
    if found := re.fullmatch(rf"{letter}=(\d{{1,9}})", word):
        count = int(found[1])
    if count is not None and not 1 <= count <= replicas:
        raise StrategyError(f"{word}: {there_are(replicas)}, so {letter} is one of 1..{replicas}")
    return count


class Foreign(NamedTuple):
    """A word of another system: what a write that is called so is here, and what a read is; ``""``, if it may be ours.

    A ``pattern`` in capitals is for the word in capitals alone.
    """

    pattern: str
    system: str
    write: str
    read: str


_PAXOS = "runs consensus (Paxos), which nothing here does"
_NO_READ = "is for writes alone"
_REPAIRS = "writes back what it found before it tells: it is {0}:repair here; with read_repair = 'NONE' it is {0}"
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
        "is a majority in each data centre; where there is only one, it is quorum:repair here",
    ),
    Foreign(
        "local_one",
        "Cassandra",
        "is one replica in one data centre; where there is only one, it is parallel:1 here",
        "is one replica in one data centre; where there is only one, it is one here",
    ),
    Foreign("QUORUM", "Cassandra", "is {quorum} here", _REPAIRS.format("quorum")),
    Foreign("ALL", "Cassandra", "is {all} here", _REPAIRS.format("all")),
    Foreign("any", "Cassandra", "counts a hint, which no replica has; parallel:1 comes nearest here", _NO_READ),
    Foreign(
        "(if[ -])?not[ -]exists", "Cassandra", "runs consensus (Paxos); claim:K is less, and nearest here", _NO_READ
    ),
    Foreign("(LOCAL_)?SERIAL", "Cassandra", _PAXOS, _PAXOS),
    Foreign("w[:=]1", "MongoDB", "is primary:1 here", _W),
    Foreign("w[:=]majority", "MongoDB", f"is {{received}} {_FROM_8} {{shown}}", _W),
    Foreign("w[:=](?P<k>[1-9])", "MongoDB", f"is primary:{{k}}:received {_FROM_8} primary:{{k}}", _W),
    Foreign("w[:=]0", "MongoDB", "waits for nobody; here every write waits for one replica at least", _W),
    Foreign("primary", "MongoDB", "", "is one:primary here"),
    Foreign("primarypreferred", "MongoDB", _NO_WRITE, "is one:primary here"),
    Foreign("secondary(preferred)?", "MongoDB", _NO_WRITE, "is one:db2 here"),
    Foreign(
        "local|available",
        "MongoDB",
        "is a way to read; in PostgreSQL, synchronous_commit = local is primary:1 here",
        "is a read concern; the read preference says whom it asks, such as primary, secondary or nearest",
    ),
    Foreign("nearest", "MongoDB", _NO_WRITE, "is one here"),
    Foreign("linearizable", "MongoDB", _NO_WRITE, "has the primary ask a majority first, which nothing here does"),
    Foreign("snapshot", "MongoDB", _NO_WRITE, "reads what a majority had, maybe a while ago; nothing here does that"),
    Foreign("acks[:=]0", "Kafka", "waits for nobody; here every write waits for one replica at least", _ACKS),
    Foreign("acks[:=]1", "Kafka", "is primary:1 here", _ACKS),
    Foreign("acks[:=](all|-1)", "Kafka", "is primary:K:received here, where K is min.insync.replicas", _ACKS),
    Foreign("min.insync.replicas[:=](?P<k>[1-9])", "Kafka", "is primary:{k}:received here, with acks=all", _ACKS),
    Foreign("wait[ :=](?P<k>[1-9])", "Redis", "is primary:{one_more} here", "is for writes; for a read, try one:db2"),
    Foreign("(synchronous_commit[ =]+)?on", "PostgreSQL", "is {received} here, with ANY {others} (...)", _COMMIT),
    Foreign(
        "(synchronous_commit[ =]+)?(off|local)",
        "PostgreSQL",
        "is primary:1 here; off loses what is not on the disk yet (--fault amnesia)",
        _COMMIT,
    ),
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
    names |= {"received": f"primary:{majority}:received", "all": f"parallel:{replicas}"}
    for it in _FOREIGN:
        if found := re.fullmatch(it.pattern, word if it.pattern.isupper() else word.lower()):
            k = int(found.groupdict().get("k") or 0)
            says = (it.write if kind == "write" else it.read).format(**names, k=k, one_more=k + 1)
            if not says:
                return None
            if needed := _too_many(says, replicas):
                says = f"{says.partition(',')[0]}, which needs {needed} replicas (--replicas {needed})"
            return f"{says} (overbooked list --like {it.system})"
    return None


def _too_many(says: str, replicas: int) -> int:
    """Return how many replicas a sentence needs, if there are fewer."""
    needed = max((int(number) for number in re.findall(r"\w:(\d+)", says)), default=0)
    about_standbys = 2 * ("ANY 0" in says)
    return max(needed, about_standbys) if max(needed, about_standbys) > replicas else 0
