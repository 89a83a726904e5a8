"""What the source claims of the worked example, and for each claim what judges it.

A claim is judged by its *grounds*: cells of the table that hold or are violated, theorems, times and counts. What it
says is so when all grounds under ``says`` are. A claim that is so only under a condition has that one, and grounds that
show it to be exact: it holds where the condition does, and fails where it does not. Nothing here is a verdict.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from overbooked.spec.grounds import (
    AckTime,
    CheckTimes,
    Ground,
    HeldAtAck,
    Keeps,
    Medians,
    MoreMessages,
    MoreOftenFresh,
    MostAtOnce,
    NoBetterIsFaster,
    Proved,
    Uses,
)

_N = 3
_FAULTS = ("none", "replica-crash", "app-restart", "both", "timeout", "clock-skew")
_DIRECT = ("serial-sync", "serial-async", "parallel:1", "parallel:2", "parallel:3")
_LOGGED = tuple(f"message:{name}" for name in _DIRECT)
_WRITES = (*_DIRECT, *_LOGGED)
_READS = ("one", "quorum", "all", "one:db1", "one:db2", "one:db3")


class Claim(NamedTuple):
    """A claim of the source.

    says
        The grounds on which it is so. With none, ``exact`` says why it is not judged.
    when, only_then
        The exact condition under which it is so, if it is not always, and the grounds that show that.
    exact
        What is true exactly, where the claim says less than the model can tell.
    is_figure
        Whether it is about a figure, which is measured.
    """

    name: str
    text: str
    says: tuple[Ground, ...] = ()
    when: str = ""
    only_then: tuple[Ground, ...] = ()
    exact: str = ""
    is_figure: bool = False


def _kept(writes: tuple[str, ...], reads: tuple[str, ...], guarantee: str, *faults: str) -> tuple[Keeps, ...]:
    """Return the grounds that a guarantee is kept by all these ways to write and to read."""
    return tuple(Keeps(w, r, guarantee, f) for w, r, f in product(writes, reads, faults or ("none",)))


def _just(
    kept: set[tuple[str, str, str]], writes: tuple[str, ...], reads: tuple[str, ...], guarantee: str, *faults: str
) -> tuple[Keeps, ...]:
    """Return the grounds that, of these ways to write and to read under these faults, just those given keep it."""
    every = product(writes, reads, faults or ("none",))
    return tuple(Keeps(w, r, guarantee, f, is_so=(w, r, f) in kept) for w, r, f in every)


def _all(writes: tuple[str, ...], reads: tuple[str, ...], *faults: str) -> set[tuple[str, str, str]]:
    return set(product(writes, reads, faults or ("none",)))


_CRASH = "replica-crash"
_LAGGING = ("serial-async", "parallel:1", "message:serial-sync")
_FAULTLESS = ("none", "timeout", "clock-skew")
_STALE = ("serial-async", "parallel:1", "message:serial-sync")
_DELAYS = ("lnkd-ssd", "lnkd-disk", "ymmr", "wan")
_ANSWERING_WRITES = ("parallel:1", "parallel:2", *_LOGGED)

SECTIONS: dict[str, tuple[Claim, ...]] = {
    "The setting": (
        Claim(
            "S1",
            "With three replicas, one may fail and the system still serves bookings and checks from the others.",
            (
                *_kept(_WRITES, ("one",), "booking-availability", _CRASH),
                *_kept(("serial-sync",), _READS, "checking-availability", _CRASH),
            ),
            "the write is `parallel:1`, `parallel:2` or a `message:S`, and the read `one` or `quorum`",
            (
                *_just(_all(_ANSWERING_WRITES, ("one",), _CRASH), _WRITES, ("one",), "booking-availability", _CRASH),
                *_just(
                    _all(("serial-sync",), ("one", "quorum"), _CRASH),
                    ("serial-sync",),
                    _READS,
                    "checking-availability",
                    _CRASH,
                ),
            ),
            "A serial write waits for ever for the replica that crashed, `parallel:3` for its confirmation, and `all` "
            "and `one:dbI` for its answer.",
        ),
        Claim(
            "S2",
            "The app server can write to every replica itself, or leave it to the database's built-in replication.",
            exact="Both are in the spec: the app server writes with `serial-...`, `parallel:K` and `message:S`, the "
            "database with `primary:K`.",
        ),
    ),
    "Writing": (
        Claim(
            "W1",
            "`serial-sync` takes the sum of the replicas' write times: 3 s where each takes 1 s.",
            (AckTime("serial-sync", "sum"),),
        ),
        Claim(
            "W2",
            "`serial-sync`: every replica has the booking before the user is told.",
            tuple(HeldAtAck("serial-sync", _N, fault) for fault in _FAULTS),
        ),
        Claim(
            "W3",
            "`serial-sync` is strongly consistent.",
            _kept(("serial-sync",), _READS, "linearizability"),
            "the read is `all`, or always of the same replica",
            _just(
                _all(("serial-sync",), ("all", "one:db1", "one:db2", "one:db3")),
                ("serial-sync",),
                _READS,
                "linearizability",
            ),
            "With `one` or `quorum` no check after the acknowledgement is stale, but while the write is under way a "
            "user may be told booked, and a later one available.",
        ),
        Claim(
            "W4",
            "`serial-async` takes db1's write time alone: 1 s.",
            (AckTime("serial-async", "db1"),),
        ),
        Claim(
            "W5",
            "`serial-async`: for a while db2 and db3 lack the booking, and u2 may be told the room is available.",
            (
                Keeps("serial-async", "one", "read-after-write", is_so=False),
                Keeps("serial-async", "one:db2", "read-after-write", is_so=False),
                Keeps("serial-async", "one:db3", "read-after-write", is_so=False),
                Keeps("serial-async", "one:db1", "read-after-write"),
                Keeps("serial-async", "all", "read-after-write"),
            ),
            exact="Not so with `one:db1`, which reads the replica that the acknowledgement waited for, nor with `all`.",
        ),
        Claim(
            "W6",
            "`serial-async`: that inconsistency is temporary; the replicas catch up.",
            _kept(("serial-async",), ("one",), "convergence", *_FAULTS),
            "no replica crashes and the app server does not restart",
            _just(_all(("serial-async",), ("one",), *_FAULTLESS), ("serial-async",), ("one",), "convergence", *_FAULTS),
            "A crash stops the chain of writes, and a restart forgets it: then replicas differ for ever.",
        ),
        Claim(
            "W7",
            "`parallel` takes about the fastest replica's time when one acknowledgement is awaited, and the k-th "
            "fastest's for k.",
            (Proved("parallel-K-is-the-Kth"),),
        ),
        Claim(
            "W8",
            "`parallel` costs more threads and bandwidth than a serial write: all replicas are asked at the same time.",
            (MostAtOnce("parallel:1", _N), MostAtOnce("serial-sync", 1), MoreMessages("parallel:1", "serial-sync")),
            "it is about what is under way at once: 3 writes, where a serial one has 1",
            (
                MostAtOnce("parallel:1", _N),
                MostAtOnce("serial-sync", 1),
                MoreMessages("parallel:1", "serial-sync", is_so=False),
            ),
            "Until all is quiet, both have sent the same messages.",
            is_figure=True,
        ),
        Claim(
            "W9",
            "`parallel`: some replicas may lag, with the same temporary inconsistency as `serial-async`.",
            tuple(Keeps(f"parallel:{k}", "one", "read-after-write", is_so=False) for k in range(1, _N + 1)),
            "fewer confirmations are awaited than there are replicas",
            (
                *(Keeps(f"parallel:{k}", "one", "read-after-write", is_so=False) for k in range(1, _N)),
                Keeps(f"parallel:{_N}", "one", "read-after-write"),
                *_kept(("parallel:1", "parallel:2", "parallel:3"), ("one",), "convergence"),
            ),
        ),
        Claim(
            "W10",
            "`message` has the lowest latency of all: the time to append to the log (which must then be the "
            "shortest of all).",
            (Proved("log-acks-first:weakened"),),
            "an append takes no longer than the fastest replica's write",
            (Proved("log-acks-first"), Proved("log-acks-first-only-then")),
            "Where it takes longer, `parallel:1` is acknowledged before it.",
        ),
        Claim(
            "W11",
            "`message`: the replicas get the booking later; in the end all of them reflect it, whichever method the "
            "consumer uses.",
            _kept(_LOGGED, ("one",), "convergence", *_FAULTS),
            "nothing fails; also where a replica crashes, if the consumer's method is `parallel:1` or `parallel:2`; "
            "and where the app server restarts, if it waits for every replica (`serial-sync`, `parallel:3`)",
            _just(
                _all(_LOGGED, ("one",), *_FAULTLESS)
                | _all(("message:parallel:1", "message:parallel:2"), ("one",), _CRASH)
                | _all(("message:serial-sync", "message:parallel:3"), ("one",), "app-restart"),
                _LOGGED,
                ("one",),
                "convergence",
                *_FAULTS,
            ),
            "An entry whose writes are left to the background is committed, and not written again after a restart; and "
            "a consumer that waits for a replica that crashed takes no further entry.",
        ),
        Claim(
            "W12",
            "`message` carries the heaviest write traffic.",
            tuple(MoreMessages(more, fewer) for more, fewer in product(_LOGGED, _DIRECT)),
            exact="Each entry is appended, taken and committed: three messages more than any other way.",
            is_figure=True,
        ),
    ),
    "Reading": (
        Claim(
            "R1",
            "Reading `one` replica is the fastest way.",
            (CheckTimes(("one", "quorum")), CheckTimes(("one:db1", "quorum"))),
            "the first of all replicas to answer is the one that is used",
            (CheckTimes(("one", "quorum", "all")), CheckTimes(("one:db1", "quorum"), is_so=False)),
            "`one:dbI` waits for that replica, which may be slower than the others.",
        ),
        Claim(
            "R2",
            "Reading one replica, db1 for example, may return stale data: a correctness problem.",
            tuple(Keeps("serial-async", f"one:db{i}", "read-after-write", is_so=False) for i in range(1, _N + 1)),
            "the acknowledgement did not wait for that replica",
            (
                Keeps("serial-async", "one:db1", "read-after-write"),
                *(Keeps("serial-async", f"one:db{i}", "read-after-write", is_so=False) for i in (2, 3)),
                *(Keeps("parallel:1", f"one:db{i}", "read-after-write", is_so=False) for i in (1, 2, 3)),
                *(Keeps("serial-sync", f"one:db{i}", "read-after-write") for i in (1, 2, 3)),
            ),
            "db1 is just the replica that `serial-async` waits for, and with it nothing is stale.",
        ),
        Claim("R3", "For three replicas a `quorum` is two.", (Uses("quorum", 2), Proved("quorums-meet"))),
        Claim(
            "R4",
            "A `quorum` read is more likely to see the latest booking than `one`: where db1 is stale, db2 may have it.",
            (
                *(MoreOftenFresh(write, "quorum", "one", delays) for write, delays in product(_STALE, _DELAYS)),
                Keeps("parallel:2", "one", "read-after-write", is_so=False),
                Keeps("parallel:2", "quorum", "read-after-write"),
                *_kept(("serial-sync", "parallel:3"), ("one", "quorum"), "read-after-write"),
            ),
            exact="With `parallel:2` it always sees it; with `serial-sync` and `parallel:3` so does `one`. Elsewhere "
            "it sees it more often, and how much more is a matter of delays.",
        ),
        Claim(
            "R5",
            "A `quorum` read is slower than `one` and faster than `all`.",
            (CheckTimes(("one", "quorum", "all")),),
            exact="Never faster than `one`, never slower than `all`; as fast where replicas answer at the same moment.",
        ),
        Claim(
            "R6",
            "Reading `all` guarantees the latest data and so avoids the correctness problem.",
            _kept(_WRITES, ("all",), "read-after-write"),
            "the booking is written to a replica before it is acknowledged, as by every way but `message:S`",
            _just(_all(_DIRECT, ("all",)), _WRITES, ("all",), "read-after-write"),
            "A booking that is only in the log is in no replica that could be read.",
        ),
        Claim(
            "R7",
            "Reading `all` is the slowest, and suffers when one replica is slow or down.",
            (
                CheckTimes(("one", "quorum", "all")),
                Keeps("serial-sync", "all", "checking-availability", _CRASH, is_so=False),
                Keeps("serial-sync", "quorum", "checking-availability", _CRASH),
                Keeps("serial-sync", "one", "checking-availability", _CRASH),
            ),
            exact="When one is down, a check by `all` waits for ever.",
        ),
        Claim(
            "R8",
            "Comparing timestamps tells which answer is the latest update.",
            _kept(_WRITES, ("all",), "last-write-wins", "none", "clock-skew"),
            "one clock gives all timestamps",
            _just(_all(_WRITES, ("all",)), _WRITES, ("all",), "last-write-wins", "none", "clock-skew"),
            "Two app servers whose clocks disagree make an older booking win for good, with every way to write.",
        ),
    ),
    "Trade-offs": (
        Claim(
            "T1",
            "A stale read lets u2 try to book a room that u1 holds: a conflict.",
            (
                Keeps("serial-async", "one", "read-after-write", is_so=False),
                Keeps("serial-async", "one", "no-double-booking", is_so=False),
                Keeps("serial-sync", "all", "no-double-booking", is_so=False),
                Keeps("serial-sync", "all", "read-after-write"),
            ),
            exact="It takes no stale read, though: two users who ask before either books are both told available, "
            "truly, and both get the room.",
        ),
        Claim(
            "T2",
            "Reading `all` solves that problem, at the price of latency.",
            _kept(_WRITES, ("all",), "no-double-booking"),
            exact="No way to read does: to check and then to book are two calls, and another user's come in between. "
            "What is needed is mutual exclusion, a booking that is refused where the room is taken.",
        ),
        Claim(
            "T3",
            "A `quorum` strikes the balance and is often the preferred way.",
            tuple(
                ground
                for delays in _DELAYS
                for ground in (
                    MoreOftenFresh("parallel:1", "quorum", "one", delays),
                    MoreOftenFresh("parallel:1", "all", "quorum", delays),
                    Medians(("one", "quorum", "all"), delays),
                )
            ),
            exact="Whether it is often preferred is nothing a model can tell. What it gives and what it costs is "
            "between `one` and `all`, with all delays that were tried.",
            is_figure=True,
        ),
        Claim(
            "T4",
            "Consistency is paid for with latency: of two strategies, the more consistent one is the slower one.",
            (NoBetterIsFaster(("serial-async", "one:db1"), ("serial-sync", "quorum")),),
            exact="What it is paid for with may be availability instead: `serial-async` by `one:db1` keeps more than "
            "`serial-sync` by `quorum`, at a third of its time to book, as long as db1 is there.",
        ),
        Claim(
            "U1",
            "Where accuracy is non-negotiable, as with money, write `serial-sync` and read `all`.",
            (
                *_kept(("serial-sync",), ("all",), "linearizability"),
                *_kept(("serial-sync",), ("all",), "no-double-booking"),
            ),
            "it is about what checks tell, and not about two users who book the same room",
            (
                *(
                    Keeps("serial-sync", "all", name)
                    for name in ("linearizability", "convergence", "durability", "read-your-writes")
                ),
                *_kept(("serial-async", "parallel:1", "parallel:2", "parallel:3"), ("all",), "linearizability"),
                Keeps("serial-sync", "all", "booking-availability", _CRASH, is_so=False),
                *_just(set(), _WRITES, _READS, "no-double-booking"),
            ),
            "No way to write and to read keeps two users from holding the same room. And `serial-sync` with `all` is "
            "not the only one that is linearizable, but the slowest, and stands still when any replica does.",
        ),
        Claim(
            "U2",
            "Booking systems, where availability must be mostly accurate, do well with a `quorum` read.",
            _kept(_WRITES, ("quorum",), "read-after-write"),
            "the acknowledgement waits for a majority: `parallel:2`, `parallel:3` or `serial-sync`",
            (
                *_just(
                    _all(("parallel:2", "parallel:3", "serial-sync"), ("quorum",)),
                    _WRITES,
                    ("quorum",),
                    "read-after-write",
                ),
                Keeps("parallel:2", "quorum", "booking-availability", _CRASH),
                Keeps("parallel:2", "quorum", "checking-availability", _CRASH),
                Keeps("parallel:3", "quorum", "booking-availability", _CRASH, is_so=False),
                Keeps("serial-sync", "quorum", "booking-availability", _CRASH, is_so=False),
            ),
            "Of these, `parallel:2` is still answered when a replica crashes.",
        ),
        Claim(
            "U3",
            "`serial-async`, `parallel` and `message` fit where a short inconsistency is acceptable.",
            _kept(_LAGGING, ("one",), "convergence", *_FAULTS),
            "nothing fails; with `parallel:1` also where a replica crashes, and with `message:serial-sync` where the "
            "app server restarts",
            _just(
                _all(_LAGGING, ("one",), *_FAULTLESS)
                | {("parallel:1", "one", _CRASH), ("message:serial-sync", "one", "app-restart")},
                _LAGGING,
                ("one",),
                "convergence",
                *_FAULTS,
            ),
            "Elsewhere it is not short: replicas may differ for ever.",
        ),
        Claim(
            "Q1",
            "A read sees every acknowledged booking whenever R + W > N.",
            (Proved("no-stale-read"), Proved("stale-read"), Proved("reads-meet-writes")),
            exact="For any N, W and R; and where R + W <= N a stale read is always possible. A log "
            "acknowledges with W = 0.",
        ),
    ),
}
"""The claims of the source, under the headings that it has."""


def claims() -> tuple[Claim, ...]:
    """Return every claim."""
    return tuple(claim for section in SECTIONS.values() for claim in section)
