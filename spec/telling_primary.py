"""What primary and standbys do, told: who has a booking in its log, who shows it, and who takes over."""

from __future__ import annotations

from overbooked.spec.language import State
from overbooked.spec.setting import Setting
from overbooked.spec.taken import Message, Taken
from overbooked.spec.wording import listed, spelled


def of_primary(taken: Taken) -> dict[str, tuple[str, str]]:
    """Return, for each step that a booking takes among primary and standbys, who does what in it."""
    replica, name, call = taken.replica, taken.booking, taken.call
    if not replica:
        return {"reject": ("app", f"tells {call.user}: {call.room} is taken")}
    to = "" if replica == taken.primary else f" to {taken.primary}"
    return {
        "append": (replica, f"appends {name} to its log"),
        "refuse": (replica, f"refuses {name}: its log has {_occupant(taken)}"),
        "receive": (replica, f"receives {name} from {taken.primary}"),
        "apply": (replica, _shown(taken)),
        "confirm": (replica, f"confirms {name}{to}"),
    }


def messages_of_primary(taken: Taken) -> dict[str, Message]:
    """Return, for each of these steps, who says what to whom in it."""
    replica, name = taken.replica, taken.booking
    to = "app" if replica == taken.primary else taken.primary
    return {
        "refuse": Message(replica, "app", f"{taken.call.room} is taken"),
        "receive": Message(taken.primary, replica, name),
        "confirm": Message(replica, to, f"has {name}"),
    }


def promoted(setting: Setting, replica: str, before: State, after: State) -> str:
    """Return what a standby does that takes over, and what is lost by it.

    A booking is lost that was in the former primary's log, and is not in this one's.
    """
    bookings = setting.bookings
    names = {b: spelled(setting, after, b) for b in bookings}
    lost = [names[b] for b in bookings if before[f"logged {b.name}"] and not after[f"logged {b.name}"]]
    shown = [names[b] for b in bookings if before[f"held {b.name} {replica}"] == "received"]
    ended = [b.user for b in bookings if before[b.name] == "running"]
    shows = f", and shows {listed(shown)}" if shown else ""
    gone = f"; {listed(lost)} {'is' if len(lost) == 1 else 'are'} gone" if lost else ""
    calls = f"; the call{'s' * (len(ended) > 1)} of {listed(ended)} end{'s' * (len(ended) == 1)} with unknown"
    return f"becomes the primary{shows}{gone}{calls if ended else ''}"


def _occupant(taken: Taken) -> str:
    """Return the name of the booking of the room that is in the log of the replica already."""
    setting, state = taken.setting, taken.before
    of_room = (b for b in setting.bookings if b.room == taken.call.room)
    there = (b for b in of_room if state[setting.held(b, taken.number).name] != "nothing")
    return next((spelled(setting, state, b) for b in there), "")


def _shown(taken: Taken) -> str:
    """Return that a replica shows a booking, and who has confirmed it to the primary, where it waited for that."""
    setting, state = taken.setting, taken.before
    kept = taken.stored(taken.after)
    if f"b{kept}" != taken.booking:
        return f"passes over {taken.booking}, and keeps b{kept}, whose timestamp is higher"
    who = [f"db{i}" for i in setting.standbys if state[setting.confirmed(taken.call, i).name]]
    waited = taken.replica == taken.primary and setting.write.needed > 1
    have = "has" if len(who) == 1 else "have"
    return f"shows {taken.booking}" + (f", as {listed(who)} {have} confirmed it" if waited else "")
