"""The language a spec is written in.

A **model** is a handful of named *fields*, each with a small finite domain, and named *steps* between
states. A state gives every field a value. A step is made of *parts* that act together: each part
is a pure function of the few fields it touches. It is called with their old values, by name, and answers

- a mapping with the new values of those that change (``{}`` or ``True``: possible, and changes nothing), or
- ``None`` or ``False``: the step is not possible now.

A step is possible when all its parts are, and then makes all their changes at once.

What must hold is a *property*: the *cases* in which it is broken, each again made of parts that must all be true.
A property speaks of every state (``"never"``), or of how runs end (``"in the end"``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

Value: TypeAlias = str | int | bool | None
State: TypeAlias = Mapping[str, Value]
Change: TypeAlias = Mapping[str, Value]
Rule: TypeAlias = Callable[..., Change | bool | None]
When: TypeAlias = Literal["never", "in the end"]


class Field(NamedTuple):
    """A named part of the state.

    ``domain`` lists every value that the field may have, ``initial`` is the one it begins with.
    """

    name: str
    domain: tuple[Value, ...]
    initial: Value


class Part(NamedTuple):
    """A rule, the fields it touches (each under the role it plays in the rule), and its constants."""

    rule: Rule
    fields: tuple[tuple[str, Field], ...]
    constants: tuple[tuple[str, Value], ...]

    def on(self, state: State) -> Change | None:
        """Return what the part changes in ``state``, by field name; ``None`` when it is not possible."""
        roles = {role: state[field.name] for role, field in self.fields}
        change = outcome(self.rule(**roles, **dict(self.constants)))
        names = {role: field.name for role, field in self.fields}
        return None if change is None else {names[role]: value for role, value in change.items()}


class Step(NamedTuple):
    """A named step between states.

    ``about`` says whose step it is, in the words of the model (``{"replica": "db1"}``). A step that is
    *owed* is taken sooner or later if it stays possible for ever (weak fairness); a fault is not owed.
    """

    name: str
    about: tuple[tuple[str, Value], ...]
    parts: tuple[Part, ...]
    owed: bool = True

    def on(self, state: State) -> dict[str, Value] | None:
        """Return the state after this step, or ``None`` when the step is not possible in ``state``.

        >>> tick = step("tick", part(lambda hour: {"hour": (hour + 1) % 24}, hour=Field("hour", tuple(range(24)), 0)))
        >>> tick.on({"hour": 23})
        {'hour': 0}
        """
        after = dict(state)
        for each in self.parts:
            change = each.on(state)
            if change is None:
                return None
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
        return all(each.on(state) is not None for each in self.parts)


class Property(NamedTuple):
    """What must hold.

    ``"never"``: no reachable state is one of the cases ``broken``.
    ``"in the end"``: no run is over, and no run goes on for ever, in states that are all such cases.
    ``witness``: cases of which one must be reachable, or the property holds only because nothing happened.
    """

    name: str
    when: When
    broken: tuple[Case, ...]
    witness: tuple[Case, ...]


class Model(NamedTuple):
    """Fields, the steps between their states, and the properties to judge.

    ``alike`` has groups of words in the fields' names that might be swapped without making a difference (the names of
    the replicas, say). It is a hint: whoever uses it has to find out whether it is so.
    """

    name: str
    fields: tuple[Field, ...]
    steps: tuple[Step, ...]
    properties: tuple[Property, ...]
    alike: tuple[tuple[str, ...], ...] = ()

    @property
    def initial(self) -> dict[str, Value]:
        """The state in which every run begins."""
        return {field.name: field.initial for field in self.fields}


def outcome(answer: Change | bool | None) -> Change | None:
    """Return what a rule's answer changes, or ``None`` when it says that the part is not possible.

    Raises :class:`TypeError` when the answer is neither a mapping nor true nor false.
    """
    if isinstance(answer, Mapping):
        return answer
    if answer is None or isinstance(answer, int):
        return {} if answer else None
    raise TypeError(f"a rule answers with what changes, True, False or None, and not with {answer!r}")


def part(rule: Rule, **roles: Field | Value) -> Part:
    """Return ``rule`` as a part: roles that are given a field are touched, the others are constants.

    >>> part(lambda count, most: count < most, count=Field("count", (0, 1, 2), 0), most=2).on({"count": 2}) is None
    True
    """
    fields = tuple((role, it) for role, it in roles.items() if isinstance(it, Field))
    constants = tuple((role, it) for role, it in roles.items() if not isinstance(it, Field))
    return Part(rule, fields, constants)


def step(name: str, *parts: Part, owed: bool = True, **about: Value) -> Step:
    """Return a step made of ``parts``; ``about`` names whom it is about."""
    return Step(name, tuple(about.items()), parts, owed)


def case(*parts: Part, **about: Value) -> Case:
    """Return a case made of ``parts``; ``about`` names what makes it one, for the explanation."""
    return Case(parts, tuple(about.items()))
