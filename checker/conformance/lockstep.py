"""The spec and an app server, side by side, while users come and call as they like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from overbooked.checker.conformance.difference_text import printed, show_apart
from overbooked.checker.conformance.implementation import NewServer
from overbooked.checker.conformance.observations import differences, observation_of
from overbooked.checker.conformance.replay import Row
from overbooked.checker.conformance.system_under_test import SystemUnderTest
from overbooked.checker.engine.runs import Run
from overbooked.reference.ports import Storage
from overbooked.spec.language import Model, Step, Value
from overbooked.spec.setting import Setting
from overbooked.spec.system import name_of, steps_of
from overbooked.spec.users import Call, Kind


class DiffersError(AssertionError):
    """The app server does what the spec does not allow, or cannot do what it does; as text it tells the run."""

    def __init__(self, in_words: Callable[[], str]) -> None:
        super().__init__(in_words)
        self._in_words = in_words

    def __str__(self) -> str:
        """Return the run, and what differs at its end."""
        return self._in_words()


class Lockstep:
    """A run that is under way on both sides; ``setting`` grows with every call that a user makes.

    ``possible`` has the labels of the steps that are possible now.
    Each method raises :class:`DiffersError` when the two sides differ after what it does.
    """

    def __init__(self, setting: Setting, storage: Storage, server: NewServer) -> None:
        self.setting = setting
        self._state: dict[str, Value] = {}
        self._steps: dict[str, Step] = {}
        self._taken: list[Step] = []
        self.possible: list[str] = []
        self._grow(setting)
        self._states = [self._state]
        self._driven = SystemUnderTest(setting, storage, server)
        try:
            self.look()
        except DiffersError:
            self.close()
            raise

    @property
    def under_way(self) -> list[str]:
        """The steps that messages wait for: any of these messages may be lost."""
        return self._driven.under_way

    def stands(self, call: Call) -> Value:
        """Return how a call stands, or what its user was in_words."""
        return self._state[self.setting.call(call).name]

    def call(self, user: int, kind: Kind, room: str) -> None:
        """Let a user, by number from 1 on, make a call; one who has made one before must have been answered."""
        program = self.setting.users[user - 1]
        count = 1 + sum(call.kind == kind for call in program)
        name = f"u{user}.{kind}{count if count > 1 else ''}"
        made = Call(name, kind, f"u{user}", room, program[-1].name if program else None)
        users = list(self.setting.users)
        users[user - 1] = (*program, made)
        self._grow(self.setting._replace(users=tuple(users)))
        self._driven.extend(self.setting)
        self.take(f"invoke {name}")

    def take(self, label: str) -> None:
        """Take a step that is possible, on both sides."""
        __tracebackhide__ = True
        step = self._steps[label]
        after = step.on(self._state)
        if after is None:
            raise ValueError(f"{label} is not possible now; there are {', '.join(self.possible)}")
        self._state = after
        self._taken.append(step)
        self._states.append(after)
        self._driven.take(label)
        self.look()

    def cut(self, label: str) -> None:
        """Let the message that waits for a step be lost with its connection: its sender knows; nothing has changed."""
        self._driven.cut(label)
        self.look()

    def close(self) -> None:
        """Let go of all connections."""
        self._driven.close()

    def _grow(self, setting: Setting) -> None:
        self.setting = setting
        self._state = {field.name: field.initial for field in setting.fields()} | self._state
        self._steps = {step.label: step for step in steps_of(setting)}

    def look(self) -> None:
        """Compare the two sides."""
        __tracebackhide__ = True
        steps = self._steps.items()
        self.possible = [name for name, step in steps if all(part.on(self._state) is not None for part in step.parts)]
        expected, seen = observation_of(self.setting, self._state, frozenset(self.possible)), self._driven.view()
        if expected != seen:
            raise DiffersError(partial(self._story, differences(self.setting, expected, seen)))

    def _story(self, rows: Sequence[Row]) -> str:
        initial = {field.name: field.initial for field in self.setting.fields()}
        model = Model(name_of(self.setting), self.setting.fields(), tuple(self._steps.values()), ())
        run = Run(model, tuple(self._taken), tuple(initial | state for state in self._states))
        in_words = printed(lambda console: show_apart(console, self.setting, run, rows, "app server"))
        return f"\n\n{model.name}\n\n{in_words}"
