"""What known systems call these things: which strategy or fault here comes nearest, and where the likeness ends.

Names are those over three replicas; where a number stands in one, K or R of it is what the system's setting says.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One thing of a system: what it is called there and ``here`` (``None``: nothing here is like it), and the rest."""

    there: str
    here: str | None
    ends: str


class Usual(NamedTuple):
    """Settings that are used together: what they are called there, the pair here, and the fault to think of.

    ``but`` is what is otherwise there than the verdicts here say.
    """

    there: str
    write: str
    read: str
    fault: str = "replica-crash"
    but: str = ""


class System(NamedTuple):
    """A system: who replicates in it, its things, and which of them are used together."""

    name: str
    replicates: str
    entries: tuple[Entry, ...]
    usual: tuple[Usual, ...]


SYSTEMS = (
    System(
        "Cassandra",
        "whichever replica takes a request writes to all of them and waits for some",
        (
            Entry("write ONE", "parallel:1", "ANY is weaker: a hint counts"),
            Entry(
                "write QUORUM, LOCAL_QUORUM", "parallel:2", "LOCAL_QUORUM counts the replicas of one data centre alone"
            ),
            Entry(
                "write ALL",
                "parallel:3",
                "a write that times out may appear later, as here; an unavailable one is not sent",
            ),
            Entry("read ONE", "one", "one replica is asked, the nearest; others only when it is slow"),
            Entry(
                "read QUORUM",
                "quorum:repair",
                "by default (`read_repair = 'BLOCKING'`); those who answered are repaired",
            ),
            Entry("read QUORUM, `read_repair = 'NONE'`", "quorum", "nothing is written back"),
            Entry("read ALL", "all:repair", "likewise"),
            Entry("timestamps of clients or coordinators", "clock-skew", "there a timestamp may be given twice"),
            Entry(
                "a write without a hint",
                "lost-write",
                "a node that is down for 3 hours (`max_hint_window`) gets none any more, and hints go down with "
                "their coordinator; `nodetool repair` finds what is lost, here nothing does",
            ),
            Entry("a coordinator that crashes", "node-crash", "it is mostly a replica; drivers take another one"),
            Entry("a machine that crashes, with `commitlog_sync: periodic`", "amnesia", "loses the last 10 s alone"),
            Entry(
                "a node that serves with an empty disk",
                "amnesia",
                "only if it did not bootstrap; `nodetool repair` fills it again, here nothing does",
            ),
            Entry(
                "IF NOT EXISTS", None, "consensus (Paxos); claim:2 is less: a rejected booking stays where it was taken"
            ),
        ),
        (
            Usual("write ONE, read ONE", "parallel:1", "one", "node-crash"),
            Usual("write QUORUM, read ONE", "parallel:2", "one", "node-crash"),
            Usual(
                "write QUORUM, read QUORUM",
                "parallel:2",
                "quorum:repair",
                "node-crash",
                "this is of a value that is set once; of one that is overwritten, a later write may lose, as clocks "
                "differ (`last-write-wins`)",
            ),
            Usual("write QUORUM, read QUORUM, no read repair", "parallel:2", "quorum", "node-crash"),
            Usual("write ALL, read ONE", "parallel:3", "one", "node-crash"),
        ),
    ),
    System(
        "Dynamo and Riak",
        "whichever node takes a request writes to N replicas and waits for W; it reads R",
        (
            Entry("W", "parallel:2", "K is W"),
            Entry("R", "first:2", "R is R; what they find is written back after the answer, and not before it"),
            Entry("PW and PR of Riak", "parallel:2", "count the N replicas alone, as everything does here"),
            Entry(
                "sloppy quorums",
                None,
                "other nodes stand in for replicas, so that W and R need not meet, whatever they are",
            ),
            Entry("a coordinator that crashes", "node-crash", "it is mostly one of the N; clients take another one"),
            Entry(
                "a hinted handoff that is never made", "lost-write", "anti-entropy finds it later; here nothing does"
            ),
            Entry("a node whose disk is replaced", "amnesia", "anti-entropy fills it again; here nothing does"),
            Entry("siblings, vector clocks", None, "here the highest timestamp wins, as with `last_write_wins`"),
            Entry("clocks that differ, with `last_write_wins`", "clock-skew", "there a timestamp may be given twice"),
        ),
        (
            Usual("N = 3, W = 2, R = 2", "parallel:2", "first:2", "node-crash"),
            Usual("N = 3, W = 1, R = 1", "parallel:1", "first:1", "node-crash"),
            Usual("N = 3, W = 3, R = 1", "parallel:3", "first:1", "node-crash"),
        ),
    ),
    System(
        "MongoDB",
        "a primary, whose oplog the secondaries follow",
        (
            Entry("`w: 1`", "primary:1", "the primary shows a write at once, as here"),
            Entry(
                '`w: "majority"`', "primary:2:received", "from 8.0 on; before, secondaries had applied it (`primary:2`)"
            ),
            Entry(
                "read preference `primary`", "one:primary", "a former primary that does not know it yet may answer, too"
            ),
            Entry("read preference `secondary`", "one:db2", "any secondary, and not always the same"),
            Entry("read preference `nearest`", "one", "any member"),
            Entry("a causally consistent session", "one:session", "only with majority read and write concern"),
            Entry(
                "read concern `majority`", None, "reads what a majority has, which may be older than what is shown here"
            ),
            Entry(
                "read concern `linearizable`", None, "the primary asks a majority first whether it still is the primary"
            ),
            Entry("a unique index", "primary:1:unique", "at the primary"),
            Entry("an election", "failover", "what only the former primary had is rolled back, and kept in a file"),
        ),
        (
            Usual("`w: 1`, primary", "primary:1", "one:primary", "failover"),
            Usual(
                '`w: "majority"`, primary',
                "primary:2:received",
                "one:primary",
                "failover",
                "with read concern `local`, the default, a primary shows what no majority has yet: on failover "
                "monotonic-reads breaks, too",
            ),
            Usual('`w: "majority"`, secondary', "primary:2:received", "one:db2", "failover"),
            Usual('`w: "majority"`, nearest, in a session', "primary:2:received", "one:session", "failover"),
        ),
    ),
    System(
        "PostgreSQL",
        "a primary, whose WAL the standbys follow",
        (
            Entry(
                "`synchronous_commit = local`", "primary:1", "so is `on`, where `synchronous_standby_names` is empty"
            ),
            Entry(
                "`on`, `remote_write`, `ANY 1 (...)`",
                "primary:2:received",
                "with `remote_write` the standby has not flushed it; cancelling the wait, or a restart, shows it "
                "all the same",
            ),
            Entry(
                "`remote_apply`, `ANY 1 (...)`", "primary:2", "cancelling the wait, or a restart, shows it all the same"
            ),
            Entry(
                "`FIRST 1 (s1, s2)`",
                None,
                "waits for s1 while it is there; here any standby counts. Reading s1 under `remote_apply` is fresh",
            ),
            Entry("read the primary", "one:primary", "a former primary that does not know it yet may answer, too"),
            Entry("read a standby", "one:db2", "always the same; behind a load balancer it is `one`"),
            Entry(
                "wait for the commit's LSN at the standby",
                "one:db2:session",
                "the application compares `pg_last_wal_replay_lsn()`",
            ),
            Entry(
                "a unique constraint",
                "primary:1:unique",
                "at the primary; endings go together: `primary:2:received:unique`",
            ),
            Entry(
                "`synchronous_commit = off`, and a crash", "amnesia", "loses the last 3 `wal_writer_delay` alone, 0.6 s"
            ),
            Entry(
                "failover, as by Patroni",
                "failover",
                "in its `synchronous_mode`; else up to `maximum_lag_on_failover` may be lost",
            ),
        ),
        (
            Usual("`local`, read a standby", "primary:1", "one:db2", "failover"),
            Usual("`on`, `ANY 1`, read a standby", "primary:2:received", "one:db2", "failover"),
            Usual(
                "`remote_apply`, `ANY 1`, a unique constraint, read a standby",
                "primary:2:unique",
                "one:db2",
                "failover",
            ),
            Usual("`remote_apply` with both, read a standby", "primary:3", "one:db2", "failover"),
            Usual(
                "`on`, `ANY 1`, a unique constraint, read the primary",
                "primary:2:received:unique",
                "one:primary",
                "failover",
            ),
        ),
    ),
    System(
        "MySQL",
        "a source, whose binary log the replicas follow",
        (
            Entry("asynchronous replication", "primary:1", "as here"),
            Entry(
                "semi-synchronous, `AFTER_SYNC`, one replica",
                "primary:2:received",
                "goes on asynchronously after 10 s without an answer",
            ),
            Entry("read the source", "one:primary", "as here"),
            Entry("read a replica", "one:db2", "as here"),
            Entry(
                "`WAIT_FOR_EXECUTED_GTID_SET` before a read", "one:db2:session", "the application passes the GTID on"
            ),
            Entry("a unique index", "primary:1:unique", "at the source"),
            Entry("failover, as by Orchestrator", "failover", "which replica is picked is up to the tool"),
        ),
        (
            Usual("asynchronous, read a replica", "primary:1", "one:db2", "failover"),
            Usual("semi-synchronous, read a replica", "primary:2:received", "one:db2", "failover"),
            Usual("semi-synchronous, read the source", "primary:2:received", "one:primary", "failover"),
        ),
    ),
    System(
        "Redis",
        "a master, whose commands the replicas follow",
        (
            Entry("a plain write", "primary:1", "as here"),
            Entry("`WAIT 1`", "primary:2", "the master shows a write at once, and it stands whatever `WAIT` returns"),
            Entry("read the master", "one:primary", "as here"),
            Entry("read a replica", "one:db2", "as here"),
            Entry("`SET ... NX`", "primary:1:unique", "at the master"),
            Entry(
                "a restart without persistence", "amnesia", "a master that is back empty has its replicas emptied, too"
            ),
            Entry("Sentinel, Cluster", "failover", "a replica's priority counts before how much it has received"),
        ),
        (
            Usual("a plain write, read the master", "primary:1", "one:primary", "failover"),
            Usual(
                "`WAIT 1`, read a replica",
                "primary:2",
                "one:db2",
                "failover",
                "a replica of higher priority may take over that lacks what was waited for: durability breaks, too",
            ),
            Usual("`SET ... NX`, read the master", "primary:1:unique", "one:primary", "failover"),
        ),
    ),
    System(
        "Kafka",
        "a leader, whose partition the followers fetch; or a log that a consumer reads to write elsewhere",
        (
            Entry("`acks=1`", "primary:1", "consumers see an entry only once all in-sync replicas have it"),
            Entry(
                "`acks=all`, `min.insync.replicas=2`",
                "primary:2:received",
                "waits for all that are in sync; refuses with fewer than two",
            ),
            Entry("fetch from the leader", "one:primary", "consumers see what is committed"),
            Entry("fetch from a follower", "one:db2", "likewise"),
            Entry("a leader election", "failover", "among in-sync replicas; an unclean one may lose more"),
            Entry(
                "a disk that is replaced",
                "amnesia",
                "of a follower, as here; a leader that is back empty has its followers emptied, too",
            ),
            Entry(
                "commit the offset after writing to the database",
                "message:parallel:2",
                "an entry may be written twice, as here",
            ),
            Entry("commit the offset before it", None, "here nothing is committed before it is written"),
        ),
        (
            Usual(
                "`acks=1`",
                "primary:1",
                "one:primary",
                "failover",
                "consumers see only what all in-sync replicas have: read-your-writes breaks, also with no fault, "
                "and monotonic-reads does not",
            ),
            Usual("`acks=all`, `min.insync.replicas=2`", "primary:2:received", "one:primary", "failover"),
            Usual("a log in front of a database, read a quorum", "message:parallel:2", "quorum"),
        ),
    ),
    System(
        "etcd",
        "Raft: a leader, whose log a majority has before an entry is committed",
        (
            Entry("put", "primary:2:received", "the leader is elected by a majority, and knows all that was committed"),
            Entry("a serializable get", "one", "any member answers with what it has; it shows only what is committed"),
            Entry(
                "a linearizable get (the default)",
                None,
                "is linearizable: the leader asks a majority whether it still leads. `quorum` here is not that",
            ),
            Entry(
                "a transaction that creates a key",
                "primary:2:received:unique",
                "decided when the entry is applied, at each member",
            ),
            Entry("an election", "failover", "only a member that has received all that a majority has can win"),
        ),
        (
            Usual("put, serializable get", "primary:2:received", "one", "failover"),
            Usual("create in a transaction, serializable get", "primary:2:received:unique", "one", "failover"),
        ),
    ),
    System(
        "ZooKeeper",
        "a leader, whose proposals a majority has before they are committed",
        (
            Entry(
                "create, setData",
                "primary:2:received",
                "the leader is elected by a majority, and knows all that was committed",
            ),
            Entry(
                "a read",
                "one:session",
                "by the server that the client is connected to; it is not behind what the client has seen",
            ),
            Entry("sync, then read", None, "the read waits until this server has all that the leader had"),
            Entry("create of a node that exists", "primary:2:received:unique", "at the leader"),
            Entry("an election", "failover", "the server that has received most wins"),
        ),
        (
            Usual("create, read", "primary:2:received", "one:session", "failover"),
            Usual("create of a node that may exist, read", "primary:2:received:unique", "one:session", "failover"),
        ),
    ),
)
"""The systems, those without a leader first."""
