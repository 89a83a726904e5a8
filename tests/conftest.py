"""How the tests are run: those marked long only when asked for."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings

collect_ignore = ["bench"]
settings.register_profile("quick", phases=[Phase.explicit, Phase.generate], database=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--long`` and ``--write-docs``."""
    parser.addoption("--write-docs", action="store_true", help="paste what commands print today into the README")
    parser.addoption("--long", action="store_true", help="run the tests that take a minute or more, too")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have recorded: which seeded faults were caught by what, and how much was covered."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    for name, heading in (("seeded", "faults seeded into the reference"), ("covered", "covered under faults")):
        rows = [row for report in reports for key, row in getattr(report, "user_properties", ()) if key == name]
        if rows:
            terminalreporter.section(heading)
            terminalreporter.write_line("\n".join(dict.fromkeys(rows)))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long tests unless they are asked for."""
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="long: --long runs it"))
