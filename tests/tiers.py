"""How parameters of one test are spread over the quick tests and the long ones."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

from overbooked.spec.faults import FAULTS


def long_but(quick: object, values: Iterable[object]) -> list[object | ParameterSet]:
    """Return the values as parameters, of which all but one are long."""
    return _marked_but(quick, values, pytest.mark.long)


def exhaustive_but(quick: object, values: Iterable[object]) -> list[object | ParameterSet]:
    """Return the values as parameters, of which all but one are exhaustive."""
    return _marked_but(quick, values, pytest.mark.exhaustive)


def _marked_but(quick: object, values: Iterable[object], mark: pytest.MarkDecorator) -> list[object | ParameterSet]:
    """Return the values as parameters, of which all but one are marked."""
    return [value if value == quick else pytest.param(value, marks=mark) for value in values]


SOURCE_FAULTS = [name for name, fault in FAULTS.items() if not fault.failover]
"""The faults that make sense where the app server writes to every replica, too."""
