"""Why a run breaks a guarantee, in one sentence."""

from __future__ import annotations

from collections.abc import Callable

from spec.guarantees import GUARANTEES
from spec.language import State, Value
from spec.telling import listed, spelled
from spec.users import Call
from spec.world import World


def because(world: World, guarantee: str, state: State) -> str:
    """Return why ``state``, the last one of a run, breaks the guarantee of that name."""
    cases = GUARANTEES[guarantee].broken(world)
    about = next(dict(case.about) for case in cases if case.on(state))
    return _TELLERS[guarantee](world, about, state)


def _call(world: World, name: Value) -> Call:
    return next(call for call in world.calls if call.name == name)


def _source(world: World, check: Call, state: State) -> str:
    """Return where the answers that a check used came from."""
    heard = {f"db{i}": state[world.answer(check, i).name] for i in world.read.asks}
    used = [name for name, answer in heard.items() if answer is not None]
    missing = listed([spelled(world, state, b) for b in world.bookings if state[world.call(b).name] != "idle"])
    came = f"the answer came from {used[0]}" if len(used) == 1 else f"the answers came from {listed(used)}"
    none = {1: "which had not", 2: "neither of which had"}.get(len(used), "none of which had")
    return f"{came}, {none} applied {missing}"


def _stale(world: World, about: dict[str, Value], state: State) -> str:
    check = _call(world, about["check"])
    acked = [b for b in world.bookings if state[world.call(b).name] == "acked"]
    already = listed([f"{spelled(world, state, b)} was acknowledged to {b.user}" for b in acked])
    others = (q for q in world.checks if q != check and state[world.call(q).name] == "booked")
    told = listed([f"{q.user} was told that {q.room} is booked" for q in others])
    known = f"after {told}" if told and not _acked_first(world, state) else f"after {already}"
    return f"{check.user} asked {known}, and was told that {check.room} is available: {_source(world, check, state)}."


def _acked_first(world: World, state: State) -> bool:
    return all(state[world.call(b).name] == "acked" for b in world.bookings)


def _own(world: World, about: dict[str, Value], state: State) -> str:
    check = _call(world, about["check"])
    booking = spelled(world, state, _call(world, about["booking"]))
    source = _source(world, check, state)
    return f"{check.user} was told that {check.room} is booked ({booking}), then that it is available: {source}."


def _backwards(world: World, about: dict[str, Value], state: State) -> str:
    check = _call(world, about["check"])
    source = _source(world, check, state)
    return f"{check.user} was told that {check.room} is booked, and later that it is available: {source}."


def _twice(world: World, about: dict[str, Value], state: State) -> str:
    held = [_call(world, about[one]) for one in ("one", "other")]
    names = listed([f"{b.user} ({spelled(world, state, b)})" for b in held])
    return f"{names} both hold an acknowledgement for {held[0].room}: each had been told that it is available."


def _apart(world: World, about: dict[str, Value], state: State) -> str:
    if "booking" in about:
        booking = _call(world, about["booking"])
        return f"all is quiet, and {about['replica']} lacks {spelled(world, state, booking)}, which was acknowledged."
    room = str(about["room"])
    held = {name: state[f"stored {room} {name}"] for name in (str(about["one"]), str(about["other"]))}
    told = [f"{name} has {f'b{timestamp}' if timestamp else 'no booking'}" for name, timestamp in held.items()]
    return f"all is quiet, and for {room} {listed(told, last='while')}: nothing under way will change that."


def _lost(world: World, about: dict[str, Value], state: State) -> str:
    booking = _call(world, about["booking"])
    log = ", and the log is done with it" if world.write.log else ""
    name = spelled(world, state, booking)
    return f"{name} was acknowledged to {booking.user}, all is quiet, and no live replica has it{log}."


def _unanswered(world: World, about: dict[str, Value], state: State) -> str:
    call = _call(world, about["call"])
    down = [f"db{i}" for i in world.numbers if not state.get(world.up(i).name, True)]
    crashed = f" and {listed(down)} crashed" if down else ""
    needed = world.write.needed if call.kind == "book" else world.read.answers
    of = f"{'confirmation' if call.kind == 'book' else 'answer'}{'s' * (needed > 1)}"
    got = state[(world.confirmations(call) if call.kind == "book" else world.answers(call)).name]
    rest = crashed or " and nothing is under way"
    return f"{call.user} waits for ever: {call.spelled} needs {needed} {of}, has {got},{rest}."


_TELLERS: dict[str, Callable[[World, dict[str, Value], State], str]] = {
    "read-after-write": _stale,
    "read-your-writes": _own,
    "monotonic-reads": _backwards,
    "linearizability": _stale,
    "no-double-booking": _twice,
    "convergence": _apart,
    "durability": _lost,
    "booking-availability": _unanswered,
    "checking-availability": _unanswered,
}
