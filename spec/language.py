"""The language a spec is written in.

A **model** is a handful of named *fields*, each with a small finite domain, and named *steps* between
states. A state gives every field a value. A step is made of *parts* that act together: each part
is a pure function of the few fields it touches. It is called with their old values, by name, and answers

- a mapping with the new values of those that change (``{}`` or ``True``: possible, and changes nothing), or
- ``None`` or ``False``: the step is not possible now.

Nothing else is an answer. A step is possible when all its parts are, and then makes all their changes at once. A rule
need have no answer for values that never come up: an exception it raises is an error where all other parts are
possible, and nowhere else.

A run goes on as long as a step is possible that is *owed*; when none is, it is *over*. What must hold is a *property*:
the *cases* in which it is broken, each again made of parts that must all be true. It speaks of states, or of runs:

``"never"``
    broken by a state that can be reached and is such a case;
``"in the end"``
    broken by a run that is over in such a case, and by one that from some point on is in such cases for ever. Where it
    holds, a run may come to such cases again and again, but never to stay;
``"at some point"``
    broken by a run that is in such cases from its first state on, until it is over, or for ever;
``"leads to"``
    broken by a run that is in such cases from a state on that is one of the property's witness, until it is over, or
    for ever. Where it holds, each witness leads to a state that is no such case, or is one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

Value: TypeAlias = str | int | bool | tuple["Value", ...] | frozenset["Value"] | None
State: TypeAlias = Mapping[str, Value]
Change: TypeAlias = Mapping[str, Value]
Rule: TypeAlias = Callable[..., Change | bool | None]
When: TypeAlias = Literal["never", "in the end", "at some point", "leads to"]
OF_STATES: tuple[When, ...] = ("never", "in the end")
"""What one state is enough to break, where a run is over for the second; what the others say is of the way there."""


class _Declared(NamedTuple):
    name: str
    domain: tuple[Value, ...]
    initial: Value


class Field(_Declared):
    """A named part of the state.

    ``domain`` lists every value that the field may have, ``initial`` is the one it begins with. Two fields are the same
    if these are, and of the same types: ``True`` is not 1 here.
    """

    @property
    def codes(self) -> Mapping[Value, int]:
        """The place of each value in the domain."""
        known: dict[str, Mapping[Value, int]] = self.__dict__
        if "codes" not in known:
            known["codes"] = {value: place for place, value in enumerate(self.domain)}
        return known["codes"]

    @property
    def kind(self) -> Hashable:
        """What two fields have in common whose domains have the same values, of the same types, in the same order."""
        known: dict[str, Hashable] = self.__dict__
        if "kind" not in known:
            known["kind"] = _Kept((self.domain, kinds(self.domain)))
        return known["kind"]

    def own(self, value: Value) -> Value:
        """Return the domain's own value that Python calls equal to this one (1 for ``True``), or itself, without one.

        >>> Field("count", (0, 1, 2), 0).own(4 / 2)
        2
        """
        place = self.code(value)
        return value if place is None else self.domain[place]

    def code(self, value: Value) -> int | None:
        """Return the place of a value in the domain; ``None``, if it is not there."""
        try:
            return self.codes.get(value)
        except TypeError:  # a list, say, is in no domain
            return None

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same name, values and initial value."""
        if self is other or not isinstance(other, Field) or self[0] != other[0]:
            return self is other
        return self.kind == other.kind and self[2] == other[2] and type(self[2]) is type(other[2])

    def __ne__(self, other: object) -> bool:
        """Return whether they are not the same."""
        return not self == other

    def __hash__(self) -> int:
        """Return the same for the same field."""
        return hash(self[0])


class _Kept:
    """Something whose hash is reckoned once: domains may be long."""

    def __init__(self, it: Hashable) -> None:
        self._it, self._hash = it, hash(it)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Kept) and self._hash == other._hash and self._it == other._it)


def kinds(values: Iterable[Value]) -> tuple[object, ...]:
    """Return what tells values apart that Python calls equal, as ``True`` and 1: their types, and those inside them."""
    return tuple(_kind(value) if isinstance(value, (tuple, frozenset)) else type(value) for value in values)


def _kind(value: object) -> object:
    if isinstance(value, tuple):
        return type(value), kinds(value)
    if isinstance(value, frozenset):
        return type(value), frozenset((each, _kind(each)) for each in value)
    return type(value)


class _Asked(NamedTuple):
    rule: Rule
    fields: tuple[tuple[str, Field], ...]
    constants: tuple[tuple[str, Value], ...]


class Part(_Asked):
    """A rule, the fields it touches (each under the role it plays in the rule), and its constants.

    Two parts are the same if these are, and the constants of the same types: ``True`` is not 1 here, either.
    """

    __slots__ = ()
    __hash__ = _Asked.__hash__

    def __eq__(self, other: object) -> bool:
        """Return whether both do the same with the same fields."""
        if self is other or not isinstance(other, Part) or not _Asked.__eq__(self, other):
            return self is other
        return kinds(value for _, value in self.constants) == kinds(value for _, value in other.constants)

    def __ne__(self, other: object) -> bool:
        """Return whether they are not the same."""
        return not self == other

    def on(self, state: State) -> Change | None:
        """Return what the part changes in ``state``, by field name; ``None`` when it is not possible."""
        roles = {role: state[field.name] for role, field in self.fields}
        change = outcome(self.rule(**roles, **dict(self.constants)))
        fields = dict(self.fields)
        return None if change is None else {fields[role].name: fields[role].own(to) for role, to in change.items()}


class Owed(NamedTuple):
    """How a step is owed, where that is more than ``True`` says (Lamport, Specifying Systems, 2002, chapter 8).

    strongly
        It is taken sooner or later if it is possible again and again, though not all the time (strong fairness).
    group
        The steps of one group are owed together: if always one or other of them is possible (or again and again, if
        strongly), one of them is taken sooner or later, and the others need not be.
    """

    strongly: bool = False
    group: str | None = None


class Step(NamedTuple):
    """A named step between states.

    ``about`` says whose step it is, in the words of the model (``{"replica": "db1"}``). A step that is
    *owed* is taken sooner or later if it stays possible for ever (weak fairness; :class:`Owed` says more); a fault is
    not owed.
    """

    name: str
    about: tuple[tuple[str, Value], ...]
    parts: tuple[Part, ...]
    owed: bool | Owed = True

    def on(self, state: State) -> dict[str, Value] | None:
        """Return the state after this step, or ``None`` when the step is not possible in ``state``.

        >>> tick = step("tick", part(lambda hour: {"hour": (hour + 1) % 24}, hour=Field("hour", tuple(range(24)), 0)))
        >>> tick.on({"hour": 23})
        {'hour': 0}
        """
        changes = _together(self.parts, state)
        if changes is None:
            return None
        after = dict(state)
        for change in changes:
            after.update({name: value for name, value in change.items() if value != state[name]})
        return after

    @property
    def label(self) -> str:
        """The name and whom it is about, on one line."""
        return " ".join([self.name, *(str(value) for _, value in self.about if value is not None)])


class Case(NamedTuple):
    """One way to break a property (or to show that it is not vacuous): true where all its parts are."""

    parts: tuple[Part, ...]
    about: tuple[tuple[str, Value], ...] = ()

    def on(self, state: State) -> bool:
        """Return whether ``state`` is such a case."""
        return _together(self.parts, state) is not None


def _together(parts: Iterable[Part], state: State) -> list[Change] | None:
    """Return what each part changes, or ``None`` where one is not possible; only else is an exception raised."""
    changes: list[Change] = []
    wrong: Exception | None = None
    for each in parts:
        try:
            change = each.on(state)
        except Exception as raised:  # noqa: BLE001 - whatever a rule may raise
            wrong = wrong or raised
            continue
        if change is None:
            return None
        changes.append(change)
    if wrong:
        raise wrong
    return changes


class Property(NamedTuple):
    """What must hold.

    ``when`` says of which states ``broken`` has the cases: see above. ``witness`` has cases of which one must be
    reachable, or the property holds only because nothing happened; if it is one of ``"leads to"``, what leads there.
    """

    name: str
    when: When
    broken: tuple[Case, ...]
    witness: tuple[Case, ...]


class Model(NamedTuple):
    """Fields, the steps between their states, and the properties to judge.

    ``alike`` has groups of words in the fields' names that might be swapped without making a difference (the names of
    the replicas, say). It is a hint: whoever uses it has to find out whether it is so.

    ``starts`` has the states in which a run may begin, each as the values of those fields that do not have their
    initial one; without any, all fields have.
    """

    name: str
    fields: tuple[Field, ...]
    steps: tuple[Step, ...]
    properties: tuple[Property, ...]
    alike: tuple[tuple[str, ...], ...] = ()
    starts: tuple[State, ...] = ()

    @property
    def initial_states(self) -> list[dict[str, Value]]:
        """The states in which a run may begin, each once.

        >>> x, y = Field("x", (0, 1, 2), 0), Field("y", (0, 1), 0)
        >>> Model("m", (x, y), (), (), starts=({"x": 1}, {"x": 2, "y": 1})).initial_states
        [{'x': 1, 'y': 0}, {'x': 2, 'y': 1}]
        """
        first = {field.name: field.own(field.initial) for field in self.fields}
        fields = {field.name: field for field in self.fields}
        own = ({name: fields[name].own(value) for name, value in start.items()} for start in self.starts)
        states = [first | start for start in own] or [first]
        return list({tuple(state.values()): state for state in states}.values())

    @property
    def initial(self) -> dict[str, Value]:
        """The state in which every run begins; raises :class:`ValueError` where there are several."""
        first, *others = self.initial_states
        if others:
            raise ValueError(f"{self.name} begins in {len(others) + 1:,} states, and not in one")
        return first


class AnswerError(TypeError):
    """A rule's answer that is none; the message says what would be one."""


def outcome(answer: Change | bool | None) -> Change | None:
    """Return what a rule's answer changes, or ``None`` when it says that the part is not possible.

    Raises :class:`AnswerError` when the answer is none of those that there are.
    """
    if isinstance(answer, Mapping):
        return answer
    if answer is None or isinstance(answer, bool):
        return {} if answer else None
    wrong = f"with {answer!r}, which is neither what changes, as in {{'x': 1}}, nor True, False or None"
    raise AnswerError(f"a rule answers {wrong}")


def part(rule: Rule, **roles: Field | Value) -> Part:
    """Return ``rule`` as a part: roles that are given a field are touched, the others are constants.

    >>> part(lambda count, most: count < most, count=Field("count", (0, 1, 2), 0), most=2).on({"count": 2}) is None
    True
    """
    fields = tuple((role, it) for role, it in roles.items() if isinstance(it, Field))
    constants = tuple((role, it) for role, it in roles.items() if not isinstance(it, Field))
    return Part(rule, fields, constants)


def step(name: str, *parts: Part, owed: bool | Owed = True, **about: Value) -> Step:
    """Return a step made of ``parts``; ``about`` names whom it is about."""
    return Step(name, tuple(about.items()), parts, owed)


def case(*parts: Part, **about: Value) -> Case:
    """Return a case made of ``parts``; ``about`` names what makes it one, for the explanation."""
    return Case(parts, tuple(about.items()))
