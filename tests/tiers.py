"""How parameters of one test are spread over the quick tests and the long ones."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

from overbooked.spec.faults import FAULTS

RARER_FAULTS = ("node-crash", "lost-write", "amnesia")
"""The faults that do much what others do: of long tests with one fault each, those with these are exhaustive."""


def long_but(quick: object, values: Iterable[object]) -> list[object | ParameterSet]:
    """Return the values as parameters, of which all but one are long, and those of the rarer faults exhaustive."""
    usual = [value for value in values if value not in RARER_FAULTS or value == quick]
    rarer = [value for value in values if value not in usual]
    return [*_marked_but(quick, usual, pytest.mark.long), *_marked_but(quick, rarer, pytest.mark.exhaustive)]


def exhaustive_but(quick: object, values: Iterable[object]) -> list[object | ParameterSet]:
    """Return the values as parameters, of which all but one are exhaustive."""
    return _marked_but(quick, values, pytest.mark.exhaustive)


def _marked_but(quick: object, values: Iterable[object], mark: pytest.MarkDecorator) -> list[object | ParameterSet]:
    """Return the values as parameters, of which all but one are marked."""
    return [value if value == quick else pytest.param(value, marks=mark) for value in values]


SOURCE_FAULTS = [name for name, fault in FAULTS.items() if not fault.failover]
"""The faults that make sense where the app server writes to every replica, too."""
