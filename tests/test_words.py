"""The words that users type: what they mean, and what is answered to those that mean nothing here."""

from __future__ import annotations

import re

import pytest

from overbooked.checker.cli.main import main
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import read_strategies
from overbooked.spec.write_strategies import write_strategies
from typed_command import printed, status_of, verdicts


def test_every_means_every_one_for_that_many_replicas(capsys: pytest.CaptureFixture[str]) -> None:
    """``every`` is all there are, each once, in each option; ``all`` is all replicas, of a write as of a read."""
    rows = verdicts(capsys, "--write", "every", "--read", "every", "--replicas", "2", "--guarantee", "durability")
    assert {row["write"] for row in rows} == set(write_strategies(2))
    assert {row["read"] for row in rows} == set(read_strategies(2))
    assert not {"all", "first:1", "first:2"} & {row["read"] for row in rows}
    rows = verdicts(capsys, "--write", "all", "--read", "one", "--guarantee", "every")
    assert {(row["write"], row["guarantee"]) for row in rows} == {("parallel:3", name) for name in GUARANTEES}
    rows = verdicts(capsys, "--read", "all", "--read", "one", "--fault", "every", "--guarantee", "durability")
    assert {(row["read"], row["fault"]) for row in rows} == {
        (read, fault) for read in ("all", "one") for fault in FAULTS
    }


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["chek"], "did you mean check?"),
        (["check", "--wirte", "all"], "did you mean --write?"),
        (["check", "--write", "quorom"], "did you mean quorum?"),
        (["check", "--write", "W=2,W=3"], "repeat the option before each"),
        (["check", "--write", "parallel:K"], "K stands for a number, 1..3"),
        (["check", "--read", "one:dbI"], "I stands for a number, 1..3"),
        (["list", "--like", "DynamoDB"], "is not in the dictionary; there are Cassandra, Dynamo and Riak"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word that is nearly right, or right elsewhere, is answered with the one that is."""
    assert status_of(arguments) == 2
    assert meant in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "means"),
    [("W=2", "parallel:2"), ("QUORUM", "parallel:2"), ("majority", "parallel:2"), ("all", "parallel:3")],
)
def test_words_that_people_use(word: str, means: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What people call a write by is that write, wherever one is asked for."""
    asked = ("--read", "R=1", "--guarantee", "durability")
    assert printed(capsys, "check", "--write", word, *asked) != (2, "")
    (row,) = verdicts(capsys, "--write", word, *asked)
    assert (row["write"], row["read"]) == (means, "first:1")
    assert f"write {means}, read quorum" in printed(capsys, "trace", word, "Majority", "read-after-write")[1]
    assert f"write {means}, read one" in printed(capsys, "trace", f"{word}/one/no-double-booking")[1]
    assert printed(capsys, "prove", f"{word}/R=3")[0] == 0


@pytest.mark.parametrize("option", ["--write", "--read"])
def test_words_of_other_systems_are_explained(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A word of another system is refused in a line that says what it is here, in names that there are."""
    known = {*write_strategies(3), *read_strategies(3)}
    words = (
        "LOCAL_QUORUM",
        "each_quorum",
        "w:1",
        "w=2",
        "w:majority",
        "acks=1",
        "nearest",
        "WAIT 1",
        "remote_apply",
        "on",
    )
    for word in words:
        assert main(["check", option, word]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"overbooked: {word}: ")
        system = said.rpartition("--like ")[2].strip(")\n")
        assert printed(capsys, "list", "--like", system)[0] == 0
        assert {*re.findall(r"(?:parallel|primary|quorum|one):[\w:]*\w", said)} <= known


def test_a_word_never_asks_for_more_replicas_than_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """A word is refused by its own name where it waits for too many, and what it needs elsewhere is said."""
    for option, word, says in (
        ("--write", "W=0", "W=0: there are 3 replicas, so W is one of 1..3"),
        ("--read", "R=4", "R=4: there are 3 replicas, so R is one of 1..3"),
        ("--write", "WAIT 3", "is primary:4 here, which needs 4 replicas (--replicas 4)"),
        ("--write", "primary:majority", "did you mean primary:2?"),
        ("--read", "QUORUM:REPAIR", "did you mean quorum:repair?"),
    ):
        assert main(["check", option, word]) == 2
        assert says in capsys.readouterr().err
    assert main(["check", "--write", "remote_apply", "--replicas", "1"]) == 2
    assert "needs 2 replicas" in capsys.readouterr().err


def test_cassandras_words_for_reads_say_that_they_repair(capsys: pytest.CaptureFixture[str]) -> None:
    """In capitals QUORUM is Cassandra's, which writes back what it found, as its dictionary has it."""
    assert main(["check", "--read", "QUORUM"]) == 2
    assert "it is quorum:repair here; with read_repair = 'NONE' it is quorum" in capsys.readouterr().err


def test_a_number_that_is_missing_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that lacks its number is answered with the numbers that there are."""
    assert main(["check", "--write", "parallel", "--replicas", "64"]) == 2
    assert "there are parallel:1 to parallel:64" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "--max-states", "9" * 30], "is too large: a number has 18 digits at most"),
        (["conform", "--seconds", "9" * 30], "is too long: up to 1,000,000 is possible"),
        (["check", "--expect", "."], ".: cannot be read (Is a directory)"),
        (["check", "--fault", "all"], "all: should be every"),
        (["trace", "parallel:1", "one", "durability", "--with-fault"], "none: names no fault"),
    ],
)
def test_what_is_refused_is_refused_for_what_it_is(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number may be one and still be too large, a file may be there and be none: what is said is so."""
    assert status_of(arguments) == 2
    assert says in capsys.readouterr().err
