"""A step that somebody's call is about, as it was taken: what every teller asks of it."""

from __future__ import annotations

from typing import NamedTuple

from overbooked.spec.language import State, Value
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call
from overbooked.spec.wording import spelled

_SENDING = {"invoke", "consume", "confirm"}


class Message(NamedTuple):
    """What one party says to another in a step."""

    sender: str
    receiver: str
    text: str


class Taken(NamedTuple):
    """A step of a setting, whose call and at which replica, and the states before and after it."""

    setting: Setting
    name: str
    call: Call
    replica: str
    before: State
    after: State

    @property
    def heard(self) -> Value:
        """The timestamp that the replica has answered the check, 0 for no booking."""
        return self.after[self.setting.answer(self.call, self.number).name]

    def stored(self, state: State) -> Value:
        """Return the timestamp of the booking that the replica keeps for the call's room in a state."""
        return state[self.setting.stored(self.call.room, self.number).name]

    @property
    def sent(self) -> list[str]:
        """The replicas to which a step sends a booking."""
        if self.call.kind != "book" or self.name not in _SENDING:
            return []
        return [to for to, name in self._writes.items() if self.before[name] != "sent" == self.after[name]]

    @property
    def booking(self) -> str:
        """The short name of the booking."""
        return spelled(self.setting, self.after, self.call)

    @property
    def primary(self) -> str:
        """The replica that is the primary before the step."""
        return self.setting.primary(self.before)

    @property
    def _writes(self) -> dict[str, str]:
        """The fields that say how far a booking's write to each replica is that it is sent to."""
        if self.setting.write.primary:
            return {self.primary: self.setting.request(self.call).name}
        return {f"db{i}": self.setting.writing(self.call, i).name for i in self.setting.numbers}

    @property
    def number(self) -> int:
        """The number of the replica."""
        return int(self.replica.removeprefix("db"))
