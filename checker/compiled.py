"""Models as tables over packed states.

Models that share fields are compiled together. Where they have the same step over the same fields, it is looked up once
for the states of all of them, in the block of the table that belongs to the state's model.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import reduce
from operator import ior
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from checker.layout import Column, Layout, Tags, Words, deltas, lay_out, runs, same_domain, union
from checker.tables import OUTSIDE, Factor, ModelError, factors, name_of
from spec.language import Case, Model, Part, Step, When

Rows: TypeAlias = NDArray[np.intp]
Marks: TypeAlias = NDArray[np.bool_]


class Table(NamedTuple):
    """One factor over packed states: entry by entry whether it is possible, and the bits that it flips."""

    runs: list[tuple[int, int, int, int]]
    possible: Marks
    flips: dict[int, Column]
    blocks: Column | None

    def entries(self, words: Words, tags: Tags) -> Column:
        """Return each state's entry in this table."""
        found = []
        for word, shift, width, offset in self.runs:
            moved = words[word] >> (shift - offset) if shift >= offset else words[word] << (offset - shift)
            moved &= ((1 << width) - 1) << offset
            found.append(moved)
        index = reduce(ior, found) if found else np.zeros(len(words[0]), np.int64)
        return index if self.blocks is None else index + self.blocks[tags]


class Lookup(NamedTuple):
    """A step, or a case, of some of the models: ``of`` has, for each model, its place in the model or ``None``."""

    tables: list[Table]
    of: list[int | None]
    owed: bool

    def rows(self, words: Words, tags: Tags) -> tuple[Rows, list[Column]]:
        """Return which states it is possible in, and the entry of every state in each table."""
        if isinstance(tags, int) and self.of[tags] is None:
            return np.empty(0, np.intp), []
        entries = [table.entries(words, tags) for table in self.tables]
        possible = self.tables[0].possible[entries[0]]
        for table, entry in zip(self.tables[1:], entries[1:], strict=True):
            possible &= table.possible[entry]
        return np.flatnonzero(possible), entries

    def after(self, words: Words, rows: Rows, entries: list[Column]) -> Words:
        """Return the states that follow those at ``rows``."""
        changed: dict[int, Column] = {}
        for table, entry in zip(self.tables, entries, strict=True):
            here = entry[rows] if table.flips else None
            for word, flips in table.flips.items():
                changed[word] = flips[here] | changed[word] if word in changed else flips[here]
        return tuple(word[rows] ^ changed[at] if at in changed else word[rows] for at, word in enumerate(words))

    def step(self, tag: int, model: Model) -> Step:
        """Return the step of ``model``, the one with this tag, that this looks up."""
        return model.steps[self.of[tag] or 0]


class Judge(NamedTuple):
    """One property of some of the models: the lookups of the cases that break it and of those that witness it."""

    name: str
    when: When
    broken: list[Lookup]
    witness: list[Lookup]
    of: frozenset[int]


class Compiled(NamedTuple):
    """Models that share a layout, as lookups."""

    models: Sequence[Model]
    layout: Layout
    steps: list[Lookup]
    judges: list[Judge]
    initial: Words


def compiled(models: Sequence[Model]) -> Compiled:
    """Return these models as lookups over one layout.

    Raises :class:`ModelError` when a model contradicts itself, or two of them differ in a field of the same name.
    """
    layout = lay_out(union(model.fields for model in models), len(models))
    initial = [layout.pack(_checked(model).initial, tag) for tag, model in enumerate(models)]
    steps = _merge(layout, ([((s.name, s.about, s.owed), s.parts) for s in model.steps] for model in models))
    owed = [_owed(models, lookup) for lookup in steps]
    steps = [lookup._replace(owed=is_owed) for lookup, is_owed in zip(steps, owed, strict=True)]
    packed = tuple(np.array(column, np.int64) for column in zip(*initial, strict=True))
    return Compiled(models, layout, steps, _judges(models, layout), packed)


def marks(lookups: Iterable[Lookup], words: Words, tags: Tags) -> Marks:
    """Return which of these states are one of the cases."""
    found = np.zeros(len(words[0]), np.bool_)
    for lookup in lookups:
        found[lookup.rows(words, tags)[0]] = True
    return found


def _owed(models: Sequence[Model], lookup: Lookup) -> bool:
    tag, at = next((tag, at) for tag, at in enumerate(lookup.of) if at is not None)
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


def _judges(models: Sequence[Model], layout: Layout) -> list[Judge]:
    names = dict.fromkeys((prop.name, prop.when) for model in models for prop in model.properties)
    return [_judge(models, layout, name, when) for name, when in names]


def _judge(models: Sequence[Model], layout: Layout, name: str, when: When) -> Judge:
    found = [next((p for p in model.properties if (p.name, p.when) == (name, when)), None) for model in models]
    broken = _merge(layout, (_keyed(prop.broken if prop else ()) for prop in found))
    witness = _merge(layout, (_keyed(prop.witness if prop else ()) for prop in found))
    return Judge(name, when, broken, witness, frozenset(tag for tag, prop in enumerate(found) if prop))


def _keyed(cases: Iterable[Case]) -> list[tuple[Hashable, tuple[Part, ...]]]:
    for condition in (part for case in cases for part in case.parts):
        if any(OUTSIDE in factor.after for factor in factors((condition,))):
            raise ModelError(f"{name_of(condition.rule)} has no answer for some values, as a condition must")
    return [((at, case.about), case.parts) for at, case in enumerate(cases)]


Keyed: TypeAlias = Sequence[tuple[Hashable, tuple[Part, ...]]]


def _merge(layout: Layout, models_parts: Iterable[Keyed]) -> list[Lookup]:
    """Return one lookup for all that has the same key and the same fields in several models."""
    merged: dict[Hashable, dict[int, tuple[int, tuple[Factor, ...]]]] = {}
    count = 0
    for tag, keyed in enumerate(models_parts):
        count += 1
        for at, (key, parts) in enumerate(keyed):
            its = _known(layout, factors(parts))
            names = tuple(tuple(field.name for field in factor.fields) for factor in its)
            entry = merged.setdefault((key, names), {})
            if tag in entry:
                raise ModelError(f"two steps of one model are both called {key}: give each a name of its own")
            entry[tag] = (at, its)
    return [_lookup(layout, count, entry) for entry in merged.values()]


def _known(layout: Layout, its: tuple[Factor, ...]) -> tuple[Factor, ...]:
    for field in (field for factor in its for field in factor.fields):
        declared = layout.fields.get(field.name)
        if declared is None or not same_domain(declared, field):
            missing = "is none of the model's fields" if declared is None else f"is declared with {declared.domain}"
            raise ModelError(f"{field.name}, with the domain {field.domain}, {missing}: use one and the same field")
    return its


def _lookup(layout: Layout, models: int, entry: dict[int, tuple[int, tuple[Factor, ...]]]) -> Lookup:
    of = [entry[tag][0] if tag in entry else None for tag in range(models)]
    width = len(next(iter(entry.values()))[1])
    return Lookup(
        [_table(layout, models, {tag: its[at] for tag, (_, its) in entry.items()}) for at in range(width)],
        of,
        owed=True,
    )


def _table(layout: Layout, models: int, by_tag: dict[int, Factor]) -> Table:
    """Return the table of one factor; where models differ in it, with a block for each variant, and an empty one."""
    fields = next(iter(by_tag.values())).fields
    order = sorted(range(len(fields)), key=lambda at: layout.places[fields[at].name])
    places = [layout.places[fields[at].name] for at in order]
    variants = list({id(factor.before): factor for factor in by_tag.values()}.values())
    shared = len(variants) == 1 and len(by_tag) == models
    size = 1 << sum(place.width for place in places)
    possible = np.zeros(size * (len(variants) + (not shared)), np.bool_)
    flips: dict[int, Column] = {}
    for block, factor in enumerate(variants, 0 if shared else 1):
        before, after = factor.before[:, order], factor.after[:, order]
        entries = block * size + before @ _offsets([place.width for place in places])
        possible[entries] = True
        for word, changed in deltas(places, before, after).items():
            flips.setdefault(word, np.zeros(len(possible), np.int64))[entries] = changed
    number = {id(factor.before): block for block, factor in enumerate(variants, 1)}
    blocks = [number[id(by_tag[tag].before)] * size if tag in by_tag else 0 for tag in range(models)]
    return Table(runs(places), possible, flips, None if shared else np.array(blocks, np.int64))


def _offsets(widths: Sequence[int]) -> Column:
    return np.array([1 << sum(widths[:at]) for at in range(len(widths))], np.int64)
