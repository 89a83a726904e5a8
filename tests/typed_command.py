"""The command ``overbooked``, run in this process: its exit status, and what it printed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from overbooked.checker.cli.main import main


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit status and what it printed."""
    status = main(arguments)
    return status, capsys.readouterr().out


def status_of(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status, also where the parser of its options ends it."""
    try:
        return main(arguments)
    except SystemExit as left:
        return int(str(left.code))


def verdicts(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    """Run ``check`` with these arguments; return its verdicts as JSON has them."""
    _, out = printed(capsys, "check", *arguments, "--format", "json")
    document = json.loads(out)
    assert document["schema"] == 1
    assert document["finished"] is True
    return list(document["verdicts"])
