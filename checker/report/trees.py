"""What is told of a step or a state, as a tree of questions about fields: another program can tell it, too.

A text is told by a Python function of the state. Here the function is asked again and again: each field that it looks
at becomes a question, with a branch for each value, until it needs to look no further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from overbooked.spec.language import Change, Field, Part, State, Step, Value

Tree: TypeAlias = "str | tuple[str, tuple[Tree, ...]] | None"
"""A text; nothing, where the step is not possible; or a field, with a tree for each value of its domain."""
Tell: TypeAlias = Callable[[State], str]
TellStep: TypeAlias = Callable[[Step, State, State], str]


class _AskedError(Exception):
    """A field's value is needed."""

    def __init__(self, field: Field) -> None:
        super().__init__(field.name)
        self.field = field


class _ImpossibleError(Exception):
    """The step is not possible with these values."""


def tree_of(fields: Mapping[str, Field], tell: Tell) -> Tree:
    """Return what ``tell`` tells of states as a tree; of the fields it may look at any of these.

    >>> light = Field("light", ("off", "on"), "off")
    >>> tree_of({"light": light}, lambda state: f"it is {state['light']}")
    ('light', ('it is off', 'it is on'))

    Cost: a call for each branch.
    """
    return _tree({}, lambda known: tell(_Known(fields, known)))


def tree_of_step(fields: Mapping[str, Field], step: Step, tell: TellStep) -> Tree:
    """Return what ``tell`` tells of a step, from the states before and after it, as a tree about the one before."""

    def text(known: dict[str, Value]) -> str:
        if not all(_may_be(part, known) for part in step.parts):
            raise _ImpossibleError
        before = _Known(fields, known)
        return tell(step, before, _After(before, step))

    return _tree({}, text)


def _may_be(part: Part, known: dict[str, Value]) -> bool:
    """Return whether a part may be possible, as far as that is known."""
    return not all(field.name in known for _, field in part.fields) or part.on(known) is not None


def _tree(known: dict[str, Value], tell: Callable[[dict[str, Value]], str]) -> Tree:
    try:
        return tell(known)
    except _ImpossibleError:
        return None
    except _AskedError as asked:
        field = asked.field
    branches = tuple(_tree(known | {field.name: value}, tell) for value in field.domain)
    kinds = {branch for branch in branches if branch is not None}
    return kinds.pop() if len(kinds) == 1 else (field.name, branches) if kinds else None


class _Known(Mapping[str, Value]):
    """A state of which some fields are known; who looks at another one asks for it."""

    def __init__(self, fields: Mapping[str, Field], known: dict[str, Value]) -> None:
        self.fields = fields
        self._known = known

    def __getitem__(self, name: str) -> Value:
        if name in self._known:
            return self._known[name]
        if name not in self.fields:
            raise KeyError(name)
        raise _AskedError(self.fields[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


class _After(Mapping[str, Value]):
    """The state after a step, of which as much is worked out as is looked at."""

    def __init__(self, before: _Known, step: Step) -> None:
        self._before = before
        self._step = step

    def __getitem__(self, name: str) -> Value:
        for part in self._step.parts:
            if any(field.name == name for _, field in part.fields):
                change: Change | None = part.on(self._before)
                if change is None:
                    raise _ImpossibleError
                if name in change:
                    return change[name]
        return self._before[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._before)

    def __len__(self) -> int:
        return len(self._before)
