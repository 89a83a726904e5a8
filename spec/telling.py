"""The booking system's runs in the source's words: what happened, who did it, and why a guarantee is broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from overbooked.spec.guarantees import Guarantee
from overbooked.spec.language import State, Step, Value
from overbooked.spec.setting import Setting
from overbooked.spec.taken import Message, Taken
from overbooked.spec.telling_primary import messages_of_primary, of_primary, promoted
from overbooked.spec.users import Call
from overbooked.spec.wording import in_short, listed, spelled


class Event(NamedTuple):
    """One step as told: who does what, the same as named values, and who says what to whom.

    Parties are users, ``app``, the ``log`` with its ``consumer``, and replicas.
    """

    who: str
    what: str
    values: dict[str, Value | list[str]]
    messages: tuple[Message, ...] = ()


def event(setting: Setting, step: Step, before: State, after: State) -> Event:
    """Return what happened when ``step`` led from ``before`` to ``after``."""
    about = dict(step.about)
    replica = str(about.get("replica", ""))
    if step.name == "promote":
        return Event(replica, promoted(setting, replica, before, after), {"step": step.name, "replica": replica})
    if "call" not in about:
        return _fault(setting, step.name, replica, before, after)
    call = next(call for call in setting.calls if call.name == about["call"])
    tell = _of_booking if call.kind == "book" else _of_check
    taken = Taken(setting, step.name, call, replica, before, after)
    who, what, more = tell(taken)
    named = {"step": step.name, "call": call.kind, "user": call.user, "room": call.room}
    return Event(who, what, named | more | ({"replica": replica} if replica else {}), tuple(_messages(taken)))


def parties(setting: Setting) -> list[str]:
    """Return everybody who takes part, in the order in which a diagram has them."""
    log = ["log", "consumer"] if setting.write.log and setting.bookings else []
    return [*(program[0].user for program in setting.users), "app", *log, *(f"db{i}" for i in setting.numbers)]


def contents(setting: Setting, state: State) -> dict[str, str]:
    """Return what each replica holds: ``b1``, ``-`` for nothing, and what it held when it crashed in brackets.

    What a replica's log has, where it has one, that it does not show yet is in square brackets. Where there are several
    rooms, each is named: ``r1:b1 r2:-``.
    """
    return {f"db{i}": content(setting, state, i) for i in setting.numbers}


def content(setting: Setting, state: State, replica: int) -> str:
    """Return what one replica holds; no field of another one is looked at."""
    kept = {room: _kept(setting, state, room, replica) for room in setting.rooms}
    inside = " ".join(f"{room}:{it}" if len(kept) > 1 else it for room, it in kept.items())
    return inside if state.get(setting.up(replica).name, True) else f"({inside})"


def _kept(setting: Setting, state: State, room: str, replica: int) -> str:
    """Return what a replica keeps for a room, and what waits in its log."""
    kept = in_short(state[setting.stored(room, replica).name])
    bookings = [b for b in setting.bookings if b.room == room] if setting.write.primary else []
    waiting = [b for b in bookings if state[setting.held(b, replica).name] == "received"]
    waiting.sort(key=lambda b: str(state[setting.place(b).name]))
    logged = " ".join(spelled(setting, state, b) for b in waiting)
    return f"{kept} [{logged}]" if logged else kept


_TOLD = {"acked": "booked", "running": "nothing yet", "idle": "(not made)", "unanswered": "nothing: the call ended"}
"""What somebody was told whose call stands like this, where that is not the word for it."""


def answers(setting: Setting, state: State) -> dict[str, str]:
    """Return what each call's user has been told, by the call's name."""
    stands = {call.name: str(state[setting.call(call).name]) for call in setting.calls}
    return {name: _TOLD.get(answer, answer) for name, answer in stands.items()}


def users_in_words(guarantee: Guarantee) -> str:
    """Return what the users of a guarantee do, on one line."""
    return "; ".join(
        f"{program[0].user}: " + ", then ".join(_call_in_words(call) for call in program) for program in guarantee.users
    )


def _call_in_words(call: Call) -> str:
    return call.spelled + (" if told available" if call.if_available else "")


def _messages(taken: Taken) -> Iterator[Message]:
    """Yield who says what to whom: what is sent in a step follows what it is sent for."""
    setting, step, call, replica, _, after = taken
    writer = "consumer" if setting.write.log else "app"
    name = taken.booking if call.kind == "book" else ""
    answer = str(after[setting.call(call).name])
    if step == "sample":
        yield Message("app", replica, f"{call.room}?")
        yield Message(replica, "app", in_short(taken.heard) if taken.heard else "no booking")
    if step == "repair":
        yield Message("app", replica, in_short(taken.heard))
        yield Message(replica, "app", f"has {in_short(taken.heard)}")
    first = {
        "invoke": Message(call.user, "app", call.spelled),
        "confirm": Message(replica, writer, f"has {name}"),
        "ack": Message("app", call.user, f"{call.room} is booked ({name})"),
        "decline": Message(replica, writer, f"{call.room} is taken"),
        "reject": Message("app", call.user, f"{call.room} is taken"),
        "finish": Message("app", call.user, f"{call.room} is {answer}"),
        "timeout": Message("app", call.user, "unknown"),
        "consume": Message("log", writer, name),
        "commit": Message(writer, "log", f"commit {name}"),
    }
    first |= messages_of_primary(taken) if setting.write.primary and call.kind == "book" else {}
    yield from [first[step]] if step in first else []
    if step == "invoke" and call.kind == "book" and setting.write.log:
        yield Message("app", "log", name)
    yield from (Message(writer, to, name) for to in taken.sent)


def _of_booking(taken: Taken) -> tuple[str, str, dict[str, Value | list[str]]]:
    setting, step, call, replica, _, after = taken
    name, sent = taken.booking, taken.sent
    values: dict[str, Value | list[str]] = {"booking": after[setting.timestamp(call).name]}
    if step == "apply":
        values["stored"] = taken.stored(after)
    to = f", sent to {listed(sent)}" if sent else ""
    logged = ", appended to the log" if setting.write.log else ""
    told = {
        "invoke": (call.user, f"calls {call.spelled}: {name}{logged}{to}"),
        "confirm": (replica, f"confirms {name}{to and ';'}{to.removeprefix(',')}"),
        "ack": ("app", f"tells {call.user}: {call.room} is booked ({name})"),
        "timeout": ("app", f"gives up on {call.user}: whether {call.room} is booked is unknown"),
        "consume": ("consumer", f"takes {name} from the log{to}"),
        "commit": ("consumer", f"commits {name}"),
        "lose": (replica or taken.primary, f"never gets {name}: that write is lost"),
    }
    if setting.write.primary:
        told |= of_primary(taken)
    elif step == "apply":
        told[step] = (replica, _applied(name, taken))
    elif setting.write.claims:
        told |= _of_claim(taken)
    return (*told[step], values | ({"sent": sent} if sent else {}))


def _of_claim(taken: Taken) -> dict[str, tuple[str, str]]:
    """Return, for each step by which a booking is refused, who does what in it."""
    name, call = taken.booking, taken.call
    kept = f": it has {in_short(taken.stored(taken.before))}" if taken.replica else ""
    return {
        "refuse": (taken.replica, f"refuses {name}{kept}"),
        "decline": (taken.replica, f"tells the app server that it refused {name}"),
        "reject": ("app", f"tells {call.user}: {call.room} is taken"),
    }


def _applied(name: str, taken: Taken) -> str:
    held = taken.stored(taken.before)
    if held != taken.stored(taken.after):
        return f"applies {name}"
    if name == f"b{held}":
        return f"applies {name} once more"
    return f"receives {name}, and keeps b{held}, whose timestamp is higher"


def _of_check(taken: Taken) -> tuple[str, str, dict[str, Value | list[str]]]:
    setting, step, call, replica, _, after = taken
    if step == "invoke":
        return call.user, f"calls {call.spelled}", {}
    if step == "timeout":
        return "app", f"gives up on {call.user}: whether {call.room} is booked is unknown", {"answer": "unknown"}
    if step == "finish":
        answer = after[setting.call(call).name]
        return "app", f"tells {call.user}: {call.room} is {answer}", {"answer": answer}
    heard = taken.heard
    values: dict[str, Value | list[str]] = {"answer": "booked", "booking": heard} if heard else {"answer": "available"}
    if step == "repair":
        return replica, f"{_repaired(taken)} for {call.user}", values
    return replica, f"answers {call.user}: {in_short(heard) if heard else 'no booking'}", values


def _repaired(taken: Taken) -> str:
    """Return what a replica does to which the latest answer is written back."""
    name, kept = in_short(taken.heard), taken.stored(taken.after)
    return f"takes {name}, written back" if kept == taken.heard else f"is told {name}, and keeps b{kept}, written back"


def _fault(setting: Setting, step: str, replica: str, before: State, after: State) -> Event:
    values: dict[str, Value | list[str]] = {"step": step, "replica": replica} if replica else {"step": step}
    led = "; it was the primary" if setting.write.primary and setting.primary(before) == replica else ""
    if step == "crash":
        return Event(replica, f"crashes, for good{led}", values)
    if step == "forget":
        return Event(replica, f"forgets all that it kept, and is back, empty{led.replace('was', 'is')}", values)
    ended = [call.user for call in setting.calls if before[setting.call(call).name] != after[setting.call(call).name]]
    calls = f"; the call{'s' * (len(ended) > 1)} of {listed(ended)} end{'s' * (len(ended) == 1)} unanswered"
    stops = f"crashes, for good{led}; the app server, which ran there, restarts" if step == "node-crash" else "restarts"
    what = f"{stops}: what it knew, and writes not yet applied, are gone{calls if ended else ''}"
    return Event(replica or "app", what, values | {"unanswered": list(ended)})
