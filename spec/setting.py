"""The setting: what there is to know of replicas, bookings, checks and the log at one moment.

A booking is known by its call, and carries the timestamp that the app server gave it: 1, 2, 3, ... A replica keeps, for
each room, the booking with the highest timestamp it has applied; 0 stands for none. The log keeps bookings in the order
in which they came in. Where one clock gives the timestamps, that is their order, too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from overbooked.spec.faults import Fault
from overbooked.spec.language import Field, Value
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.users import Call, Program
from overbooked.spec.write_strategies import WriteStrategy


@lru_cache(maxsize=None, typed=True)
def _field(name: str, domain: tuple[Value, ...], initial: Value) -> Field:
    """Return a field; the same one for the same words, as that is compared faster."""
    return Field(name, domain, initial)


class Setting(NamedTuple):
    """One setting: a way to write, a way to read, how many replicas, which faults, and what the users do."""

    write: WriteStrategy
    read: ReadStrategy
    replicas: int
    fault: Fault
    users: tuple[Program, ...]

    @property
    def numbers(self) -> range:
        """The replicas' numbers: 1..N."""
        return range(1, self.replicas + 1)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call of every user's program."""
        return tuple(call for program in self.users for call in program)

    @property
    def bookings(self) -> tuple[Call, ...]:
        """The calls that book."""
        return tuple(call for call in self.calls if call.kind == "book")

    @property
    def checks(self) -> tuple[Call, ...]:
        """The calls that check."""
        return tuple(call for call in self.calls if call.kind == "check")

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms that somebody books or checks."""
        return tuple(sorted({call.room for call in self.calls}))

    @property
    def timestamps(self) -> tuple[int, ...]:
        """Every timestamp there can be, and 0 for none."""
        return tuple(range(len(self.bookings) + 1))

    def call(self, call: Call) -> Field:
        """Return how far a call is, and once it is over what its user was told."""
        told = ("acked",) if call.kind == "book" else ("available", "booked")
        ended = (("unanswered",) if self.fault.restarts else ()) + (("unknown",) if self.fault.timeouts else ())
        return _field(call.name, ("idle", "running", *told, *ended), "idle")

    # What the app server knows.

    def clock(self) -> Field:
        """Return the last timestamp that was given."""
        return _field("clock", self.timestamps, 0)

    def timestamp(self, booking: Call) -> Field:
        """Return the timestamp of a booking, 0 before it has one."""
        return _field(f"timestamp {booking.name}", self.timestamps, 0)

    def writing(self, booking: Call, replica: int) -> Field:
        """Return how far the write of a booking to one replica is."""
        return _field(f"write {booking.name} db{replica}", ("unsent", "sent", "applied", "confirmed"), "unsent")

    def confirmations(self, booking: Call) -> Field:
        """Return how many replicas have confirmed a booking."""
        return _field(f"confirmations {booking.name}", tuple(range(self.replicas + 1)), 0)

    # What the replicas and the log hold.

    def stored(self, room: str, replica: int) -> Field:
        """Return the timestamp of the booking that a replica keeps for a room."""
        return _field(f"stored {room} db{replica}", self.timestamps, 0)

    def up(self, replica: int) -> Field:
        """Return whether a replica is up (a field only where replicas may crash)."""
        return _field(f"up db{replica}", (True, False), initial=True)

    def appended(self) -> Field:
        """Return how many entries the log has: as many as timestamps were given, where one clock gives them."""
        return _field("appended", self.timestamps, 0) if self.fault.skew else self.clock()

    def place(self, booking: Call) -> Field:
        """Return a booking's place in the log, from 1 on: its timestamp, where one clock gives them."""
        return _field(f"place {booking.name}", self.timestamps, 0) if self.fault.skew else self.timestamp(booking)

    def committed(self) -> Field:
        """Return how many entries of the log are committed."""
        return _field("committed", self.timestamps, 0)

    def consuming(self) -> Field:
        """Return whether the consumer has taken the entry at the committed offset."""
        return _field("consuming", (False, True), initial=False)

    # What a check has heard.

    def answer(self, check: Call, replica: int) -> Field:
        """Return the timestamp that a replica answered; ``None`` while it has not answered."""
        return _field(f"answer {check.name} db{replica}", (None, *self.timestamps), None)

    def answers(self, check: Call) -> Field:
        """Return how many replicas have answered a check."""
        return _field(f"answers {check.name}", tuple(range(self.replicas + 1)), 0)

    def latest(self, check: Call) -> Field:
        """Return the highest timestamp among the answers to a check."""
        return _field(f"latest {check.name}", self.timestamps, 0)

    # How many more faults there may be.

    def crashes_left(self) -> Field:
        """Return how many replicas may still crash."""
        return _field("crashes left", tuple(range(self.fault.crashes + 1)), self.fault.crashes)

    def restarts_left(self) -> Field:
        """Return how often the app server may still restart."""
        return _field("restarts left", tuple(range(self.fault.restarts + 1)), self.fault.restarts)

    def timeouts_left(self) -> Field:
        """Return how many calls may still time out."""
        return _field("timeouts left", tuple(range(self.fault.timeouts + 1)), self.fault.timeouts)

    def fields(self) -> tuple[Field, ...]:
        """Return every field of this setting."""
        return (*self._of_bookings(), *self._of_replicas(), *self._of_checks(), *self._of_faults())

    def _of_bookings(self) -> list[Field]:
        fields = []
        for booking in self.bookings:
            fields += [self.call(booking), self.timestamp(booking), self.confirmations(booking)]
            fields += [self.writing(booking, i) for i in self.numbers]
        if self.bookings and not self.fault.skew:
            fields.append(self.clock())
        return fields + (self._of_log() if self.bookings and self.write.log else [])

    def _of_log(self) -> list[Field]:
        places = [self.appended(), *(self.place(booking) for booking in self.bookings)] if self.fault.skew else []
        return [*places, self.committed(), self.consuming()]

    def _of_replicas(self) -> list[Field]:
        stored = [self.stored(room, i) for room in self.rooms for i in self.numbers]
        return stored + ([self.up(i) for i in self.numbers] if self.fault.crashes else [])

    def _of_checks(self) -> list[Field]:
        fields = []
        for check in self.checks:
            fields += [self.call(check), self.answers(check), self.latest(check)]
            fields += [self.answer(check, i) for i in self.read.asks]
        return fields

    def _of_faults(self) -> list[Field]:
        left = (
            (self.fault.crashes, self.crashes_left()),
            (self.fault.restarts, self.restarts_left()),
            (self.fault.timeouts, self.timeouts_left()),
        )
        return [field for times, field in left if times]
