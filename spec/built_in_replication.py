"""Built-in replication: ``append``, ``receive``, ``apply``, ``confirm``, ``refuse``, ``reject``, ``promote``.

The app server writes to the primary alone. The primary keeps a log of its own; each of the others, a standby, receives
it in order, and shows what it has received in order. A booking's place in that log is its own; what a replica keeps is
decided by timestamps, as ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import append, is_up, while_primary, while_up
from overbooked.spec.failing import forgets_writes
from overbooked.spec.language import Change, Part, Step, part, step
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

# The rules, each in the words of what happens.


def take(write: str, held: str) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The primary has the booking in its log, and does not show it yet."""
    return {"write": "appended", "held": "received"} if write == "sent" else None


def is_not_waiting(held: str) -> bool:
    """The primary shows this other booking of the room, or has none such in its log."""
    return held != "received"


def is_vacant(received: int) -> bool:
    """The primary's log has no booking of the room."""
    return not received


def is_occupied(received: int) -> bool:
    """The primary's log has a booking of the room, whether it shows it or not."""
    return received > 0


def refuse(write: str) -> Change | None:
    """The primary refuses the booking."""
    return {"write": "refused"} if write == "sent" else None


def reject(call: str, write: str) -> Change | None:
    """The user learns that the room is taken."""
    return {"call": "taken"} if call == "running" and write == "refused" else None


def enter(logged: bool) -> Change:  # noqa: ARG001 - a role that is only written
    """The primary's log has the booking."""
    return {"logged": True}


def receive(held: str, place: int, logged: bool) -> Change | None:
    """The standby gets a booking of the primary's log that it lacks, and does not show it yet."""
    return {"held": "received"} if held == "nothing" and place and logged else None


def is_not_lacking(place: int, earlier: int, logged: bool, held: str) -> bool:
    """The standby lacks no earlier booking of the primary's log than this one: not this other one, if it is earlier."""
    return not (logged and 0 < earlier < place and held == "nothing")


def note_received(received: int, timestamp: int) -> Change:
    """The latest booking that the replica has of the room may be this one."""
    return {"received": max(received, timestamp)}


def show(held: str, stored: int, timestamp: int) -> Change | None:
    """The replica shows a booking that it has received: keeps it, if its timestamp is higher than what it keeps."""
    return {"held": "shown", "stored": max(stored, timestamp)} if held == "received" else None


def is_agreed(leads: bool, confirmations: int, needed: int) -> bool:
    """The primary shows a booking only once so many standbys have confirmed it."""
    return not leads or confirmations >= needed


def is_in_order(leads: bool, place: int, earlier: int, held: str) -> bool:
    """A standby shows no booking before one that is earlier in the log: not before this other one, if it is earlier."""
    return leads or not (0 < earlier < place and held == "received")


def confirm_to_app(leads: bool, held: str, write: str) -> Change | bool | None:
    """The app server learns that the primary shows the booking."""
    if not leads:
        return True
    return {"write": "confirmed"} if held == "shown" and write == "appended" else None


def confirm_to_primary(
    leads: bool, held: str, confirmed: bool, confirmations: int, on_receipt: bool
) -> Change | bool | None:
    """The primary learns that a standby shows the booking, or that it has received it, where that is enough."""
    if leads:
        return True
    has_it = held == "shown" or (on_receipt and held == "received")
    return {"confirmed": True, "confirmations": confirmations + 1} if has_it and not confirmed else None


def take_over(leads: bool, primary_up: bool) -> Change | None:
    """The standby becomes the primary, as the one that was has crashed."""
    return None if leads or primary_up else {"leads": True, "primary_up": True}


def step_down(leads: bool) -> Change:  # noqa: ARG001 - a role that is only written
    """This other replica is not the primary."""
    return {"leads": False}


def has_no_less(mine: str, other: str, up: bool) -> bool:
    """The standby has received this booking, or so has not this other one, or it is down.

    Standbys receive bookings in one order, so whoever has all that others have has received the most.
    """
    return mine != "nothing" or other == "nothing" or not up


def show_all(stored: int, received: int) -> Change:  # noqa: ARG001 - a role that is only written
    """The new primary shows all that it has received."""
    return {"stored": received}


def keep_or_lose(held: str, logged: bool) -> Change:  # noqa: ARG001 - a role that is only written
    """The new primary's log has the booking and shows it, or lacks it, and then it is gone."""
    return {"logged": False} if held == "nothing" else {"held": "shown"}


def end_unknown(call: str) -> Change:
    """A booking that is running ends with ``unknown``, and its user stops."""
    return {"call": "unknown"} if call == "running" else {}


# The steps made of them.


def writes(setting: Setting) -> Iterator[Step]:
    """Yield all that primary and standbys do with every booking, where the database replicates by itself."""
    for b in setting.bookings if setting.write.primary else ():
        for i in setting.standbys:
            yield from _receipt(setting, b, i)
        for i in setting.numbers:
            yield _showing(setting, b, i)
            yield _confirming(setting, b, i)
        for i in setting.primaries:
            yield from _appending(setting, b, i)


def rejections(setting: Setting) -> Iterator[Step]:
    """Yield the ``reject`` of every booking, where the primary may refuse one."""
    for b in setting.bookings if setting.write.primary and setting.write.unique else ():
        yield step("reject", part(reject, call=setting.call(b), write=setting.request(b)), call=b.name)


def promotions(setting: Setting) -> Iterator[Step]:
    """Yield the ``promote`` of every standby, where one may take over; it is owed, as it is no fault but mends one."""
    for i in setting.standbys if setting.fault.failover else ():
        takes_over = part(take_over, leads=setting.leads(i), primary_up=setting.primary_up())
        others = [part(step_down, leads=setting.leads(j)) for j in setting.numbers if j != i]
        yield step("promote", takes_over, *others, *while_up(setting, i), *_inherits(setting, i), replica=f"db{i}")


def _appending(setting: Setting, b: Call, i: int) -> Iterator[Step]:
    """Yield ``append`` and ``refuse`` of a booking by a replica that may be the primary."""
    here = [*while_primary(setting, i), *while_up(setting, i)]
    takes = part(take, write=setting.request(b), held=setting.held(b, i))
    last = part(append, appended=setting.appended(), place=setting.place(b))
    enters = [part(enter, logged=setting.logged(b))] if setting.fault.shortens_logs else []
    parts = [takes, last, *enters, *_noting(setting, b, i), *here]
    if setting.write.unique:
        of_room = {"received": setting.received(b.room, i)}
        yield step("append", *parts, part(is_vacant, **of_room), call=b.name, replica=f"db{i}")
        refuses = [part(refuse, write=setting.request(b)), part(is_occupied, **of_room)]
        yield step("refuse", *refuses, *here, call=b.name, replica=f"db{i}")
    else:
        others = [part(is_not_waiting, held=setting.held(c, i)) for c in _others(setting, b) if c.room == b.room]
        yield step("append", *parts, *others, call=b.name, replica=f"db{i}")


def _receipt(setting: Setting, b: Call, i: int) -> Iterator[Step]:
    """Yield the ``receive`` of a booking by a standby."""
    place = setting.place(b)
    gets = part(receive, held=setting.held(b, i), place=place, logged=setting.logged(b))
    next_one = [
        part(is_not_lacking, place=place, earlier=setting.place(c), logged=setting.logged(c), held=setting.held(c, i))
        for c in _others(setting, b)
    ]
    parts = [gets, *next_one, *_noting(setting, b, i), *_while_primary_up(setting), *while_up(setting, i)]
    yield step("receive", *parts, call=b.name, replica=f"db{i}")


def _showing(setting: Setting, b: Call, i: int) -> Step:
    """Return the ``apply`` of a booking by a replica, as the primary or as a standby."""
    leads, held = setting.leads(i), setting.held(b, i)
    parts = [part(show, held=held, stored=setting.stored(b.room, i), timestamp=setting.timestamp(b))]
    if i in setting.primaries:
        standbys = setting.write.needed - 1
        parts.append(part(is_agreed, leads=leads, confirmations=setting.confirmations(b), needed=standbys))
    if i in setting.standbys:
        parts += [
            part(is_in_order, leads=leads, place=setting.place(b), earlier=setting.place(c), held=setting.held(c, i))
            for c in _others(setting, b)
        ]
    return step("apply", *parts, *while_up(setting, i), call=b.name, replica=f"db{i}")


def _confirming(setting: Setting, b: Call, i: int) -> Step:
    """Return the ``confirm`` of a booking: by the primary to the app server, by a standby to the primary."""
    parts, seen = while_up(setting, i), {"leads": setting.leads(i), "held": setting.held(b, i)}
    if i not in setting.standbys:
        parts += while_primary(setting, i)
    if i in setting.primaries:
        parts.append(part(confirm_to_app, **seen, write=setting.request(b)))
    if i in setting.standbys:
        counted = {"confirmed": setting.confirmed(b, i), "confirmations": setting.confirmations(b)}
        parts.append(part(confirm_to_primary, **seen, **counted, on_receipt=setting.write.on_receipt))
        parts += _while_primary_up(setting)
    return step("confirm", *parts, call=b.name, replica=f"db{i}")


def _inherits(setting: Setting, i: int) -> Iterator[Part]:
    """Yield what becomes of every booking when a standby takes over, which has received the most."""
    for b in setting.bookings:
        for j in setting.standbys:
            if j != i:
                yield part(has_no_less, mine=setting.held(b, i), other=setting.held(b, j), up=setting.up(j))
        yield part(keep_or_lose, held=setting.held(b, i), logged=setting.logged(b))
        yield part(end_unknown, call=setting.call(b))
        yield from forgets_writes(setting, b)
    for room in {b.room: b for b in setting.bookings}:
        yield part(show_all, stored=setting.stored(room, i), received=setting.received(room, i))


def _noting(setting: Setting, b: Call, i: int) -> list[Part]:
    """Return that a replica's latest booking of the room may be this one, where that is asked for."""
    if i not in setting.receipts:
        return []
    return [part(note_received, received=setting.received(b.room, i), timestamp=setting.timestamp(b))]


def _while_primary_up(setting: Setting) -> list[Part]:
    return [part(is_up, up=setting.primary_up())] if setting.fault.stops_replicas else []


def _others(setting: Setting, booking: Call) -> list[Call]:
    return [b for b in setting.bookings if b != booking]
