"""Steps of a family between its counted states: in which ways a shape is possible, and what comes of it.

A step is a case for each situation of those that take part, and each value of the shared fields that this depends on.
Of what it does to shared fields alone, and whoever takes part, the cases are one formula.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

import z3

from overbooked.checker.engine.rule_tables import ModelError, name_of
from overbooked.checker.proving.counter_abstraction import CountedState
from overbooked.checker.proving.parameterized import Family, Shape, named
from overbooked.checker.proving.symbolic_rules import Given
from overbooked.checker.proving.ways import Combination, Rules, Situation, Way
from overbooked.spec.language import Field, Part


class Move(NamedTuple):
    """One way in which a shape is possible: the condition, and the state after it."""

    situations: tuple[Situation, ...]
    condition: z3.BoolRef
    after: CountedState


def moves(shape: Shape, state: CountedState) -> Iterator[Move]:
    """Yield every way in which a shape is possible in ``state``, if that can be reached, and the state after it.

    Cost: its rules are called for every combination of the values of the fields they touch that can be reached.
    """
    together, apart = _taken_apart(shape, state.family)
    alone = [_alone(parts, state) for parts in apart]
    conditions = [condition for condition, _ in alone]
    changed = {name: value for _, change in alone for name, value in change.items()}
    for move in _Step(shape._replace(parts=together), state).moves():
        after = move.after._replace(shared=move.after.shared | changed)
        yield Move(move.situations, z3.And([move.condition, *conditions]), after)


def possible(shape: Shape, state: CountedState) -> z3.BoolRef:
    """Return the formula that a shape is possible in ``state``."""
    return z3.Or([move.condition for move in moves(shape, state)])


_MEMBER = "a member"


def _taken_apart(shape: Shape, family: Family) -> tuple[tuple[Part, ...], list[tuple[Part, ...]]]:
    """Return the parts that have to do with members, and groups of the others; no two groups touch the same field."""
    shared = {field.name for field in family.shared}

    def touched(parts: Iterable[Part]) -> set[str]:
        names = (field.name for part in parts for _, field in part.fields)
        return {name if name in shared else _MEMBER for name in names}

    groups: list[tuple[set[str], tuple[Part, ...]]] = [({_MEMBER}, ())]
    for part in shape.parts:
        names = touched([part])
        joined = [group for group in groups if group[0] & names]
        apart = [group for group in groups if not group[0] & names]
        before = (other for _, parts in joined for other in parts)
        groups = [*apart, (names.union(*(its for its, _ in joined)), (*before, part))]
    return next(parts for names, parts in groups if _MEMBER in names), [
        parts for names, parts in groups if _MEMBER not in names
    ]


def _alone(parts: tuple[Part, ...], state: CountedState) -> tuple[z3.BoolRef, dict[str, z3.ArithRef]]:
    """Return when parts are possible that touch shared fields alone, and what becomes of these fields."""
    step = _Step(Shape("", parts, 0, ()), state)
    found, changed = list(step.moves()), dict[str, z3.ArithRef]()
    for move in found:
        for name, value in move.after.shared.items():
            if value is not state.shared[name]:
                changed[name] = z3.If(move.condition, value, changed.get(name, state.shared[name]))
    return z3.Or([move.condition for move in found]), changed


_Counts: TypeAlias = dict[Situation, z3.ArithRef]


class _Step:
    """A shape that is taken in a state: by some members, with every other one beside them, if they act, too."""

    def __init__(self, shape: Shape, state: CountedState) -> None:
        touched = {field.name for part in (*shape.parts, *shape.every) for _, field in part.fields}
        self._shape, self._state = shape, state
        self._shared = [field for field in state.family.shared if field.domain and field.name in touched]
        numbers = {field.name: state.shared[field.name] for field in state.family.shared if not field.domain}
        self._rules = Rules(shape.parts, state.family.own, shape.members, self._shared, numbers)
        self._others = _EveryOther(shape, state, self._shared) if shape.every else None

    def moves(self) -> Iterator[Move]:
        """Yield every way in which it is possible."""
        somewhere = [each for each, count in self._state.counts.items() if not _is(count, 0)]
        for combination, beside in self._state.reach.of(field.name for field in self._shared).items():
            here = [
                self._state.shared[field.name] == field.domain.index(value)
                for field, value in zip(self._shared, combination, strict=True)
            ]
            if not any(z3.is_false(z3.simplify(each)) for each in here):
                for by in product([each for each in somewhere if each in beside], repeat=self._shape.members):
                    there = [self._state.counts[each] >= many for each, many in Counter(by).items()]
                    for condition, after in self._taken(combination, by, beside):
                        yield Move(by, z3.And([*here, *there, *condition]), after)

    def _taken(
        self, combination: Combination, by: tuple[Situation, ...], beside: frozenset[Situation]
    ) -> Iterator[tuple[list[z3.BoolRef], CountedState]]:
        """Yield the state after the step and its condition, for each way; others are in situations of ``beside``."""
        for way in self._rules.ways(combination, by):
            become = self._rules.own_after(by, way)
            if all(now in self._state.counts for now in become):
                counts, conditions = dict(self._state.counts), list[z3.BoolRef]()
                if self._others:
                    counts, conditions = self._others.become(combination, by, beside)
                for was, now in zip(by, become, strict=True):
                    if was != now:
                        counts[was], counts[now] = counts[was] - 1, counts[now] + 1
                after = CountedState(self._state.reach, counts, self._state.shared | self._changed(way))
                yield [*way.conditions, *conditions], after

    def _changed(self, way: Way) -> dict[str, z3.ArithRef]:
        fields = [field for field in self._state.family.shared if field.name in way.change]
        return {field.name: _code(field, way.change[field.name]) for field in fields}


class _EveryOther:
    """What every member does that takes no part in a shape; worked out once for all that is alike to them."""

    def __init__(self, shape: Shape, state: CountedState, shared: Sequence[Field]) -> None:
        if any(not field.domain for part in shape.every for _, field in part.fields):
            raise _refused(shape)
        self._shape, self._state = shape, state
        self._rules = Rules(shape.every, state.family.own, shape.members + 1, shared, {})
        self._own = {named(field.name, shape.members) for field in state.family.own}
        self._known: dict[object, tuple[_Counts, list[z3.BoolRef]]] = {}

    def become(
        self, combination: Combination, by: tuple[Situation, ...], beside: frozenset[Situation]
    ) -> tuple[_Counts, list[z3.BoolRef]]:
        """Return how many are where after all did their part, and that nobody is where one cannot do it.

        Those that take part stay where they are: it is for them to change.
        """
        key = self._rules.depends_on(combination, by), by, beside
        if key not in self._known:
            self._known[key] = self._work_out(combination, by, beside)
        counts, conditions = self._known[key]
        return dict(counts), conditions

    def _work_out(
        self, combination: Combination, by: tuple[Situation, ...], beside: frozenset[Situation]
    ) -> tuple[_Counts, list[z3.BoolRef]]:
        becomes: dict[Situation, list[z3.ArithRef]] = {each: [] for each in self._state.counts}
        nobody, taking = [], Counter(by)
        for was, many in self._state.counts.items():
            now = self._onward(combination, by, was) if was in beside else None
            others = many - taking[was] if taking[was] else many
            if now in becomes:
                becomes[now].append(others)
            else:
                nobody.append(others == 0)
            if taking[was]:
                becomes[was].append(z3.IntVal(taking[was]))
        return {each: z3.Sum(of) if of else z3.IntVal(0) for each, of in becomes.items()}, nobody

    def _onward(self, combination: Combination, by: tuple[Situation, ...], was: Situation) -> Situation | None:
        """Return where another member comes from here, which may depend on no unknown number; ``None`` if it cannot."""
        ways = self._rules.ways(combination, (*by, was))
        if not ways:
            return None
        certain = len(ways) == 1 and z3.is_true(z3.simplify(z3.And(ways[0].conditions)))
        if not certain or not ways[0].change.keys() <= self._own:
            raise _refused(self._shape)
        return self._rules.own_after((*by, was), ways[0])[-1]


def _code(field: Field, value: Given) -> z3.ArithRef:
    """Return a value's place in the domain; one outside of it has a place that no state may have."""
    if not field.domain:
        return value if z3.is_expr(value) else z3.IntVal(value)
    return z3.IntVal(field.domain.index(value) if value in field.domain else len(field.domain))


def _refused(shape: Shape) -> ModelError:
    rules = ", ".join(sorted({name_of(part.rule) for part in shape.every}))
    return ModelError(f"{rules}: what every member does may not depend on a number, nor change what is shared")


def _is(number: z3.ArithRef, value: int) -> bool:
    """Return whether a number is known to be this."""
    return bool(z3.is_int_value(number)) and number.as_long() == value
