"""Tables of parts that have too many inputs to be run for all of them: they are filled with the inputs that occur."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.layout import (
    APART,
    ESCAPED,
    WHOLE,
    Column,
    Layout,
    Tags,
    Words,
    deltas,
    gather,
    mask_of,
    runs,
)
from overbooked.checker.engine.rule_tables import OUTSIDE, Codes, Factor, answer_of, ask, bits, note_writes
from overbooked.spec.language import Change, Part, Value

Marks = NDArray[np.bool_]
_DENSE = 20
"""Up to so many bits an input is its own place in the table: a million entries, of which memory is what is used.

With more bits the inputs that occur are numbered as they come, in a dictionary.
"""
_UNKNOWN, _IMPOSSIBLE, _POSSIBLE = -1, 0, 1


class AskedTable:
    """A wide factor of some models over packed states: where it is possible, and the bits that it flips.

    ``by_tag`` has the factor of each model that has it, ``writes`` which rule of its step changes which field: what a
    wide part is seen to change is noted there, so that two that change the same are noticed.

    Cost: a rule is called once for each input that occurs; one is found again in nanoseconds while inputs take up to
    ``_DENSE`` bits, and in about a microsecond beyond.
    """

    def __init__(self, layout: Layout, by_tag: Mapping[int, Factor], writes: Mapping[int, dict[str, str]]) -> None:
        self._of = {tag: AskedPart(layout, factor, writes[tag]) for tag, factor in by_tag.items()}

    @property
    def escapes(self) -> bool:
        """Whether somewhere it was found to leave a domain, or to have no answer."""
        return any(part.escapes for part in self._of.values())

    @property
    def single(self) -> AskedPart:
        """The part of the only model."""
        return self._of[0]

    def marks(self, words: Words, tags: Tags) -> Marks:
        """Return in which of these states it is possible."""
        found = np.zeros(len(words[0]), np.bool_)
        for asked, rows, its in self._each(words, tags):
            found[rows] = asked.marks(its)
        return found

    def flipped(self, words: Words, tags: Tags) -> Iterator[tuple[int, Column]]:
        """Yield, for each word that may change, the bits that it flips in each of these states."""
        found: dict[int, Column] = {}
        for asked, rows, its in self._each(words, tags):
            for word, flips in asked.flipped(its):
                found.setdefault(word, np.zeros(len(words[0]), np.int64))[rows] = flips
        yield from found.items()

    def _each(self, words: Words, tags: Tags) -> Iterator[tuple[AskedPart, slice | NDArray[np.intp], Words]]:
        """Yield the states of each model that has the factor, and their rows."""
        if isinstance(tags, int):
            if tags in self._of:
                yield self._of[tags], slice(None), words
            return
        for tag, asked in self._of.items():
            rows = np.flatnonzero(tags == tag)
            if len(rows):
                yield asked, rows, tuple(word[rows] for word in words)


class AskedPart:
    """One wide part, and what it was found to do: entry by entry whether it is possible, and what it flips."""

    def __init__(self, layout: Layout, factor: Factor, writes: dict[str, str]) -> None:
        assert factor.part is not None  # noqa: S101 - it is wide
        self.part: Part = factor.part
        self.escapes = False
        self._writes = writes
        self._seen: set[str] = set()
        self._kept = [layout.kept.get(field.name) for field in factor.fields]
        self._order = sorted(range(len(factor.fields)), key=lambda at: layout.places[factor.fields[at].name])
        self._fields = [factor.fields[at] for at in self._order]
        self._places = [layout.places[field.name] for field in self._fields]
        self._runs = runs(self._places)
        at = {field.name: place for field, place in zip(self._fields, self._places, strict=True)}
        shifts = [(role, field, at[field.name]) for role, field in self.part.fields]
        self._inputs = [
            (role, field.domain, APART * word + shift, (1 << width) - 1) for role, field, (word, shift, width) in shifts
        ]
        self._outputs = {role: (field, APART * word + shift) for role, field, (word, shift, _) in shifts}
        self._fixed = dict(self.part.constants)
        self.mask = mask_of(self._runs)
        wide = sum(map(bits, self._fields))
        self._numbers: dict[int, int] | None = {} if wide > _DENSE else None
        self._marks = np.full(1 << min(wide, 10 if wide > _DENSE else _DENSE), _UNKNOWN, np.int8)
        self._flips = {word: np.zeros(len(self._marks), np.int64) for word in {0, *(it.word for it in self._places)}}

    def marks(self, words: Words) -> Marks:
        """Return in which of these states it is possible."""
        entries = self._entries(words)
        found: Marks = self._marks[entries] == _POSSIBLE
        return found

    def flipped(self, words: Words) -> Iterator[tuple[int, Column]]:
        """Yield, for each word that may change, the bits that it flips in each of these states."""
        entries = self._entries(words)
        for word, flips in self._flips.items():
            yield word, flips[entries]

    def of(self, state: int) -> int | None:
        """Return the bits that it flips in a state that is a whole number; ``None`` where it is not possible.

        The rule is run, and nothing is kept.
        """
        asked = {role: domain[(state >> shift) & mask] for role, domain, shift, mask in self._inputs}
        try:
            answer = self.part.rule(**asked, **self._fixed)
        except Exception:  # noqa: BLE001 - whatever a rule may raise
            self.escapes = True
            return ESCAPED & WHOLE
        if answer is True:
            return 0
        return self._flips_of(asked, answer) if answer is not None and answer is not False else None

    def _flips_of(self, asked: dict[str, Value], answer: Change | bool) -> int:
        """Return the bits that an answer flips."""
        flips = 0
        for role, value in answer_of(self.part, asked, answer).items():
            if (old := asked[role]) is not value:
                field, shift = self._outputs[role]
                code = field.code(value)
                if code is None:
                    self.escapes = True
                    return ESCAPED & WHOLE
                flips |= (code ^ field.codes[old]) << shift
                if field.name not in self._seen and code != field.codes[old]:
                    self._note([field.name])
        return flips

    def _entries(self, words: Words) -> Column:
        """Return each state's entry in the table, which has it then."""
        index = gather(words, self._runs)
        if self._numbers is None:
            asked = np.unique(index[self._marks[index] == _UNKNOWN])
            self._fill(asked, asked)
            return index
        inputs, back = np.unique(index, return_inverse=True)
        entries = np.array([self._numbers.setdefault(it, len(self._numbers)) for it in inputs.tolist()], np.int64)
        self._make_room(len(self._numbers))
        fresh = self._marks[entries] == _UNKNOWN
        self._fill(inputs[fresh], entries[fresh])
        return entries[back]

    def _make_room(self, needed: int) -> None:
        if needed > len(self._marks):
            more = max(needed, 2 * len(self._marks)) - len(self._marks)
            self._marks = np.append(self._marks, np.full(more, _UNKNOWN, np.int8))
            self._flips = {word: np.append(flips, np.zeros(more, np.int64)) for word, flips in self._flips.items()}

    def _fill(self, inputs: Column, entries: Column) -> None:
        """Run the rule for these inputs, and put what comes of it into these entries."""
        if not len(inputs):
            return
        before = self._codes(inputs)
        found = list(ask(self.part, self._values(before)))
        where = np.array([at for at, _ in found], np.intp)
        after = np.array([codes or [OUTSIDE] * len(self._fields) for _, codes in found], np.int64)
        after = after.reshape(len(found), len(self._fields))
        escape = (after == OUTSIDE).any(axis=1)
        self.escapes |= bool(escape.any())
        raised = np.array([codes is None for _, codes in found], np.bool_)
        changed = ((after[:, self._order] != before[where])[~raised]).any(axis=0)
        self._note([field.name for field, does in zip(self._fields, changed, strict=True) if does])
        after = self._keep(after)[:, self._order]
        self._marks[entries] = _IMPOSSIBLE
        self._marks[entries[where]] = _POSSIBLE
        for word, flips in deltas(self._places, before[where], after, escape).items():
            self._flips[word][entries[where]] = flips

    def _codes(self, inputs: Column) -> Codes:
        """Return the codes of the fields in each input, in the order of their places."""
        columns, shift = [], 0
        for field in self._fields:
            columns.append((inputs >> shift) & ((1 << bits(field)) - 1))
            shift += bits(field)
        return np.stack(columns, axis=1)

    def _values(self, before: Codes) -> list[tuple[Value, ...]]:
        """Return the values of the part's fields, in its own order."""
        columns: list[list[Value]] = [[]] * len(self._fields)
        for at, place in enumerate(self._order):
            domain = self._fields[at].domain
            columns[place] = [domain[code] for code in before[:, at].tolist()]
        return list(zip(*columns, strict=True))

    def _note(self, changed: Sequence[str]) -> None:
        """Note which fields it changes that it was not yet seen to change."""
        fresh = [name for name in changed if name not in self._seen]
        if fresh:
            self._seen.update(fresh)
            note_writes(self._writes, self.part, fresh)

    def _keep(self, codes: Codes) -> Codes:
        return kept_codes(codes, self._kept)


def kept_codes(codes: Codes, kept: Sequence[Codes | None]) -> Codes:
    """Return these codes, field by field, as those that are kept for them."""
    if not any(each is not None for each in kept):
        return codes
    columns = zip(codes.T, kept, strict=True)
    return np.stack([column if of is None else np.append(of, OUTSIDE)[column] for column, of in columns], axis=1)
