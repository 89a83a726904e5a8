"""Booking a room: ``invoke``, ``apply``, ``confirm``, ``ack``.

The write of a booking to one replica is ``unsent``, then ``sent``, then ``applied``, then ``confirmed``.
"""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.language import Change, Part, Step, part, step
from overbooked.spec.users import ANSWERED, Call
from overbooked.spec.world import World

# The rules, each in the words of what happens.


def begin(call: str) -> Change | None:
    """The user makes the call."""
    return {"call": "running"} if call == "idle" else None


def is_told(before: str, answer: str | None) -> bool:
    """The user's call before this one was answered (with ``answer``, where one is asked for)."""
    return before == answer if answer else before in ANSWERED


def give_timestamp(clock: int, timestamp: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The app server gives the booking the next timestamp."""
    return {"clock": clock + 1, "timestamp": clock + 1}


def take_timestamp(timestamp: int, mine: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """One of several app servers gives the booking a timestamp by its own clock."""
    return {"timestamp": mine}


def is_free(timestamp: int, mine: int) -> bool:
    """This other booking has another timestamp."""
    return timestamp != mine


def append(appended: int, place: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The booking is the log's last entry."""
    return {"appended": appended + 1, "place": appended + 1}


def send(write: str) -> Change | None:
    """The write is sent to a replica."""
    return {"write": "sent"} if write == "unsent" else None


def apply(write: str, stored: int, timestamp: int) -> Change | None:
    """The replica takes the booking, if its timestamp is higher than what it has."""
    return {"write": "applied", "stored": max(stored, timestamp)} if write == "sent" else None


def confirm(write: str, confirmations: int) -> Change | None:
    """The replica's acknowledgement reaches whoever sent the write."""
    return {"write": "confirmed", "confirmations": confirmations + 1} if write == "applied" else None


def is_confirmed(confirmations: int, needed: int) -> bool:
    """As many replicas have confirmed as the strategy waits for."""
    return confirmations >= needed


def acknowledge(call: str) -> Change | None:
    """The user learns that the room is booked."""
    return {"call": "acked"} if call == "running" else None


def is_up(up: bool) -> bool:
    """The replica has not crashed."""
    return up


# The parts and steps made of them.


def call_begins(world: World, call: Call) -> list[Part]:
    """Return what every invocation has: the call begins once the user's call before it was answered."""
    parts = [part(begin, call=world.call(call))]
    if call.after is not None:
        before = next(each for each in world.calls if each.name == call.after)
        parts.append(part(is_told, before=world.call(before), answer="available" if call.if_available else None))
    return parts


def sends(world: World, booking: Call, replicas: range) -> list[Part]:
    """Return the sending of a booking to these replicas."""
    return [part(send, write=world.writing(booking, i)) for i in replicas]


def while_up(world: World, replica: int) -> list[Part]:
    """Return the condition that a replica is up, where replicas may crash."""
    return [part(is_up, up=world.up(replica))] if world.fault.crashes else []


def enough(world: World, booking: Call) -> Part:
    """Return the condition that a booking has the confirmations that the strategy waits for."""
    return part(is_confirmed, confirmations=world.confirmations(booking), needed=world.write.needed)


def invocations(world: World) -> Iterator[Step]:
    """Yield the ``invoke`` of every booking; with a log, it is appended there and sent by the consumer.

    Where clocks disagree, there is one for each timestamp that it may get.
    """
    for b in world.bookings:
        first = range(0) if world.write.log else world.write.first(world.replicas)
        if world.fault.skew:
            for mine in world.timestamps[1:]:
                parts = [*call_begins(world, b), *_by_its_own_clock(world, b, mine), *sends(world, b, first)]
                yield step("invoke", *parts, call=b.name, timestamp=mine)
        else:
            stamp = part(give_timestamp, clock=world.clock(), timestamp=world.timestamp(b))
            yield step("invoke", *call_begins(world, b), stamp, *sends(world, b, first), call=b.name)


def _by_its_own_clock(world: World, booking: Call, mine: int) -> list[Part]:
    """Return that a booking gets this timestamp, which no other one has, and comes last in the log, if there is one."""
    takes = part(take_timestamp, timestamp=world.timestamp(booking), mine=mine)
    others = [part(is_free, timestamp=world.timestamp(b), mine=mine) for b in world.bookings if b != booking]
    last = part(append, appended=world.appended(), place=world.place(booking))
    return [takes, *others, *([last] if world.write.log else [])]


def writes(world: World) -> Iterator[Step]:
    """Yield ``apply`` and ``confirm`` of every booking at every replica."""
    for b in world.bookings:
        for i in world.numbers:
            write, stored, timestamp = world.writing(b, i), world.stored(b.room, i), world.timestamp(b)
            takes = part(apply, write=write, stored=stored, timestamp=timestamp)
            yield step("apply", takes, *while_up(world, i), call=b.name, replica=f"db{i}")
            confirms = part(confirm, write=write, confirmations=world.confirmations(b))
            onward = sends(world, b, world.write.after(i, world.replicas))
            yield step("confirm", confirms, *onward, *while_up(world, i), call=b.name, replica=f"db{i}")


def acks(world: World) -> Iterator[Step]:
    """Yield the ``ack`` of every booking; one in a durable log waits for nothing more."""
    for b in world.bookings:
        waits = [] if world.write.log else [enough(world, b)]
        yield step("ack", part(acknowledge, call=world.call(b)), *waits, call=b.name)
