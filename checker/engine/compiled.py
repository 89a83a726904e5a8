"""Models as tables over packed states.

Models that share fields are compiled together. Where they have the same step over the same fields, it is looked up once
for the states of all of them, in the block of the table that belongs to the state's model.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.layout import (
    WORD,
    Column,
    Layout,
    Tags,
    Words,
    deltas,
    gather,
    lay_out,
    runs,
    same_domain,
    union,
)
from overbooked.checker.engine.merged_fields import WideError, groups, regrouped
from overbooked.checker.engine.rule_tables import OUTSIDE, Codes, Factor, ModelError, bits, factors, name_of
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

    def entries(self, words: Words, tags: Tags) -> Column:
        """Return each state's entry in this table."""
        index = gather(words, self.runs)
        return index if self.blocks is None else index + self.blocks[tags]


class CompiledStep(NamedTuple):
    """A step, or a case, of some of the models: ``of`` has, for each model, its place in the model or ``None``."""

    tables: list[Table]
    of: list[int | None]
    owed: bool

    def rows(self, words: Words, tags: Tags) -> Rows:
        """Return which states it is possible in."""
        if isinstance(tags, int) and self.of[tags] is None:
            return np.empty(0, np.intp)
        possible = np.logical_and.reduce([table.possible.take(table.entries(words, tags)) for table in self.tables])
        return np.flatnonzero(possible)

    def after(self, words: Words, rows: Rows, tags: Tags, out: Words | None = None) -> Words:
        """Return the states that follow those at ``rows``, in which it is possible; put them in ``out``, if given."""
        out = out or tuple(np.empty(len(rows), np.int64) for _ in words)
        for word, column in zip(words, out, strict=True):
            word.take(rows, out=column, mode="wrap")
        its = tags if isinstance(tags, int) else tags[rows]
        changed: dict[int, Column] = {}
        for table in (table for table in self.tables if table.flips):
            entries = table.entries(out, its)
            for at, flips in table.flips.items():
                changed[at] = changed[at] | flips.take(entries) if at in changed else flips.take(entries)
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
    narrow = _narrow(models[0]) if layout is None and len(models) == 1 else None
    if narrow:
        with suppress(WideError):
            return _compiled(models, narrow)
    return _compiled(models, layout or _layout(models))


def _compiled(models: Sequence[Model], layout: Layout) -> Compiled:
    initial = [layout.pack(_checked(model).initial, tag) for tag, model in enumerate(models)]
    steps = _merge(layout, ([((s.name, s.about, s.owed), s.parts) for s in model.steps] for model in models))
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
    together = groups(_checked(model))
    members = {member for group in together for member in group.members}
    fields = [*(group.field for group in together), *(field for field in model.fields if field not in members)]
    layout = lay_out([[field] for field in fields], 1, low=note)._replace(groups=tuple(together))
    alone = {field.name: field for field in model.fields if field not in members}
    return layout._replace(fields=alone) if together else None


def lookup(layout: Layout, its: tuple[Factor, ...]) -> CompiledStep:
    """Return factors as a lookup of the only model in this layout."""
    return _lookup(layout, 1, {0: (0, its)})


def marks(lookups: Iterable[CompiledStep], words: Words, tags: Tags) -> Marks:
    """Return which of these states are one of the cases."""
    found = np.zeros(len(words[0]), np.bool_)
    for each in lookups:
        found[each.rows(words, tags)] = True
    return found


def _owed(models: Sequence[Model], it: CompiledStep) -> bool:
    tag, at = next((tag, at) for tag, at in enumerate(it.of) if at is not None)
    return models[tag].steps[at].owed


def _checked(model: Model) -> Model:
    for field in model.fields:
        if len(set(field.domain)) < len(field.domain):
            raise ModelError(f"{field.name} has a value twice in its domain {field.domain} (True is 1, and False is 0)")
        if field.initial not in field.domain:
            raise ModelError(f"{field.name} begins as {field.initial!r}, which is not in its domain {field.domain}")
    for what, names in (("fields", [f.name for f in model.fields]), ("properties", [p.name for p in model.properties])):
        if twice := {name for name in names if names.count(name) > 1}:
            raise ModelError(f"two {what} are both called {min(twice)}: give each a name of its own")
    return model


def _judges(models: Sequence[Model], layout: Layout) -> list[CompiledProperty]:
    names = dict.fromkeys((prop.name, prop.when) for model in models for prop in model.properties)
    return [_judge(models, layout, name, when) for name, when in names]


def _judge(models: Sequence[Model], layout: Layout, name: str, when: When) -> CompiledProperty:
    found = [next((p for p in model.properties if (p.name, p.when) == (name, when)), None) for model in models]
    broken = _merge(layout, (_keyed(prop.broken if prop else ()) for prop in found))
    witness = _merge(layout, (_keyed(prop.witness if prop else ()) for prop in found))
    return CompiledProperty(name, when, broken, witness, frozenset(tag for tag, prop in enumerate(found) if prop))


def _keyed(cases: Iterable[Case]) -> list[tuple[Hashable, tuple[Part, ...]]]:
    for condition in (part for case in cases for part in case.parts):
        if any(OUTSIDE in factor.after for factor in factors((condition,))):
            raise ModelError(f"{name_of(condition.rule)} has no answer for some values, as a condition must")
    return [((at, case.about), case.parts) for at, case in enumerate(cases)]


Keyed: TypeAlias = Sequence[tuple[Hashable, tuple[Part, ...]]]


def _merge(layout: Layout, models_parts: Iterable[Keyed]) -> list[CompiledStep]:
    """Return one lookup for all that has the same key and the same fields in several models."""
    merged: dict[Hashable, dict[int, tuple[int, tuple[Factor, ...]]]] = {}
    count = 0
    for tag, keyed in enumerate(models_parts):
        count += 1
        for at, (key, parts) in enumerate(keyed):
            its = _known(layout, parts)
            names = tuple(tuple(field.name for field in factor.fields) for factor in its)
            entry = merged.setdefault((key, names), {})
            if tag in entry:
                raise ModelError(f"two steps of one model are both called {key}: give each a name of its own")
            entry[tag] = (at, its)
    return [_lookup(layout, count, entry) for entry in merged.values()]


def _known(layout: Layout, parts: Sequence[Part]) -> tuple[Factor, ...]:
    """Return the factors of parts over what lies in the layout; refuse fields that are none of the models'."""
    its = factors(tuple(parts))
    members = {member.name: member for group in layout.groups for member in group.members}
    for field in (field for factor in its for field in factor.fields):
        declared = layout.fields.get(field.name) or members.get(field.name)
        if declared is None or not same_domain(declared, field):
            missing = "is none of the model's fields" if declared is None else f"is declared with {declared.domain}"
            raise ModelError(f"{field.name}, with the domain {field.domain}, {missing}: use one and the same field")
    return regrouped(parts, layout.groups) if layout.groups else its


def _lookup(layout: Layout, models: int, entry: dict[int, tuple[int, tuple[Factor, ...]]]) -> CompiledStep:
    of = [entry[tag][0] if tag in entry else None for tag in range(models)]
    width = len(next(iter(entry.values()))[1])
    return CompiledStep(
        [_table(layout, models, {tag: its[at] for tag, (_, its) in entry.items()}) for at in range(width)],
        of,
        owed=True,
    )


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
        before, after = factor.before[:, order], _kept(factor.after, kept)[:, order]
        entries = block * size + before @ _offsets([place.width for place in places])
        possible[entries] = True
        for word, changed in deltas(places, before, after).items():
            flips.setdefault(word, np.zeros(len(possible), np.int64))[entries] = changed
    number = {id(factor.before): block for block, factor in enumerate(variants, 1)}
    blocks = [number[id(by_tag[tag].before)] * size if tag in by_tag else 0 for tag in range(models)]
    return Table(runs(places), possible, flips, None if shared else np.array(blocks, np.int64))


def _kept(codes: Codes, kept: Sequence[Codes | None]) -> Codes:
    """Return these codes, field by field, as those that are kept for them."""
    if not any(each is not None for each in kept):
        return codes
    columns = zip(codes.T, kept, strict=True)
    return np.stack([column if of is None else np.append(of, OUTSIDE)[column] for column, of in columns], axis=1)


def _offsets(widths: Sequence[int]) -> Column:
    return np.array([1 << sum(widths[:at]) for at in range(len(widths))], np.int64)
