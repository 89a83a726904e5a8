"""The command ``overbooked``: what is asked for is run, and what goes wrong is said in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from overbooked.checker.cli import arguments as command_line
from overbooked.checker.cli.exit_status import BOUNDED, NOBODY_READS, SENSELESS, STOPPED, SenselessError
from overbooked.checker.console import console
from overbooked.checker.matrix.expected import ExpectationsError
from overbooked.spec.names import StrategyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``overbooked`` with these arguments (the command line's, when none are given); return its exit status."""
    try:
        return _run(command_line.parse(sys.argv[1:] if arguments is None else arguments))
    except (StrategyError, ExpectationsError, SenselessError) as error:
        print(f"overbooked: {error}", file=sys.stderr)
        return SENSELESS
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"overbooked: the output cannot be written ({error.strerror})", file=sys.stderr)
        return SENSELESS
    except MemoryError:
        print("overbooked: out of memory; a lower --max-states or fewer replicas need less", file=sys.stderr)
        return BOUNDED
    except KeyboardInterrupt:
        return STOPPED


def _run(request: argparse.Namespace) -> int:
    """Run the command that is asked for: its file is imported only now, as some import what takes long."""
    name = {"list": "list_names"}.get(request.command, request.command)
    try:
        command = import_module(f"overbooked.checker.cli.{name}")
    except Exception:
        from overbooked.checker.engine.memory_limit import no_room_for_libraries  # noqa: PLC0415 - hardly ever

        if no_room_for_libraries():
            raise MemoryError from None
        raise
    status: int = command.run(request, console())
    return status
