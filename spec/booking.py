"""Booking a room: ``invoke``, ``apply``, ``confirm``, ``ack``.

The write of a booking to one replica is ``unsent``, then ``sent``, then ``applied``, then ``confirmed``.
"""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.language import Change, Part, Step, part, step
from overbooked.spec.setting import Setting
from overbooked.spec.users import ANSWERED, Call

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


def is_written(write: str) -> bool:
    """The primary has confirmed."""
    return write == "confirmed"


def acknowledge(call: str) -> Change | None:
    """The user learns that the room is booked."""
    return {"call": "acked"} if call == "running" else None


def note_own(told: int, timestamp: int) -> Change:
    """The user was told of this booking."""
    return {"told": max(told, timestamp)}


def is_up(up: bool) -> bool:
    """The replica has not crashed."""
    return up


def is_primary(leads: bool) -> bool:
    """The replica is the primary now."""
    return leads


# The parts and steps made of them.


def call_begins(setting: Setting, call: Call) -> list[Part]:
    """Return what every invocation has: the call begins once the user's call before it was answered."""
    parts = [part(begin, call=setting.call(call))]
    if call.after is not None:
        before = next(each for each in setting.calls if each.name == call.after)
        parts.append(part(is_told, before=setting.call(before), answer="available" if call.if_available else None))
    return parts


def sends(setting: Setting, booking: Call, replicas: range) -> list[Part]:
    """Return the sending of a booking to these replicas."""
    return [part(send, write=setting.writing(booking, i)) for i in replicas]


def while_up(setting: Setting, replica: int) -> list[Part]:
    """Return the condition that a replica is up, where replicas may crash."""
    return [part(is_up, up=setting.up(replica))] if setting.fault.stops_replicas else []


def while_primary(setting: Setting, replica: int) -> list[Part]:
    """Return the condition that a replica is the primary, where that may change."""
    return [part(is_primary, leads=setting.leads(replica))] if setting.fault.failover else []


def enough(setting: Setting, booking: Call) -> Part:
    """Return the condition that a booking has the confirmations that the strategy waits for."""
    return part(is_confirmed, confirmations=setting.confirmations(booking), needed=setting.write.needed)


def invocations(setting: Setting) -> Iterator[Step]:
    """Yield the ``invoke`` of every booking; with a log, it is appended there and sent by the consumer.

    Where clocks disagree, there is one for each timestamp that it may get.
    """
    for b in setting.bookings:
        begins, first = call_begins(setting, b), _sends_first(setting, b)
        if setting.fault.skew:
            for mine in setting.timestamps[1:]:
                parts = [*begins, *_by_its_own_clock(setting, b, mine), *first]
                yield step("invoke", *parts, call=b.name, timestamp=mine)
        else:
            stamp = part(give_timestamp, clock=setting.clock(), timestamp=setting.timestamp(b))
            yield step("invoke", *begins, stamp, *first, call=b.name)


def _sends_first(setting: Setting, booking: Call) -> list[Part]:
    """Return to whom the app server sends a booking at once."""
    if setting.write.primary:
        return [part(send, write=setting.request(booking))]
    return [] if setting.write.log else sends(setting, booking, setting.write.first(setting.replicas))


def _by_its_own_clock(setting: Setting, booking: Call, mine: int) -> list[Part]:
    """Return that a booking gets this timestamp, which no other one has, and comes last in the log, if there is one."""
    takes = part(take_timestamp, timestamp=setting.timestamp(booking), mine=mine)
    others = [part(is_free, timestamp=setting.timestamp(b), mine=mine) for b in setting.bookings if b != booking]
    last = part(append, appended=setting.appended(), place=setting.place(booking))
    return [takes, *others, *([last] if setting.write.log else [])]


def writes(setting: Setting) -> Iterator[Step]:
    """Yield ``apply`` and ``confirm`` of every booking at every replica that the app server or consumer writes to."""
    for b in setting.bookings if not (setting.write.primary or setting.write.claims) else ():
        for i in setting.numbers:
            write, stored, timestamp = setting.writing(b, i), setting.stored(b.room, i), setting.timestamp(b)
            takes = part(apply, write=write, stored=stored, timestamp=timestamp)
            yield step("apply", takes, *while_up(setting, i), call=b.name, replica=f"db{i}")
            confirms = part(confirm, write=write, confirmations=setting.confirmations(b))
            onward = sends(setting, b, setting.write.after(i, setting.replicas))
            yield step("confirm", confirms, *onward, *while_up(setting, i), call=b.name, replica=f"db{i}")


def acks(setting: Setting) -> Iterator[Step]:
    """Yield the ``ack`` of every booking; one in a durable log waits for nothing more."""
    for b in setting.bookings:
        told = {"told": setting.told(b.user, b.room), "timestamp": setting.timestamp(b)}
        notes = [part(note_own, **told)] if setting.read.session else []
        yield step("ack", part(acknowledge, call=setting.call(b)), *_ack_waits_for(setting, b), *notes, call=b.name)


def _ack_waits_for(setting: Setting, booking: Call) -> list[Part]:
    if setting.write.primary:
        return [part(is_written, write=setting.request(booking))]
    return [] if setting.write.log else [enough(setting, booking)]
