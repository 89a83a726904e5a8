"""The command ``overbooked``, as its users meet it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from interrupted import interrupted
from overbooked.checker.cells import DEFAULT_READS, DEFAULT_WRITES, Cell, CellVerdict, Explored
from overbooked.checker.cli.main import main
from overbooked.checker.matrix import as_text
from overbooked.spec.guarantees import TABLE
from overbooked.spec.read_strategies import read_strategies
from overbooked.spec.write_strategies import write_strategies
from typed_command import printed, status_of, verdicts

COMMAND = [sys.executable, "-m", "overbooked"]
ONE = ["check", "--write", "parallel:1", "--read", "one", "--guarantee", "read-after-write"]


def test_alone_it_checks_the_sources_table(capsys: pytest.CaptureFixture[str]) -> None:
    """``overbooked`` alone is the source's writes by its reads, and three more that people ask for, with no fault."""
    status, out = printed(capsys)
    assert status == 1
    assert "72 violations" in out
    assert all(name in out for name in (*DEFAULT_WRITES, *DEFAULT_READS))
    rows = verdicts(capsys)
    assert {(row["write"], row["read"]) for row in rows} == {(w, r) for w in DEFAULT_WRITES for r in DEFAULT_READS}
    assert [row["guarantee"] for row in rows[:9]] == list(TABLE)
    assert {(row["replicas"], row["fault"]) for row in rows} == {(3, "none")}


def test_every_violation_line_is_a_command_that_shows_its_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Each violation's line has the length of the run that its command then prints, step by step."""
    _, out = printed(capsys, "check", "--write", "serial-async", "--fault", "replica-crash", "--replicas", "2")
    lines = [line.split(" steps  overbooked ") for line in out.splitlines() if " steps  overbooked " in line]
    assert len(lines) == 9
    for length, command in lines:
        status, story = printed(capsys, *command.split())
        assert status == 1
        assert f"\n{length.strip():>{len(length.strip())}} " in story.replace("\n ", "\n")
        assert "Violated: " in story


def test_all_is_what_goes_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Of all ways and all faults those are judged that make sense with each other: there is no failover without one."""
    asked = ("--write", "every", "--read", "every", "--fault", "every", "--guarantee", "checking-availability")
    rows = verdicts(capsys, *asked, "--replicas", "2")
    plain, repairs, sessions = 4, 1, 4
    by_app_server, claims = 8 * (plain + repairs + sessions) * 9, 2 * (plain + sessions) * 9
    built_in = 8 * (plain + sessions + 2) * 10
    assert len(rows) == by_app_server + claims + built_in
    for row in rows:
        needs_primary = "primary" in str(row["read"]) or row["fault"] == "failover"
        assert str(row["write"]).startswith("primary:") or not needs_primary
    named = {(row["read"], row["fault"]) for row in rows}
    assert {("one:primary", "failover"), ("one:primary", "none"), ("one", "failover")} <= named


def test_json_tells_the_run_in_the_words_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict's trace names each step, whose call it is, and the values it read or wrote; one that holds has none."""
    (row,) = verdicts(capsys, *ONE[1:])
    assert [row[key] for key in ("verdict", "witness", "states", "transitions", "depth")] == [
        "violated",
        True,
        761,
        2097,
        11,
    ]
    steps = row["trace"]["steps"]  # type: ignore[index]
    assert [step["step"] for step in steps] == ["invoke", "apply", "confirm", "ack", "invoke", "sample", "finish"]
    held = {"db1": "-", "db2": "-", "db3": "-"}
    assert row["trace"]["first"] == steps[0]["holds"] == held  # type: ignore[index]
    assert steps[1] == {
        "step": "apply",
        "call": "book",
        "user": "u1",
        "room": "r1",
        "booking": 1,
        "stored": 1,
        "replica": "db1",
        "who": "db1",
        "what": "applies b1",
        "holds": held | {"db1": "b1"},
    }
    assert steps[5] == {
        "step": "sample",
        "call": "check",
        "user": "u2",
        "room": "r1",
        "replica": "db2",
        "answer": "available",
        "who": "db2",
        "what": "answers u2: no booking",
        "holds": held | {"db1": "b1"},
    }
    told = {"step": "finish", "call": "check", "user": "u2", "room": "r1", "answer": "available"}
    assert told.items() <= steps[6].items()
    (row,) = verdicts(capsys, "--write", "serial-sync", "--read", "one", "--guarantee", "read-after-write")
    assert (row["verdict"], row["trace"]) == ("holds", None)


def test_json_tells_faults_and_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Traces under faults name the crash with its replica and the restart; a log's have consume and commit."""
    rows = verdicts(
        capsys, "--write", "message:serial-async", "--read", "one", "--guarantee", "durability", "--fault", "both"
    )
    steps = [step["step"] for step in rows[0]["trace"]["steps"]]  # type: ignore[index]
    assert sorted(steps) == sorted(["invoke", "ack", "consume", "apply", "confirm", "commit", "restart", "crash"])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--write", "serial-sync", "--read", "one", "--guarantee", "durability"], 0),
        (["--write", "serial-async", "--read", "one", "--guarantee", "read-after-write"], 1),
        (["--write", "serial-sync", "--read", "one", "--guarantee", "durability", "--max-states", "3"], 3),
        (["--write", "serial-async", "--read", "one", "--max-states", "150"], 1),
    ],
)
def test_exit_status_tells_holds_violated_and_unknown_apart(
    arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """0: all holds; 1: a violation; 3: no violation, but a bound was reached."""
    assert printed(capsys, "check", *arguments)[0] == status


def test_a_search_ends_before_it_takes_more_memory_than_it_may() -> None:
    """At ``--max-memory`` it says unknown and ends with 3, and has taken about that much; it is not killed."""
    large = ["--write", "parallel:2", "--read", "first:2", "--guarantee", "read-after-write", "--bookings", "2"]
    command = [*COMMAND, "check", *large, "--checks", "2", "--no-reduction", "--max-memory", "100M"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert "?  unknown" in done.stdout or "? unknown: stopped, or at a bound" in done.stdout
    took = re.search(r"1 of 1 verdicts are unknown, [\d.]+ s, (\d+) MB", done.stdout)
    assert took, done.stdout
    assert 50 < int(took[1]) < 115


def test_conform_ends_before_it_takes_more_memory_than_it_may() -> None:
    """A program that there is no memory for is unknown, and does not differ; what is covered is told; status 3."""
    programs = ["--write", "serial-sync", "--write", "message:serial-async", "--read", "quorum"]
    command = [*COMMAND, "conform", *programs, "--guarantee", "linearizability", "--format", "json"]
    done = subprocess.run([*command, "--max-memory", "110M"], capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    rows = [(row["verdict"], row["reason"]) for row in json.loads(done.stdout)["conformance"]]
    assert rows == [("conforms", None), ("unknown", "out of memory")]


_LITTLE = """
import sys

import z3

from overbooked.checker.cli import main, prove

prove.limit_memory = lambda: z3.set_param("memory_max_size", (z3.Z3_get_estimated_alloc_size() >> 20) + 4)
sys.exit(main.main(sys.argv[1:]))
"""
"""The command, with four MiB for z3 beyond what it takes to begin."""


def test_what_z3_has_no_memory_for_is_unknown() -> None:
    """What was proved until then is printed, one theorem is unknown, and nothing more is asked; status 3."""
    command = [sys.executable, "-c", _LITTLE, "prove", "sets", "steps"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 3, done.stderr
    told = " ".join(done.stdout.split())
    assert re.search(r"[1-9] proved; .*1 unknown that should be proved; out of memory, so what else was asked", told)
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, timeout=600, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["finished"], found["out_of_memory"]) == (3, True, True)
    assert [each["verdict"] for each in found["theorems"]].count("unknown") == 1


def test_prove_has_as_much_memory_as_it_is_given() -> None:
    """With less than it takes to begin, nothing is proved, which is said in a line, without an error."""
    command = [*COMMAND, "prove", "sets", "--max-memory", "40M"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert "out of memory, so what else was asked is unknown" in " ".join(done.stdout.split())


def test_more_users_may_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """More users run a guarantee's programs; the table then says how many models were reduced, and what that means."""
    pair = ["--write", "parallel:2", "--read", "first:2", "--guarantee", "read-after-write"]
    status, out = printed(capsys, "check", *pair, "--bookings", "2", "--checks", "2")
    assert status == 0
    assert "in 1 distinct model (1 of them reduced): this stands for every interleaving" in out
    reduced, whole = (verdicts(capsys, *pair, "--bookings", "2", *more)[0] for more in ([], ["--no-reduction"]))
    assert (whole["states"], whole["reduced"], whole["bookings"]) == (125_771, False, 2)
    assert reduced["verdict"] == whole["verdict"] == "holds"
    _, out = printed(capsys, "trace", *pair[1::2], "--bookings", "2")
    assert "states that stand for all and on every run" in out


def test_trace_of_a_guarantee_that_holds_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """For a guarantee that holds there is no run: it says so and ends with 0; at a bound it says unknown, 3."""
    status, out = printed(capsys, "trace", "parallel:2", "quorum", "read-after-write")
    assert status == 0
    assert "Holds in all 947 reachable states and on every run." in out
    status, out = printed(capsys, "trace", "parallel:2", "quorum", "read-after-write", "--max-states", "100")
    assert status == 3
    assert "Unknown: a bound was reached after 100 states, which do not break it (--max-states and" in out


def test_trace_stops_at_the_first_violation(capsys: pytest.CaptureFixture[str]) -> None:
    """A run is told as soon as it is found, however much more there would be to explore."""
    status, out = printed(capsys, "trace", "parallel:1", "one", "convergence", "--fault", "both", "--replicas", "9")
    assert status == 1
    assert "\n4  app  restarts" in out
    row = json.loads(printed(capsys, "trace", "parallel:1", "one", "monotonic-reads", "--format", "json")[1])[
        "verdicts"
    ][0]
    assert (row["complete"], row["length"], len(row["trace"]["steps"])) == (False, 8, 8)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--write serial", "serial: no such write strategy; did you mean serial-sync?"),
        ("--read xyz", "xyz: no such read strategy; there are one, quorum, all, one:dbI, first:R,"),
        ("--write parallel:4", "parallel:4: there are 3 replicas, so K is one of 1..3"),
        ("--write message:parallel:0", "message:parallel:0: there are 3 replicas, so K is one of 1..3"),
        ("--read first:9 --replicas 5", "first:9: there are 5 replicas, so R is one of 1..5"),
        ("--read one:db4", "one:db4: there are 3 replicas, db1..db3"),
        ("--read one:repair", "one:repair: one answer is the latest as it is; a repair needs two answers or more"),
        ("--read all:repair:session", "all:repair:session: a repair already waits until R replicas have what it tells"),
        ("--write claim:2 --read quorum:repair", "quorum:repair: with claim:2 a repair would spread a booking"),
        ("--write primary:1 --read all:repair", "all:repair: a repair writes to replicas, and with primary:1 only the"),
        (
            "--write message:claim:1",
            "message:claim:1: what is in the log is acknowledged before a replica could refuse",
        ),
        ("--write claim:4", "claim:4: there are 3 replicas, so K is one of 1..3"),
        ("--read first:4:session", "first:4:session: there are 3 replicas, so R is one of 1..3"),
        ("--read one:db4:session", "one:db4:session: there are 3 replicas, db1..db3"),
        ("simulate --write claim:2", "claim:2: the one booking here meets no other, so ask for parallel:2"),
        ("simulate --read quorum:repair", "quorum:repair: is not simulated, as how long a repair takes depends on how"),
        ("--fault replica-crash+replica-crash", "has replica-crash twice; replica-crash:2 allows two of it"),
        ("--fault failover:2 --write primary:1", "failover:2: what several of failover would mean is not defined"),
        ("--fault failover+replica-crash", "failover+replica-crash: a second crash beside a failover is not defined"),
        ("--fault failover+node-crash", "failover+node-crash: a second crash beside a failover is not defined"),
        ("--fault amnesia+failover", "amnesia+failover: a replica that forgets beside a failover is not defined"),
        ("--fault timeout+crash", "timeout+crash: crash is none of replica-crash, app-restart, timeout, clock-skew"),
        ("--fault none+timeout", "none+timeout: none is none of replica-crash, app-restart, timeout, clock-skew"),
        ("--fault replica-crash:0", "replica-crash:0: no such fault; did you mean replica-crash?"),
        ("choose --survive timeout+crash", "timeout+crash: crash is none of replica-crash, app-restart, timeout"),
        ("--fault crash", "crash: no such fault; did you mean replica-crash?"),
        ("--guarantee linear", "linear: no such guarantee; did you mean linearizability?"),
        ("--replicas 0", "argument --replicas: 0 is not a whole number from 1 on"),
        ("--replicas 65", "argument --replicas: 65 are too many: there may be up to 64"),
        ("--replicas three", "argument --replicas: three is not a whole number from 1 on"),
        ("--max-states -1", "argument --max-states: -1 is not a whole number from 1 on"),
        ("--bookings 17", "argument --bookings: 17 are too many: there may be up to 16"),
        ("--max-memory 2X", "argument --max-memory: 2X is not an amount of memory, such as 500M or 2G"),
        ("--expect nowhere.csv", "nowhere.csv: there is no such file; spec/expected.csv is one"),
        ("trace serial-sync one nothing", "nothing: no such guarantee"),
        ("trace serial-sync", "serial-sync: is not the name of a trace, which is WRITE/READ/GUARANTEE"),
        ("trace serial-sync one", "serial-sync one: should be WRITE READ GUARANTEE, or a trace's name"),
        ("trace serial-sync/one/durability@nothing", "nothing: no such fault"),
        ("trace serial-sync/one/durability --fault both", "says it all, so leave out --fault"),
        ("trace serial-sync/one/durability,n=5 --replicas 4", "says it all, so leave out --replicas"),
        ("replay serial-sync/one/durability@both+1", "is replayed by its file"),
        ("report --replicas 5", "5 are too many: a report has up to 4"),
        ("trace stale-read-36ae", "did you mean stale-read-36af?"),
        ("--write primary:4", "primary:4: there are 3 replicas, so K is one of 1..3"),
        ("--write message:primary:1", "message:primary:1: no such write strategy"),
        ("--write primary:2:unique:received", "no such write strategy; did you mean primary:2:received:unique?"),
        ("--write parallel:2:unique", "parallel:2:unique: no such write strategy"),
        ("--write primary:2 --replicas 1", "primary:2: there is 1 replica, so K is one of 1..1"),
        ("--write parallel:1 --read one:primary", "one:primary: goes with primary:K alone, as with parallel:1 the app"),
        ("trace serial-sync one durability --fault failover", "failover: goes with primary:K alone, as with serial-"),
        ("simulate --read one:primary", "one:primary: goes with primary:K alone, as with serial-sync the app"),
        ("prove parallel:1/one:primary", "one:primary: goes with primary:K alone, as with parallel:1 the app"),
        ("chekc", "invalid choice: 'chekc'"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(
    arguments: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong request ends with 2 and one line that says what is wrong and what would be right."""
    status = status_of(arguments.split())
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err
    assert said.err.startswith("overbooked")


def test_every_command_and_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` explains each option, the exit statuses, and what stands for every one."""
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    options = ("--write", "--read", "--guarantee", "--fault", "--replicas", "--bookings", "--checks")
    assert all(
        option in text for option in (*options, "--max-states", "--max-memory", "--checkpoint", "--no-reduction")
    )
    assert "a write strategy, or W=2, quorum, all, one; or every" in text
    assert "--only-holding" in text
    assert "130 stopped with Ctrl-C" in text


def test_list_names_all_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """``list`` has a line for every strategy over that many replicas, every guarantee and every fault."""
    status, out = printed(capsys, "list", "--replicas", "4")
    assert status == 0
    named = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert named >= {*write_strategies(4), *read_strategies(4), *TABLE, "replica-crash", "app-restart", "both"}


def test_what_was_explored_says_what_is_open() -> None:
    """The last line says how much was explored, and how many verdicts a bound left unknown."""
    cell = Cell("serial-sync", "one", 3, "none", "durability")
    console = Console(file=io.StringIO(), width=100)
    verdict = CellVerdict(cell, "unknown", states=3)
    as_text.show_explored(console, [verdict], Explored(3, 2, 1), 0.1, finished=False)
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Stopped, so this is unfinished" in out
    assert "1 of 1 verdicts are unknown" in out


def test_ctrl_c_ends_it_with_what_was_found() -> None:
    """Ctrl-C: exit status 130, with the violations found and the rest marked unfinished, and no traceback."""
    asked = ("--write", "parallel:1", "--write", "every", "--read", "every", "--replicas", "5", "--fault", "both")
    ended = interrupted(*asked, after=r"model \d\d+ of [\d,]+: [\d,]+ states, [\d,]+ a second, \d+ s")
    assert ended.status == 130
    assert "Traceback" not in ended.shown
    assert "Stopped, so this is unfinished" in ended.out
    assert " violations, " in ended.out
    assert "unknown" in ended.out


def test_a_stopped_trace_says_that_it_was_stopped() -> None:
    """Ctrl-C on ``trace`` says that it was stopped, and what is known by then, and names no bound."""
    cell = ("parallel:1", "all", "linearizability", "--replicas", "5", "--fault", "both")
    ended = interrupted("trace", *cell, "--no-reduction")
    assert ended.status == 130
    assert "Traceback" not in ended.shown
    assert "Unknown: stopped after" in ended.out


def test_a_reader_who_leaves_early_gets_no_traceback() -> None:
    """Where the output is closed, as ``head`` does, nothing is said of it."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_nothing_but_the_answer_goes_into_a_pipe() -> None:
    """In a pipe there is no colour, no progress, and no word on stderr."""
    done = subprocess.run(
        [*COMMAND, *ONE], capture_output=True, text=True, check=False, env={**os.environ, "TERM": "xterm"}
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout


def test_expectations_tell_four_outcomes_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--expect`` tells as expected, a missing violation, a new one and other numbers apart, and names the cell."""
    chosen = ["check", "--write", "serial-async", "--read", "one", "--read", "all"]
    expected = tmp_path / "expected.csv"
    expected.write_text(printed(capsys, *chosen, "--format", "csv")[1], encoding="utf-8")
    assert printed(capsys, "check", "--expect", str(expected)) == (0, "18 as expected\n")
    rows = expected.read_text(encoding="utf-8").splitlines()
    rows[1] = rows[1].replace("violated,7", "holds,")
    rows[2] = rows[2].replace("violated,7", "violated,6")
    rows[10] = rows[10].replace("holds,", "violated,9")
    expected.write_text("\n".join(rows[:-1]), encoding="utf-8")
    _, out = printed(capsys, *chosen[:5], "--max-states", "150", "--expect", str(expected))
    assert "unknown: overbooked trace serial-async one linearizability" in out
    status, out = printed(capsys, *chosen, "--expect", str(expected))
    assert status == 1
    assert "new violation: overbooked trace serial-async one read-after-write" in out
    assert "other numbers: overbooked trace serial-async one read-your-writes" in out
    assert "missing violation: overbooked trace serial-async all read-after-write" in out
    assert "not in the file: overbooked trace serial-async all checking-availability" in out
    assert (
        out.splitlines()[-1]
        == "1 new violation, 1 other numbers, 14 as expected, 1 missing violation, 1 not in the file"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("write,read\n", ":1: the heading should be fault,write,read,"),
        ("{heading}\n", ": has no verdicts, so there is nothing to compare"),
        ("{heading}\nnone,serial-sync,one,0,durability,,,holds,,9,8,8\n", ":2: should have 12 values"),
        ("{heading}\nnone,serial-sync\n", ":2: should have 12 values"),
        ("{heading}\nnone,serial-sync,one,3,durability,x,,holds,,9,8,8\n", ":2: should have 12 values"),
        ("{heading}\nnone,serial-sync,one,3,durability,,,perhaps,,9,8,8\n", ":2: the verdict is 'perhaps'"),
        ("{heading}\nnone,serial,one,3,durability,,,holds,,9,8,8\n", "serial: no such write strategy"),
    ],
)
def test_a_bad_file_of_expectations_is_said_to_be_bad_and_where(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong in a file of expected verdicts is named with its line."""
    heading = "fault,write,read,replicas,guarantee,bookings,checks,verdict,length,states,transitions,depth"
    (tmp_path / "expected.csv").write_text(text.format(heading=heading), encoding="utf-8")
    assert main(["check", "--expect", str(tmp_path / "expected.csv")]) == 2
    assert says in capsys.readouterr().err
