"""What faults do: ``crash``, ``restart``, ``timeout``, ``node-crash``, ``lose`` and ``forget``. None is ever owed."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import while_up
from overbooked.spec.language import Change, Part, Step, part, step
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call


def spend(left: int) -> Change | None:
    """One fault of this kind fewer may still come."""
    return {"left": left - 1} if left else None


def stop(up: bool) -> Change | None:
    """The replica stops for good."""
    return {"up": False} if up else None


def leave_no_primary(leads: bool, primary_up: bool) -> Change | None:  # noqa: ARG001 - a role that is only written
    """If it was the primary, there is none that is up."""
    return {"primary_up": False} if leads else {}


def end_unanswered(call: str) -> Change | None:
    """A running call ends without an answer, and its user stops."""
    return {"call": "unanswered"} if call == "running" else {}


def end_unknown(call: str) -> Change | None:
    """A running call has taken too long: it ends with ``unknown``, and its user stops; what was sent goes on."""
    return {"call": "unknown"} if call == "running" else None


def lose(write: str) -> Change | None:
    """A write that was sent never arrives, as if it had not been; and nobody sends it again."""
    return {"write": "unsent"} if write == "sent" else None


def forget_kept(stored: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The replica keeps no booking of the room any more."""
    return {"stored": 0}


def forget_held(held: str) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The replica's log has the booking no more, nor does the replica show it."""
    return {"held": "nothing"}


def forget_received(received: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The replica has received no booking of the room any more."""
    return {"received": 0}


def leave_log(logged: bool) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The primary's log has the booking no more."""
    return {"logged": False}


def forget_write(write: str) -> Change | None:  # noqa: ARG001 - a role that is only written
    """A write not yet applied is lost, as is a confirmation on its way; the app server knows nothing of the rest."""
    return {"write": "unsent"}


def forget_confirmations(confirmations: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The app server no longer knows who confirmed."""
    return {"confirmations": 0}


def forget_refusals(refusals: int) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The app server no longer knows who refused."""
    return {"refusals": 0}


def stop_consuming(consuming: bool) -> Change | None:  # noqa: ARG001 - a role that is only written
    """The entry at the committed offset will be consumed again; the log and the offset survive."""
    return {"consuming": False}


def crashes(setting: Setting) -> Iterator[Step]:
    """Yield the ``crash`` of every replica, where replicas may crash."""
    for i in setting.numbers if setting.fault.crashes else ():
        stops = [part(stop, up=setting.up(i)), part(spend, left=setting.crashes_left())]
        if setting.fault.failover:
            stops.append(part(leave_no_primary, leads=setting.leads(i), primary_up=setting.primary_up()))
        yield step("crash", *stops, owed=False, replica=f"db{i}")


def restarts(setting: Setting) -> Iterator[Step]:
    """Yield the ``restart`` of the app server, where it may restart."""
    if setting.fault.restarts:
        yield step("restart", part(spend, left=setting.restarts_left()), *_app_forgets(setting), owed=False)


def timeouts(setting: Setting) -> Iterator[Step]:
    """Yield the ``timeout`` of every call, where calls may time out."""
    for call in setting.calls if setting.fault.timeouts else ():
        one_fewer = part(spend, left=setting.timeouts_left())
        yield step("timeout", part(end_unknown, call=setting.call(call)), one_fewer, owed=False, call=call.name)


def node_crashes(setting: Setting) -> Iterator[Step]:
    """Yield the ``node-crash`` of every replica, on whose machine the app server may run."""
    for i in setting.numbers if setting.fault.node_crashes else ():
        stops = [part(stop, up=setting.up(i)), part(spend, left=setting.node_crashes_left())]
        yield step("node-crash", *stops, *_app_forgets(setting), owed=False, replica=f"db{i}")


def lost_writes(setting: Setting) -> Iterator[Step]:
    """Yield the ``lose`` of every write of the app server or consumer, where writes may be lost."""
    for b in setting.bookings if setting.fault.lost_writes else ():
        one_fewer = part(spend, left=setting.lost_writes_left())
        if setting.write.primary:
            yield step("lose", part(lose, write=setting.request(b)), one_fewer, owed=False, call=b.name)
            continue
        for i in setting.numbers:
            lost = part(lose, write=setting.writing(b, i))
            yield step("lose", lost, one_fewer, owed=False, call=b.name, replica=f"db{i}")


def amnesias(setting: Setting) -> Iterator[Step]:
    """Yield the ``forget`` of every replica, where replicas may forget all that they keep."""
    for i in setting.numbers if setting.fault.amnesias else ():
        one_fewer = part(spend, left=setting.amnesias_left())
        forgotten = [*_replica_forgets(setting, i), *while_up(setting, i)]
        yield step("forget", one_fewer, *forgotten, owed=False, replica=f"db{i}")


def _replica_forgets(setting: Setting, i: int) -> Iterator[Part]:
    """Yield what a replica keeps no more that has forgotten all."""
    for room in setting.rooms:
        yield part(forget_kept, stored=setting.stored(room, i))
    if setting.write.primary:
        yield from _log_is_gone(setting, i)


def _log_is_gone(setting: Setting, i: int) -> Iterator[Part]:
    for b in setting.bookings:
        yield part(forget_held, held=setting.held(b, i))
        if i in setting.primaries:
            yield part(leave_log, logged=setting.logged(b))
    for room in {b.room: b for b in setting.bookings} if i in setting.receipts else ():
        yield part(forget_received, received=setting.received(room, i))


def _app_forgets(setting: Setting) -> Iterator[Part]:
    for call in setting.calls:
        yield part(end_unanswered, call=setting.call(call))
    for b in setting.bookings:
        yield from forgets_writes(setting, b)
    if setting.bookings and setting.write.log:
        yield part(stop_consuming, consuming=setting.consuming())


def forgets_writes(setting: Setting, booking: Call) -> Iterator[Part]:
    """Yield that the app server knows nothing more of a booking that it wrote; what is in a primary's log goes on."""
    if setting.write.primary:
        yield part(forget_write, write=setting.request(booking))
        return
    for i in setting.numbers:
        yield part(forget_write, write=setting.writing(booking, i))
    yield part(forget_confirmations, confirmations=setting.confirmations(booking))
    if setting.write.claims:
        yield part(forget_refusals, refusals=setting.refusals(booking))
