"""States that wait to be sorted: a buffer in which those that come again and again are dropped when it is full."""

from __future__ import annotations

import numpy as np

from overbooked.checker.engine.compiled import CompiledStep, Rows
from overbooked.checker.engine.layout import Column, Layout, Tags, Words
from overbooked.checker.engine.memory_limit import Budget
from overbooked.checker.engine.state_sets import new, ordered, size, take, where

_BLOCK = 1 << 16
"""How many states are looked through at once."""


class Pending:
    """A buffer of states, which raises :class:`MemoryError` when it would take more than the budget has.

    Cost: each state is sorted as often as the buffer becomes full while it is there; memory is what the buffer takes,
    for states of several words three times as much while they are sorted.
    """

    def __init__(self, layout: Layout, budget: Budget) -> None:
        self._layout = layout
        self._budget = budget
        self._columns: list[Column] = [np.empty(0, np.int64)] * layout.words
        self._filled = 0

    def empty(self, room: int) -> None:
        """Drop all states; have room for so many, at least."""
        self._filled = 0
        if len(self._columns[0]) < room:
            self._columns = []
            self._columns = [np.empty(room, np.int64) for _ in range(self._layout.words)]

    def add(self, lookup: CompiledStep, words: Words, rows: Rows, tags: Tags, note: int) -> None:
        """Add what follows ``words`` at ``rows`` by this lookup, with a note on each."""
        if self._filled + len(rows) > len(self._columns[0]):
            self._make_room(len(rows))
        out = tuple(column[self._filled : self._filled + len(rows)] for column in self._columns)
        lookup.after(words, rows, tags, out)
        if note:
            np.bitwise_or(out[0], note, out=out[0])
        self._filled += len(rows)

    def unique(self) -> Words:
        """Return each state once, sorted by key."""
        self._thin_out()
        self._budget.spend(8 * self._filled * len(self._columns))
        return tuple(column[: self._filled].copy() for column in self._columns)

    def _make_room(self, needed: int) -> None:
        self._thin_out()
        room = 2 * (self._filled + needed)
        if room > len(self._columns[0]):
            self._budget.spend(8 * room * len(self._columns))
            self._columns = [np.append(column[: self._filled], np.empty(room, np.int64)) for column in self._columns]

    def _thin_out(self) -> None:
        """Sort, and drop states that are there twice: a block at a time and in place, as it only ever gets shorter."""
        if len(self._columns) > 1:
            self._budget.spend(8 * self._filled * (2 * len(self._columns) + 2))
        filled = ordered(self._layout, tuple(column[: self._filled] for column in self._columns))
        end = 0
        for start in range(0, self._filled, _BLOCK):
            block = take(filled, slice(max(start - 1, 0), start + _BLOCK))
            fresh = new(self._layout, block)
            fresh[0] = not start
            kept = where(block, fresh)
            for column, word in zip(self._columns, kept, strict=True):
                column[end : end + len(word)] = word
            end += size(kept)
        self._filled = end
