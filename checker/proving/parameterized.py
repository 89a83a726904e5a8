"""A model of any number of members: what its steps have in common, however many there are.

A model is given for a number of members (the replicas). In what it says of them, members are alike: the same step
exists for each of them, with its own fields. What is left when the members' numbers are taken away is the step's
*shape*: what it does to the fields that all share, to one or two members (whichever), or to every member. Models of two
sizes must have the same shapes; a field whose domain grows with the size counts members, and becomes an integer without
a bound.

Where a strategy takes members in an order (a serial write goes to db1 before db2), forgetting their numbers allows more
runs than there are: what no run of the family does, no run of the model does, but not the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import permutations
from typing import NamedTuple, TypeAlias

from overbooked.checker.engine.rule_tables import ModelError
from overbooked.spec.language import Field, Model, Part, Step

Owner: TypeAlias = Callable[[Field], "tuple[str, int] | None"]
"""Tells whose a field is: its name without the member's number, and that number; ``None`` when all share it."""

SMALL, SIZES = (1, 2), (3, 4, 5, 8)
"""The sizes that are compared: from three members on, one, two and every member are three different things."""


class Shape(NamedTuple):
    """A step or a case, whoever takes part: its own and shared fields are all possible together.

    parts
        They touch shared fields, and own fields of the members that take part: ``named("stored r1", 0)`` is the
        first's.
    members
        How many members take part; they are different ones, whichever.
    every
        Parts that each member has, with its own fields: all must be possible.
    """

    name: str
    parts: tuple[Part, ...]
    members: int
    every: tuple[Part, ...]
    owed: bool = True


class Family(NamedTuple):
    """A model of any number of members.

    own
        The fields that each member has.
    shared
        The fields that all share; one without a domain is a number of members, and begins at 0 or (``None``) anywhere.
    steps, broken
        The shapes of the steps, and for each property those of the cases that break it.
    exact
        Whether every step is there for all members that may take part in it, so that the family has just the runs of
        the models; where members come in an order it is not, and has more.
    """

    own: tuple[Field, ...]
    shared: tuple[Field, ...]
    steps: tuple[Shape, ...]
    broken: dict[str, tuple[Shape, ...]]
    exact: bool


def named(field: str, member: int) -> str:
    """Return the name that an own field of one of the members that take part has in a shape."""
    return f"{field} of {member}"


def family(make: Callable[[int], Model], owner: Owner) -> Family:
    """Return what the models of every size have in common; ``make`` gives the one of a size.

    Models of the sizes ``SIZES`` must have the same shapes, those of the sizes ``SMALL`` none but these. Rules are told
    apart by which function they are, so they must be the same ones in every size.

    Raises :class:`overbooked.checker.engine.rule_tables.ModelError` when models of two sizes do not do the same, or
    members are not alike.
    """
    models = {size: make(size) for size in (*SMALL, *SIZES)}
    first = models[SIZES[0]]
    grown = _grown(first, models[SIZES[1]])
    found = _Sized(first, SIZES[0], owner, grown).family()
    for size in SIZES[1:]:
        if _Sized(models[size], size, owner, grown).family() != found:
            raise _differ(first, models[size])
    for size in SMALL:
        if not _Sized(models[size], size, owner, grown).is_of(found):
            raise _differ(first, models[size])
    return found


def _differ(first: Model, other: Model) -> ModelError:
    names = f"{first.name} and {other.name}" if first.name != other.name else first.name
    return ModelError(f"{names} differ in more than their members: nothing holds for all sizes")


def _grown(small: Model, large: Model) -> dict[str, Field]:
    """Return the fields that count members, each without its domain."""
    wider = {field.name: field for field in large.fields}
    counts = [field for field in small.fields if field.name in wider and field.domain != wider[field.name].domain]
    for field in counts:
        if field.domain != tuple(range(len(field.domain))):
            raise ModelError(f"{field.name} has more values where there are more members, but does not count them")
    return {field.name: Field(field.name, (), None if field.initial else 0) for field in counts}


class _Sized:
    """The model of one size, being taken apart."""

    def __init__(self, model: Model, size: int, owner: Owner, grown: dict[str, Field]) -> None:
        self.model, self.size, self.grown = model, size, grown
        self.whose = {field.name: owner(field) for field in model.fields}

    def family(self) -> Family:
        """Return what is left without the members' numbers."""
        if self.model.starts:
            raise ModelError(f"{self.model.name}: members of any number are told of models that begin in one state")
        own = [self._own_fields(member) for member in range(1, self.size + 1)]
        if any(fields != own[0] for fields in own):
            raise ModelError(f"{self.model.name}: not every member has the same fields of its own")
        shared = tuple(self.grown.get(f.name, f) for f in self.model.fields if self.whose[f.name] is None)
        steps = _distinct(
            self._shape(_name(step), step.parts)._replace(owed=bool(step.owed)) for step in self.model.steps
        )
        broken = {
            it.name: _distinct(self._shape(it.name, case.parts) for case in it.broken) for it in self.model.properties
        }
        return Family(own[0], shared, steps, broken, self._is_exact())

    def _is_exact(self) -> bool:
        """Return whether each shape of a step is there for all members, whichever."""
        taking: list[tuple[Shape, set[tuple[int, ...]]]] = []
        for each in self.model.steps:
            shape = self._shape(_name(each), each.parts)
            members = tuple(dict.fromkeys(member for part in each.parts for member in self._members(part)))
            known = next((them for other, them in taking if other == shape), None)
            if known is None:
                taking.append((shape, {members}))
            else:
                known.add(members)
        everyone = range(1, self.size + 1)
        return all(shape.every or them == set(permutations(everyone, shape.members)) for shape, them in taking)

    def is_of(self, family: Family) -> bool:
        """Return whether every step and case has one of a family's shapes, as that of some members or of all."""
        steps = all(self._is_among(step.parts, family.steps, owed=bool(step.owed)) for step in self.model.steps)
        return steps and all(
            self._is_among(case.parts, family.broken[it.name]) for it in self.model.properties for case in it.broken
        )

    def _is_among(self, parts: tuple[Part, ...], shapes: tuple[Shape, ...], *, owed: bool = True) -> bool:
        known = [(shape.parts, shape.members, shape.every, shape.owed) for shape in shapes]
        found = [self._members(part) for part in parts]
        members = tuple(dict.fromkeys(member for of in found for member in of))
        some = (tuple(self._bare(part, members) for part in parts), len(members), (), owed)
        if some in known:
            return True
        all_of = self._of_every(parts, found, members) if len(members) == self.size else None
        return all_of is not None and (*all_of, owed) in known

    def _own_fields(self, member: int) -> tuple[Field, ...]:
        its = ((field, self.whose[field.name]) for field in self.model.fields)
        return tuple(field._replace(name=of[0]) for field, of in its if of and of[1] == member)

    def _shape(self, name: str, parts: tuple[Part, ...]) -> Shape:
        found = [self._members(part) for part in parts]
        members = tuple(dict.fromkeys(member for of in found for member in of))
        if len(members) < self.size:
            return Shape(name, tuple(self._bare(part, members) for part in parts), len(members), ())
        every = self._of_every(parts, found, members)
        if every is None:
            raise ModelError(f"{name} does not do the same to every member, so that nothing can be said for all sizes")
        return Shape(name, *every)

    def _of_every(
        self, parts: tuple[Part, ...], found: list[list[int]], members: tuple[int, ...]
    ) -> tuple[tuple[Part, ...], int, tuple[Part, ...]] | None:
        """Return the shared parts and those of every member, if each member has the same."""
        groups = [
            tuple(self._bare(part, (member,)) for part, of in zip(parts, found, strict=True) if of == [member])
            for member in members
        ]
        if any(group != groups[0] for group in groups) or any(len(of) > 1 for of in found):
            return None
        return tuple(self._bare(part, ()) for part, of in zip(parts, found, strict=True) if not of), 0, groups[0]

    def _members(self, part: Part) -> list[int]:
        return list(dict.fromkeys(of[1] for _, field in part.fields if (of := self.whose[field.name])))

    def _bare(self, part: Part, members: tuple[int, ...]) -> Part:
        """Return a part without numbers: whose a field is is told by the member's place in ``members``."""
        return part._replace(fields=tuple((role, self._plain(field, members)) for role, field in part.fields))

    def _plain(self, field: Field, members: tuple[int, ...]) -> Field:
        of = self.whose[field.name]
        if of is None:
            return self.grown.get(field.name, field)
        return field._replace(name=named(of[0], members.index(of[1])))


def _name(step: Step) -> str:
    return " ".join([step.name, *(str(value) for role, value in step.about if role == "call")])


def _distinct(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    found: list[Shape] = []
    for each in shapes:
        if each not in found:
            found.append(each)
    return tuple(found)
