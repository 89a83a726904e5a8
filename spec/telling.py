"""The booking system's runs in the source's words: what happened, who did it, and why a guarantee is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from overbooked.spec.guarantees import Guarantee
from overbooked.spec.language import State, Step, Value
from overbooked.spec.users import Call
from overbooked.spec.world import World


class Message(NamedTuple):
    """What one party says to another in a step."""

    sender: str
    receiver: str
    text: str


class Event(NamedTuple):
    """One step as told: who does what, the same as named values, and who says what to whom.

    Parties are users, ``app``, the ``log`` with its ``consumer``, and replicas.
    """

    who: str
    what: str
    values: dict[str, Value | list[str]]
    messages: tuple[Message, ...] = ()


def event(world: World, step: Step, before: State, after: State) -> Event:
    """Return what happened when ``step`` led from ``before`` to ``after``."""
    about = dict(step.about)
    replica = str(about.get("replica", ""))
    if "call" not in about:
        return _fault(world, step.name, replica, before, after)
    call = next(call for call in world.calls if call.name == about["call"])
    tell = _of_booking if call.kind == "book" else _of_check
    who, what, more = tell(world, _Taken(step.name, call, replica, before, after))
    named = {"step": step.name, "call": call.kind, "user": call.user, "room": call.room}
    said = tuple(_messages(world, _Taken(step.name, call, replica, before, after)))
    return Event(who, what, named | more | ({"replica": replica} if replica else {}), said)


def parties(world: World) -> list[str]:
    """Return everybody who takes part, in the order in which a diagram has them."""
    log = ["log", "consumer"] if world.write.log and world.bookings else []
    return [*(program[0].user for program in world.users), "app", *log, *(f"db{i}" for i in world.numbers)]


def contents(world: World, state: State) -> dict[str, str]:
    """Return what each replica holds: ``b1``, ``-`` for nothing, and what it held when it crashed in brackets.

    Where there are several rooms, each is named: ``r1:b1 r2:-``.
    """
    named = len(world.rooms) > 1
    held = {}
    for i in world.numbers:
        kept = {room: _held(state[world.stored(room, i).name]) for room in world.rooms}
        inside = " ".join(f"{room}:{it}" if named else it for room, it in kept.items())
        up = state.get(world.up(i).name, True)
        held[f"db{i}"] = inside if up else f"({inside})"
    return held


_SENDING = {"invoke", "consume", "confirm"}
_TOLD = {"acked": "booked", "running": "nothing yet", "idle": "(not made)", "unanswered": "nothing: the call ended"}


def answers(world: World, state: State) -> dict[str, str]:
    """Return what each call's user has been told, by the call's name."""
    stands = {call.name: str(state[world.call(call).name]) for call in world.calls}
    return {name: _TOLD.get(answer, answer) for name, answer in stands.items()}


def spelled(world: World, state: State, booking: Call) -> str:
    """Return the short name of a booking: ``b`` and its timestamp."""
    return f"b{state[world.timestamp(booking).name]}"


def listed(items: Sequence[str], *, last: str = "and") -> str:
    """Return the items as in a sentence.

    >>> listed(["db1", "db2", "db3"])
    'db1, db2 and db3'
    """
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)


def users_in_words(guarantee: Guarantee) -> str:
    """Return what the users of a guarantee do, on one line."""
    return "; ".join(
        f"{program[0].user}: " + ", then ".join(_call_in_words(call) for call in program) for program in guarantee.users
    )


def _call_in_words(call: Call) -> str:
    return call.spelled + (" if told available" if call.if_available else "")


def _held(timestamp: Value) -> str:
    return f"b{timestamp}" if timestamp else "-"


def _sent(world: World, taken: _Taken) -> list[str]:
    """Return the replicas to which a step sends a booking."""
    if taken.call.kind != "book" or taken.name not in _SENDING:
        return []
    before, after = taken.before, taken.after
    names = {i: world.writing(taken.call, i).name for i in world.numbers}
    return [f"db{i}" for i, name in names.items() if before[name] != "sent" == after[name]]


class _Taken(NamedTuple):
    """A step that somebody's call is about, as it was taken."""

    name: str
    call: Call
    replica: str
    before: State
    after: State


def _messages(world: World, taken: _Taken) -> Iterator[Message]:
    """Yield who says what to whom: what is sent in a step follows what it is sent for."""
    step, call, replica, _, after = taken
    writer = "consumer" if world.write.log else "app"
    name = spelled(world, after, call) if call.kind == "book" else ""
    answer = str(after[world.call(call).name])
    if step == "sample":
        heard = after[f"answer {call.name} {replica}"]
        yield Message("app", replica, f"{call.room}?")
        yield Message(replica, "app", _held(heard) if heard else "no booking")
    first = {
        "invoke": Message(call.user, "app", call.spelled),
        "confirm": Message(replica, writer, f"has {name}"),
        "ack": Message("app", call.user, f"{call.room} is booked ({name})"),
        "finish": Message("app", call.user, f"{call.room} is {answer}"),
        "timeout": Message("app", call.user, "unknown"),
        "consume": Message("log", writer, name),
        "commit": Message(writer, "log", f"done with {name}"),
    }
    yield from [first[step]] if step in first else []
    if step == "invoke" and call.kind == "book" and world.write.log:
        yield Message("app", "log", name)
    yield from (Message(writer, to, name) for to in _sent(world, taken))


def _of_booking(world: World, taken: _Taken) -> tuple[str, str, dict[str, Value | list[str]]]:
    step, call, replica, _, after = taken
    name, sent = spelled(world, after, call), _sent(world, taken)
    values: dict[str, Value | list[str]] = {"booking": after[world.timestamp(call).name]}
    if step == "apply":
        return replica, _applied(name, taken), values | {"stored": after[f"stored {call.room} {replica}"]}
    to = f", sent to {listed(sent)}" if sent else ""
    logged = ", appended to the log" if world.write.log else ""
    told = {
        "invoke": (call.user, f"calls {call.spelled}: {name}{logged}{to}"),
        "confirm": (replica, f"confirms {name}{to and ';'}{to.removeprefix(',')}"),
        "ack": ("app", f"tells {call.user}: {call.room} is booked ({name})"),
        "timeout": ("app", f"gives up on {call.user}: whether {call.room} is booked is unknown"),
        "consume": ("consumer", f"takes {name} from the log{to}"),
        "commit": ("consumer", f"is done with {name} in the log"),
    }
    return (*told[step], values | ({"sent": sent} if sent else {}))


def _applied(name: str, taken: _Taken) -> str:
    held = taken.before[f"stored {taken.call.room} {taken.replica}"]
    if held != taken.after[f"stored {taken.call.room} {taken.replica}"]:
        return f"applies {name}"
    return f"applies {name} once more" if name == f"b{held}" else f"receives {name}, and keeps b{held}, which is later"


def _of_check(world: World, taken: _Taken) -> tuple[str, str, dict[str, Value | list[str]]]:
    step, call, replica, _, after = taken
    if step == "invoke":
        return call.user, f"calls {call.spelled}", {}
    if step == "timeout":
        return "app", f"gives up on {call.user}: whether {call.room} is booked is unknown", {"answer": "unknown"}
    if step == "finish":
        answer = after[world.call(call).name]
        return "app", f"tells {call.user}: {call.room} is {answer}", {"answer": answer}
    heard = after[f"answer {call.name} {replica}"]
    values: dict[str, Value | list[str]] = {"answer": "available"}
    if heard:
        values = {"answer": "booked", "booking": heard}
    return replica, f"answers {call.user}: {_held(heard) if heard else 'no booking'}", values


def _fault(world: World, step: str, replica: str, before: State, after: State) -> Event:
    if step == "crash":
        return Event(replica, "crashes, for good", {"step": step, "replica": replica})
    ended = [call.user for call in world.calls if before[world.call(call).name] != after[world.call(call).name]]
    calls = f"the call{'s' * (len(ended) > 1)} of {listed(ended)} end{'s' * (len(ended) == 1)} unanswered"
    values: dict[str, Value | list[str]] = {"step": step}
    return Event(
        "app",
        f"restarts: its memory and all it had sent are gone{f'; {calls}' if ended else ''}",
        values | {"unanswered": list(ended)},
    )
