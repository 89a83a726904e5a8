"""States that are the same but for what stands for what: their names that are alike, put in order.

The fields of each name make up its *block*. Putting the blocks of alike names in ascending order gives a state that is
as good as the one it was. Where a class has its blocks side by side they are sorted as columns; where its fields are
scattered (what a booking has done at each replica), two blocks change places bit by bit, ordered by what is no other
class's too. Two states that differ only in names may then still come out as two, which costs time, and never truth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations, product
from typing import NamedTuple, TypeAlias

import numpy as np

from overbooked.checker.engine.compiled import Marks
from overbooked.checker.engine.layout import Layout, Place, Words, gather, runs
from overbooked.checker.engine.reductions.symmetry import swapped
from overbooked.spec.language import Field, Model

Names: TypeAlias = tuple[str, ...]
_BITS = 62
"""So many bits of a state make up one column of a key, at most: a word has a sign, which is not to be used."""


class Block(NamedTuple):
    """Where the fields of one name lie: all of them, and those that are only its own."""

    every: list[Place]
    own: list[Place]


class Alike(NamedTuple):
    """The blocks of names that may stand for each other, with their fields in the same order."""

    blocks: list[Block]

    @property
    def is_columns(self) -> bool:
        """Whether each block is one run of bits."""
        return all(len(runs(block.every)) == 1 for block in self.blocks)

    def sorted(self, words: Words) -> Words:
        """Return these states with the blocks of each in ascending order."""
        count = len(self.blocks)
        pairs = [(at, at + 1) for last in range(count - 1, 0, -1) for at in range(last)]
        return self._columns(words, pairs) if self.is_columns else self._scattered(words, pairs)

    def exchanged(self, words: Words, one: int, other: int, chosen: Marks | None = None) -> Words:
        """Return these states, with two blocks exchanged in those that are ``chosen``, or in all."""
        changed = list(words)
        for a, b in zip(self.blocks[one].every, self.blocks[other].every, strict=True):
            differ = ((changed[a.word] >> a.shift) ^ (changed[b.word] >> b.shift)) & ((1 << a.width) - 1)
            differ *= True if chosen is None else chosen
            changed[a.word] = changed[a.word] ^ (differ << a.shift)
            changed[b.word] = changed[b.word] ^ (differ << b.shift)
        return tuple(changed)

    def _columns(self, words: Words, pairs: list[tuple[int, int]]) -> Words:
        pieces = [runs(block.every) for block in self.blocks]
        columns = [gather(words, piece) for piece in pieces]
        for a, b in pairs:
            columns[a], columns[b] = np.minimum(columns[a], columns[b]), np.maximum(columns[a], columns[b])
        sorted_words = list(words)
        for [(word, shift, width, _)], column in zip(pieces, columns, strict=True):
            sorted_words[word] = (sorted_words[word] & ~(((1 << width) - 1) << shift)) | (column << shift)
        return tuple(sorted_words)

    def _scattered(self, words: Words, pairs: list[tuple[int, int]]) -> Words:
        for a, b in pairs:
            one, other = (_key(words, self.blocks[at].own) for at in (a, b))
            words = self.exchanged(words, a, b, _is_after(one, other))
        return words


def grouped(model: Model, classes: Sequence[Names]) -> list[list[Field]]:
    """Return a model's fields in groups, to be laid out together: of each name what no name before it has."""
    left = {field.name: field for field in model.fields}
    groups = []
    for names in classes:
        own = [name for name in _of(names[0], model) if name in left]
        groups += [[left.pop(swapped(names[0], each)(name)) for name in own] for each in names]
    return [*groups, *([field] for field in left.values())]


def alike(model: Model, classes: Sequence[Names], layout: Layout) -> list[Alike]:
    """Return the classes as blocks of this layout, in the order in which to sort them: the first class is the last."""
    found = []
    taken: set[str] = set()
    for names in classes:
        every = _of(names[0], model)
        own = [name for name in every if name not in taken]
        taken |= {swapped(names[0], each)(name) for name in every for each in names}
        found.append(Alike([_block(layout, names[0], each, every, own) for each in names]))
    return found[::-1]


def smallest(kinds: Sequence[Alike], words: Words) -> Words:
    """Return of each state the smallest of all that are the same but for names.

    Cost: every order of the names of each scattered class is tried.
    """
    scattered = [kind for kind in kinds if not kind.is_columns]
    best: Words | None = None
    for orders in product(*(permutations(range(len(kind.blocks))) for kind in scattered)):
        tried = words
        for kind, order in zip(scattered, orders, strict=True):
            tried = _permuted(kind, tried, list(order))
        for kind in kinds:
            tried = kind.sorted(tried) if kind.is_columns else tried
        best = tried if best is None else _smaller(best, tried)
    return best or words


def _of(name: str, model: Model) -> list[str]:
    """Return the names of the fields in which this name stands."""
    return [field.name for field in model.fields if re.search(rf"\b{re.escape(name)}\b", field.name)]


def _block(layout: Layout, first: str, name: str, every: list[str], own: list[str]) -> Block:
    renamed = swapped(first, name)
    return Block(*([layout.places[renamed(field)] for field in fields] for fields in (every, own)))


def _permuted(kind: Alike, words: Words, order: list[int]) -> Words:
    for at in range(len(order)):
        while order[at] != at:
            to = order[at]
            words = kind.exchanged(words, at, to)
            order[at], order[to] = order[to], order[at]
    return words


def _key(words: Words, places: Sequence[Place]) -> Words:
    """Return what stands in these places, in as many columns as it takes."""
    columns: list[list[Place]] = [[]]
    for place in places:
        if sum(width for *_, width in columns[-1]) + place.width > _BITS:
            columns.append([])
        columns[-1].append(place)
    return tuple(gather(words, runs(column)) for column in columns)


def _smaller(ones: Words, others: Words) -> Words:
    after = _is_after(ones, others)
    return tuple(np.where(after, other, one) for one, other in zip(ones, others, strict=True))


def _is_after(ones: Words, others: Words) -> Marks:
    """Return which of these are greater than the others, column by column."""
    more, same = np.zeros(len(ones[0]), np.bool_), np.ones(len(ones[0]), np.bool_)
    for one, other in zip(ones, others, strict=True):
        more |= same & (one > other)
        same &= one == other
    return more
