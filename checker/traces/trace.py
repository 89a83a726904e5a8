"""A trace: one run as it is told, with all that any form of it shows."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from overbooked.checker.engine.runs import Run
from overbooked.spec.language import Value

Message: TypeAlias = tuple[str, str, str]
"""Who says to whom what."""


class Moment(NamedTuple):
    """One step as it is told.

    number, label, is_fault
        Its place in the run, from 1 on, what the model calls it, and whether it is a fault.
    who, what, messages
        Who does what, and who says what to whom.
    values
        The same as named values.
    read
        The fields that the step looked at, with what they were.
    changed
        The fields that it changed, with what they were and are.
    holds
        What each holder holds after it.
    keeps
        Which guarantees are true until here; ``None`` for one that speaks of how runs end, while this one goes on.
    """

    number: int
    label: str
    is_fault: bool
    who: str
    what: str
    messages: tuple[Message, ...]
    values: dict[str, Value | list[str]]
    read: dict[str, Value]
    changed: dict[str, tuple[Value, Value]]
    holds: dict[str, str]
    keeps: dict[str, bool | None]


class Trace(NamedTuple):
    """A run that breaks a guarantee, as it is told.

    name, command
        A name that can be typed anywhere, and the command that shows this trace.
    setting, guarantee, sentence, users
        What was asked: the setting on a line, the guarantee, what it says, and what the users do.
    parties, holders
        Who takes part, in the order in which a diagram has them, and which of them hold what ``first`` says, at first.
    moments, bookings
        The steps, and what the names of those bookings mean that occur: ``b1 is the booking with timestamp 1``.
    answers
        What the user of each call was told in the end, by the call's name.
    why, right, without
        Why the guarantee is broken, what would have been right, and for each step what comes of it where it is left
        out.
    shortest, no_fault_needed, each_fault
        Whether no shorter run breaks it; whether it does so without a fault, though there might have been one; and
        whether only runs were looked for in which each fault happens.
    gives, breaks
        The strongest guarantees that the setting gives, and the weakest that it breaks, of those that were judged.
    run
        The run itself.
    """

    name: str
    command: str
    setting: str
    guarantee: str
    sentence: str
    users: str
    parties: tuple[str, ...]
    holders: tuple[str, ...]
    first: dict[str, str]
    moments: tuple[Moment, ...]
    bookings: str
    answers: dict[str, str]
    why: str
    right: str
    without: tuple[str, ...]
    shortest: bool
    no_fault_needed: bool
    each_fault: bool
    gives: tuple[str, ...]
    breaks: tuple[str, ...]
    run: Run

    def held_before(self, moment: Moment) -> dict[str, str]:
        """Return what each holder held before a step."""
        return self.moments[moment.number - 2].holds if moment.number > 1 else self.first

    def changes(self, moment: Moment) -> dict[str, tuple[str, str]]:
        """Return what changed in what the holders hold."""
        before = self.held_before(moment)
        return {who: (before[who], now) for who, now in moment.holds.items() if before[who] != now}
