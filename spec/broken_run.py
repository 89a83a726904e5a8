"""A run that breaks a guarantee: what tellers ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from overbooked.spec.language import Field, State, Value
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call
from overbooked.spec.wording import listed, spelled


class BrokenRun(NamedTuple):
    """A run: the setting, whom the broken case is about, and its states."""

    setting: Setting
    about: dict[str, Value]
    states: Sequence[State]

    @property
    def end(self) -> State:
        """The state in which the guarantee is broken."""
        return self.states[-1]

    def call(self, role: str) -> Call:
        """Return the call that has this role in the broken case."""
        return next(call for call in self.setting.calls if call.name == self.about[role])

    def name(self, booking: Call) -> str:
        """Return the short name of a booking."""
        return spelled(self.setting, self.end, booking)

    def stamp(self, booking: Call) -> int:
        """Return the timestamp of a booking."""
        return self.number(self.setting.timestamp(booking))

    def under_way(self, booking: Call) -> Call:
        """Return the booking whose writing is to end before this one's begins: the next in the log; else itself."""
        if not self.setting.write.log:
            return booking
        places = {b: self.number(self.setting.place(b)) for b in self.setting.bookings}
        following = self.number(self.setting.committed()) + 1
        return next((b for b, place in places.items() if place == following <= places[booking]), booking)

    def number(self, field: Field) -> int:
        """Return the number that a field has in the end."""
        value = self.end[field.name]
        return value if isinstance(value, int) else 0

    def live(self, room: str) -> dict[str, int]:
        """Return the timestamp that each replica which is up holds in the end."""
        stored = {f"db{i}": self.number(self.setting.stored(room, i)) for i in self.setting.numbers}
        return {name: held for name, held in stored.items() if name not in self.down}

    def waited_for(self, booking: Call) -> list[str]:
        """Return the replicas that will never confirm a booking which was sent to them, as they crashed."""
        writes = {f"db{i}": self.setting.writing(booking, i).name for i in self.setting.numbers}
        return [name for name in self.down if self.end[writes[name]] in {"sent", "applied"}]

    def lost_to(self, booking: Call) -> list[str]:
        """Return the replicas to which the app server or the consumer sent a booking in vain: a write was lost."""
        left = self.setting.lost_writes_left().name
        losses = [(was, now) for was, now in pairwise(self.states) if was.get(left) != now.get(left)]
        if self.setting.write.primary:
            request = self.setting.request(booking).name
            return [self.setting.primary(was) for was, now in losses if was[request] != now[request]]
        writes = {f"db{i}": self.setting.writing(booking, i).name for i in self.setting.numbers}
        return [name for name, write in writes.items() if any(was[write] != now[write] for was, now in losses)]

    def until_answered(self, check: Call, replica: str) -> BrokenRun:
        """Return the run up to where a replica has answered a check."""
        name = f"answer {check.name} {replica}"
        at = next(at for at, state in enumerate(self.states) if state[name] is not None)
        return self._replace(states=self.states[: at + 1])

    def forgotten(self, booking: Call) -> list[str]:
        """Return the replicas that had a booking, and forgot it, or a later one of its room that had pushed it out."""
        replicas = self.setting.numbers if self.setting.fault.amnesias else ()
        return [f"db{i}" for i in replicas if self._forgot(booking, i)]

    def _forgot(self, booking: Call, replica: int) -> bool:
        stored, stamp = self.setting.stored(booking.room, replica).name, self.stamp(booking)
        held, had = self.setting.held(booking, replica).name, False
        for was, now in pairwise(self.states):
            in_log = [state.get(held, "nothing") != "nothing" for state in (was, now)]
            kept = [int(str(state[stored])) for state in (was, now)]
            had = had or in_log[0] or kept[0] == stamp > 0
            if had and (in_log[0] > in_log[1] or kept[0] >= stamp > kept[1]):
                return True
        return False

    def before(self, call: Call) -> State:
        """Return the state in which a call was invoked."""
        return self._first(call, lambda stands: stands != "idle", before=True)

    def at(self, call: Call, answer: str) -> State:
        """Return the state in which the user of a call has just been told this."""
        return self._first(call, lambda stands: stands == answer, before=False)

    def already(self, call: Call, answer: str, others: Sequence[Call]) -> list[Call]:
        """Return those of the others whose users had been told this when a call was invoked."""
        before = self.before(call)
        return [each for each in others if each != call and before[self.setting.call(each).name] == answer]

    def _first(self, call: Call, wanted: Callable[[Value], bool], *, before: bool) -> State:
        name = self.setting.call(call).name
        at = next(at for at, state in enumerate(self.states) if wanted(state[name]))
        return self.states[at - before]

    @property
    def down(self) -> list[str]:
        """The replicas that crashed."""
        return [f"db{i}" for i in self.setting.numbers if not self.end.get(self.setting.up(i).name, True)]

    @property
    def primary(self) -> str:
        """The replica that is the primary in the end, or was until it crashed."""
        return self.setting.primary(self.end)

    @property
    def faults(self) -> str:
        """The faults of the run in words: ``db1 crashed and the app server restarted``."""
        restarts = (self.setting.restarts_left().name, self.setting.node_crashes_left().name)
        restarted = any(self.end.get(left) != self.states[0].get(left) for left in restarts)
        took_over = self.setting.write.primary and self.primary != self.setting.primary(self.states[0])
        forgot = {b: self.forgotten(b) for b in self.setting.bookings}
        lost = {b: self.lost_to(b) for b in self.setting.bookings if self.setting.fault.lost_writes}
        return listed(
            [
                *([f"{listed(self.down)} crashed"] if self.down else []),
                *([f"{self.primary} became the primary"] if took_over else []),
                *(["the app server restarted"] * restarted),
                *(f"{listed(who)} forgot {self.name(b)}" for b, who in forgot.items() if who),
                *(_lost(self.name(b), to) for b, to in lost.items() if to),
            ]
        )


def _lost(booking: str, to: Sequence[str]) -> str:
    """Return that writes of a booking were lost: ``the write of b1 to db2 was lost``."""
    return f"the write{'s' * (len(to) > 1)} of {booking} to {listed(to)} {'was' if len(to) == 1 else 'were'} lost"
