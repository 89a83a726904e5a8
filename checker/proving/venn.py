"""Finite sets of any size, as the sizes of their Venn regions.

What a statement about a few sets says of intersections, unions and sizes depends only on how many elements lie in each
region (in A alone, in A and B, in none, ...). Any sizes that are not negative are those of some sets, so nothing is
lost and nothing is bound: the regions are integers, the statement is linear arithmetic, and z3 decides it for sets of
every size. (Kuncak, Nguyen, Rinard: "Deciding Boolean Algebra with Presburger Arithmetic", 2006.)
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import NamedTuple

import z3

from overbooked.checker.proving.solver import number


class Sets(NamedTuple):
    """Named sets: for each region, by the names of the sets it lies in, the number of elements there."""

    names: tuple[str, ...]
    regions: dict[frozenset[str], z3.ArithRef]

    def size(self, *names: str, outside: tuple[str, ...] = ()) -> z3.ArithRef:
        """Return how many lie in all the named sets (with no name: how many there are), and in none of ``outside``."""
        inside = [it for of, it in self.regions.items() if of.issuperset(names) and of.isdisjoint(outside)]
        return z3.Sum(inside)

    @property
    def possible(self) -> z3.BoolRef:
        """No region has fewer than no replicas."""
        return z3.And([it >= 0 for it in self.regions.values()])

    def members(self, case: z3.ModelRef) -> dict[str, list[int]]:
        """Return the elements of each set in one case, numbered from 1 on; those in the first set come first."""
        found: dict[str, list[int]] = {name: [] for name in self.names}
        following = 1
        for of, size in self.regions.items():
            there = range(following, following + number(case, size))
            following = there.stop
            for name in of:
                found[name] += there
        return found


def sets(*names: str, of: str = "elements") -> Sets:
    """Return sets of these names, with a region for each way to lie in some of them; ``of`` names what is counted.

    Cost: 2 to the power of the number of sets regions.

    >>> both = sets("read", "written")
    >>> z3.prove(z3.Implies(both.possible, both.size("read") >= both.size("read", "written")))
    proved
    """
    some = chain.from_iterable(combinations(names, count) for count in range(len(names), -1, -1))
    return Sets(names, {frozenset(inside): z3.Int(f"{of} in {' and '.join(inside) or 'none'}") for inside in some})
