"""How much of the tests is run: the quick ones, the long ones too, and how many of the exhaustive ones.

Nothing here depends on the clock: hypothesis has no deadline, and draws the same examples whenever it is run, unless
``--hypothesis-seed`` says otherwise. And a folder in which a test may write what a user would.
"""

from __future__ import annotations

import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, Phase, settings

collect_ignore = ["bench"]
SLICES = 200
_TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.register_profile("quick", _TIMELESS, max_examples=30, derandomize=True)
settings.register_profile("long", _TIMELESS, max_examples=100)
settings.register_profile("exhaustive", _TIMELESS, max_examples=400)
settings.register_profile("seeded", _TIMELESS, max_examples=400, derandomize=True, phases=[Phase.generate])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what says how much is run, and ``--write-docs``."""
    add = parser.addoption
    add("--write-docs", action="store_true", help="paste what commands print today into the README")
    add("--long", action="store_true", help="run the long tests, too")
    part = f"run one in {SLICES} of the exhaustive tests, which N says; {SLICES} numbers in a row run all of them"
    add("--slice", type=int, metavar="N", help=part)
    add("--exhaustive", action="store_true", help="run all exhaustive tests, and the long ones")
    add("--costs", action="store_true", help="print at the end how many seconds the tests of each file took")


def pytest_configure(config: pytest.Config) -> None:
    """Say how many examples hypothesis draws; have commands that tests start listen to Ctrl-C.

    In what a shell runs in the background it is ignored, and so it would be in all that is started from there.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not config.getoption("hypothesis_profile", None):
        exhaustive, long = config.getoption("--exhaustive"), config.getoption("--long")
        settings.load_profile("exhaustive" if exhaustive else "long" if long else "quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are not asked for; several workers begin with those that take long."""
    left_out = set()
    if not _is_long(config):
        left_out |= {item for item in items if item.get_closest_marker("long")}
    if not config.getoption("--exhaustive"):
        number = config.getoption("--slice")
        exhaustive = {item for item in items if item.get_closest_marker("exhaustive")}
        left_out |= exhaustive if number is None else {it for it in exhaustive if _slice_of(it) != number % SLICES}
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]
    if hasattr(config, "workerinput"):
        items.sort(key=_when)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which slice this was, and what tests have recorded: what caught seeded faults, and how much was covered."""
    number = terminalreporter.config.getoption("--slice")
    if number is not None:
        terminalreporter.section(f"slice {number % SLICES} of {SLICES} of the exhaustive tests (--slice {number})")
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    for name, heading in (("seeded", "faults seeded into the reference"), ("covered", "covered under faults")):
        rows = [row for report in reports for key, row in getattr(report, "user_properties", ()) if key == name]
        if rows:
            terminalreporter.section(heading)
            terminalreporter.write_line("\n".join(dict.fromkeys(rows)))
    if terminalreporter.config.getoption("--costs"):
        _show_costs(terminalreporter, reports)


def _show_costs(terminalreporter: pytest.TerminalReporter, reports: list[object]) -> None:
    costs = defaultdict[str, float](float)
    for report in reports:
        if isinstance(report, pytest.TestReport):
            costs[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section("seconds by file")
    for file, seconds in sorted(costs.items(), key=lambda each: -each[1]):
        terminalreporter.write_line(f"{seconds:7.1f}  {file}")


def _when(item: pytest.Item) -> int:
    """Return when a test is run: what takes long first, so that no worker is left with it at the end."""
    if "overbooked conform" in item.name:
        return 0
    return next((at for at, mark in enumerate(("exhaustive", "long"), 1) if item.get_closest_marker(mark)), 3)


def _slice_of(item: pytest.Item) -> int:
    """Return the slice that a test is in, which stays the same whatever other tests there are."""
    return crc32(item.nodeid.encode()) % SLICES


def _is_long(config: pytest.Config) -> bool:
    return bool(config.getoption("--long") or config.getoption("--exhaustive"))


@pytest.fixture
def folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a test run in an empty folder, in which it may write a module ``own``."""
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("own", None)
