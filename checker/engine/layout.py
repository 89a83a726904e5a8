"""Where each field lies in a packed state: a word or more of 64 bits, and in them a few bits a field.

Several models that share fields are laid out alike and told apart by a *tag* in the topmost bits of the first word,
so that one search explores them all. The sign bit of the first word says that a step left a domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import ior
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.merged_fields import Group
from overbooked.checker.engine.rule_tables import Codes, ModelError, bits
from overbooked.spec.language import Field, State, Value

Column: TypeAlias = NDArray[np.int64]
Words: TypeAlias = tuple[Column, ...]
"""Packed states: as many columns as a state has words, each as long as there are states."""

WORD = 63
"""The bits of a word that fields and tags may use: all but the sign."""
Tags: TypeAlias = Column | int
"""The tag of each of some states, or the one tag that they all have."""
APART, WHOLE = 64, (1 << 64) - 1
"""How many bits lie between a state's words where it is a whole number, and all bits of a word."""
ESCAPED = -(1 << WORD)
"""The sign bit, set in the first word by a step that leaves a field's domain."""
_ODD = (-7046029254386353131, -4417276706812531889, 1609587929392839161)


class Place(NamedTuple):
    """Where a field lies: which word, how many bits up, and how many bits wide."""

    word: int
    shift: int
    width: int


class Layout(NamedTuple):
    """Every field and its place, by name; how many words a state has, and how many models share the layout.

    ``kept`` has, of some fields, the code that is kept for each code. In as many bits at the bottom of the first word
    as ``low`` says a state may carry a note that is no part of it. Fields of ``groups`` have no place of their own.
    """

    fields: Mapping[str, Field]
    places: Mapping[str, Place]
    words: int
    models: int
    kept: Mapping[str, Codes]
    low: int = 0
    groups: tuple[Group, ...] = ()

    @property
    def tag_shift(self) -> int:
        """How far up in the first word the tag lies."""
        return WORD - (self.models - 1).bit_length()

    def pack(self, state: State, tag: int = 0) -> tuple[int, ...]:
        """Return the words of one state; fields that ``state`` lacks are left at code 0."""
        words = [tag << self.tag_shift, *([0] * (self.words - 1))]
        for field in self.fields.values():
            if field.name in state:
                code = field.codes[state[field.name]]
                place = self.places[field.name]
                words[place.word] |= (
                    int(self.kept[field.name][code] if field.name in self.kept else code) << place.shift
                )
        for group in self.groups:
            place = self.places[group.field.name]
            words[place.word] |= group.code([state[member.name] for member in group.members]) << place.shift
        return tuple(words)

    def unpack(self, words: Sequence[int], fields: Iterable[Field]) -> dict[str, Value]:
        """Return the state that these words stand for, as the values of ``fields``."""
        known = {}
        for name, (word, shift, width) in self.places.items():
            known[name] = (words[word] >> shift) & ((1 << width) - 1)
        for group in self.groups:
            names = (member.name for member in group.members)
            known |= zip(names, group.codes[known[group.field.name]].tolist(), strict=True)
        return {field.name: field.domain[known[field.name]] for field in fields}

    def tags(self, words: Words) -> Tags:
        """Return which model each state belongs to, or the one that all of them belong to."""
        if self.models == 1 or not len(words[0]):
            return 0
        tags = words[0] >> self.tag_shift
        first = int(tags[0])
        return tags if (tags != first).any() else first

    def key(self, words: Words) -> Column:
        """Return what states are sorted by: the only word, or the tag and a hash of all words but for their notes."""
        if len(words) == 1:
            return words[0]
        mixed = (words[0] >> self.low) * _ODD[0]
        for at, word in enumerate(words[1:], 1):
            mixed = ((mixed ^ (mixed >> 29)) + word) * _ODD[at % 3]
        below = (1 << self.tag_shift) - 1
        return (words[0] & ~below) | ((mixed ^ (mixed >> 32)) & below)

    def bare(self, words: Words) -> Words:
        """Return these states without notes."""
        return (words[0] & ~((1 << self.low) - 1), *words[1:]) if self.low else words

    def counts(self, ordered: Words) -> list[int]:
        """Return how many of these states, sorted by key, belong to each model."""
        if self.models == 1:
            return [len(ordered[0])]
        starts = [tag << self.tag_shift for tag in range(1, self.models)]
        ends = np.searchsorted(self.key(ordered), starts)
        counts: list[int] = np.diff(ends, prepend=0, append=len(ordered[0])).tolist()
        return counts


def lay_out(
    groups: Iterable[Sequence[Field]], models: int, kept: Mapping[str, Codes] | None = None, low: int = 0
) -> Layout:
    """Return a layout for these fields, first come first placed, in which a group lies in one word if it fits in one.

    >>> lay_out([[Field("a", (0, 1, 2), 0)], [Field("b", (0, 1), 0)]], models=1).places["b"]
    Place(word=0, shift=2, width=1)
    """
    layout = Layout({}, {}, 1, models, kept or {}, low)
    fields, places, word, shift = {}, {}, 0, low
    for group in groups:
        whole = sum(map(bits, group))
        for field in group:
            width = bits(field)
            if shift + (whole if whole <= WORD else width) > (WORD if word else layout.tag_shift):
                word, shift = word + 1, 0
            fields[field.name], places[field.name] = field, Place(word, shift, width)
            shift += width
            whole -= width
    return layout._replace(fields=fields, places=places, words=word + 1)


def union(models_fields: Iterable[Sequence[Field]]) -> list[Field]:
    """Return every field once, in order of appearance.

    Raises :class:`ModelError` when two fields of one name differ.
    """
    known: dict[str, Field] = {}
    for fields in models_fields:
        for field in fields:
            if known.setdefault(field.name, field).kind != field.kind:
                raise ModelError(f"{field.name} has two domains: {known[field.name].domain} and {field.domain}")
    return list(known.values())


def runs(places: Sequence[Place]) -> list[tuple[int, int, int, int]]:
    """Return the runs of neighbouring bits in these places: word, shift, width, and offset in the index they make up.

    >>> runs([Place(0, 4, 2), Place(0, 6, 1), Place(0, 9, 2)])
    [(0, 4, 3, 0), (0, 9, 2, 3)]
    """
    found: list[tuple[int, int, int, int]] = []
    offset = 0
    for word, shift, width in places:
        if found and found[-1][0] == word and found[-1][1] + found[-1][2] == shift:
            found[-1] = (word, found[-1][1], found[-1][2] + width, found[-1][3])
        else:
            found.append((word, shift, width, offset))
        offset += width
    return found


def gather(words: Words, pieces: Sequence[tuple[int, int, int, int]]) -> Column:
    """Return the index that these runs of bits make up in each state."""
    found = []
    for word, shift, width, offset in pieces:
        moved = words[word] >> (shift - offset) if shift >= offset else words[word] << (offset - shift)
        moved &= ((1 << width) - 1) << offset
        found.append(moved)
    return reduce(ior, found) if found else np.zeros(len(words[0]), np.int64)


def mask_of(pieces: Sequence[tuple[int, int, int, int]]) -> int:
    """Return which bits of a state that is a whole number these runs of bits are.

    >>> bin(mask_of([(0, 4, 3, 0), (0, 9, 2, 3)]))
    '0b11001110000'
    """
    return sum(((1 << width) - 1) << (APART * word + shift) for word, shift, width, _ in pieces)


def index_of(state: int, pieces: Sequence[tuple[int, int, int, int]]) -> int:
    """Return the index that these runs of bits make up in a state that is a whole number."""
    index = 0
    for word, shift, width, offset in pieces:
        index |= ((state >> (APART * word + shift)) & ((1 << width) - 1)) << offset
    return index


def deltas(places: Sequence[Place], before: Codes, after: Codes, escape: NDArray[np.bool_]) -> dict[int, Column]:
    """Return, row by row, the bits that change in each word that does change; just the sign in rows that escape."""
    found: dict[int, Column] = {}
    for at, (word, shift, _) in enumerate(places):
        flips = (before[:, at] ^ after[:, at]) << shift
        if flips.any():
            found[word] = found[word] | flips if word in found else flips
    if escape.any():
        for word in {0, *found}:
            found[word] = np.where(escape, 0 if word else ESCAPED, found.get(word, 0))
    return found
