"""The table of verdicts, as it is printed: whole names, narrow terminals, rows for ``grep``, and what holds alone."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.verdicts import Verdict
from overbooked.checker.matrix import as_text
from overbooked.spec.guarantees import TABLE
from typed_command import printed


def test_the_table_fits_80_columns_and_needs_no_colour() -> None:
    """At 80 columns no row wraps; without colour or UTF-8 each verdict still has a sign of its own."""
    rows = [
        CellVerdict(Cell(write, read, 3, "replica-crash", guarantee), "violated", witness=True, length=22)
        for write in ("message:serial-async", "serial-sync")
        for read in ("one:db1", "quorum")
        for guarantee in TABLE
    ]
    verdicts: list[Verdict] = ["holds", "vacuous", "unknown"]  # in ASCII: ok, 0 and ?
    for at, verdict in enumerate(verdicts):
        rows[at] = rows[at]._replace(verdict=verdict, length=None)
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=out, width=80)
    as_text.Tables(console, [row.cell for row in rows]).show_rest(rows)
    out.seek(0)
    lines = out.read().splitlines()
    assert all(len(line) <= 80 for line in lines[:14])
    assert not any(line.endswith(" ") for line in lines)
    assert [line.split()[0] for line in lines[1:10]] == list(reversed(TABLE))
    assert [line.split() for line in lines[11:13]] == [
        ["message:serial-async", "one:db1", "ok", "0", "?", *["X", "22"] * 6],
        ["message:serial-async", "quorum", *["X", "22"] * 9],
    ]


@pytest.mark.parametrize(("width", "left"), [(100, 27), (75, 27), (70, 9)])
def test_each_column_has_its_whole_name_above_it(width: int, left: int) -> None:
    """From each verdict a stem goes up to the name of its guarantee, also where the terminal is narrow."""
    rows = [CellVerdict(Cell("message:serial-sync", "quorum", 3, "none", it), "violated", length=9) for it in TABLE]
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    as_text.Tables(console, [row.cell for row in rows]).show_rest(rows)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    row = next(line for line in lines if "✗" in line)
    at = [place for place, sign in enumerate(row) if sign == "✗"]
    assert at[0] == left
    for place, guarantee in zip(at, TABLE, strict=True):
        above = [line for line in lines[: lines.index(row)] if line[place : place + 1] not in {"", " ", "│"}]
        assert any(line[place:].startswith(guarantee) or line[: place + 1].endswith(guarantee) for line in above)


def test_a_fault_that_goes_with_nothing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Of every fault those that no way to write goes with are said to be left out."""
    asked = ("check", "--fault", "every", "--guarantee", "durability", "--read", "one")
    assert "Left out, as no way to write goes with it: failover." in printed(capsys, *asked, "--write", "W=2")[1]
    assert "Left out" not in printed(capsys, *asked, "--write", "primary:2")[1]


def test_rows_are_for_grep(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody sits at a terminal each row has its way to write, and no line ends with a space."""
    asked = ("--write", "parallel:2", "--read", "one", "--read", "quorum", "--guarantee", "durability")
    _, out = printed(capsys, "check", *asked, "--fault", "none", "--fault", "both")
    rows = [line.split() for line in out.splitlines() if line.startswith("parallel:2 ")]
    assert rows == [["parallel:2", "one", "✓", "✓"], ["parallel:2", "quorum", "✓", "✓"]]
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_faults_stand_side_by_side_for_one_guarantee(capsys: pytest.CaptureFixture[str]) -> None:
    """Of one guarantee there is one table with a column for each fault; ``-`` is what does not go together."""
    asked = ("--write", "parallel:1", "--write", "primary:1", "--read", "one", "--guarantee", "durability")
    _, out = printed(capsys, "check", *asked, "--fault", "none", "--fault", "both", "--fault", "failover")
    lines = out.splitlines()
    at = lines.index("parallel:1 one  ✓    ✗ 6  -")
    assert lines[at + 1] == "primary:1  one  ✓    ✗ 6  ✗ 7"
    assert [line.split()[-1] for line in lines[at - 3 : at]] == ["fault", "both", "failover"]
    assert "- do not go together" in lines


def test_only_those_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """``--only-holding`` lists the pairs that keep all under each fault; exit status 0, 1 for none, 3 if unknown."""
    asked = ("check", "--only-holding", "--guarantee", "read-after-write", "--guarantee", "durability")
    status, out = printed(capsys, *asked, "--fault", "none", "--fault", "both", "--write", "W=1", "--write", "W=2")
    assert (status, out.splitlines()[:4]) == (
        0,
        [
            "2 of 6 pairs keep read-after-write and durability, under both, over 3 replicas.",
            "",
            "write       read",
            "parallel:2  quorum",
        ],
    )
    _, out = printed(capsys, *asked, "--fault", "none", "--fault", "failover", "--write", "W=2", "--write", "primary:2")
    assert out.startswith("4 of 6 pairs keep ")
    assert out.splitlines()[3:6] == [
        "parallel:2  quorum  failover",
        "parallel:2  all     failover",
        "primary:2   quorum",
    ]
    assert printed(capsys, *asked, "--write", "parallel:1", "--read", "one")[0] == 1
    status, out = printed(capsys, *asked, "--write", "parallel:2", "--read", "quorum", "--max-states", "9")
    assert status == 3
    assert "None of 1 pair is known to keep" in out
    rows = printed(capsys, *asked, "--write", "W=2", "--read", "quorum", "--max-states", "9", "--format", "csv")[1]
    assert [row.split(",")[7] for row in rows.splitlines()[1:]] == ["unknown", "unknown"]
    assert len(printed(capsys, *asked, "--write", "W=2", "--format", "csv")[1].splitlines()) == 5


def test_what_is_proved_is_said_where_the_search_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a ``?`` stands what a proof knows of it, with the command; of what none knows, nothing."""
    asked = ("check", "--write", "parallel:5", "--read", "first:5", "--read", "first:4", "--replicas", "9")
    status, out = printed(capsys, *asked, "--guarantee", "read-after-write", "--max-states", "9")
    assert status == 3
    proves = "overbooked prove parallel:5/first:"
    lines = out.splitlines()
    assert f"  ✓ read-after-write holds, parallel:5 by first:5: {proves}5 --replicas 9" in lines
    assert f"  ✗ read-after-write violated, parallel:5 by first:4: {proves}4 --replicas 9" in lines
    for more in (["--guarantee", "durability"], ["--guarantee", "read-after-write", "--fault", "both"]):
        assert "proved" not in printed(capsys, *asked, *more, "--max-states", "9")[1]


def test_a_narrow_terminal_loses_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the terminal is narrower than a table, lines run over: no verdict, name or replica is cut."""
    monkeypatch.setattr("overbooked.checker.cli.main.console", lambda: Console(width=40))
    _, out = printed(capsys, "check", "--write", "message:serial-async", "--read", "one", "--fault", "both")
    assert "message:serial-async" in out
    row = next(line for line in out.splitlines() if line.startswith("message:serial-async one "))
    assert row.count("✗") + row.count("✓") == len(TABLE)
    _, out = printed(capsys, "trace", "serial-sync", "one", "monotonic-reads", "--replicas", "12")
    assert "…" not in out
    assert "db12" in out
