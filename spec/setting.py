"""The setting: what there is to know of replicas, bookings, checks and the log at one moment.

A booking is known by its call, and carries the timestamp that the app server gave it: 1, 2, 3, ... A replica keeps, for
each room, the booking with the highest timestamp it has applied; 0 stands for none. The log keeps bookings in the order
in which they came in. Where one clock gives the timestamps, that is their order, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from overbooked.spec.faults import Fault
from overbooked.spec.language import Field, State, Value
from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.users import Call, Program
from overbooked.spec.write_strategies import WriteStrategy


@lru_cache(maxsize=None, typed=True)
def _field(name: str, domain: tuple[Value, ...], initial: Value) -> Field:
    """Return a field; the same one for the same words, as that is compared faster."""
    return Field(name, domain, initial)


def _fields(these: Iterable[Field | bool]) -> list[Field]:
    """Return those of these that are fields, and not known beforehand."""
    return [it for it in these if isinstance(it, Field)]


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
        told = (
            ("available", "booked") if call.kind == "check" else ("acked", "taken") if self.write.unique else ("acked",)
        )
        ended = ("unanswered",) * self.fault.restarts_app + ("unknown",) * self._may_be_unknown(call)
        return _field(call.name, ("idle", "running", *told, *ended), "idle")

    def _may_be_unknown(self, call: Call) -> bool:
        return bool(self.fault.timeouts) or (self.fault.failover and call.kind == "book")

    # What the app server knows.

    def clock(self) -> Field:
        """Return the last timestamp that was given."""
        return _field("clock", self.timestamps, 0)

    def timestamp(self, booking: Call) -> Field:
        """Return the timestamp of a booking, 0 before it has one."""
        return _field(f"timestamp {booking.name}", self.timestamps, 0)

    def writing(self, booking: Call, replica: int) -> Field:
        """Return how far the write of a booking to one replica is."""
        refused = ("refused", "declined") * self.write.claims
        return _field(
            f"write {booking.name} db{replica}", ("unsent", "sent", "applied", "confirmed", *refused), "unsent"
        )

    def request(self, booking: Call) -> Field:
        """Return how far the write of a booking to the primary is, which is all that the app server writes."""
        ends = ("refused", "confirmed") if self.write.unique else ("confirmed",)
        return _field(f"write {booking.name}", ("unsent", "sent", "appended", *ends), "unsent")

    def confirmations(self, booking: Call) -> Field:
        """Return how many replicas have confirmed a booking, to whoever sent it to them."""
        return _field(f"confirmations {booking.name}", tuple(range(self.replicas + 1)), 0)

    def refusals(self, booking: Call) -> Field:
        """Return how many replicas have declined a booking, as far as the app server knows."""
        return _field(f"refusals {booking.name}", tuple(range(self.replicas + 1)), 0)

    # What users know.

    def told(self, user: str, room: str) -> Field:
        """Return the latest timestamp of a room that a user was told of: by an ack, or by a check that said booked."""
        return _field(f"told {user} {room}", self.timestamps, 0)

    # What the replicas and the log hold.

    def stored(self, room: str, replica: int) -> Field:
        """Return the timestamp of the booking that a replica keeps for a room."""
        return _field(f"stored {room} db{replica}", self.timestamps, 0)

    def up(self, replica: int) -> Field:
        """Return whether a replica is up (a field only where replicas may crash)."""
        return _field(f"up db{replica}", (True, False), initial=True)

    @property
    def _has_places(self) -> bool:
        """Whether bookings may stand in the log in another order than that of their timestamps."""
        return self.fault.skew or self.write.primary

    def appended(self) -> Field:
        """Return how many bookings were appended to the log: in a message log of one clock, all that have a timestamp.

        The log is the app server's message log, or the primary's own.
        """
        return _field("appended", self.timestamps, 0) if self._has_places else self.clock()

    def place(self, booking: Call) -> Field:
        """Return a booking's place in the log, from 1 on: in a message log of one clock, its timestamp."""
        return _field(f"place {booking.name}", self.timestamps, 0) if self._has_places else self.timestamp(booking)

    def committed(self) -> Field:
        """Return how many entries of the log are committed."""
        return _field("committed", self.timestamps, 0)

    def consuming(self) -> Field:
        """Return whether the consumer has taken the entry at the committed offset."""
        return _field("consuming", (False, True), initial=False)

    # What the primary and its standbys have, where the database replicates by itself.

    @property
    def standbys(self) -> range:
        """The replicas that are standbys at first."""
        return range(2, self.replicas + 1)

    @property
    def primaries(self) -> range:
        """The replicas that may be the primary."""
        return self.numbers if self.fault.failover else range(1, 2)

    def primary(self, state: State) -> str:
        """Return the name of the replica that is the primary in a state, or was until it crashed; db1 if none is."""
        leading = (f"db{i}" for i in self.primaries if not self.fault.failover or state[f"leads db{i}"])
        return next(leading, "db1")

    def leads(self, replica: int) -> Field | bool:
        """Return whether a replica is the primary; db1 is at first, and for good where no other one may take over."""
        first = replica == 1
        return _field(f"leads db{replica}", (True, False), first) if self.fault.failover else first

    def primary_up(self) -> Field:
        """Return whether the primary is up (a field only where replicas may crash)."""
        return _field("primary up", (True, False), True) if self.fault.failover else self.up(1)  # noqa: FBT003 - a value

    def held(self, booking: Call, replica: int) -> Field:
        """Return whether a replica has a booking in its log, and whether it shows it to readers."""
        return _field(f"held {booking.name} db{replica}", ("nothing", "received", "shown"), "nothing")

    def confirmed(self, booking: Call, standby: int) -> Field:
        """Return whether a standby has confirmed a booking to the primary."""
        return _field(f"confirmed {booking.name} db{standby}", (False, True), initial=False)

    def logged(self, booking: Call) -> Field | bool:
        """Return whether a booking that was appended is in the primary's log still: a failover, say, may lose it."""
        return _field(f"logged {booking.name}", (False, True), initial=False) if self.fault.shortens_logs else True

    def received(self, room: str, replica: int) -> Field:
        """Return the highest timestamp among the bookings of a room that a replica has, shown or not."""
        return _field(f"received {room} db{replica}", self.timestamps, 0)

    @property
    def receipts(self) -> range:
        """The replicas of which is known what they have received of each room, as somebody asks for that."""
        return self.numbers if self.fault.failover else self.primaries if self.write.unique else range(0)

    # What a check has heard.

    @property
    def asks(self) -> tuple[int, ...]:
        """The replicas that a check may ask."""
        return tuple(self.primaries) if self.read.primary else self.read.asks

    def answer(self, check: Call, replica: int) -> Field:
        """Return the timestamp that a replica answered; ``None`` while it has not answered."""
        return _field(f"answer {check.name} db{replica}", (None, *self.timestamps), None)

    def answers(self, check: Call) -> Field:
        """Return how many replicas have answered a check."""
        return _field(f"answers {check.name}", tuple(range(self.replicas + 1)), 0)

    def latest(self, check: Call) -> Field:
        """Return the highest timestamp among the answers to a check."""
        return _field(f"latest {check.name}", self.timestamps, 0)

    def agreeing(self, check: Call) -> Field:
        """Return how many of the answers to a check are the latest one."""
        return _field(f"agreeing {check.name}", tuple(range(self.replicas + 1)), 0)

    def useful(self, check: Call) -> Field:
        """Return how many answers a check has of the kind that it needs: with a repair, of the latest one."""
        return self.agreeing(check) if self.read.repair else self.answers(check)

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

    def node_crashes_left(self) -> Field:
        """Return how many replicas may still crash together with the app server."""
        return _field("node crashes left", tuple(range(self.fault.node_crashes + 1)), self.fault.node_crashes)

    def lost_writes_left(self) -> Field:
        """Return how many writes may still be lost."""
        return _field("lost writes left", tuple(range(self.fault.lost_writes + 1)), self.fault.lost_writes)

    def amnesias_left(self) -> Field:
        """Return how often a replica may still forget all that it keeps."""
        return _field("amnesias left", tuple(range(self.fault.amnesias + 1)), self.fault.amnesias)

    def fields(self) -> tuple[Field, ...]:
        """Return every field of this setting."""
        return (
            *self._of_bookings(),
            *self._of_replicas(),
            *self._of_checks(),
            *self._of_users(),
            *self._of_faults(),
        )

    def _of_bookings(self) -> list[Field]:
        fields = []
        for booking in self.bookings:
            fields += [self.call(booking), self.timestamp(booking), self.confirmations(booking)]
            fields += self._of_primary(booking) if self.write.primary else self._of_writes(booking)
        if self.bookings and not self.fault.skew:
            fields.append(self.clock())
        return fields + (self._of_log() if self.bookings and (self.write.log or self.write.primary) else [])

    def _of_writes(self, booking: Call) -> list[Field]:
        refusals = [self.refusals(booking)] if self.write.claims else []
        return [*(self.writing(booking, i) for i in self.numbers), *refusals]

    def _of_primary(self, booking: Call) -> list[Field]:
        held = [self.held(booking, i) for i in self.numbers]
        confirmed = [self.confirmed(booking, i) for i in self.standbys]
        return [self.request(booking), *held, *confirmed, *_fields([self.logged(booking)])]

    def _of_log(self) -> list[Field]:
        places = [self.appended(), *(self.place(booking) for booking in self.bookings)] if self._has_places else []
        return places + ([self.committed(), self.consuming()] if self.write.log else [])

    def _of_replicas(self) -> list[Field]:
        stored = [self.stored(room, i) for room in self.rooms for i in self.numbers]
        up = [self.up(i) for i in self.numbers] if self.fault.stops_replicas else []
        return stored + up + (self._of_roles() if self.write.primary else [])

    def _of_roles(self) -> list[Field]:
        booked = {call.room for call in self.bookings}
        received = [self.received(room, i) for room in sorted(booked) for i in self.receipts]
        leads = [*_fields(self.leads(i) for i in self.numbers), self.primary_up()] if self.fault.failover else []
        return received + leads

    def _of_checks(self) -> list[Field]:
        fields = []
        for check in self.checks:
            fields += [self.call(check), self.answers(check), self.latest(check)]
            fields += [self.answer(check, i) for i in self.asks]
            fields += [self.agreeing(check)] * self.read.repair
        return fields

    def _of_users(self) -> list[Field]:
        """Return what users were told of, where replicas look at that."""
        known = dict.fromkeys((call.user, call.room) for call in self.calls) if self.read.session else ()
        return [self.told(user, room) for user, room in known]

    def _of_faults(self) -> list[Field]:
        return [left for _, left in self.faults_left()]

    def faults_left(self) -> list[tuple[int, Field]]:
        """Return how often each fault may happen that may, and how often it still may."""
        left = (
            (self.fault.crashes, self.crashes_left()),
            (self.fault.restarts, self.restarts_left()),
            (self.fault.timeouts, self.timeouts_left()),
            (self.fault.node_crashes, self.node_crashes_left()),
            (self.fault.lost_writes, self.lost_writes_left()),
            (self.fault.amnesias, self.amnesias_left()),
        )
        return [(times, field) for times, field in left if times]
