"""``overbooked replay``: counterexamples happen for real, and what an app server cannot follow is told."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from unittest.mock import patch

import pytest

from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES, Cell
from overbooked.checker.conformance.implementation import Implementation, in_sqlite
from overbooked.checker.conformance.replay import replayed
from overbooked.checker.conformance.threaded_storage import threaded
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.spec.guarantees import GUARANTEES
from test_conformance import ALL_BUT_LINEARIZABILITY, printed
from tiers import SOURCE_FAULTS, long_but


def violations(fault: str) -> Evaluation:
    """Return the verdicts, with runs, of the source's pairs."""
    return judged([Cell(w, r, 3, fault, g) for w, r, g in product(SOURCE_WRITES, DEFAULT_READS, GUARANTEES)])


def judged(cells: Sequence[Cell]) -> Evaluation:
    """Return the verdicts of these cells, with runs."""
    judging = Evaluation(cells, Bounds(10**7), runs=True)
    for _ in judging.run():
        pass
    return judging


@pytest.mark.parametrize("fault", [pytest.param("none", marks=pytest.mark.long), "failover"])
def test_what_goes_wrong_with_a_primary_happens_over_sqlite(fault: str) -> None:
    """Each shortest run is followed over SQLite files, by nodes in threads of their own, to the same answers."""
    pairs = product(("primary:1", "primary:2:received", "primary:1:unique"), ("one", "one:primary"))
    judging = judged([Cell(w, r, 3, fault, g) for (w, r), g in product(pairs, ALL_BUT_LINEARIZABILITY)])
    violated = [verdict for verdict in judging.verdicts if verdict.run]
    assert len(violated) >= 9
    for verdict in violated:
        assert verdict.run is not None
        assert replayed(verdict.cell.setting, verdict.run, Implementation(threaded(in_sqlite))) is None, verdict.cell


@pytest.mark.parametrize("fault", long_but("none", SOURCE_FAULTS))
def test_every_violation_of_the_sources_table_happens_over_sqlite(fault: str) -> None:
    """Each shortest run is followed step by step over SQLite files, in threads of their own, to the same answers."""
    violated = [verdict for verdict in violations(fault).verdicts if verdict.run]
    assert len(violated) >= 40
    for verdict in violated:
        assert verdict.run is not None
        assert replayed(verdict.cell.setting, verdict.run, Implementation(threaded(in_sqlite))) is None, verdict.cell


def test_a_replay_shows_the_run_and_what_users_were_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With status 0 it prints the run, why that breaks the guarantee, and the answers; files can be kept."""
    folder = tmp_path / "kept"
    asked = ("replay", "parallel:1", "one", "read-after-write", "--folder", str(folder))
    status, out = printed(capsys, *asked)
    assert status == 0
    assert "Violated: b1 was acknowledged to u1 when db1 had it" in out
    assert "The reference did just that" in " ".join(out.split())
    assert "isRoomAvailable(r1)  available" in out
    assert {file.name for file in folder.iterdir()} >= {"db1.sqlite", "db2.sqlite", "db3.sqlite"}
    status, out = printed(capsys, *asked)
    assert status == 2
    assert "is not empty" in out


def test_a_run_that_the_app_server_cannot_follow_names_the_step_and_both_sides(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With status 1 it prints the run up to the step, and how it is in the spec and in the app server."""
    (tmp_path / "mine.py").write_text("from test_conformance import Eager as Server\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    status, out = printed(capsys, "replay", "parallel:1", "one", "read-after-write", "--app", "mine:Server")
    assert status == 1
    assert "After step 1 they differ" in out
    assert "ack u1.book" in out
    assert "mine:Server cannot follow the run that breaks read-after-write" in out


@pytest.mark.parametrize(
    ("arguments", "expected", "complaint"),
    [
        (("parallel:3", "one", "read-after-write"), 2, "holds: there is no run that breaks it"),
        (("parallel:3", "one", "read-after-write", "--max-states", "10"), 3, "no run that breaks it was found"),
        (("parallel:1", "one", "read-after-write", "--folder", "/dev/null/x"), 2, "cannot be made a folder"),
    ],
)
def test_where_there_is_nothing_to_replay_it_says_so(
    arguments: tuple[str, ...], expected: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why, and the status is not 0."""
    status, out = printed(capsys, "replay", *arguments)
    assert (status, len(out.splitlines())) == (expected, 1)
    assert complaint in out


def test_nothing_is_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """Temporary folders are gone after a replay and after a conformance run over SQLite."""
    made = []
    real = tempfile.mkdtemp

    def mkdtemp(*args: str | None, **kwargs: str | None) -> str:
        made.append(real(*args, **kwargs))
        return made[-1]

    with patch.object(tempfile, "mkdtemp", mkdtemp):
        printed(capsys, "replay", "serial-async", "one", "read-after-write")
        printed(capsys, "conform", "--write", "serial-sync", "--guarantee", "durability", "--over", "sqlite")
    assert made
    assert not any(Path(folder).exists() for folder in made)
