"""Which steps are possible in each of many states.

Of one model all are found out at once, as a bit each. What makes a step possible is mostly said field by field (*this
call runs; that many have answered*). So some bits of a state rule out some steps, whatever the rest of it is. A table
for each *window* of neighbouring bits says which steps these bits leave; a step that no window rules out is possible.
The few steps for which this is not all that is to be said are looked up as well, where no window rules them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import and_
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.compiled import Compiled, CompiledStep, Marks, Rows, Table
from overbooked.checker.engine.layout import Column, Layout, Tags, Words
from overbooked.checker.engine.sleep_sets import awake, noted
from overbooked.checker.engine.state_sets import size, take

Bits: TypeAlias = NDArray[np.uint32]
TOGETHER = 32
"""How many steps share a mask."""
_WIDTH = 12
"""How many bits a window has: its table of 16 KiB stays in a core's nearest memory."""


class _Window(NamedTuple):
    """Neighbouring bits of a word, and by what they hold which steps they leave."""

    word: int
    shift: int
    left: Bits


class Possible(NamedTuple):
    """What is possible in some states.

    transitions
        For each model, how many steps are possible in its states, added up.
    over
        In which states nothing that is owed is possible.
    taken
        The steps to take, each with a note for the states that follow, and the rows to take it in.
    """

    transitions: list[int]
    over: Marks
    taken: list[tuple[CompiledStep, int, Rows]]


class OneByOne:
    """The steps of several models, looked up one after the other."""

    def __init__(self, of: Compiled) -> None:
        self._of = of

    def sleep(self) -> None:
        """Leave nothing out: of several models, no step is known to sleep."""

    def of(self, words: Words, tags: Tags, _: Column) -> Possible:
        """Return what is possible in these states; all of it is to be taken."""
        over, counts = np.ones(size(words), np.bool_), np.zeros(self._of.layout.models, np.int64)
        taken = [(lookup, 0, lookup.rows(words, tags)) for lookup in self._of.steps]
        for lookup, _note, rows in taken:
            if isinstance(tags, int):
                counts[tags] += len(rows)
            else:
                counts += np.bincount(tags[rows], minlength=len(counts))
            if lookup.owed:
                over[rows] = False
        return Possible(counts.tolist(), over, [each for each in taken if len(each[2])])


class AllTogether:
    """The steps of one model, as masks; once it has been told to, it leaves out those that sleep."""

    def __init__(self, of: Compiled) -> None:
        self._of = of
        groups = range(0, len(of.steps), TOGETHER)
        self._masks = [Masks(of.layout, of.steps[at : at + TOGETHER]) for at in groups]
        self._owed = [_bits([lookup.owed for lookup in masks.lookups]) for masks in self._masks]
        self._awake: list[Bits] = []
        self._notes = [0] * len(of.steps)

    def sleep(self) -> None:
        """From now on, note in each state which step led to it, and leave out steps that sleep after it."""
        low = self._of.layout.low
        if low > 1:
            self._notes, rows = noted(awake(self._of.models[0].steps), (1 << low) - 1)
            groups = range(0, rows.shape[1], TOGETHER)
            self._awake = [np.array([_bits(row[at : at + TOGETHER]) for row in rows]) for at in groups]

    def of(self, words: Words, _: Tags, notes: Column) -> Possible:
        """Return what is possible in these states, and what is to be taken; the steps that led to them are noted."""
        masks = [each.of(words) for each in self._masks]
        count = sum(int(np.bitwise_count(mask).sum()) for mask in masks)
        over = np.logical_and.reduce([(mask & owed) == 0 for mask, owed in zip(masks, self._owed, strict=True)])
        if self._awake:
            last = notes & ((1 << self._of.layout.low) - 1)
            masks = [mask & each.take(last) for mask, each in zip(masks, self._awake, strict=True)]
        return Possible([count], over, list(self._taken(masks)))

    def _taken(self, masks: list[Bits]) -> Iterator[tuple[CompiledStep, int, Rows]]:
        for at, lookup in enumerate(self._of.steps):
            rows = np.flatnonzero(masks[at // TOGETHER] & np.uint32(1 << at % TOGETHER) != 0)
            if len(rows):
                yield lookup, self._notes[at], rows


def _bits(marks: Sequence[bool] | Marks) -> np.uint32:
    return np.uint32(sum(1 << at for at, mark in enumerate(marks) if mark))


class Masks:
    """Up to 32 steps of one model, each with a bit that says where it is possible."""

    def __init__(self, layout: Layout, lookups: Sequence[CompiledStep]) -> None:
        self.lookups = lookups
        self._windows: list[_Window] = []
        left = [[_Left(table) for table in lookup.tables] for lookup in lookups]
        asked = [bool(lookup.asked) for lookup in lookups]
        for word, shift, width in _windows(layout):
            bits = np.zeros(1 << width, np.uint32)
            for at, tables in enumerate(left):
                ways = reduce(and_, [each.by(word, shift, width) for each in tables], np.ones(1 << width, np.bool_))
                bits |= ways.astype(np.uint32) << np.uint32(at)
            if (bits != bits[0]).any() or not self._windows:
                self._windows.append(_Window(word, shift, bits))
        unclear = (at for at, tables in enumerate(left) if asked[at] or not all(each.is_clear for each in tables))
        self._unclear = [(np.uint32(1 << at), lookups[at]) for at in unclear]

    def of(self, words: Words) -> Bits:
        """Return which steps are possible in each state."""
        masks: Bits = np.full(size(words), (1 << len(self.lookups)) - 1, np.uint32)
        for word, shift, left in self._windows:
            index = words[word] >> shift
            index &= len(left) - 1
            masks &= left.take(index)
        for bit, lookup in self._unclear:
            rows = np.flatnonzero((masks & bit) != 0)
            wrong = np.ones(len(rows), np.bool_)
            wrong[lookup.rows(take(words, rows), 0)] = False
            masks[rows[wrong]] ^= bit
        return masks


def _windows(layout: Layout) -> list[tuple[int, int, int]]:
    """Return where windows lie, and how wide they are: as many whole neighbouring fields as they have room for."""
    found: list[tuple[int, int, int]] = []
    for word, start, width in sorted(layout.places.values()):
        for shift in range(start, start + width, _WIDTH):
            end = min(shift + _WIDTH, start + width)
            if found and found[-1][0] == word and end - found[-1][1] <= _WIDTH:
                found[-1] = (*found[-1][:2], end - found[-1][1])
            else:
                found.append((word, shift, end - shift))
    return found


class _Left:
    """What a table leaves possible, as told by some bits of a state alone."""

    def __init__(self, table: Table) -> None:
        self._bits = [(word, shift + at) for word, shift, width, _ in table.runs for at in range(width)][::-1]
        self._possible = table.possible.reshape((2,) * len(self._bits))
        self._seen = 1

    def by(self, word: int, shift: int, width: int) -> Marks:
        """Return what each content of the window leaves possible."""
        inside = [at for at, (its, bit) in enumerate(self._bits) if its == word and shift <= bit < shift + width]
        others = tuple(at for at in range(len(self._bits)) if at not in inside)
        left = self._possible.any(axis=others)
        self._seen *= int(left.sum())
        content = np.arange(1 << width)
        index = tuple((content >> (self._bits[at][1] - shift)) & 1 for at in inside)
        found: Marks = np.broadcast_to(np.asarray(left)[index], content.shape)
        return found

    @property
    def is_clear(self) -> bool:
        """Whether the windows together, once all were asked, say all there is to say."""
        return self._seen == int(self._possible.sum())
