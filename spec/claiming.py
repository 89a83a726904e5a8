"""Claiming a room at each replica: ``apply``, ``refuse``, ``confirm``, ``decline``, ``reject``.

With ``claim:K`` a replica takes a booking only where it has none of the room, as a unique constraint at each replica
does. A booking that is rejected stays wherever it was taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import confirm, while_up
from overbooked.spec.language import Change, Step, part, step
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

# The rules, each in the words of what happens.


def take(write: str, stored: int, timestamp: int) -> Change | None:
    """The replica, which has no booking of the room, takes this one."""
    return {"write": "applied", "stored": timestamp} if write == "sent" and not stored else None


def refuse(write: str, stored: int) -> Change | None:
    """The replica, which has a booking of the room, refuses this one."""
    return {"write": "refused"} if write == "sent" and stored else None


def decline(write: str, refusals: int) -> Change | None:
    """The replica's refusal reaches the app server."""
    return {"write": "declined", "refusals": refusals + 1} if write == "refused" else None


def reject(call: str, refusals: int, spare: int) -> Change | None:
    """So many replicas have refused that too few are left to confirm: the user learns that the room is taken."""
    return {"call": "taken"} if call == "running" and refusals > spare else None


# The steps made of them.


def writes(setting: Setting) -> Iterator[Step]:
    """Yield what every replica does with every booking, where each takes one of a room at most."""
    for b in setting.bookings if setting.write.claims else ():
        for i in setting.numbers:
            yield from _at_replica(setting, b, i)


def rejections(setting: Setting) -> Iterator[Step]:
    """Yield the ``reject`` of every booking, where replicas may refuse one."""
    for b in setting.bookings if setting.write.claims else ():
        spare = setting.replicas - setting.write.needed
        rejects = part(reject, call=setting.call(b), refusals=setting.refusals(b), spare=spare)
        yield step("reject", rejects, call=b.name)


def _at_replica(setting: Setting, b: Call, i: int) -> Iterator[Step]:
    """Yield what one replica does with one booking."""
    write, stored = setting.writing(b, i), setting.stored(b.room, i)
    each = {
        "apply": part(take, write=write, stored=stored, timestamp=setting.timestamp(b)),
        "refuse": part(refuse, write=write, stored=stored),
        "confirm": part(confirm, write=write, confirmations=setting.confirmations(b)),
        "decline": part(decline, write=write, refusals=setting.refusals(b)),
    }
    for name, does in each.items():
        yield step(name, does, *while_up(setting, i), call=b.name, replica=f"db{i}")
