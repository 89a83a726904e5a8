"""The command ``overbooked``: what is asked for is run, and what goes wrong is said in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from overbooked.checker.cli import arguments as command_line
from overbooked.checker.cli.exit_status import BOUNDED, NOBODY_READS, SENSELESS, STOPPED, SenselessError
from overbooked.checker.console import console
from overbooked.ctrl_c import ends_at_once
from overbooked.spec.names import RequestError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``overbooked`` with these arguments (the command line's, when none are given); return its exit status."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except RequestError as error:
        _say(str(error))
        return SENSELESS
    except BrokenPipeError:
        _leave_output()
        return NOBODY_READS
    except OSError as error:
        _leave_output()
        _say(f"the output cannot be written ({error.strerror})")
        return SENSELESS
    except MemoryError:
        _say("out of memory; a lower --max-states or fewer replicas need less")
        return BOUNDED
    except KeyboardInterrupt:
        return STOPPED


def _run(arguments: Sequence[str]) -> int:
    """Run the command that is asked for: its file is imported only now, as some import what takes long."""
    _open_streams()
    request = command_line.parse(arguments)
    name = {"list": "list_names"}.get(request.command, request.command)
    try:
        with ends_at_once():
            command = import_module(f"overbooked.checker.cli.{name}")
    except Exception:
        from overbooked.checker.engine.memory_limit import no_room_for_libraries  # noqa: PLC0415 - hardly ever

        if no_room_for_libraries():
            raise MemoryError from None
        raise
    _encode(request)
    status: int = command.run(request, console())
    return status


def _open_streams() -> None:
    """Give those who closed their standard error somewhere to write; refuse to work for a closed standard output."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - open as long as the process
    if sys.stdout is None:
        raise SenselessError("the output cannot be written (it is closed)")


def _encode(request: argparse.Namespace) -> None:
    """Have documents in UTF-8, whatever the terminal has; and of text, what it does not have replaced."""
    if isinstance(sys.stdout, TextIOWrapper):
        is_text = getattr(request, "format", "text") == "text"
        sys.stdout.reconfigure(errors="replace") if is_text else sys.stdout.reconfigure(encoding="utf-8")


def _leave_output() -> None:
    """Have what is still to be written go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(what: str) -> None:
    print(f"overbooked: {what}", file=sys.stderr)
