"""Commands run on a copy of the code, each in a process of its own, forked from one that has imported the libraries.

Nothing of this project is imported there beforehand, so each command imports what its copy has.
"""

from __future__ import annotations

import os
import runpy
import sys
from functools import cache
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from linked import ROOT

LIBRARIES = ["_pytest.config", "hypothesis.stateful", "numpy", "rich.table", "scipy.sparse.linalg", "z3"]
_PATIENCE = 3000
"""Seconds after which a command that does not end is ended, and the test fails: many times what the slowest takes."""


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    printed: str


def run_on_copy(folder: Path, module: str, *arguments: str) -> Done:
    """Run ``python -m MODULE ARGUMENTS`` in a folder, with the package ``overbooked`` that is in it.

    Raises :class:`TimeoutError` when it does not end.
    """
    out = folder / "printed.txt"
    process = _libraries_imported().Process(target=_run, args=(folder, out, module, arguments))
    process.start()
    process.join(_PATIENCE)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{module} {' '.join(arguments)} has not ended")
    return Done(process.exitcode, out.read_text(encoding="utf-8"))


@cache
def _libraries_imported() -> ForkServerContext:
    from overbooked.checker.engine.numpy_settings import settings  # noqa: PLC0415 - the processes that are forked import this module, too

    context = get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with patch.dict(os.environ, settings()):
        forkserver.ensure_running()
    return context


def _run(folder: Path, out: Path, module: str, arguments: tuple[str, ...]) -> None:
    if "overbooked" in sys.modules:
        raise ImportError("overbooked: imported before the copy of it could be")
    with out.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    paths = [str(folder), str(ROOT / "tests")]
    sys.path[:0] = paths
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
