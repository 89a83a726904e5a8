"""What people ask when it has happened to them, in their words, and which run shows how it happens."""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """A question: ``words`` are those of whoever asks, ``trace`` names the run that shows it.

    Without a run it is something that breaks none of the guarantees.
    """

    words: str
    answer: str
    trace: str | None


QUESTIONS = (
    Question(
        "Where is the comment I just posted?",
        "On a replica that was not asked: it was acknowledged when one replica had it, and read from another.",
        "serial-async/one/read-your-writes",
    ),
    Question(
        "I saw it, I refreshed, and it was gone.",
        "The second read went to a replica that was behind the first. To wait for all replicas before the "
        "acknowledgement does not help: it was seen before that.",
        "serial-sync/one/monotonic-reads",
    ),
    Question(
        "Why does a read replica return old data?",
        "The write was acknowledged before that replica had it, and nothing makes a read wait for it.",
        "serial-async/one/read-after-write",
    ),
    Question(
        "Is R + W > N linearizable?",
        "No. Whoever asks after the acknowledgement is told of the write; while it is still under way, one reader may "
        "be told of it, and the next one not. With `quorum:repair` it is, as that writes back what it found before it "
        "tells.",
        "parallel:2/quorum/linearizability",
    ),
    Question(
        "Is it linearizable if every write waits for all replicas?",
        "Not if one replica is enough for a read: while the write is still under way, one reader may be told of it, "
        "and the next one, by another replica, not.",
        "serial-sync/one/linearizability",
    ),
    Question(
        "An acknowledged write was lost on failover.",
        "It was acknowledged when the primary alone had it, and a standby took over that had not received it yet. It "
        "is kept if the primary waits for one standby, whether that shows it or has only received it.",
        "primary:1/one/durability@failover",
    ),
    Question(
        "The app server was to copy it to the other replicas, and it is gone.",
        "One replica had it when it was acknowledged. That one crashed, and the app server, which was to send it to "
        "the others, restarted.",
        "serial-async/one/durability@both",
    ),
    Question(
        "The write timed out, but the value appeared.",
        "It may: what was sent goes on. Whoever stops waiting is told *unknown*, of which no guarantee speaks, so "
        "every verdict is the same as with no fault.",
        None,
    ),
    Question(
        "Two customers got the same seat.",
        "Each asked before the other's booking was there to be seen. No way to read excludes that: to look and to take "
        "must be one step, as with a unique constraint at the primary.",
        "serial-sync/all/no-double-booking",
    ),
    Question(
        "Two customers got the same seat, in spite of a unique constraint.",
        "The first one's booking was acknowledged when the primary alone had it, and was lost on failover. The new "
        "primary had nothing to refuse the second one for.",
        "primary:1:unique/one/no-double-booking@failover",
    ),
    Question(
        "Two customers got the same seat, though each replica takes a seat only once.",
        "One replica was enough for each of them, and they were not the same one. With `claim:K` and K more than half "
        "of the replicas, any two bookings meet at one, which refuses the second.",
        "claim:1/one/no-double-booking",
    ),
    Question(
        "Each replica refuses duplicates, and now they disagree for ever.",
        "A booking that was rejected stays wherever it was taken. Somebody has to clear it away.",
        "claim:2/one/convergence",
    ),
    Question(
        "Read repair is on, and reads are stale all the same.",
        "A repair writes back the latest answer that it got. Where no replica was asked that has the write, there is "
        "nothing to repair.",
        "parallel:1/quorum:repair/read-after-write",
    ),
    Question(
        "Since I read my own writes, some reads hang.",
        "A replica answers only once it has what I was told of, and one of them never gets it.",
        "serial-async/quorum:session/checking-availability@replica-crash",
    ),
    Question(
        "I see what I booked at once, and my friend does not.",
        "A session knows what its own user was told. Of others it knows nothing.",
        "parallel:1/one:session/read-after-write",
    ),
    Question(
        "I read from the primary alone, and got old data all the same.",
        "A standby had taken over that lacked what had been acknowledged.",
        "primary:1/one:primary/read-after-write@failover",
    ),
    Question(
        "A standby shows old data, though writes are synchronous.",
        "The standby had received the write when it was acknowledged, and did not show it yet.",
        "primary:2:received/one:db2/read-after-write",
    ),
    Question(
        "One replica is down, and no write ever returns.",
        "It waits for all replicas, and one of them does not confirm any more.",
        "serial-sync/one/booking-availability@replica-crash",
    ),
    Question(
        "One replica is down, and reads hang.",
        "They wait for all replicas, and one of them does not answer any more.",
        "serial-sync/all/checking-availability@replica-crash",
    ),
    Question(
        "A replica crashed, and the others never agree again.",
        "Writes go to one replica after the other: whoever waits for the one that crashed never comes to the next.",
        "serial-async/one/convergence@replica-crash",
    ),
    Question(
        "The node that took my write acknowledged it and went down, and the write was gone.",
        "It coordinated the write and held the only copy: nobody else was left to send it to the others.",
        "serial-async/one/durability@node-crash",
    ),
    Question(
        "A hint was given up, and one replica never got the write.",
        "A write that is lost is sent again by nobody. A read that asks enough replicas still finds it elsewhere, and "
        "one that ends in `:repair` brings it back to those that it asks.",
        "parallel:1/one/convergence@lost-write",
    ),
    Question(
        "A disk was replaced, and reads show old data, though every read asks all replicas.",
        "The replica that forgot was the only one that had it yet. Of what K replicas had confirmed, K - 1 still have "
        "it; so waiting for one more, when writing, makes up for one that forgets.",
        "serial-async/all/read-after-write@amnesia",
    ),
    Question(
        "The primary restarted without its data, and all of it is gone.",
        "It alone had it when it was acknowledged, and forgot it before a standby received it.",
        "primary:1/one:primary/durability@amnesia",
    ),
    Question(
        "I wrote to Kafka, and the database does not have it yet.",
        "It was acknowledged when it was in the log; the consumer has not come to it.",
        "message:serial-sync/one/read-your-writes",
    ),
    Question(
        "One dead sink blocks the Kafka consumer for everybody.",
        "The consumer waits for ever for a replica that crashed, and all that comes later stays in the log.",
        "message:serial-sync/one/convergence@replica-crash",
    ),
    Question(
        "Last write wins, and the last write lost.",
        "The clock that gave it its timestamp was behind another one.",
        "serial-sync/one/last-write-wins@clock-skew",
    ),
)
"""All questions, those of the user first."""
