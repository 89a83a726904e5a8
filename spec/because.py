"""Why a run breaks a guarantee, in the words of the hotel, and what would have been right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import State, Value
from overbooked.spec.telling import listed, spelled
from overbooked.spec.users import Call
from overbooked.spec.world import World


class Because(NamedTuple):
    """Why a guarantee is broken, and what would have been right instead; full sentences both."""

    why: str
    right: str


def because(world: World, guarantee: str, states: Sequence[State]) -> Because:
    """Return why a run through these states, from the initial one on, breaks the guarantee of that name."""
    cases = GUARANTEES[guarantee].broken(world)
    about = next(dict(case.about) for case in cases if case.on(states[-1]))
    return _TELLERS[guarantee](_Told(world, about, states))


class _Told(NamedTuple):
    """A run: the setting, whom the broken case is about, and its states."""

    world: World
    about: dict[str, Value]
    states: Sequence[State]

    @property
    def end(self) -> State:
        """The state in which the guarantee is broken."""
        return self.states[-1]

    def call(self, role: str) -> Call:
        """Return the call that has this role in the broken case."""
        return next(call for call in self.world.calls if call.name == self.about[role])

    def name(self, booking: Call) -> str:
        """Return the short name of a booking."""
        return spelled(self.world, self.end, booking)

    def stamp(self, booking: Call) -> int:
        """Return the timestamp of a booking."""
        return int(self.end[self.world.timestamp(booking).name] or 0)

    def before(self, call: Call) -> State:
        """Return the state in which a call was invoked."""
        return self._first(call, lambda stands: stands != "idle", before=True)

    def at(self, call: Call, answer: str) -> State:
        """Return the state in which the user of a call has just been told this."""
        return self._first(call, lambda stands: stands == answer, before=False)

    def already(self, call: Call, answer: str, others: Sequence[Call]) -> list[Call]:
        """Return those of the others whose users had been told this when a call was invoked."""
        before = self.before(call)
        return [each for each in others if each != call and before[self.world.call(each).name] == answer]

    def _first(self, call: Call, wanted: Callable[[Value], bool], *, before: bool) -> State:
        name = self.world.call(call).name
        at = next(at for at, state in enumerate(self.states) if wanted(state[name]))
        return self.states[at - before]

    @property
    def faults(self) -> str:
        """The faults of the run in words: ``db1 crashed and the app server restarted``."""
        down = [f"db{i}" for i in self.world.numbers if not self.end.get(self.world.up(i).name, True)]
        restarted = any(self.end.get(name) != self.states[0].get(name) for name in ["restarts left"])
        return listed([*([f"{listed(down)} crashed"] if down else []), *(["the app server restarted"] * restarted)])


# What tellers say alike.


def _had_it(told: _Told, booking: Call, state: State) -> str:
    """Return which replicas had a booking then: ``when db1 had it and db2 and db3 had not``.

    It is the very booking: one that was pushed out by a later one is no longer there.
    """
    world = told.world
    had = [f"db{i}" for i in world.numbers if state[world.stored(booking.room, i).name] == told.stamp(booking)]
    had_not = [f"db{i}" for i in world.numbers if f"db{i}" not in had]
    if not had:
        return "when it was in the log and no replica had it" if world.write.log else "when no replica had it"
    return f"when {listed(had)} had it" + (f" and {listed(had_not)} had not" if had_not else "")


def _acknowledged(told: _Told, booking: Call) -> str:
    when = _had_it(told, booking, told.at(booking, "acked"))
    return f"{told.name(booking)} was acknowledged to {booking.user} {when}"


def _told_booked(told: _Told, check: Call) -> str:
    """Return that a check's user was told that the room is booked, and which replicas had that booking then."""
    state = told.at(check, "booked")
    heard = next(b for b in told.world.bookings if told.stamp(b) == state[told.world.latest(check).name])
    had = _had_it(told, heard, state).replace(" it", f" {told.name(heard)}", 1)
    return f"{check.user} was told that {check.room} is booked {had}"


def _source(told: _Told, check: Call) -> str:
    """Return where the answers that a check used came from, and what these replicas had not applied."""
    heard = {f"db{i}": told.end[told.world.answer(check, i).name] for i in told.world.read.asks}
    used = [name for name, answer in heard.items() if answer is not None]
    then = told.at(check, "available")
    begun = [b for b in told.world.bookings if then[told.world.timestamp(b).name]]
    missing = listed([told.name(b) for b in begun], last="or")
    came = f"the answer came from {used[0]}" if len(used) == 1 else f"the answers came from {listed(used)}"
    none = {1: "which had not", 2: "neither of which had"}.get(len(used), "none of which had")
    return f"{came}, {none} applied {missing}"


def _should_be_booked(check: Call) -> str:
    return f"{check.user} is told that {check.room} is booked."


# One for each kind of guarantee.


def _stale(told: _Told) -> Because:
    check = told.call("check")
    acked = told.already(check, "acked", told.world.bookings)
    earlier = told.already(check, "booked", told.world.checks)
    if acked:
        known = listed([_acknowledged(told, b) for b in acked])
    else:
        known = listed([_told_booked(told, q) for q in earlier])
    after = f"{check.user} asked after that, and was told that {check.room} is available: {_source(told, check)}"
    return Because(f"{known}. {after}.", _should_be_booked(check))


def _own(told: _Told) -> Because:
    check, booking = told.call("check"), told.call("booking")
    then = f"Then {check.user} asked, and was told that {check.room} is available: {_source(told, check)}"
    return Because(f"{_acknowledged(told, booking)}. {then}.", _should_be_booked(check))


def _backwards(told: _Told) -> Because:
    check = told.call("check")
    then = f"Then {check.user} asked again, and was told that it is available: {_source(told, check)}"
    return Because(f"{_told_booked(told, told.call('first'))}. {then}.", _should_be_booked(check))


def _twice(told: _Told) -> Because:
    held = [told.call("one"), told.call("other")]
    order = [told.states.index(told.at(b, "acked")) for b in held]
    first, second = held if order[0] < order[1] else held[::-1]
    both = f"{listed([f'{b.user} ({told.name(b)})' for b in held])} both hold an acknowledgement for {first.room}"
    check = next((q for q in told.world.checks if q.name == second.after), None)
    if check and told.already(check, "acked", [first]):
        why = f"{second.user} asked after {told.name(first)} was acknowledged, and was told available all the same"
        why += f": {_source(told, check)}"
    else:
        why = f"{second.user} asked before {told.name(first)} was acknowledged, and was told available, as it still was"
    right = f"{second.user}'s booking is refused, as {first.room} is {first.user}'s."
    return Because(f"{both}. {why}.", right)


def _apart(told: _Told) -> Because:
    world = told.world
    latest = max(world.bookings, key=told.stamp)
    right = f"all live replicas hold the same, and {told.name(latest)} if it was acknowledged."
    stays = f"nothing under way will change that, as {told.faults}" if told.faults else "nothing is under way"
    if "booking" in told.about:
        lacks = f"{told.about['replica']} lacks {told.name(told.call('booking'))}, which was acknowledged"
        return Because(f"All is quiet, and {lacks}: {stays}.", right)
    room = str(told.about["room"])
    held = {name: told.end[f"stored {room} {name}"] for name in (str(told.about["one"]), str(told.about["other"]))}
    has = [f"{name} has {f'b{timestamp}' if timestamp else 'no booking'}" for name, timestamp in held.items()]
    return Because(f"All is quiet, and for {room} {listed(has, last='while')}: {stays}.", right)


def _lost(told: _Told) -> Because:
    booking = told.call("booking")
    log = ", and the log is done with it" if told.world.write.log else ""
    gone = f"Now all is quiet and no live replica has it{log}: {told.faults}"
    kept = "a live replica, or the log," if told.world.write.log else "a live replica"
    return Because(f"{_acknowledged(told, booking)}. {gone}.", f"{kept} still holds {told.name(booking)}.")


def _unanswered(told: _Told) -> Because:
    call, world = told.call("call"), told.world
    needed = world.write.needed if call.kind == "book" else world.read.answers
    of = f"{'confirmation' if call.kind == 'book' else 'answer'}{'s' * (needed > 1)}"
    got = told.end[(world.confirmations(call) if call.kind == "book" else world.answers(call)).name]
    rest = f"and {told.faults}" if told.faults else "and nothing is under way"
    why = f"{call.user} waits for ever: {call.spelled} needs {needed} {of}, has {got}, {rest}."
    return Because(why, f"{call.user} is told something, whatever fails.")


def _older(told: _Told) -> Because:
    older, later, replica = told.call("one"), told.call("other"), told.about["replica"]
    behind = told.stamp(older) > told.stamp(later)
    skewed = f": the clock that gave {told.name(later)} its timestamp was behind, so {told.name(older)} counts as later"
    came = f"{told.name(later)} of {later.user} came after {told.name(older)} of {older.user} was acknowledged"
    why = skewed if behind else f", and {told.name(later)} will never reach it: {told.faults}"
    holds = f"All is quiet, and {replica} holds {told.name(older)}{why}"
    return Because(f"{came}. {holds}.", f"{replica} holds {told.name(later)}, the later booking.")


_TELLERS: dict[str, Callable[[_Told], Because]] = {
    "read-after-write": _stale,
    "read-your-writes": _own,
    "monotonic-reads": _backwards,
    "linearizability": _stale,
    "no-double-booking": _twice,
    "convergence": _apart,
    "durability": _lost,
    "booking-availability": _unanswered,
    "checking-availability": _unanswered,
    "last-write-wins": _older,
}
