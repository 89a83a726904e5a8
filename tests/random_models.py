"""Models that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

from hypothesis import strategies as st

from overbooked.spec.language import (
    Case,
    Change,
    Field,
    Model,
    Owed,
    Part,
    Property,
    State,
    Step,
    Value,
    part,
    step,
)


def rule_of(table: Mapping[tuple[Value, ...], Change | bool | None]) -> Callable[..., Change | bool | None]:
    """Return the rule that looks its answer up."""
    return lambda **values: table[tuple(values.values())]


@st.composite
def parts(draw: st.DrawFn, fields: list[Field], writable: list[Field]) -> Part:
    """Draw a part that touches one or two fields, and changes only writable ones."""
    touched = draw(st.lists(st.sampled_from(fields), min_size=1, max_size=2, unique=True))
    new = {f"x{at}": st.sampled_from(field.domain) for at, field in enumerate(touched) if field in writable}
    change = st.fixed_dictionaries({}, optional=new)
    answers = st.one_of(change, change, st.just(value=True), st.none(), st.just(value=False))
    table = {values: draw(answers) for values in product(*(field.domain for field in touched))}
    return Part(rule_of(table), tuple((f"x{at}", field) for at, field in enumerate(touched)), ())


@st.composite
def cases(draw: st.DrawFn, fields: list[Field]) -> Case:
    """Draw a case of one or two conditions."""
    return Case(tuple(draw(st.lists(parts(fields, []), min_size=1, max_size=2))))


@st.composite
def steps(draw: st.DrawFn, fields: list[Field], name: str) -> Step:
    """Draw a step of one to three parts, of which no two change the same field."""
    free, chosen = list(fields), []
    for _ in range(draw(st.integers(1, 3))):
        chosen.append(draw(parts(fields, free)))
        free = [field for field in free if field not in [touched for _, touched in chosen[-1].fields]]
    return Step(name, (), tuple(chosen), draw(_OWED))


_OWED: st.SearchStrategy[bool | Owed] = st.one_of(
    st.booleans(),
    st.builds(lambda strongly, n: Owed(strongly, f"{strongly} {n}" if n else None), st.booleans(), st.integers(0, 1)),
)
"""Owed or not, strongly or weakly, alone or with others."""


@st.composite
def models(draw: st.DrawFn, fields: list[Field]) -> Model:
    """Draw a model over these fields: up to five steps, up to three states to begin in, and a property of each kind."""
    moves = [draw(steps(fields, f"s{at}")) for at in range(draw(st.integers(1, 5)))]
    safe, settled, seen = (tuple(draw(st.lists(cases(fields), max_size=2))) for _ in range(3))
    judged = [Property("safe", "never", safe, seen), Property("settled", "in the end", settled, seen)]
    if draw(st.booleans()):
        asked = tuple(draw(st.lists(cases(fields), min_size=1, max_size=2)))
        judged += [Property("comes", "at some point", settled, seen), Property("answered", "leads to", settled, asked)]
    return Model("random", tuple(fields), tuple(moves), tuple(judged), starts=draw(_starts(fields)))


def _starts(fields: list[Field]) -> st.SearchStrategy[tuple[State, ...]]:
    """Return what draws up to three states to begin in, most often none but the usual one."""
    one = st.fixed_dictionaries({}, optional={field.name: st.sampled_from(field.domain) for field in fields})
    return st.one_of(st.just(()), st.lists(one, max_size=3).map(tuple))


@st.composite
def families(draw: st.DrawFn, most: int) -> list[Model]:
    """Draw up to ``most`` models over the same one to four fields."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    fields = [Field(f"f{at}", tuple(f"v{v}" for v in range(size)), "v0") for at, size in enumerate(sizes)]
    return [draw(models(fields)) for _ in range(draw(st.integers(1, most)))]


@st.composite
def endless_models(draw: st.DrawFn) -> Model:
    """Draw a model of up to nine states, most of them broken, in which most runs go on for ever."""
    fields = [Field(f"f{at}", tuple(range(draw(st.integers(2, 3)))), 0) for at in range(2)]
    states, roles = list(product(*(field.domain for field in fields))), (("x0", fields[0]), ("x1", fields[1]))
    moves = st.one_of(st.none(), *[st.sampled_from(states).map(lambda to: {"x0": to[0], "x1": to[1]})] * 3)
    steps = [
        Step(
            f"s{at}",
            (),
            (Part(rule_of({state: draw(moves) for state in states}), roles, ()),),
            draw(_OWED_MOSTLY),
        )
        for at in range(draw(st.integers(1, 4)))
    ]
    few = draw(st.sampled_from([2, 4, 8]))
    broken = Case((Part(rule_of({state: draw(st.integers(1, few)) > 1 for state in states}), roles, ()),))
    asked = Case((Part(rule_of({state: draw(st.integers(0, 2)) == 0 for state in states}), roles, ()),))
    judged = (
        Property("settled", "in the end", (broken,), ()),
        Property("comes", "at some point", (broken,), ()),
        Property("answered", "leads to", (broken,), (asked,)),
    )
    return Model("endless", tuple(fields), tuple(steps), judged, starts=draw(_starts(fields)))


_OWED_MOSTLY = st.one_of(st.just(value=True), _OWED, st.just(Owed(strongly=True)))


@st.composite
def graded_models(draw: st.DrawFn) -> Model:
    """Draw a model in which every step makes one of some counters rise by one, where another one lets it."""
    counters = [Field(f"f{at}", tuple(range(size)), 0) for at, size in enumerate(draw(_SIZES))]
    moves = []
    for at in range(draw(st.integers(2, 6))):
        it, other = (draw(st.sampled_from(counters)) for _ in range(2))
        condition = part(_lets, other=other, lets=draw(st.integers(1, 2 ** len(other.domain) - 1)))
        moves.append(step(f"s{at}", part(_rise, it=it, most=len(it.domain)), *([condition] if other != it else [])))
    judged = Property("safe", "never", (draw(cases(counters)),), (draw(cases(counters)),))
    return Model("graded", tuple(counters), tuple(moves), (judged,), starts=draw(_starts(counters)))


_SIZES = st.lists(st.integers(2, 4), min_size=2, max_size=5)


def _rise(it: int, most: int) -> Change | None:
    return {"it": it + 1} if it + 1 < most else None


def _lets(other: int, lets: int) -> bool:
    return bool(lets >> other & 1)
