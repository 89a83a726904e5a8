"""Models of any number of members: a few that are plain, and those that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations, product
from typing import NamedTuple

from hypothesis import strategies as st

from overbooked.spec.language import Change, Field, Model, Part, Step, part, step
from random_models import rule_of

FLAG = Field("flag", (0, 1), 0)


def lift(flag: int) -> Change | None:
    """A member raises its flag."""
    return {"flag": 1} if not flag else None


def lower(flag: int) -> Change | None:
    """A member takes its flag down."""
    return {"flag": 0} if flag else None


def with_flags(sizes: Mapping[int, int]) -> Callable[[int], Model]:
    """Return models of members with a flag each, of which the first ``sizes[n]`` of n can be raised."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        able = fields[: sizes[n]]
        raised = [step("raise", part(lift, flag=field)) for field in able]
        return Model(f"flags of {n}", tuple(fields), tuple(raised), ())

    return make


class Template(NamedTuple):
    """A step of a random family: who takes part, their and the shared parts, and those of every other member.

    A member's own field is told by its place among those that take part: ``#0`` is the first, and every other one is
    the next after them.
    """

    members: int
    parts: tuple[Part, ...]
    every: tuple[Part, ...]


SHARED = (Field("s", (0, 1), 0), Field("t", (0, 1), 0))


def own(member: int) -> Field:
    """Return the field that a member has, by its number, or by its place among those that take part, from 0 down."""
    return Field(f"o db{member}" if member > 0 else f"o #{-member}", (0, 1, 2), 0)


@st.composite
def families(draw: st.DrawFn) -> Callable[[int], Model]:
    """Draw what makes a model for a number of members, which share two fields and have one each."""
    templates = [draw(_templates()) for _ in range(draw(st.integers(2, 4)))]

    def make(n: int) -> Model:
        numbers = range(1, n + 1)
        fields = (*SHARED, *(own(i) for i in numbers))
        steps = [
            _taken(f"s{number}", template, by, n)
            for number, template in enumerate(templates)
            for by in permutations(numbers, template.members)
        ]
        return Model("random", fields, tuple(steps), ())

    return make


@st.composite
def _templates(draw: st.DrawFn) -> Template:
    members, has_every = draw(st.sampled_from([(0, False), (1, False), (2, False), (0, True), (1, True), (1, True)]))
    free = [*SHARED, *(own(-place) for place in range(members))]
    parts = []
    for place in range(members):
        parts.append(draw(_parts(own(-place), free, [*SHARED, *(own(-k) for k in range(members))])))
        free = [field for field in free if field not in dict(parts[-1].fields).values()]
    if draw(st.booleans()):
        parts.append(draw(_parts(draw(st.sampled_from(SHARED)), [f for f in free if f in SHARED], list(SHARED))))
    other = own(-members)
    every = [draw(_parts(other, [other], [*SHARED, *(own(-k) for k in range(members))]))] if has_every else []
    return Template(members, tuple(parts), tuple(every))


@st.composite
def _parts(draw: st.DrawFn, first: Field, writable: list[Field], others: list[Field]) -> Part:
    """Draw a part that touches a field, maybe another one, and changes only writable ones; it is mostly possible."""
    second = [field for field in [draw(st.sampled_from(others))] if field != first] if draw(st.booleans()) else []
    touched = [first, *second]
    new = {f"x{at}": st.sampled_from(field.domain) for at, field in enumerate(touched) if field in writable}
    change = st.fixed_dictionaries({}, optional=new)
    answers = st.one_of(change, change, st.just(value=True), st.none())
    table = {values: draw(answers) for values in product(*(field.domain for field in touched))}
    return Part(rule_of(table), tuple((f"x{at}", field) for at, field in enumerate(touched)), ())


def _taken(name: str, template: Template, by: tuple[int, ...], n: int) -> Step:
    others = [i for i in range(1, n + 1) if i not in by] if template.every else []
    parts = [_given(each, by) for each in template.parts]
    return Step(name, (), (*parts, *(_given(each, (*by, i)) for i in others for each in template.every)))


def _given(part: Part, members: tuple[int, ...]) -> Part:
    """Return the part with the members' numbers."""
    fields: Mapping[Field, Field] = {own(-place): own(member) for place, member in enumerate(members)}
    return part._replace(fields=tuple((role, fields.get(field, field)) for role, field in part.fields))
