"""Of many ways that are equally long, the one that changes hands least: it reads best.

Steps are in somebody's hands. A story told in the order in which things happen to come, a little here and a little
there, is hard to follow; one in which somebody does as much as can be done before somebody else goes on is not.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeAlias

Move: TypeAlias = tuple[int, int]
"""A step, and the node of the next level that it leads to."""
Moves: TypeAlias = Sequence[Sequence[Move]]
"""For each node of a level the moves that lead on, in the order of preference."""
_Left: TypeAlias = dict[Hashable, int]
"""How often hands change at least on the rest of the way, by whose step comes next."""


def fewest_changes(levels: Sequence[Moves], hands: Sequence[Hashable], start: int) -> list[Move]:
    """Return the way through all levels that changes hands least; of several the one whose first moves stand first.

    ``hands`` says of each step whose it is, and ``start`` is the node of the first level to begin at. From every node
    some move leads on.

    Ann has to do steps 0 and 2, Bob step 1, and 0 comes before 2; rather than in turns, each does it in one go:

    >>> ways = [[[(0, 0), (1, 1)]], [[(1, 0), (2, 1)], [(0, 0)]], [[(2, 0)], [(1, 0)]]]
    >>> [step for step, _ in fewest_changes(ways, ["Ann", "Bob", "Ann"], 0)]
    [0, 2, 1]

    Cost: each move is looked at twice, with all the hands that may go on after it (dynamic programming).
    """
    left = _left(levels, hands)
    way: list[Move] = []
    node, last = start, None
    for at, moves in enumerate(levels):
        after = left[at + 1] if at + 1 < len(levels) else None
        best = min(moves[node], key=lambda move: _changes(move, hands, last, after))
        way.append(best)
        node, last = best[1], hands[best[0]]
    return way


def _left(levels: Sequence[Moves], hands: Sequence[Hashable]) -> list[list[_Left]]:
    """Return, level by level and node by node, what is left to change."""
    found: list[list[_Left]] = []
    after: list[_Left] | None = None
    for moves in reversed(levels):
        here: list[_Left] = []
        for its in moves:
            left: _Left = {}
            for move in its:
                hand = hands[move[0]]
                left[hand] = min(left.get(hand, len(levels)), _changes(move, hands, hand, after))
            here.append(left)
        found.append(here)
        after = here
    return found[::-1]


def _changes(move: Move, hands: Sequence[Hashable], last: Hashable, after: list[_Left] | None) -> int:
    """Return how often hands change from a move on, after one of ``last``."""
    hand = hands[move[0]]
    change = last is not None and hand != last
    if after is None:
        return int(change)
    left = after[move[1]]
    return change + min(left.get(hand, min(left.values()) + 1), min(left.values()) + 1)
