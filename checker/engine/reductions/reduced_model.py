"""A model reduced: what the search puts in the place of each state that it comes to.

What is done to a state before it is kept: fields that nobody looks at any more are forgotten, steps that nobody can
tell are taken at once, and names that are alike are put in order. Whatever can still be broken in a state can be
broken in what takes its place, after as many steps or fewer; and what can be broken there can be broken in the state
itself. So exploring only what follows from those says what exploring everything says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import product
from typing import NamedTuple

import numpy as np

from overbooked.checker.engine.compiled import Compiled, CompiledStep, Rows, compiled, lookup, marks
from overbooked.checker.engine.dense_tables import acts
from overbooked.checker.engine.layout import Column, Layout, Words, gather, lay_out, runs
from overbooked.checker.engine.reductions.forgetting import idle, merged
from overbooked.checker.engine.reductions.partial_order import AtOnce, Condition, at_once
from overbooked.checker.engine.reductions.sorted_names import Alike, alike, grouped, smallest
from overbooked.checker.engine.reductions.symmetry import classes
from overbooked.checker.engine.rule_tables import WIDEST, Factor, bits
from overbooked.checker.engine.state_sets import size, take
from overbooked.checker.engine.successors import refuse_escape
from overbooked.spec.language import Field, Model

_ROUNDS = 256
"""So often, at most, all steps are tried again that are taken at once."""


class _Forgetting(NamedTuple):
    """Some fields' bits, and for each index that they make up the bits of each word that are kept."""

    pieces: list[tuple[int, int, int, int]]
    kept: dict[int, Column]


class _Hurried(NamedTuple):
    """A step that is taken at once, but where one of these conditions holds."""

    step: CompiledStep
    disturbed: list[CompiledStep]


class Reduced:
    """One model reduced.

    compiled
        The model over a layout of its own.
    exact
        Whether no step is taken at once, so that runs to a state have the length they have in the model.
    """

    def __init__(self, model: Model, *, exact: bool) -> None:
        its = acts(model)
        kept, idles = merged(model, its), idle(model, its)
        names = [each for kind in classes(model) for each in kind]
        layout = lay_out(grouped(model, names), 1, kept)
        self.compiled: Compiled = compiled([model], layout)
        self.exact = exact
        self._forgetting = _forgetting(layout, idles)
        self._alike: list[Alike] = alike(model, names, layout)
        self._hurried = [] if exact else _hurried(self.compiled, at_once(model, its, kept, _names(idles)))

    def exactly(self) -> Reduced:
        """Return the same without taking any step at once."""
        exact = copy(self)
        vars(exact).update(exact=True, _hurried=[])
        return exact

    def put(self, words: Words) -> Words:
        """Return what takes the place of each of these states."""
        words = self.without_order(words)
        for kind in self._alike:
            words = kind.sorted(words)
        return words

    def without_order(self, words: Words, taken: list[CompiledStep] | None = None) -> Words:
        """Return what takes the place of these states, but for the order of names; add to ``taken`` what was taken.

        What a list ``taken`` says is the order of steps for a state that is alone.
        """
        return self._hurry(self._forget(words), [] if taken is None else taken)

    def smallest(self, words: Words) -> Words:
        """Return for each of these states, which took others' places, the smallest that differs only in names."""
        return smallest(self._alike, words)

    def _forget(self, words: Words) -> Words:
        """Return these states without what nobody looks at any more."""
        kept = list(words)
        for each in self._forgetting:
            index = gather(tuple(kept), each.pieces)
            for word, bits_kept in each.kept.items():
                kept[word] = kept[word] & bits_kept[index]
        return tuple(kept)

    def _hurry(self, words: Words, taken: list[CompiledStep]) -> Words:
        """Return these states once all steps are taken that are taken at once.

        What is left after many rounds is not taken: the search goes on from there, as from any state on the way.
        """
        done, moving = [word.copy() for word in words], np.arange(size(words))
        for _ in range(_ROUNDS if self._hurried else 0):
            if not len(moving):
                break
            now = [word[moving] for word in done]
            moved = np.zeros(len(moving), np.bool_)
            for each in self._hurried:
                rows = self._take(each, now)
                moved[rows] = True
                taken += [each.step] if len(rows) else []
            for word, column in zip(done, self._forget(tuple(now)), strict=True):
                word[moving] = column
            moving = moving[moved]
        return tuple(done)

    def _take(self, each: _Hurried, now: list[Column]) -> Rows:
        """Take a step wherever it is possible and nothing may come to conflict with it; return where."""
        words = tuple(now)
        rows = each.step.rows(words, 0)
        if len(rows):
            rows = rows[~marks(each.disturbed, take(words, rows), 0)]
        after = each.step.after(words, rows, 0)
        if len(rows) and after[0].min() < 0:
            refuse_escape(self.compiled, take(words, rows))
        for word, column in zip(now, after, strict=True):
            word[rows] = column
        return rows


def _hurried(of: Compiled, steps: list[AtOnce]) -> list[_Hurried]:
    lookups = dict(zip(of.models[0].steps, of.steps, strict=True))
    return [_Hurried(lookups[each.step], [_lookup(of.layout, c) for c in each.disturbed]) for each in steps]


def _names(idles: Mapping[str, Mapping[int, frozenset[str]]]) -> frozenset[str]:
    return frozenset(name for by_code in idles.values() for others in by_code.values() for name in others)


def _lookup(layout: Layout, condition: Condition) -> CompiledStep:
    """Return a condition as a lookup."""
    fields = sorted((layout.fields[name] for name in condition), key=lambda field: layout.places[field.name])
    return lookup(layout, tuple(_factor(group, condition) for group in _narrow(fields)))


def _narrow(fields: Sequence[Field]) -> list[list[Field]]:
    """Return these fields in groups that a table can hold."""
    groups: list[list[Field]] = []
    for field in fields:
        if groups and sum(map(bits, [*groups[-1], field])) <= WIDEST:
            groups[-1].append(field)
        else:
            groups.append([field])
    return groups


def _factor(fields: list[Field], condition: Condition) -> Factor:
    rows = np.array(list(product(*(sorted(condition[field.name]) for field in fields))), np.int64)
    rows = rows.reshape(-1, len(fields))
    return Factor(tuple(fields), rows, rows, np.zeros(len(rows), np.bool_))


def _forgetting(layout: Layout, idles: Mapping[str, Mapping[int, frozenset[str]]]) -> list[_Forgetting]:
    fields = sorted((layout.fields[name] for name in idles), key=lambda field: layout.places[field.name])
    return [_forgets(layout, group, idles) for group in _narrow(fields)]


def _forgets(layout: Layout, fields: list[Field], idles: Mapping[str, Mapping[int, frozenset[str]]]) -> _Forgetting:
    """Return what some fields make idle, one after the other: a field that was itself forgotten says nothing more."""
    places = [layout.places[field.name] for field in fields]
    shifts = np.cumsum([0, *(place.width for place in places)])
    index = np.arange(1 << shifts[-1])
    codes = {
        field.name: (index >> shift) & ((1 << place.width) - 1)
        for field, place, shift in zip(fields, places, shifts[:-1], strict=True)
    }
    kept = {word: np.full(len(index), -1, np.int64) for word in range(layout.words)}
    for name, (code, others) in ((field.name, item) for field in fields for item in idles[field.name].items()):
        here = codes[name] == code
        for other in others:
            word, shift, width = layout.places[other]
            kept[word][here] &= ~(((1 << width) - 1) << shift)
            if other in codes:
                codes[other][here] = 0
    return _Forgetting(runs(places), {word: column for word, column in kept.items() if (column != -1).any()})
