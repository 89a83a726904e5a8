"""Where the command writes: terminals of any encoding, closed streams, and Ctrl-C before it has begun."""

from __future__ import annotations

import io
import subprocess
import sys
from itertools import pairwise

import pytest

from overbooked.checker.cli import progress
from overbooked.checker.cli.main import main
from overbooked.checker.cli.options import FORMS

STALE = "trace parallel:1 one read-after-write"
TEXTS = [
    "check --write parallel:2 --fault none --fault both --guarantee durability",
    "check --write parallel:2 --fault replica-crash",
    STALE,
    "replay parallel:1 one read-after-write",
    "choose --need durability",
    "list",
    "list --like Cassandra",
    "claims",
    "latency",
    "simulate --trials 100",
    "prove reads-meet-writes votes:1,1,1:2:2 acks-in-order",
    "conform --write parallel:1 --read one --guarantee durability",
]
DOCUMENTS = [f"{STALE} --format {form}" for form in FORMS if form != "text"]
DOCUMENTS += [f"{asked} --format json" for asked in ("prove reads-meet-writes", "list --like etcd", TEXTS[0])]
START = """
import os, signal, sys

class Pressed:
    at = sys.argv.pop(1)

    def find_spec(self, name, path=None, target=None):
        if name == self.at:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressed())
from overbooked.__main__ import main
sys.exit(main())
"""
"""The command, in which Ctrl-C is pressed as a module is imported."""


class _Strict(io.TextIOWrapper):
    """A stream that never replaces what it cannot write, whatever it is told."""

    def reconfigure(self, **how: object) -> None:
        """Take an encoding alone."""
        if "encoding" in how:
            super().reconfigure(encoding=str(how["encoding"]))


def written(asked: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return what a command writes to a stream of that encoding."""
    with monkeypatch.context() as patched:
        stream = _Strict(io.BytesIO(), encoding=encoding)
        patched.setattr("sys.stdout", stream)
        assert main(asked.split()) in {0, 1}
        stream.flush()
        return bytes(stream.buffer.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("asked", TEXTS)
def test_text_is_written_in_letters_that_there_are(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In ASCII every text has its own words for what UTF-8 has signs for: nothing fails, and nothing is replaced."""
    assert written(asked, "ascii", monkeypatch).isascii()


@pytest.mark.parametrize("asked", DOCUMENTS)
def test_documents_are_utf_8_everywhere(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is meant for programs and files is the same whatever the terminal's encoding."""
    text, same = (written(asked, encoding, monkeypatch).decode() for encoding in ("cp1252", "utf-8"))
    assert _untimed(text) == _untimed(same)


def _untimed(text: str) -> str:
    """Return a document without the lines that say how long something took."""
    return "\n".join(line for line in text.splitlines() if "seconds" not in line)


@pytest.mark.parametrize(("closed", "says"), [(">&-", "the output cannot be written (it is closed)"), (">&- 2>&-", "")])
def test_a_closed_output_is_said_in_a_line(closed: str, says: str) -> None:
    """Where standard output is closed nothing is explored; where errors are closed, too, there is nobody to tell."""
    shell = ["sh", "-c", f'"$@" {closed}', "sh", sys.executable, "-m", "overbooked", "list"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (2, f"overbooked: {says}" if says else "")


def test_nobody_has_to_read_errors() -> None:
    """With errors closed the answer is printed all the same."""
    shell = ["sh", "-c", '"$@" 2>&-', "sh", sys.executable, "-m", "overbooked", "--version"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:11]) == (0, "overbooked ")


@pytest.mark.parametrize("module", ["overbooked.checker", "numpy.random.bit_generator", "rich.console"])
def test_ctrl_c_while_it_starts_leaves_no_traceback(module: str) -> None:
    """Before anything is asked for, Ctrl-C ends it with 130, and without a word."""
    done = subprocess.run([sys.executable, "-c", START, module], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_pipe_is_told_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where errors go to no terminal there is a line from time to time: models of all, states, rate and seconds."""
    monkeypatch.setattr(progress, "_PULSE", 0.0)
    assert main(["check", "--write", "parallel:2", "--read", "one"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) > 1
    assert all(line.startswith("overbooked: model ") and line.endswith(" s") for line in told)
    assert all(" states, " in line and " a second, " in line for line in told)
    model = [tuple(map(int, line.split(": ")[1].removeprefix("model ").split(" of "))) for line in told]
    assert all(before <= after for before, after in pairwise(model))
    assert {most for _, most in model} == {8}


def test_each_faults_table_is_printed_when_it_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the second fault is explored, the table of the first is there to be read."""
    monkeypatch.setattr(progress, "_PULSE", 0.0)
    seen = []

    def update(*_: object) -> None:
        seen.append(capsys.readouterr().out)

    monkeypatch.setattr("overbooked.checker.cli.progress._Pulse.update", update)
    main(["check", "--write", "parallel:2", "--read", "one", "--fault", "none", "--fault", "both"])
    seen.append(capsys.readouterr().out)
    assert [text.count("3 replicas, ") for text in seen if text][:2] == [1, 1]
    assert "violations" not in seen[-2]
