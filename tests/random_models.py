"""Models that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

from hypothesis import strategies as st

from overbooked.spec.language import Case, Change, Field, Model, Part, Property, Step, Value, part, step


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
    return Step(name, (), tuple(chosen), draw(st.booleans()))


@st.composite
def models(draw: st.DrawFn, fields: list[Field]) -> Model:
    """Draw a model over these fields: up to five steps, and a property of each kind."""
    moves = [draw(steps(fields, f"s{at}")) for at in range(draw(st.integers(1, 5)))]
    safe, settled, seen = (tuple(draw(st.lists(cases(fields), max_size=2))) for _ in range(3))
    judged = (Property("safe", "never", safe, seen), Property("settled", "in the end", settled, seen))
    return Model("random", tuple(fields), tuple(moves), judged)


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
            draw(st.integers(0, 3)) > 0,
        )
        for at in range(draw(st.integers(1, 4)))
    ]
    broken = Case((Part(rule_of({state: draw(st.integers(0, 7)) > 0 for state in states}), roles, ()),))
    return Model("endless", tuple(fields), tuple(steps), (Property("settled", "in the end", (broken,), ()),))


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
    return Model("graded", tuple(counters), tuple(moves), (judged,))


_SIZES = st.lists(st.integers(2, 4), min_size=2, max_size=5)


def _rise(it: int, most: int) -> Change | None:
    return {"it": it + 1} if it + 1 < most else None


def _lets(other: int, lets: int) -> bool:
    return bool(lets >> other & 1)
