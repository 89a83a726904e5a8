"""How long strategies take, and what they cost: as said of the spec, and as the reference does it in virtual time."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from overbooked.checker.cli.main import main
from overbooked.checker.latency.message_costs import of_booking, of_check
from overbooked.checker.latency.waits import APPEND, booking_wait, check_wait
from overbooked.checker.simulation.trials import Delays, book, check, fresh_from
from overbooked.reference.app_server import AppServer
from overbooked.reference.memory import MemoryClock
from overbooked.reference.replication import replicate, replication
from overbooked.spec.combinations import misfit
from overbooked.spec.faults import FAULTS
from overbooked.spec.read_strategies import ReadStrategy, read_strategies, read_strategy
from overbooked.spec.write_strategies import WriteStrategy, write_strategies, write_strategy
from virtual_time import LateDatabase, LateLog, LateReplica, Traffic, in_virtual_time

LEGS = ("write", "ack", "read", "response")


def timed(replicas: int) -> Iterator[tuple[WriteStrategy, ReadStrategy]]:
    """Yield the pairs that the reference is timed in: all but those that tell no more of how long they take.

    What is unique takes as long as what is not, and a repair as long as answers differ. Who checks here was told of
    nothing that a session would wait for. A standby of the reference does one thing at a time, so that with
    ``:received`` it may confirm a little later than a trial says.
    """
    for write in write_strategies(replicas).values():
        for read in [it for it in read_strategies(replicas).values() if not (it.repair or it.session)]:
            if not (write.unique or (write.on_receipt and write.needed > 1) or misfit(write, read, FAULTS["none"])):
                yield write, read


class Stay(NamedTuple):
    """What happened to one booking and the check after it, in virtual time."""

    booking: float
    checking: float
    is_booked: bool
    messages: int
    most: int


def stay(write: str, read: str, legs: list[dict[str, float]], log: tuple[float, float], later: float) -> Stay:
    """Book, wait, and check, on a reference whose replicas and log are as far away as that."""

    async def work() -> Stay:
        traffic = Traffic(defaultdict(int))
        database = LateDatabase(legs, replication(write, len(legs)), traffic) if write.startswith("primary:") else None
        replicas = database.readers if database else [LateReplica(each, traffic) for each in legs]
        server = AppServer(replicas, LateLog(*log, traffic), MemoryClock(), write, read, database)
        replicating = asyncio.ensure_future(replicate(database, MemoryClock())) if database else None
        await server.start()
        now = asyncio.get_running_loop().time
        begun = now()
        await server.book_room("u1", "r1")
        acked = now()
        await asyncio.sleep(later)
        asked = now()
        is_available = await server.is_room_available("r1")
        answered = now()
        await asyncio.sleep(1000)
        await server.close()
        if replicating:
            replicating.cancel()
        counts = traffic.counts
        return Stay(acked - begun, answered - asked, not is_available, counts["messages"], counts["most"])

    return in_virtual_time(work)


@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
def test_the_reference_takes_exactly_the_time_that_is_said(replicas: int) -> None:
    """With any delays, in every strategy: the waits, a trial with these delays, and the reference are the same."""
    chance = random.Random(replicas)  # noqa: S311 - nothing here is secret
    for write, read in timed(replicas):
        legs = [{leg: chance.expovariate(1) for leg in (*LEGS, "apply")} for _ in range(replicas)]
        append, consumer, later = (chance.expovariate(1) for _ in range(3))
        done = stay(write.name, read.name, legs, (append, consumer), later)
        applies = [each["apply"] if write.primary and i > 1 else 0.0 for i, each in enumerate(legs, 1)]
        writes = {f"db{i}": each["write"] + applies[i - 1] + each["ack"] for i, each in enumerate(legs, 1)}
        reads = {f"db{i}": each["read"] + each["response"] for i, each in enumerate(legs, 1)}
        assert booking_wait(write, replicas).over(writes | {APPEND: append}, sorted) == pytest.approx(done.booking)
        assert check_wait(read).over(reads, sorted) == pytest.approx(done.checking)
        out, back, asks, answers, applied = (np.array([[each[leg]] for each in legs]) for leg in (*LEGS, "apply"))
        alone = np.array([append]), np.array([consumer]), np.random.default_rng(1)
        delays = Delays(out, back, asks, answers, *alone, out, applied, back)
        booked, checked = book(write, delays), check(read, delays)
        assert booked.acked[0] == pytest.approx(done.booking)
        assert checked.took[0] == pytest.approx(done.checking)
        assert bool(fresh_from(booked, checked)[0] <= later) == done.is_booked


@pytest.mark.parametrize("replicas", [1, 2, 3, 4])
def test_the_reference_sends_as_many_messages_as_are_counted(replicas: int) -> None:
    """Until all is quiet; and as many requests are unanswered at once, where all replicas are equally far."""
    legs = [dict.fromkeys(LEGS, 1.0) | {"apply": 0.0}] * replicas
    for write in {write.name: write for write, _ in timed(replicas)}.values():
        done, counted = stay(write.name, "one", legs, (1, 1), 0), of_booking(write, replicas)
        assert (counted.messages, counted.at_once) == (done.messages, done.most)


@pytest.mark.parametrize("replicas", [1, 2, 3, 4, 5])
def test_costs_are_those_that_follow_from_what_is_waited_for(replicas: int) -> None:
    """What is counted in the explored states is what one would reckon from N, K and R."""
    for write in write_strategies(replicas).values():
        counted = of_booking(write, replicas)
        assert counted.messages == 2 * replicas + 3 * write.log
        assert counted.at_once == (1 if write.serial else replicas)
        assert counted.left == (0, replicas if write.log else replicas - write.needed)
        assert counted.lacking == ((0, replicas - 1) if write.on_receipt else counted.left)
    for read in read_strategies(replicas).values():
        asked = 1 if read.primary else len(read.asks)
        spare = asked - read.answers
        assert of_check(read, replicas)[:3] == (asked + read.answers, asked, (spare, spare))


def test_at_a_second_each_they_take_what_the_source_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Three seconds, one, one, and the log's time; a quorum is the second of three."""
    assert main(["latency", "--format", "json"]) == 0
    rows = {row["strategy"]: row for row in json.loads(capsys.readouterr().out)["latencies"]}
    assert {name: row["seconds"] for name, row in rows.items()} == {
        "serial-sync": 3,
        "serial-async": 1,
        "parallel:1": 1,
        "parallel:2": 1,
        "message:serial-sync": None,
        "primary:1": 1,
        "primary:2": 2,
        "one": 1,
        "quorum": 1,
        "all": 1,
    }
    assert rows["serial-sync"]["waits_for"] == "db1 + db2 + db3"
    assert rows["quorum"]["waits_for"] == "the 2nd of db1, db2, db3"
    assert rows["parallel:1"]["left"] == [0, 2]
    assert rows["primary:2"]["waits_for"] == "the first of db1 + db2, db1 + db3"


def test_times_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    """With a time for each replica and for the log, every strategy has its own, in text and in CSV."""
    asked = ["latency", "--write", "every", "--times", "1,5,2", "--append", "0.25"]
    assert main([*asked, "--format", "csv"]) == 0
    rows = {row["strategy"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    expected = {"serial-sync": 8.0, "serial-async": 1, "parallel:1": 1, "parallel:2": 2, "parallel:3": 5}
    expected |= {"message:parallel:3": 0.25, "one": 1, "quorum": 2, "all": 5}
    assert {name: float(rows[name]["seconds"]) for name in expected} == expected
    assert (rows["parallel:2"]["left_least"], rows["parallel:2"]["left_most"]) == ("0", "1")
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert re.search(r"parallel:3 +the last of db1, db2, db3 +5 s +6 +3 +0 *\n", out)


def test_over_many_replicas_the_times_are_still_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be counted is left out, and it says so."""
    assert main(["latency", "--replicas", "64", "--write", "parallel:22"]) == 0
    out = capsys.readouterr().out
    assert "the 22nd of db1..db64" in out
    assert "Messages are counted over up to 8 replicas." in out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("--times 1,2", "--times 1,2: should be one time, or one for each of 3 replicas"),
        ("--times 1,-2,3", "-2 is not a time, a number from 0 on"),
        ("--append soon", "soon is not a time"),
        ("--write parallel:9", "K is one of 1..3"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(asked: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, and one line that says what would be right."""
    try:
        status = main(["latency", *asked.split()])
    except SystemExit as ended:
        status = int(str(ended.code))
    err = capsys.readouterr().err
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_waits_are_read_off_the_strategies() -> None:
    """A path is the replicas that confirm one after the other, whatever the strategy."""
    assert write_strategy("message:serial-async", 3).path(2, 3) == (1, 2)
    assert check_wait(read_strategy("one:db2", 3)).words == "db2"
