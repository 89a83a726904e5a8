"""One-line faults, seeded into copies of the reference, are caught: by ``conform``, by the stateful machine, or by both.

How many runs each took is printed at the end of the tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from linked import ROOT, link
from probing import run_on_copy

BOTH = ("conform", "stateful")


class Fault(NamedTuple):
    """What is wrong, the one line that makes it so, what ``conform`` is asked, and what catches it."""

    wrong: str
    file: str
    was: str
    now: str
    conform: str
    caught_by: tuple[str, ...] = BOTH
    over: str = "memory"


FAULTS = [
    Fault("the last replica is skipped", "writing.py", "(replica.apply(booking)) for replica in replicas]", "(replica.apply(booking)) for replica in replicas[:-1]]", "serial-sync one read-after-write"),
    Fault("the replicas are written in another order", "writing.py", "(replica.apply(booking)) for replica in replicas]", "(replica.apply(booking)) for replica in reversed(replicas)]", "serial-sync one read-after-write"),
    Fault("the acknowledgement comes one confirmation early", "writing.py", "[replica.apply(booking) for replica in replicas], confirmations)", "[replica.apply(booking) for replica in replicas], confirmations - 1)", "parallel:2 one read-after-write"),
    Fault("the acknowledgement comes one confirmation late", "writing.py", "[replica.apply(booking) for replica in replicas], confirmations)", "[replica.apply(booking) for replica in replicas], confirmations + 1)", "parallel:2 one read-after-write"),
    Fault("no more replicas are written than must confirm", "writing.py", "replica.apply(booking) for replica in replicas]", "replica.apply(booking) for replica in replicas[:confirmations]]", "parallel:2 one read-after-write"),
    Fault("a background write is dropped", "writing.py", "background.start(serial_sync(booking, rest, background))", "rest.clear()", "serial-async one read-after-write"),
    Fault("a background write is waited for", "writing.py", "background.start(serial_sync", "await (serial_sync", "serial-async one read-after-write"),
    Fault("the first answer decides", "reading.py", "return latest(await some_of(asked, answers))", "return (await some_of(asked, answers))[0]", "serial-async quorum read-after-write"),
    Fault("the oldest answer decides", "repairing.py", "return max((booking for booking in answers if booking), key=lambda booking: booking.timestamp, default=None)", "return min(answers, key=lambda booking: booking.timestamp if booking else 0)", "serial-async quorum read-after-write"),
    Fault("half of the replicas are a quorum", "reading.py", "replicas // 2 + 1", "replicas // 2", "serial-async quorum read-after-write"),
    Fault("one answer too few is waited for", "reading.py", "some_of(asked, answers)", "some_of(asked, answers - 1)", "serial-async all read-after-write"),
    Fault("those who need not answer any more are still asked", "reading.py", "each.cancel()", "pass", "serial-async one read-after-write"),
    Fault("another replica is asked", "reading.py", "replicas[number - 1]", "replicas[number - 2]", "serial-async one:db2 read-after-write"),
    Fault("timestamps are compared the wrong way round", "memory.py", "booking.timestamp > kept.timestamp", "booking.timestamp < kept.timestamp", "serial-sync one convergence"),
    Fault("the last to arrive wins", "memory.py", "if kept is None or booking.timestamp > kept.timestamp:", "if True:", "parallel:1 one convergence"),
    Fault("the log is read from its end", "memory.py", "self._bookings[self._committed]", "self._bookings[-1]", "message:serial-sync one convergence"),
    Fault("timestamps start again", "memory.py", "return self._clock", "return MemoryClock()", "serial-sync one convergence --fault app-restart"),
    Fault("timestamps are compared the wrong way round, in SQL", "sqlite.py", "excluded.timestamp > bookings.timestamp", "excluded.timestamp < bookings.timestamp", "serial-sync one convergence", over="sqlite"),
    Fault("what is written is never committed, in SQL", "sqlite_connection.py", "            results = _done(connection, calls)\n", "            results = _done(connection, calls)\n            connection.rollback()\n", "serial-sync one durability", over="sqlite"),
    Fault("the guest is not replaced with the booking, in SQL", "sqlite.py", "SET user = excluded.user, timestamp", "SET timestamp", "serial-sync one convergence", over="sqlite"),
    Fault("the first answer is dropped", "reading.py", "latest(await some_of(asked, answers))", "latest((await some_of(asked, answers))[1:])", "serial-sync all read-after-write --replicas 4 --orders"),
    Fault("the user is told of another booking", "delivering.py", "        return booking\n\n    async def _stamped", "        return booking._replace(user=room)\n\n    async def _stamped", "message:serial-sync one durability"),
    Fault("every booking gets the same timestamp", "sqlite_clock.py", "self._given += 1", "self._given = 1", "serial-sync one convergence", over="sqlite"),
    Fault("the offset that is committed is the old one", "sqlite_log.py", "(entry.offset + 1,)", "(entry.offset,)", "message:serial-sync one convergence", over="sqlite"),
    Fault("what is kept is lost when a file is opened again", "sqlite_connection.py", "if name not in there]", "if name not in there or connection.execute(f'DROP TABLE {name}')]", "message:serial-sync one convergence --fault app-restart", over="sqlite"),
    Fault("the offset is committed before the booking is applied", "consuming.py", "await write(entry.booking)", "await log.commit(entry); await write(entry.booking)", "message:serial-sync one durability"),
    Fault("the offset is never committed", "consuming.py", "await until_it_works(lambda: log.commit(entry), clock, limit)", "pass", "message:serial-sync one durability"),
    Fault("the log is not consumed", "delivering.py", "consume(self._log, self._clock, self._consumed, self._limits.seconds)", "asyncio.Event().wait()", "message:serial-sync one durability"),
    Fault("nothing is appended to the log", "appending.py", "await until_it_works(lambda: self._log.append(*bookings), self._clock, self._limit)", "pass", "message:serial-sync one durability"),
    Fault("the user is told before anything is written", "delivering.py", "            await self._to_replicas(booking)\n", "            self.calls.start(self._to_replicas(booking))\n", "serial-sync one durability"),
    Fault("what was sent is stopped when the call takes too long", "app_server.py", "if is_too_late or", "if (is_too_late and (work.cancel() or True)) or", "serial-sync one durability --fault timeout"),
    Fault("no call takes too long", "app_server.py", "asyncio.wait({work, too_late}", "asyncio.wait({work}", "serial-sync one durability --fault timeout"),
    Fault("a check that took too long goes on asking", "app_server.py", "asked.cancel()", "pass", "serial-sync one checking-availability --fault timeout"),
    Fault("available and booked are mixed up", "app_server.py", "return found is None", "return found is not None", "serial-sync one checking-availability"),
    Fault("a check that fails is not asked again", "trying.py", "await clock.until_retry(attempt)", "raise", "serial-sync all checking-availability --fault replica-crash"),
    Fault("a write that fails is not tried again", "outbox.py", "            self._waiting.appendleft(lacked)\n", "            self._settle(lacked, RoomTakenError())\n", "parallel:1 one durability --fault replica-crash", caught_by=("stateful",)),
    Fault("a write that fails counts as confirmed", "outbox.py", "            self._waiting.appendleft(lacked)\n", "            self._settle(lacked)\n", "parallel:2 one durability --fault replica-crash"),
    Fault("one write at a time is sent to a replica", "outbox.py", "else self._limits.writers", "else 1", "parallel:1 one convergence"),
    Fault("it is told before it is written back", "repairing.py", "while not self._is_done():", "while len(self._has) < self._needed:", "parallel:1 quorum:repair read-after-write"),
    Fault("what is found is not written back", "repairing.py", "await replica.repair(booking)", "pass", "parallel:1 quorum:repair monotonic-reads"),
    Fault("one replica at a time is written back to", "repairing.py", "and it not in written]:", "and it not in written][:1]:", "parallel:1 all:repair read-after-write"),
    Fault("whoever is written to does not count", "repairing.py", "            self._has[replica] = task.result()\n", "            self._has.setdefault(replica, task.result())\n", "parallel:1 quorum:repair read-after-write"),
    Fault("a user is told of a booking and their session is not", "app_server.py", "session.note(booking)", "pass", "parallel:1 one:session read-your-writes"),
    Fault("a check is told booked and the session is not", "app_server.py", "        session.note(found)\n", "", "parallel:1 one:session monotonic-reads"),
    Fault("what the user was told of is not asked for", "app_server.py", "if self._in_session else 0", "if False else 0", "parallel:1 quorum:session read-your-writes"),
    Fault("a replica that is behind answers", "session.py", "< timestamp:", "< 0:", "parallel:1 one:db2:session read-your-writes"),
    Fault("a claim pushes out the booking that is there", "memory.py", "self._kept.setdefault(booking.room, booking) != booking", "self._kept.update({booking.room: booking})", "claim:2 one convergence"),
    Fault("a claim is never refused, in SQL", "sqlite.py", "!= booking:", "is None:", "claim:2 one convergence", over="sqlite"),
    Fault("one refusal too many is waited for", "some_of.py", "if spare < 0:", "if spare < -1:", "claim:2 one convergence"),
    Fault("a claim is acknowledged one confirmation early", "writing.py", "replica.claim(booking) for replica in replicas], confirmations)", "replica.claim(booking) for replica in replicas], max(1, confirmations - 1))", "claim:2 one convergence"),
    Fault("a refusal counts as a confirmation", "some_of.py", "            spare -= 1\n", "            results.append(None)\n            spare -= 1\n", "claim:2 one convergence"),
    Fault("the standby that has least takes over", "replication.py", "most = max(counts", "most = min(counts", "primary:1 one durability --fault failover"),
    Fault("no standby takes over", "replication.py", "if self._how.failover else []", "if False else []", "primary:1 one durability --fault failover"),
    Fault("it is shown before enough standbys have confirmed", "replication.py", "self._how.needed - 1", "self._how.needed - 2", "primary:2 one durability"),
    Fault("what a standby has missed is not sent", "replication.py", "if booking not in kept]", "if booking not in kept and not log]", "primary:1 one convergence"),
    Fault("a standby confirms what it does not show", "replication.py", "(shown or self._how.on_receipt)", "True", "primary:2 one durability"),
    Fault("a second booking of a room is accepted", "replication.py", "if self._how.unique and of_room:", "if False:", "primary:1:unique one convergence"),
    Fault("the room's booking before it is not waited for", "replication.py", "elif all(entry.shown for entry in of_room):", "else:", "primary:2 one convergence"),
    Fault("a standby shows bookings out of order", "replication.py", "in hidden[:1]", "in hidden", "primary:1 one convergence"),
    Fault("the new primary does not show what it had received", "replication.py", "            if not shown:\n", "            if shown:\n", "primary:1 one durability --fault failover", caught_by=("conform",)),
    Fault("who waits for the former primary waits for the new one", "replication.py", "requests, self._requests = self._requests, []", "requests: list[_Request] = []", "primary:1 one durability --fault failover"),
    Fault("a failover passes for a success", "replication.py", "settle(request.answer, failover)", "settle(request.answer)", "primary:1 one read-your-writes --fault failover"),
    Fault("a booking is shown in no log, in SQL", "sqlite.py", "SET shown = 1", "SET shown = 0", "primary:1 one durability", over="sqlite"),
    Fault("a primary that forgot is written to again", "replication.py", "request.is_on_its_way = False", "pass", "primary:1 one durability --fault amnesia"),
    Fault("a write that is lost arrives", "replication.py", "        self._note_arrival(booking)\n        self._note_change()", "        self._note_change()", "primary:1 one durability --fault lost-write"),
    Fault("a replica that forgets remembers its log", "memory.py", "self._log.clear()", "pass", "primary:1 one durability --fault amnesia"),
    Fault("a replica that forgets remembers its bookings", "memory.py", "self._kept.clear()", "pass", "serial-sync one durability --fault amnesia"),
    Fault("a replica that forgets remembers its log, in SQL", "sqlite.py", "DELETE FROM log", "SELECT * FROM log", "primary:1 one durability --fault amnesia", over="sqlite"),
    Fault("the log is read from its end, in SQL", "sqlite.py", "ORDER BY place", "ORDER BY place DESC", "primary:1 one convergence", over="sqlite"),
    Fault("a write that is tried again has a new timestamp", "outbox.py", "            self._waiting.appendleft(lacked)\n", "            self._waiting.appendleft(lacked._replace(booking=lacked.booking._replace(timestamp=await self._clock.timestamp())))\n", "parallel:2 one convergence", caught_by=("stateful",)),
    Fault("a write is given up after five failures", "outbox.py", "            self._waiting.appendleft(lacked)\n", "            self._waiting.extend([lacked] if self._failures < 5 else [])\n", "parallel:2 one convergence", caught_by=("stateful",)),
    Fault("what is asked is given up after five failures", "trying.py", "            await clock.until_retry(attempt)\n", "            if attempt == 5:\n                raise\n            await clock.until_retry(attempt)\n", "parallel:2 one convergence", caught_by=("stateful",)),
    Fault("it is acknowledged before it is in the log", "delivering.py", "            await self._appender.append(booking)\n", "            self._appender.append(booking)\n", "message:serial-sync one durability"),
    Fault("appends overtake each other", "appending.py", "if not self._is_at_work:", "if True:", "message:serial-sync one convergence", caught_by=("stateful",)),
    Fault("it is acknowledged after a second, whatever has confirmed", "delivering.py", "await write(booking, self.replicas, self.calls)", "await asyncio.wait({asyncio.ensure_future(write(booking, self.replicas, self.calls))}, timeout=1)", "parallel:2 one durability", caught_by=("stateful",)),
    Fault("each check leaves a task behind", "app_server.py", "asked = self._deliveries.checks.start(self._latest(room, session))", "asked, _ = self._deliveries.checks.start(self._latest(room, session)), self._deliveries.checks.start(asyncio.Event().wait())", "serial-sync one monotonic-reads", caught_by=("stateful",)),
    Fault("each call leaves its patience behind", "app_server.py", "is_too_late = not too_late.cancel()", "is_too_late = too_late.done()", "serial-sync one monotonic-reads", caught_by=("stateful",)),
    Fault("what is unfinished is dropped on closing", "app_server.py", "        return self.unfinished\n", "        return []\n", "parallel:1 one durability", caught_by=("stateful",)),
    Fault("what was unfinished is not taken up", "delivering.py", "self.replicas[replica - 1].send(Lacked(booking, claimed))", "pass", "parallel:1 one durability", caught_by=("stateful",)),
    Fault("what is not booked is booked later", "app_server.py", "                work.cancel()\n", "                pass\n", "parallel:1 one durability --fault timeout", caught_by=("stateful",)),
    Fault("a second room is dropped", "delivering.py", "        await write(booking, self.replicas, self.calls)\n", "        first = vars(self).setdefault('first', booking.room)\n        await write(booking, self.replicas if booking.room == first else [], self.calls)\n", "serial-sync one book-two-rooms"),
    Fault("a second room is answered as the first", "app_server.py", "self._read(room, self._replicas", "self._read(vars(self).setdefault('first', room), self._replicas", "serial-sync one check-two-rooms"),
    Fault("a third booking is dropped", "delivering.py", "        await write(booking, self.replicas, self.calls)\n", "        await write(booking, self.replicas if booking.timestamp != 3 else [], self.calls)\n", "serial-sync one book-three-times"),
    Fault("rooms share what a replica keeps", "memory.py", "no_earlier(self._kept.get(room), at_least)", "no_earlier(next(iter(self._kept.values()), None), at_least)", "serial-sync one check-two-rooms"),
    Fault("one room's booking pushes out another's", "memory.py", "            self._kept[booking.room] = booking\n", "            self._kept = {booking.room: booking}\n", "serial-sync one book-two-rooms"),
    Fault("whatever room is asked for, the latest booking is answered, in SQL", "sqlite.py", 'FROM bookings WHERE room = ?"', "FROM bookings WHERE ? != '' ORDER BY timestamp DESC\"", "serial-sync one check-two-rooms", over="sqlite"),
    Fault("a booking of another room is waited for", "replication.py", "[entry for entry in log if entry.booking.room == booking.room]", "log", "primary:2 one book-two-rooms"),
]  # fmt: skip


def caught_by_conform(folder: Path, fault: Fault) -> int | None:
    """Return after how many runs ``conform`` says that the reference differs; ``None`` if it does not."""
    write, read, guarantee, *more = fault.conform.split()
    asked = ["--write", write, "--read", read, "--guarantee", guarantee, *more, "--over", fault.over]
    done = run_on_copy(folder, "overbooked", "conform", *asked, "--format", "json")
    (row,) = json.loads(done.printed)["conformance"]
    assert (done.status == 1) == (row["verdict"] == "differs"), done.printed
    return int(row["runs"]) if done.status else None


def caught_by_stateful(folder: Path, fault: Fault, most: int = 800) -> int | None:
    """Return after how many runs the machine finds a difference; ``None`` if it does not."""
    repairs = any(word in fault.conform for word in (":repair", ":session", "claim:"))
    how = "primary" if fault.conform.startswith("primary:") else "repairs" if repairs else "others"
    how += "+amnesia" * fault.conform.endswith("amnesia")
    done = run_on_copy(folder, "until_caught", fault.over, str(most), how)
    assert done.status in {0, 1}, done.printed
    return int(done.printed) if done.status else None


PROBES = {"conform": caught_by_conform, "stateful": caught_by_stateful}


def faulty(folder: Path, fault: Fault) -> None:
    """Copy the reference into ``folder``, with the fault."""
    path = link(folder, "reference") / "reference" / fault.file
    text = path.read_text(encoding="utf-8")
    assert text.count(fault.was) == 1
    path.write_text(text.replace(fault.was, fault.now), encoding="utf-8")


def test_every_fault_can_be_seeded() -> None:
    """The text that each fault changes stands just once in its file."""
    texts = {fault: (ROOT / "reference" / fault.file).read_text(encoding="utf-8") for fault in FAULTS}
    assert [fault.wrong for fault, text in texts.items() if text.count(fault.was) != 1] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.wrong}" for fault in FAULTS])
def test_a_fault_in_the_reference_is_caught(
    fault: Fault, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Whatever should catch the fault does, and says after how many runs."""
    faulty(tmp_path, fault)
    runs = {name: probe(tmp_path, fault) for name, probe in PROBES.items()}
    found = ", ".join(f"{name} after {count}" for name, count in runs.items() if count)
    record_property("seeded", f"{fault.wrong}: {found or 'not caught'}")
    assert tuple(name for name, count in runs.items() if count) == fault.caught_by


@pytest.mark.parametrize(
    "over", [pytest.param("memory", marks=pytest.mark.long), pytest.param("sqlite", marks=pytest.mark.exhaustive)]
)
def test_without_a_fault_nothing_is_caught(over: str, tmp_path: Path) -> None:
    """On an unchanged copy both are content, so that what they catch above is the fault."""
    fault = Fault(
        "nothing", "ports.py", "class Booking", "class Booking", "serial-async quorum read-after-write", over=over
    )
    faulty(tmp_path, fault)
    assert caught_by_conform(tmp_path, fault) is None
    assert caught_by_stateful(tmp_path, fault, most=100) is None
