"""Models as tables over packed states.

Models that share fields are compiled together. Where they have the same step over the same fields, it is looked up once
for the states of all of them, in the block of the table that belongs to the state's model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.asked_tables import AskedTable, kept_codes
from overbooked.checker.engine.layout import (
    APART,
    WHOLE,
    WORD,
    Column,
    Layout,
    Tags,
    Words,
    deltas,
    gather,
    index_of,
    lay_out,
    mask_of,
    runs,
    union,
)
from overbooked.checker.engine.merged_fields import WideError, groups, regrouped
from overbooked.checker.engine.rule_tables import Factor, ModelError, bits, factors_of, writers
from overbooked.checker.engine.well_formed import refuse_malformed
from overbooked.spec.language import Case, Model, Part, Step, When

Rows: TypeAlias = NDArray[np.intp]
Marks: TypeAlias = NDArray[np.bool_]


WIDE = 1 << 18
"""A table of more entries than this is not made for fields that are kept together."""


class Table(NamedTuple):
    """One factor over packed states: entry by entry whether it is possible, and the bits that it flips."""

    runs: list[tuple[int, int, int, int]]
    possible: Marks
    flips: dict[int, Column]
    blocks: Column | None
    escapes: bool = False

    def marks(self, words: Words, tags: Tags) -> Marks:
        """Return in which of these states it is possible."""
        found: Marks = self.possible.take(self._entries(words, tags))
        return found

    def flipped(self, words: Words, tags: Tags) -> Iterator[tuple[int, Column]]:
        """Yield, for each word that may change, the bits that it flips in each of these states."""
        if self.flips:
            entries = self._entries(words, tags)
            yield from ((at, flips.take(entries)) for at, flips in self.flips.items())

    @property
    def mask(self) -> int:
        """The bits of a state, as a whole number, that it looks at."""
        return mask_of(self.runs)

    def entry(self, state: int) -> int:
        """Return the entry of a state that is a whole number, of the only model."""
        return index_of(state, self.runs)

    def of(self, state: int) -> int | None:
        """Return the bits that it flips in a state that is a whole number; ``None`` where it is not possible."""
        entry = self.entry(state)
        if not self.possible[entry]:
            return None
        return sum((int(flips[entry]) & WHOLE) << APART * word for word, flips in self.flips.items())

    def _entries(self, words: Words, tags: Tags) -> Column:
        """Return each state's entry in this table."""
        index = gather(words, self.runs)
        return index if self.blocks is None else index + self.blocks[tags]


class CompiledStep(NamedTuple):
    """A step, or a case, of some of the models: ``of`` has, for each model, its place in the model or ``None``.

    ``asked`` are the tables that are asked last, for states in which all others are possible.
    """

    tables: list[Table]
    of: list[int | None]
    owed: bool
    asked: tuple[AskedTable, ...] = ()
    label: str = ""

    @property
    def may_escape(self) -> bool:
        """Whether somewhere it was found to leave a domain, or to have no answer."""
        return any(table.escapes for table in self.tables) or any(table.escapes for table in self.asked)

    def refuse(self) -> NoReturn:
        """Raise :class:`ModelError`, as it has no answer where it was asked as a condition."""
        raise ModelError(f"{self.label} has no answer for some values that it is asked for, as a condition must")

    def rows(self, words: Words, tags: Tags) -> Rows:
        """Return which states it is possible in."""
        if isinstance(tags, int) and self.of[tags] is None:
            return np.empty(0, np.intp)
        possible = [table.marks(words, tags) for table in self.tables]
        rows = np.flatnonzero(np.logical_and.reduce(possible)) if possible else np.arange(len(words[0]))
        for table in self.asked:
            its = tags if isinstance(tags, int) else tags[rows]
            rows = rows[table.marks(tuple(word[rows] for word in words), its)]
        return rows

    def after(self, words: Words, rows: Rows, tags: Tags, out: Words | None = None) -> Words:
        """Return the states that follow those at ``rows``, in which it is possible; put them in ``out``, if given."""
        out = out or tuple(np.empty(len(rows), np.int64) for _ in words)
        for word, column in zip(words, out, strict=True):
            word.take(rows, out=column, mode="wrap")
        its = tags if isinstance(tags, int) else tags[rows]
        changed: dict[int, Column] = {}
        flipped = (table.flipped(out, its) for tables in (self.tables, self.asked) for table in tables)
        for its_flips in flipped:
            for at, flips in its_flips:
                changed[at] = changed[at] | flips if at in changed else flips
        for at, column in changed.items():
            np.bitwise_xor(out[at], column, out=out[at])
        return out

    def step(self, tag: int, model: Model) -> Step:
        """Return the step of ``model``, the one with this tag, that this looks up."""
        return model.steps[self.of[tag] or 0]


class CompiledProperty(NamedTuple):
    """One property of some of the models: the lookups of the cases that break it and of those that witness it."""

    name: str
    when: When
    broken: list[CompiledStep]
    witness: list[CompiledStep]
    of: frozenset[int]


class Compiled(NamedTuple):
    """Models that share a layout, as lookups."""

    models: Sequence[Model]
    layout: Layout
    steps: list[CompiledStep]
    judges: list[CompiledProperty]
    initial: Words


def compiled(models: Sequence[Model], layout: Layout | None = None) -> Compiled:
    """Return these models as lookups over one layout, that of all their fields unless another one is given.

    Raises :class:`ModelError` when a model contradicts itself, or two of them differ in a field of the same name.
    """
    for model in models:
        refuse_malformed(model)
    narrow = _narrow(models[0]) if layout is None and len(models) == 1 else None
    if narrow:
        with suppress(WideError):
            return _compiled(models, narrow)
    return _compiled(models, layout or _layout(models))


def _compiled(models: Sequence[Model], layout: Layout) -> Compiled:
    initial = [layout.pack(state, tag) for tag, model in enumerate(models) for state in model.initial_states]
    steps = _merge(layout, ([((s.label, s.owed), s.parts) for s in model.steps] for model in models))
    owed = [_owed(models, each) for each in steps]
    steps = [each._replace(owed=is_owed) for each, is_owed in zip(steps, owed, strict=True)]
    packed = tuple(np.array(column, np.int64) for column in zip(*initial, strict=True))
    return Compiled(models, layout, steps, _judges(models, layout), packed)


def _layout(models: Sequence[Model]) -> Layout:
    """Return a layout for these models; that of a single one has room to note a step, if it takes no more words."""
    fields = [[field] for field in union(model.fields for model in models)]
    plain = lay_out(fields, len(models))
    if len(models) > 1:
        return plain
    noted = (lay_out(fields, 1, low=low) for low in range(len(models[0].steps).bit_length(), 0, -1))
    return next((layout for layout in noted if layout.words == plain.words), plain)


def _narrow(model: Model) -> Layout | None:
    """Return a layout with some fields kept together, where states do not otherwise fit into a word with their note."""
    note = len(model.steps).bit_length()
    if sum(map(bits, model.fields)) + note <= WORD:
        return None
    together = groups(model)
    members = {member for group in together for member in group.members}
    fields = [*(group.field for group in together), *(field for field in model.fields if field not in members)]
    layout = lay_out([[field] for field in fields], 1, low=note)._replace(groups=tuple(together))
    alone = {field.name: field for field in model.fields if field not in members}
    return layout._replace(fields=alone) if together else None


def lookup(layout: Layout, its: tuple[Factor, ...]) -> CompiledStep:
    """Return factors as a lookup of the only model in this layout."""
    return _lookup(layout, 1, {0: (0, its, ())})


def marks(lookups: Iterable[CompiledStep], words: Words, tags: Tags) -> Marks:
    """Return which of these states are one of the cases; raise :class:`ModelError` where one has no answer."""
    found = np.zeros(len(words[0]), np.bool_)
    for each in lookups:
        rows = each.rows(words, tags)
        if each.may_escape and (each.after(words, rows, tags)[0] < 0).any():
            each.refuse()
        found[rows] = True
    return found


def _owed(models: Sequence[Model], it: CompiledStep) -> bool:
    tag, at = next((tag, at) for tag, at in enumerate(it.of) if at is not None)
    return bool(models[tag].steps[at].owed)


def _judges(models: Sequence[Model], layout: Layout) -> list[CompiledProperty]:
    names = dict.fromkeys((prop.name, prop.when) for model in models for prop in model.properties)
    return [_judge(models, layout, name, when) for name, when in names]


def _judge(models: Sequence[Model], layout: Layout, name: str, when: When) -> CompiledProperty:
    found = [next((p for p in model.properties if (p.name, p.when) == (name, when)), None) for model in models]
    broken = _merge(layout, (_keyed(name, prop.broken if prop else ()) for prop in found))
    witness = _merge(layout, (_keyed(f"the witness of {name}", prop.witness if prop else ()) for prop in found))
    return CompiledProperty(name, when, broken, witness, frozenset(tag for tag, prop in enumerate(found) if prop))


def _keyed(name: str, cases: Iterable[Case]) -> Keyed:
    return [((f"case {at + 1} of {name}", case.about), case.parts) for at, case in enumerate(cases)]


Keyed: TypeAlias = Sequence[tuple[tuple[str, object], tuple[Part, ...]]]


def _merge(layout: Layout, models_parts: Iterable[Keyed]) -> list[CompiledStep]:
    """Return one lookup for all that has the same key and the same fields in several models."""
    merged: dict[tuple[tuple[str, object], object], dict[int, tuple[int, tuple[Factor, ...], tuple[Part, ...]]]] = {}
    count = 0
    for tag, keyed in enumerate(models_parts):
        count += 1
        for at, (key, parts) in enumerate(keyed):
            its = _known(layout, key[0], parts)
            names = tuple((factor.is_wide, *(field.name for field in factor.fields)) for factor in its)
            merged.setdefault((key, names), {})[tag] = (at, its, parts)
    return [_lookup(layout, count, entry)._replace(label=key[0]) for (key, _), entry in merged.items()]


def _known(layout: Layout, label: str, parts: Sequence[Part]) -> tuple[Factor, ...]:
    """Return the factors of parts over what lies in the layout."""
    its = factors_of(label, tuple(parts))
    return regrouped(parts, layout.groups) if layout.groups else its


def _lookup(
    layout: Layout, models: int, entry: dict[int, tuple[int, tuple[Factor, ...], tuple[Part, ...]]]
) -> CompiledStep:
    of = [entry[tag][0] if tag in entry else None for tag in range(models)]
    tables, asked = [], []
    first = next(iter(entry.values()))[1]
    wide = any(factor.is_wide for factor in first)
    writes = {tag: writers(parts) for tag, (_, _, parts) in entry.items()} if wide else {}
    for at, factor in enumerate(first):
        by_tag = {tag: its[at] for tag, (_, its, _) in entry.items()}
        if factor.is_wide:
            asked.append(AskedTable(layout, by_tag, writes))
        else:
            tables.append(_table(layout, models, by_tag))
    return CompiledStep(tables, of, owed=True, asked=tuple(asked))


def _table(layout: Layout, models: int, by_tag: dict[int, Factor]) -> Table:
    """Return the table of one factor; where models differ in it, with a block for each variant, and an empty one."""
    fields = next(iter(by_tag.values())).fields
    order = sorted(range(len(fields)), key=lambda at: layout.places[fields[at].name])
    places = [layout.places[fields[at].name] for at in order]
    kept = [layout.kept.get(field.name) for field in fields]
    variants = list({id(factor.before): factor for factor in by_tag.values()}.values())
    shared = len(variants) == 1 and len(by_tag) == models
    size = 1 << sum(place.width for place in places)
    if layout.groups and size > WIDE:
        raise WideError
    possible = np.zeros(size * (len(variants) + (not shared)), np.bool_)
    flips: dict[int, Column] = {}
    for block, factor in enumerate(variants, 0 if shared else 1):
        before, after = factor.before[:, order], kept_codes(factor.after, kept)[:, order]
        entries = block * size + before @ _offsets([place.width for place in places])
        possible[entries] = True
        for word, changed in deltas(places, before, after, factor.escape).items():
            flips.setdefault(word, np.zeros(len(possible), np.int64))[entries] = changed
    number = {id(factor.before): block for block, factor in enumerate(variants, 1)}
    blocks = [number[id(by_tag[tag].before)] * size if tag in by_tag else 0 for tag in range(models)]
    escapes = any(bool(factor.escape.any()) for factor in variants)
    return Table(runs(places), possible, flips, None if shared else np.array(blocks, np.int64), escapes)


def _offsets(widths: Sequence[int]) -> Column:
    return np.array([1 << sum(widths[:at]) for at in range(len(widths))], np.int64)
