"""Models that hypothesis makes, of a few things that are alike and of what they share; time only moves forward."""

from __future__ import annotations

from itertools import permutations, product
from typing import TypeAlias

from hypothesis import strategies as st

from overbooked.spec.language import Case, Field, Model, Part, Property, State, Step, Value
from random_models import rule_of

NAMES, OTHERS = ("a", "b", "c"), ("x", "y")
Pair: TypeAlias = tuple[str, str]


@st.composite
def alike_models(draw: st.DrawFn) -> Model:
    """Draw a model of things that do the same with each of some others, but for an oddity that sets one apart."""
    names, others = NAMES[: draw(st.integers(2, 3))], OTHERS[: draw(st.integers(1, 2))]
    shared = [_field(f"shared {at}", draw(st.integers(2, 3))) for at in range(draw(st.integers(1, 2)))]
    fields = _fields(names, others, [draw(st.sampled_from([0, 2, 2, 3, 3])) for _ in range(3)])
    first = fields[names[0], others[0]]
    steps = []
    for number in range(draw(st.integers(2, 6))):
        owed, template = draw(st.booleans()), draw(_templates([*shared, *first]))
        odd = draw(st.sampled_from([None] * 6 + list(fields)))
        for pair in fields:
            parts = tuple(_given(each, first, fields[pair]) for each in template)
            steps += [Step(f"s{number}", (("who", " ".join(pair)),), parts, owed)] if pair != odd else []
    safe, settled, seen = (draw(_cases(shared, fields)) for _ in range(3))
    judged = (Property("safe", "never", safe, seen), Property("settled", "in the end", settled, seen))
    chosen = draw(st.sampled_from([judged, judged[:1], judged[1:]]))
    every = dict.fromkeys([*shared, *(field for each in fields.values() for field in each)])
    return Model("alike", tuple(every), tuple(steps), chosen, (names, others), draw(_starts(shared, fields)))


@st.composite
def _starts(draw: st.DrawFn, shared: list[Field], fields: dict[Pair, list[Field]]) -> tuple[State, ...]:
    """Draw where runs may begin: as usual; as what is shared may be; with a thing of its own set for each, or most."""
    kind = draw(st.sampled_from(["usual", "usual", "shared", "own"]))
    if kind == "shared":
        return tuple({shared[0].name: value} for value in shared[0].domain)
    its = [{field.name: field.domain[-1] for field in each[:1]} for each in fields.values()]
    return tuple(each for each in its if draw(st.integers(0, 3)) > 0) if kind == "own" else ()


def _fields(names: tuple[str, ...], others: tuple[str, ...], sizes: list[int]) -> dict[Pair, list[Field]]:
    """Return the fields of each two things: one's own, the other's own, and that of both; some there may not be."""
    kinds = [("own of {}", ""), ("", "own of {}"), ("of {}", " and {}")]
    return {
        pair: [
            _field("".join(text.format(name) for text, name in zip(kind, pair, strict=True)), size)
            for kind, size in zip(kinds, sizes, strict=True)
            if size > 1
        ]
        for pair in product(names, others)
    }


def _field(name: str, size: int) -> Field:
    return Field(name, tuple(range(size)), 0)


@st.composite
def _templates(draw: st.DrawFn, fields: list[Field]) -> tuple[Part, ...]:
    """Draw one or two parts, of which each changes other fields."""
    free, chosen = list(fields), []
    for _ in range(draw(st.integers(1, 2))):
        touched = draw(st.lists(st.sampled_from(fields), min_size=1, max_size=2, unique=True))
        table = {values: draw(_answers(values, touched, free)) for values in product(*(f.domain for f in touched))}
        chosen.append(Part(rule_of(table), tuple((f"x{at}", field) for at, field in enumerate(touched)), ()))
        free = [field for field in free if field not in touched]
    return tuple(chosen)


def _answers(
    values: tuple[Value, ...], touched: list[Field], free: list[Field]
) -> st.SearchStrategy[dict[str, Value] | bool]:
    """Return the strategy of what a rule answers to these values: some field goes on, and none goes back."""
    later = {
        f"x{at}": field.domain[field.domain.index(value) + 1 :]
        for at, (field, value) in enumerate(zip(touched, values, strict=True))
        if field in free and value != field.domain[-1]
    }
    if not later:
        return st.just(value=False) if set(touched) & set(free) else st.booleans()
    onward = {role: st.sampled_from(further) for role, further in later.items()}
    changes = [
        st.fixed_dictionaries(
            {role: onward[role]}, optional={other: onward[other] for other in onward if other != role}
        )
        for role in onward
    ]
    return st.one_of(*changes, *changes, *changes, st.just(value=False))


def _given(part: Part, before: list[Field], now: list[Field]) -> Part:
    """Return the part of another thing."""
    others = dict(zip(before, now, strict=True))
    return part._replace(fields=tuple((role, others.get(field, field)) for role, field in part.fields))


@st.composite
def _cases(draw: st.DrawFn, shared: list[Field], fields: dict[Pair, list[Field]]) -> tuple[Case, ...]:
    """Draw a case for each pair, or for each two pairs, or none at all."""
    whose = [[pair] for pair in fields] if draw(st.booleans()) else [list(two) for two in permutations(fields, 2)]
    first = [field for pair in whose[0] for field in fields[pair]]
    touched = draw(st.lists(st.sampled_from([*shared, *dict.fromkeys(first)]), min_size=1, max_size=3, unique=True))
    table: dict[tuple[Value, ...], bool] = {
        values: any(values) and draw(st.booleans()) for values in product(*(field.domain for field in touched))
    }
    part = Part(rule_of(table), tuple((f"x{at}", field) for at, field in enumerate(touched)), ())
    cases = []
    for pairs in whose if draw(st.integers(0, 3)) else []:
        now = _given(part, first, [field for pair in pairs for field in fields[pair]])
        if len({field for _, field in now.fields}) == len(touched):
            cases.append(Case((now,), (("who", " ".join(map(" ".join, pairs))),)))
    return tuple(cases)
