"""Every theorem over three replicas, judged once for all tests of one process."""

from __future__ import annotations

from functools import cache

from overbooked.checker.proving.theorem import Judged
from overbooked.checker.theorems.catalogue import GROUPS, Proving

SECONDS = 60
"""How long one question to z3 may take."""


@cache
def all_judged() -> dict[str, Judged]:
    """Return every theorem and every twin by its name; that takes two minutes."""
    proving = Proving([group for group in GROUPS if group != "agreement"], 3, SECONDS)
    return {each.theorem.name: each for each in proving.run()}


def judged_with_twins(name: str, *, at_once: bool) -> list[Judged]:
    """Return a theorem and its twins: judged by themselves, or else out of all."""
    if at_once:
        return list(Proving([name], 3, SECONDS).run())
    return [each for each in all_judged().values() if name in {each.theorem.name, each.theorem.weakens}]
