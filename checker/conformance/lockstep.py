"""The spec and an app server, side by side, while users come and call as they like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial

from overbooked.checker.conformance.blame import at_fault
from overbooked.checker.conformance.difference_text import printed, show_apart
from overbooked.checker.conformance.implementation import Implementation, Names, NewServer
from overbooked.checker.conformance.observations import differences, observation_of
from overbooked.checker.conformance.replay import Row, hints
from overbooked.checker.conformance.spelling import PLAIN, Spelling
from overbooked.checker.conformance.system_under_test import SystemUnderTest
from overbooked.checker.console import counted
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

    def __init__(self, setting: Setting, storage: Storage, server: NewServer, spelling: Spelling = PLAIN) -> None:
        self.setting = setting
        self._spelling = spelling
        self._state: dict[str, Value] = {}
        self._steps: dict[str, Step] = {}
        self._taken: list[Step] = []
        self._beside: list[str] = []
        self._has_failed = False
        self.possible: list[str] = []
        self._grow(setting)
        self._states = [self._state]
        self._parts = Implementation(lambda: nullcontext(storage), server, Names("app server", "storage"))
        with self._theirs():
            self._driven = SystemUnderTest(setting, storage, server, spelling, notes_tasks=True)
        try:
            self.look()
        except DiffersError:
            self.close()
            raise

    def stands(self, call: Call) -> Value:
        """Return how a call stands, or what its user was told."""
        return self._state[self.setting.call(call).name]

    def call(self, user: int, kind: Kind, room: str) -> None:
        """Let a user, by number from 1 on, make a call; one who has made one before must have been answered.

        Bookings that have begun before may have to come in first, and do so then.
        """
        __tracebackhide__ = True
        call = self._next_call(user, kind, room)
        while call.kind == "book" and self.coming:
            self.go_on(self.coming[0])
        self.take(f"invoke {call.name}")

    def take(self, label: str) -> None:
        """Take a step that is possible, on both sides."""
        __tracebackhide__ = True
        self._advance(label)
        with self._theirs():
            self._driven.take(label)
        self.look()

    # What the spec does not tell: messages that are lost and sent again, and what lies within one step of it.

    @property
    def under_way(self) -> list[str]:
        """What messages wait for: any of these messages may be lost."""
        return self._driven.under_way

    def cut(self, label: str, times: int = 1) -> None:
        """Let the message that waits for a step be lost with its connection: its sender knows; nothing has changed.

        It is lost again, so many times in a row, where it is sent again.
        """
        self._note(f"{label} is lost with its connection{f', {times} times in a row' if times > 1 else ''}")
        with self._theirs():
            for _ in range(times):
                if label in self._driven.under_way:
                    self._driven.cut(label)
        self.look()

    @property
    def coming(self) -> list[str]:
        """What the clock and the log are asked for bookings that come in, and that the spec does not know of yet."""
        return self._driven.coming

    @property
    def begun(self) -> list[str]:
        """The bookings that have begun, and not come in."""
        return list(self._driven.calls.begun)

    def begin(self, user: int, room: str) -> None:
        """Let a user book; the spec knows of it once the booking has come in: see :meth:`go_on`."""
        name = self._next_call(user, "book", room).name
        self._note(f"{name} begins")
        with self._theirs():
            self._driven.begin(name)
        self.look()

    def go_on(self, asked: str) -> None:
        """Let the clock or the log do what it is asked, so that bookings may have come in."""
        self._note(f"{asked} is done")
        with self._theirs():
            come_in = self._driven.calls.go_on(asked)
        for name in come_in:
            self._advance(f"invoke {name}")
        self.look()

    @property
    def may_give_up(self) -> list[str]:
        """The bookings that have no timestamp yet and can take too long."""
        return self._driven.calls.may_give_up

    def give_up(self, name: str) -> None:
        """Let a booking take too long that has no timestamp yet: nothing is to come of it, and it may be made again."""
        self._note(f"{name} takes too long, and has no timestamp")
        with self._theirs():
            self._driven.calls.give_up(name)
        self.look()

    @property
    def is_arriving(self) -> list[str]:
        """The writes of the app server that can arrive now."""
        return self._driven.is_arriving

    def arrive_at_once(self, labels: Sequence[str]) -> None:
        """Let these writes arrive at the same time; the spec takes one after the other, those first that are taken."""
        self._note(f"at the same time: {', '.join(labels)}")
        with self._theirs():
            self._driven.arrive_at_once(labels)
        under_way = self._driven.under_way
        for label in sorted(labels, key=lambda label: label.replace("apply", "confirm", 1) not in under_way):
            is_possible = self._steps[label].on(self._state) is not None
            self._advance(label if is_possible else label.replace("apply", "refuse", 1))
        self.look()

    @property
    def waits_for_time(self) -> bool:
        """Whether the app server waits for time by itself, and not by its clock."""
        return self._driven.waits_for_time

    def pass_time(self) -> None:
        """Let time pass: nothing comes of that alone."""
        self._note("time passes")
        with self._theirs():
            self._driven.pass_time()
        self.look()

    @property
    def may_hand_over(self) -> bool:
        """Whether an idle app server can be closed and another one finish its writes, and nothing changes for the spec.

        That is where all writes are sent at once, and some are under way. What was lost or forgotten would be sent
        again.
        """
        write = self.setting.write
        is_sent_at_once = not (write.serial or write.log or write.primary)
        is_busy = bool(self.under_way) and not self.begun
        return is_sent_at_once and is_busy and not self._has_taken("lose", "forget")

    @property
    def is_idle(self) -> bool:
        """Whether no call is being served."""
        return not self._driven.calls.served

    def hand_over(self) -> None:
        """Close the app server in order, and let another one go on where it was."""
        self._note("the app server is closed, and another one goes on")
        with self._theirs():
            self._driven.hand_over()
        self.look()

    def close(self) -> None:
        """Let go of all connections; what is raised then is not told any more, if something was before."""
        with suppress(Exception) if self._has_failed else nullcontext():
            self._driven.close()

    def _next_call(self, user: int, kind: Kind, room: str) -> Call:
        """Return a user's next call; one that has begun, and nothing came of it, is made once more."""
        program = self.setting.users[user - 1]
        if program and self.stands(program[-1]) == "idle":
            return program[-1]
        count = 1 + sum(call.kind == kind for call in program)
        name = f"u{user}.{kind}{count if count > 1 else ''}"
        made = Call(name, kind, f"u{user}", room, program[-1].name if program else None)
        users = list(self.setting.users)
        users[user - 1] = (*program, made)
        self._grow(self.setting._replace(users=tuple(users)))
        self._driven.extend(self.setting)
        return made

    def _advance(self, label: str) -> None:
        """Take a step of the spec."""
        __tracebackhide__ = True
        step = self._steps[label]
        after = step.on(self._state)
        if after is None:
            raise ValueError(f"{label} is not possible now; there are {', '.join(self.possible)}")
        self._state = after
        self._taken.append(step)
        self._states.append(after)

    def _note(self, what: str) -> None:
        self._beside.append(f"after {counted(len(self._taken), 'step')}: {what}")

    def _grow(self, setting: Setting) -> None:
        self.setting = setting
        self._state = {field.name: field.initial for field in setting.fields()} | self._state
        self._steps = {step.label: step for step in steps_of(setting)}

    def look(self) -> None:
        """Compare the two sides."""
        __tracebackhide__ = True
        steps = self._steps.items()
        self.possible = [name for name, step in steps if all(part.on(self._state) is not None for part in step.parts)]
        expected = observation_of(self.setting, self._state, frozenset(self.possible))
        with self._theirs():
            seen = self._driven.view()
        if expected != seen:
            rows = [*differences(self.setting, expected, seen), *hints(self._driven)]
            raise DiffersError(partial(self._story, rows))
        if left := self._driven.left_behind(at_rest=self._is_at_rest):
            raise DiffersError(partial(self._story, [(whose, "none", what) for whose, what in left]))

    @contextmanager
    def _theirs(self) -> Iterator[None]:
        """Have what the user's code raises told as a difference, and whose it is."""
        try:
            yield
        except Exception as error:
            self._has_failed = True
            party, raised = at_fault(error, self._parts)
            raise DiffersError(partial(self._story, [(party, "goes on", raised)])) from error

    @property
    def _is_at_rest(self) -> bool:
        """Whether nothing goes on any more, and no write is waited for that never comes."""
        goes_on = any(self._steps[label].owed for label in self.possible) or self.begun
        return not goes_on and not self._has_taken("crash", "node-crash", "lose", "forget")

    def _has_taken(self, *kinds: str) -> bool:
        return any(step.name in kinds for step in self._taken)

    def _story(self, rows: Sequence[Row]) -> str:
        initial = {field.name: field.initial for field in self.setting.fields()}
        model = Model(name_of(self.setting), self.setting.fields(), tuple(self._steps.values()), ())
        run = Run(model, tuple(self._taken), tuple(initial | state for state in self._states))
        in_words = printed(lambda console: show_apart(console, self.setting, run, rows, "app server"))
        called = self._spelling.told(self.setting.rooms)
        beside = ["Beside these steps:", "", *self._beside] if self._beside else []
        return "\n".join(
            ("", "", model.name, *[f"({called})"] * bool(called), "", *beside, *[""] * bool(beside), in_words)
        )
