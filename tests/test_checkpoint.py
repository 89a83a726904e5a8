"""Checkpoints: a search that is stopped, or killed, goes on later, and finds what it finds in one go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from linked import link
from overbooked.checker.cells import Cell
from overbooked.checker.cli.main import main
from overbooked.checker.engine import checkpoint
from overbooked.checker.engine.checkpoint import Checkpoint, CheckpointError
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation

ASKED = {
    "one model of one word": [Cell("parallel:2", "first:2", 3, "none", "read-after-write", 2, 1)],
    "one model of two words": [Cell("serial-async", "one", 4, "none", "read-after-write", 2, 1)],
    "runs that go round": [Cell("serial-async", "one", 3, "app-restart", "convergence", 2)],
    "many models": [
        Cell(write, "one", 3, "replica-crash", guarantee)
        for write in ("serial-async", "parallel:1")
        for guarantee in ("read-after-write", "convergence", "durability")
    ],
}


def judged(cells: list[Cell], file: Path, levels: int, *, reduce: bool, bounds: Bounds) -> tuple[Evaluation, bool]:
    """Judge cells for so many levels, with this file; return how far that is, and whether it was stopped."""
    with closing(Checkpoint(file, [cells, reduce])) as it:
        judging = Evaluation(cells, bounds, runs=True, reduce=reduce, checkpoint=it)
        steps = judging.run()
        for _ in range(levels):
            if next(steps, None) is None:
                return judging, False
        steps.close()
    return judging, True


@pytest.mark.parametrize("reduce", [False, True])
@pytest.mark.parametrize("what", ASKED)
def test_stopped_again_and_again_it_finds_the_same(what: str, tmp_path: Path, *, reduce: bool) -> None:
    """Stopped every few levels, a search comes to the same verdicts, counts and runs as in one go."""
    whole, _ = judged(ASKED[what], tmp_path / "whole", 10**6, reduce=reduce, bounds=Bounds())
    stopped, times = True, 0
    while stopped:
        judging, stopped = judged(ASKED[what], tmp_path / "file", 3, reduce=reduce, bounds=Bounds())
        times += 1
    assert (judging.verdicts, judging.explored) == (whole.verdicts, whole.explored)
    assert times > 2
    again, _ = judged(ASKED[what], tmp_path / "file", 10**6, reduce=reduce, bounds=Bounds())
    assert (again.verdicts, again.explored) == (whole.verdicts, whole.explored)


@pytest.mark.parametrize("what", ASKED)
def test_a_search_that_came_to_its_bound_goes_on_with_another(what: str, tmp_path: Path) -> None:
    """What was cut at one bound is explored under a higher one, and counted once."""
    whole, _ = judged(ASKED[what], tmp_path / "whole", 10**6, reduce=False, bounds=Bounds())
    for most in (10, 100, 10**6):
        judging, _ = judged(ASKED[what], tmp_path / "file", 10**6, reduce=False, bounds=Bounds(most))
        assert (judging.explored == whole.explored) == (most > 100)
    assert judging.verdicts == whole.verdicts


KILLED = """
from overbooked.checker.engine import checkpoint
from overbooked.checker.cli.main import main

checkpoint._OFTEN = 0
saved = checkpoint.Checkpoint.save

def save(*given):
    saved(*given)
    print("saved", flush=True)

checkpoint.Checkpoint.save = save
main({arguments!r})
"""
LONG = ["check", "--write", "parallel:2", "--read", "first:2", "--guarantee", "read-after-write", "--bookings", "2"]


def test_what_was_written_down_is_not_lost_when_the_process_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at any time, the command goes on from what was saved last, and ends as if nothing had been."""
    arguments = [*LONG, "--no-reduction", "--checkpoint", str(tmp_path / "file")]
    for saves in (2, 4):
        command = [sys.executable, "-c", KILLED.format(arguments=arguments)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout
            for _ in range(saves):
                assert running.stdout.readline() == "saved\n"
            running.send_signal(signal.SIGKILL)
    with patch("numpy.frombuffer", wraps=np.frombuffer) as read:
        main(arguments)
    assert read.call_count >= 5, "levels of the first two searches are there"
    assert "Explored 125,771 states and 558,139 transitions in 1 distinct model: this is" in capsys.readouterr().out


def test_a_file_of_something_else_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No database, one of another request, one that is in use, no folder: each is told, and nothing is overwritten."""
    file = tmp_path / "file"
    command = [*LONG, "--checkpoint"]
    assert main([*command, str(tmp_path / "no folder" / "file")]) == 2
    assert "no folder/file: cannot be used as a checkpoint (unable to open database file)" in one_line(capsys)
    file.write_text("my notes", encoding="utf-8")
    assert main([*command, str(file)]) == 2
    assert "is not a database" in one_line(capsys)
    assert file.read_text(encoding="utf-8") == "my notes"
    file.unlink()
    assert main([*command, str(file)]) == 0
    capsys.readouterr()
    assert main([*command, str(file), "--replicas", "2"]) == 2
    assert "is of another request, or of another version: this one needs its own file" in one_line(capsys)
    with (
        closing(Checkpoint(tmp_path / "busy", [])),
        pytest.raises(CheckpointError, match="another process has it open"),
    ):
        Checkpoint(tmp_path / "busy", [])


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that was printed as an error."""
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("folder", ["spec", "checker"])
def test_a_change_in_the_spec_or_the_checker_is_another_version(folder: str, tmp_path: Path) -> None:
    """Wherever the package lies, one more line in one file of either makes a checkpoint of before one of another."""
    here = link(tmp_path, folder)
    ask = [sys.executable, "-c", "from overbooked.checker.engine import checkpoint; print(checkpoint._program())"]

    def version() -> str:
        there = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(ask, env=there, capture_output=True, text=True, check=True).stdout

    before = version()
    changed = next((here / folder).glob("r*.py"))
    changed.write_text(f"{changed.read_text(encoding='utf-8')}\n# changed\n", encoding="utf-8")
    assert version() != before


def test_another_version_does_not_go_on(tmp_path: Path) -> None:
    """What a state's words mean depends on the program: another version of it begins anew."""
    Checkpoint(tmp_path / "file", []).close()
    with patch.object(checkpoint, "_program", lambda: "another"), pytest.raises(CheckpointError, match="version"):
        Checkpoint(tmp_path / "file", [])
