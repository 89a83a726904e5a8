"""Sets of packed states, as columns sorted by key."""

from __future__ import annotations

import numpy as np

from overbooked.checker.engine.compiled import Marks, Rows
from overbooked.checker.engine.layout import Column, Layout, Words
from overbooked.checker.engine.memory_limit import Budget


def size(words: Words) -> int:
    """Return how many states these are."""
    return len(words[0])


def take(words: Words, rows: Rows | slice) -> Words:
    """Return the states at ``rows``."""
    return tuple(word[rows] for word in words)


def where(words: Words, marks: Marks) -> Words:
    """Return the states that are marked."""
    return tuple(word.compress(marks) for word in words)


def join(pieces: list[Words]) -> Words:
    """Return all these states, one piece after the other."""
    return tuple(np.concatenate(columns) for columns in zip(*pieces, strict=True))


def ordered(layout: Layout, words: Words) -> Words:
    """Return these states sorted by key, so that equal ones stand side by side; sorts a single column where it is.

    Cost: one sort of the keys. For states of several words, a key that different states share (about one in 2**60
    pairs) is noticed, and then all words are compared.
    """
    if len(words) == 1:
        words[0].sort()
        return words
    keys = layout.key(words)
    order = np.argsort(keys)
    by_key = take(words, order)
    keys = keys[order]
    if np.any(new(layout, by_key)[1:] & (keys[1:] == keys[:-1])):
        return take(words, np.lexsort((*words, layout.key(words))))
    return by_key


def unique(layout: Layout, words: Words) -> Words:
    """Return each of these states, sorted by key, once.

    >>> from overbooked.checker.engine.layout import lay_out
    >>> [column.tolist() for column in unique(lay_out([], 1), (np.array([1, 3, 3]),))]
    [[1, 3]]
    """
    return where(words, new(layout, words))


def new(layout: Layout, words: Words) -> Marks:
    """Return which of these states, sorted by key, differ from the one before."""
    found = np.zeros(size(words), np.bool_)
    found[:1] = True
    note = (1 << layout.low) - 1
    for word in words:
        found[1:] |= (word[1:] ^ word[:-1]).view(np.uint64) > note if note else word[1:] != word[:-1]
        note = 0
    return found


def find(layout: Layout, needles: Words, states: Words) -> tuple[Marks, Rows]:
    """Return which ``needles`` are among ``states`` (unique, and sorted by key), and where."""
    return _find(needles, layout.key(needles), states, layout.key(states))


def _find(needles: Words, wanted: Column, states: Words, keys: Column) -> tuple[Marks, Rows]:
    at = np.searchsorted(keys, wanted)
    if not len(keys):
        return np.zeros(len(wanted), np.bool_), at
    at[at == len(keys)] = 0
    found = keys[at] == wanted
    if len(needles) == 1:
        return found, at
    pending = np.flatnonzero(found)
    while len(pending):
        same = np.ones(len(pending), np.bool_)
        for needle, word in zip(needles, states, strict=True):
            same &= needle[pending] == word[at[pending]]
        pending = pending[~same]
        at[pending] += 1
        still = at[pending] < len(keys)
        still[still] = keys[at[pending[still]]] == wanted[pending[still]]
        found[pending[~still]] = False
        pending = pending[still]
    return found, at


class VisitedSet:
    """The states that were reached before, as sorted runs of which each is at least twice as long as the next.

    Cost: a state is merged a logarithmic number of times, and looked for in as many runs.
    """

    def __init__(self, layout: Layout, budget: Budget) -> None:
        self._layout = layout
        self._budget = budget
        self._runs: list[tuple[Words, Column]] = []

    @property
    def size(self) -> int:
        """How many states these are."""
        return sum(size(run) for run, _ in self._runs)

    def taken_out(self) -> Words:
        """Return all states, of which there are some, and have none any more."""
        states = join([run for run, _ in self._runs])
        self._runs = []
        return states

    def fresh(self, states: Words) -> Words:
        """Return those of ``states`` (unique, and sorted by key) that were not reached before."""
        wanted = self._layout.key(states)
        for run, keys in self._runs:
            new = ~_find(states, wanted, run, keys)[0]
            states, wanted = where(states, new), wanted.compress(new)
        return states

    def add(self, states: Words) -> None:
        """Take in states that are all fresh."""
        runs = [run for run, _ in self._runs]
        runs.append(states)
        while len(runs) > 1 and size(runs[-2]) < 2 * size(runs[-1]):
            self._budget.spend(8 * (size(runs[-2]) + size(runs[-1])) * (3 * len(states) - 1))
            runs[-2:] = [ordered(self._layout, join(runs[-2:]))]
        self._runs = [*self._runs[: len(runs) - 1], (runs[-1], self._layout.key(runs[-1]))]
