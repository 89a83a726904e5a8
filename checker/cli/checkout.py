"""Pages are written into a checkout of the project, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from overbooked import spec
from overbooked.checker.cli.exit_status import SenselessError

SPEC = Path(spec.__path__[0])


def refuse_elsewhere() -> None:
    """Raise :class:`overbooked.checker.cli.exit_status.SenselessError` where the spec that runs is no checkout's."""
    if not (SPEC.parent / "pyproject.toml").is_file():
        raise SenselessError(f"{SPEC}: is installed; pages are written in a checkout, after pip install -e .")
