"""The examples in docstrings."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

from linked import PARTS

MODULES = [
    found.name
    for part in PARTS
    for found in walk_packages(import_module(f"overbooked.{part}").__path__, f"overbooked.{part}.")
    if not found.name.startswith("overbooked.checker.overbooked")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name: str) -> None:
    """What is typed after ``>>>`` gives what stands below it."""
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """Most of what is public has one."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(import_module(name)) if test.examples]
    assert len(found) > 60
