"""What can be seen of the spec and of the reference alike, at one moment of a run."""

from __future__ import annotations

from typing import NamedTuple

from overbooked.spec.language import State
from overbooked.spec.setting import Setting


class Observation(NamedTuple):
    """The steps that are possible, by label; what each replica holds for each room; how each call stands.

    A booking that is held is told by its call (``u1.book``), ``-`` stands for none. A call is ``idle``, ``running``, or
    what its user was told.
    """

    possible: frozenset[str]
    stored: tuple[str, ...]
    calls: tuple[str, ...]


def observation_of(setting: Setting, state: State, possible: frozenset[str]) -> Observation:
    """Return what can be seen of a state of the spec in which these steps are possible."""
    whose = {state[setting.timestamp(booking).name]: booking.name for booking in setting.bookings}
    held = (state[setting.stored(room, i).name] for room in setting.rooms for i in setting.numbers)
    stored = tuple(whose[timestamp] if timestamp else "-" for timestamp in held)
    return Observation(possible, stored, tuple(str(state[setting.call(call).name]) for call in setting.calls))


def differences(setting: Setting, spec: Observation, reference: Observation) -> list[tuple[str, str, str]]:
    """Return what differs: what it is, and how it is in the spec and in the reference."""
    rows = [
        (label, *(("possible", "-") if label in spec.possible else ("-", "possible")))
        for label in sorted(spec.possible ^ reference.possible)
    ]
    places = [f"{room} at db{i}" for room in setting.rooms for i in setting.numbers]
    calls = [call.name for call in setting.calls]
    for names, one, other in ((places, spec.stored, reference.stored), (calls, spec.calls, reference.calls)):
        rows += [row for row in zip(names, one, other, strict=True) if row[1] != row[2]]
    return rows
