"""A model of any number of members: what its steps have in common, however many there are.

A model is given for a number of members (the replicas). In what it says of them, members are alike: the same step
exists for each of them, with its own fields. What is left when the members' numbers are taken away is the step's
*shape*: what it does to the fields that all share, to one or two members (whichever), and to every other one. Models
of two sizes must have the same shapes; a field whose domain grows with the size counts members, and becomes an integer
without a bound.

Where a strategy takes members in an order (a serial write goes to db1 before db2), forgetting their numbers allows more
runs than there are: what no run of the family does, no run of the model does, but not the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
        Parts that each other member has, with its own fields, those of the members that take part, and shared ones: all
        must be possible. Its own are named as those of one member more than take part.
    """

    name: str
    parts: tuple[Part, ...]
    members: int
    every: tuple[Part, ...]
    owed: bool = True


class _Reading(NamedTuple):
    """Parts as those of the members that take part, by their numbers, and those of every other member."""

    members: tuple[int, ...]
    parts: tuple[Part, ...]
    every: tuple[Part, ...]


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


def family(make: Callable[[int], Model], owner: Owner, small: tuple[int, ...] = SMALL) -> Family:
    """Return what the models of every size have in common; ``make`` gives the one of a size.

    Models of the sizes ``SIZES`` must have the same shapes, those of the ``small`` sizes none but these. Rules are told
    apart by which function they are, so they must be the same ones in every size.

    Raises :class:`overbooked.checker.engine.rule_tables.ModelError` when models of two sizes do not do the same, or
    members are not alike.
    """
    models = {size: make(size) for size in (*small, *SIZES)}
    first = models[SIZES[0]]
    grown = _grown(first, models[SIZES[1]])
    found = _Sized(first, SIZES[0], owner, grown).family()
    for size in SIZES[1:]:
        if _Sized(models[size], size, owner, grown).family() != found:
            raise _differ(first, models[size])
    for size in small:
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
        steps = _distinct(self._step(step) for step in self.model.steps)
        broken = {
            it.name: _distinct(self._shape(it.name, case.parts) for case in it.broken) for it in self.model.properties
        }
        return Family(own[0], shared, steps, broken, self._is_exact())

    def _is_exact(self) -> bool:
        """Return whether each shape of a step is there for all members, whichever."""
        taking: list[tuple[Shape, set[tuple[int, ...]]]] = []
        for each in self.model.steps:
            shape, members = self._step(each), self._reading(each.name, each.parts).members
            known = next((them for other, them in taking if other == shape), None)
            if known is None:
                taking.append((shape, {members}))
            else:
                known.add(members)
        everyone = range(1, self.size + 1)
        return all(them == set(permutations(everyone, shape.members)) for shape, them in taking)

    def is_of(self, family: Family) -> bool:
        """Return whether every step and case has one of a family's shapes, as that of some members or of all."""
        steps = all(self._is_among(step.parts, family.steps, owed=bool(step.owed)) for step in self.model.steps)
        return steps and all(
            self._is_among(case.parts, family.broken[it.name]) for it in self.model.properties for case in it.broken
        )

    def _is_among(self, parts: tuple[Part, ...], shapes: tuple[Shape, ...], *, owed: bool = True) -> bool:
        """Return whether these are one of the shapes; where there are no other members, what they do is not seen."""
        found = [(of.parts, len(of.members), of.every) for of in self._readings(parts)]
        known = [(of.parts, of.members, of.every if of.members < self.size else ()) for of in shapes if of.owed == owed]
        return any(reading in known for reading in found)

    def _own_fields(self, member: int) -> tuple[Field, ...]:
        its = ((field, self.whose[field.name]) for field in self.model.fields)
        return tuple(field._replace(name=of[0]) for field, of in its if of and of[1] == member)

    def _step(self, step: Step) -> Shape:
        """Return a step's shape; it is named without the member that takes it, if one does."""
        shape = self._shape(step.name, step.parts)
        about = [str(value) for role, value in step.about if role == "call" or not shape.members]
        return shape._replace(name=" ".join([step.name, *about]), owed=bool(step.owed))

    def _shape(self, name: str, parts: tuple[Part, ...]) -> Shape:
        members, of_some, every = self._reading(name, parts)
        return Shape(name, of_some, len(members), every)

    def _reading(self, name: str, parts: tuple[Part, ...]) -> _Reading:
        """Return the one way to read parts: where all members are touched, every other one does the same."""
        found = [of for of in self._readings(parts) if len(of.members) < self.size]
        if not found:
            raise ModelError(f"{name} does not do the same to every member, so that nothing can be said for all sizes")
        return found[0]

    def _readings(self, parts: tuple[Part, ...]) -> Iterator[_Reading]:
        """Yield the ways to read parts: as those of all members that are touched, or of none or one and every other."""
        of = [self._members(part) for part in parts]
        members = tuple(dict.fromkeys(member for touched in of for member in touched))
        yield _Reading(members, tuple(self._bare(part, members) for part in parts), ())
        for taking in ((), *((member,) for member in members)) if len(members) == self.size else ():
            own = [part for part, touched in zip(parts, of, strict=True) if set(touched) <= set(taking)]
            others = [each for each in members if each not in taking]
            does = [
                tuple(
                    self._bare(part, (*taking, each))
                    for part, touched in zip(parts, of, strict=True)
                    if each in touched and set(touched) <= {each, *taking}
                )
                for each in others
            ]
            alike = all(each == does[0] for each in does) and len(own) + sum(map(len, does)) == len(parts)
            if does and alike:
                yield _Reading(taking, tuple(self._bare(part, taking) for part in own), does[0])

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


def _distinct(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    found: list[Shape] = []
    for each in shapes:
        if each not in found:
            found.append(each)
    return tuple(found)
