"""Why a run breaks a guarantee, in the words of the hotel, and what would have been right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from overbooked.spec import because_primary
from overbooked.spec.broken_run import BrokenRun
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import State
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call
from overbooked.spec.wording import listed


class Because(NamedTuple):
    """Why a guarantee is broken, and what would have been right instead; full sentences both."""

    why: str
    right: str


def because(setting: Setting, guarantee: str, states: Sequence[State]) -> Because:
    """Return why a run through these states, from the initial one on, breaks the guarantee of that name."""
    cases = GUARANTEES[guarantee].broken(setting)
    about = next(dict(case.about) for case in cases if case.on(states[-1]))
    return _TELLERS[guarantee](BrokenRun(setting, about, states))


# What tellers say alike.


def _had_it(run: BrokenRun, booking: Call, state: State) -> str:
    """Return which replicas had a booking then: ``when db1 had it and db2 and db3 had not``.

    It is the very booking: one that was pushed out by a later one is no longer there.
    """
    setting = run.setting
    if setting.write.primary:
        return because_primary.had_it(run, booking, state)
    had = [f"db{i}" for i in setting.numbers if state[setting.stored(booking.room, i).name] == run.stamp(booking)]
    had_not = [f"db{i}" for i in setting.numbers if f"db{i}" not in had]
    if not had:
        return "when it was in the log and no replica had it" if setting.write.log else "when no replica had it"
    return f"when {listed(had)} had it" + (f" and {listed(had_not)} had not" if had_not else "")


def _acknowledged(run: BrokenRun, booking: Call) -> str:
    when = _had_it(run, booking, run.at(booking, "acked"))
    return f"{run.name(booking)} was acknowledged to {booking.user} {when}"


def _told_booked(run: BrokenRun, check: Call) -> str:
    """Return that a check's user was told that the room is booked, and which replicas had that booking then."""
    state = run.at(check, "booked")
    heard = next(b for b in run.setting.bookings if run.stamp(b) == state[run.setting.latest(check).name])
    had = _had_it(run, heard, state).replace(" it", f" {run.name(heard)}", 1)
    return f"{check.user} was told that {check.room} is booked {had}"


def _source(run: BrokenRun, check: Call) -> str:
    """Return where the answers that a check used came from, and what these replicas had not applied."""
    heard = {f"db{i}": run.end[run.setting.answer(check, i).name] for i in run.setting.asks}
    used = [name for name, answer in heard.items() if answer is not None]
    then = run.at(check, "available")
    begun = [b for b in run.setting.bookings if then[run.setting.timestamp(b).name]]
    missing = listed([run.name(b) for b in begun], last="or")
    came = f"the answer came from {used[0]}" if len(used) == 1 else f"the answers came from {listed(used)}"
    does = "shown" if run.setting.write.primary else "applied"
    asked = {name: run.until_answered(check, name) for name in used}
    forgot = [name for name, then in asked.items() if any(name in then.forgotten(b) for b in begun)]
    if forgot == used:
        return f"{came}, which had forgotten {missing}"
    if forgot:
        others = listed([name for name in used if name not in forgot])
        return f"{came}: {listed(forgot)} had forgotten {missing}, and {others} had not {does} it"
    none = {1: "which had not", 2: "neither of which had"}.get(len(used), "none of which had")
    return f"{came}, {none} {does} {missing}"


def _should_be_booked(check: Call) -> str:
    return f"{check.user} is told that {check.room} is booked."


# One for each kind of guarantee.


def _stale(run: BrokenRun) -> Because:
    check = run.call("check")
    acked = run.already(check, "acked", run.setting.bookings)
    earlier = run.already(check, "booked", run.setting.checks)
    known = listed([_acknowledged(run, b) for b in acked] or [_told_booked(run, q) for q in earlier])
    after = f"{check.user} asked after that, and was told that {check.room} is available: {_source(run, check)}"
    return Because(f"{known}. {after}.", _should_be_booked(check))


def _own(run: BrokenRun) -> Because:
    check, booking = run.call("check"), run.call("booking")
    then = f"Then {check.user} asked, and was told that {check.room} is available: {_source(run, check)}"
    return Because(f"{_acknowledged(run, booking)}. {then}.", _should_be_booked(check))


def _backwards(run: BrokenRun) -> Because:
    check = run.call("check")
    then = f"Then {check.user} asked again, and was told that it is available: {_source(run, check)}"
    return Because(f"{_told_booked(run, run.call('first'))}. {then}.", _should_be_booked(check))


def _twice(run: BrokenRun) -> Because:
    held = [run.call("one"), run.call("other")]
    order = [run.states.index(run.at(b, "acked")) for b in held]
    first, second = held if order[0] < order[1] else held[::-1]
    both = f"{listed([f'{b.user} ({run.name(b)})' for b in held])} both hold an acknowledgement for {first.room}"
    check = next((q for q in run.setting.checks if q.name == second.after), None)
    if check and run.already(check, "acked", [first]):
        why = f"{second.user} asked after {run.name(first)} was acknowledged, and was told available all the same"
        why += f": {_source(run, check)}"
    else:
        why = f"{second.user} asked before {run.name(first)} was acknowledged, and was told available, as it still was"
    right = f"{second.user}'s booking is refused, as {first.room} is {first.user}'s."
    lost = _not_refused(run, first, second) if run.setting.write.unique else ""
    return Because(f"{both}. {why}{lost}.", right)


def _not_refused(run: BrokenRun, first: Call, second: Call) -> str:
    """Return why another booking of the room than the first was not refused, where one may be."""
    if run.setting.write.primary:
        return because_primary.not_refused(run, first, second)
    writes = {f"db{i}": run.setting.writing(second, i).name for i in run.setting.numbers}
    took = [name for name, write in writes.items() if run.end[write] == "confirmed"]
    return f", and {listed(took)}, which had no booking of {first.room}, took {run.name(second)}"


def _apart(run: BrokenRun) -> Because:
    setting = run.setting
    latest = max(setting.bookings, key=run.stamp)
    right = f"all live replicas hold the same, and {run.name(latest)} if it was acknowledged."
    if "booking" in run.about:
        booking = run.call("booking")
        lack = [name for name, held in run.live(booking.room).items() if held < run.stamp(booking)]
        lacks = f"{listed(lack)} lack{'s' * (len(lack) == 1)} {run.name(booking)}, which was acknowledged"
        why = f"All is quiet, and {lacks}: {_never_comes(run, booking, lack[0])}."
        return Because(why, f"all live replicas hold the same, {run.name(booking)} or a later booking.")
    room = str(run.about["room"])
    apart = {str(run.about["one"]), str(run.about["other"])}
    held = {f"db{i}": run.number(setting.stored(room, i)) for i in setting.numbers if f"db{i}" in apart}
    has = [f"{name} has {f'b{timestamp}' if timestamp else 'no booking'}" for name, timestamp in held.items()]
    missing = next(b for b in setting.bookings if run.stamp(b) == max(held.values()))
    stays = _never_comes(run, missing, min(held, key=lambda name: held[name]))
    return Because(f"All is quiet, and for {room} {listed(has, last='while')}: {stays}.", right)


def _never_comes(run: BrokenRun, booking: Call, replica: str) -> str:
    """Return why a booking never comes to a replica, though all is quiet."""
    setting = run.setting
    if setting.write.primary:
        return because_primary.never_comes(run, booking, replica)
    kept = run.live(booking.room)[replica]
    if setting.write.claims and kept:
        return f"{replica} has b{kept}, and takes no other booking of {booking.room}"
    if replica in run.forgotten(booking):
        return f"{replica} forgot {run.name(booking)}, and nobody sends it again"
    if replica in run.lost_to(booking):
        return f"the write of {run.name(booking)} to {replica} was lost, and nobody sends it again"
    return _is_not_sent(run, booking, replica)


def _is_not_sent(run: BrokenRun, booking: Call, replica: str) -> str:
    """Return why a booking was not sent to a replica, and never will be.

    A write is sent on once the replica before it has confirmed; an entry of the log is taken once the consumer is done
    with the one before it. So a replica is waited for that crashed, or never got the write; or the app server has
    forgotten to send it.
    """
    stuck, sender = run.under_way(booking), "the consumer" if run.setting.write.log else "the app server"
    if waits := run.waited_for(stuck):
        return f"{sender} waits for ever for {listed(waits)}, which crashed"
    if waits := run.lost_to(stuck):
        return f"{sender} waits for ever for {listed(waits)}, as the write of {run.name(stuck)} to it was lost"
    return f"{run.name(booking)} was still to be sent to {replica} when the app server restarted, and is forgotten"


def _lost(run: BrokenRun) -> Because:
    booking = run.call("booking")
    log = ", and the log is done with it" if run.setting.write.log else ""
    gone = f"Now all is quiet and no live replica has it{log}: {run.faults}"
    kept = "a live replica, or the log," if run.setting.write.log else "a live replica"
    return Because(f"{_acknowledged(run, booking)}. {gone}.", f"{kept} still holds {run.name(booking)}.")


def _unanswered(run: BrokenRun) -> Because:
    call, setting = run.call("call"), run.setting
    if call.kind == "book" and setting.write.primary:
        why = f"{call.user} waits for ever: {call.spelled} {because_primary.waits_for(run, call)}."
        return Because(why, f"{call.user} is told something, whatever fails.")
    needed = setting.write.needed if call.kind == "book" else setting.read.answers
    of = f"{'confirmation' if call.kind == 'book' else 'answer'}{'s' * (needed > 1)}"
    got = run.number(setting.confirmations(call) if call.kind == "book" else setting.useful(call))
    rest = f"and {run.faults}" if run.faults else "and nothing is under way"
    why = f"{call.user} waits for ever: {call.spelled} needs {needed} {of}, has {got or 'none'}, {rest}"
    why += f"{_behind(run, call) if call.kind == 'check' and setting.read.session else ''}."
    return Because(why, f"{call.user} is told something, whatever fails.")


def _behind(run: BrokenRun, check: Call) -> str:
    """Return which replicas never answer a user, as they never get what this user was told of."""
    told = run.number(run.setting.told(check.user, check.room))
    behind = [name for name, held in run.live(check.room).items() if held < told]
    lack = f"lack{'s' * (len(behind) == 1)}"
    return f"; {listed(behind)} {lack} b{told}, of which {check.user} was told, and will never get it" if behind else ""


def _older(run: BrokenRun) -> Because:
    older, later, replica = run.call("one"), run.call("other"), run.about["replica"]
    behind = run.stamp(older) > run.stamp(later)
    skewed = f": the clock that gave {run.name(later)} its timestamp was behind, so {run.name(older)} counts as later"
    came = f"{run.name(later)} of {later.user} came after {run.name(older)} of {older.user} was acknowledged"
    never = "" if behind else _never_comes(run, later, str(replica))
    hold = [name for name, held in run.live(older.room).items() if held == run.stamp(older)]
    why = skewed if behind else f", and {run.name(later)} will never reach {listed(hold, last='or')}: {never}"
    holds = f"{listed(hold)} hold{'s' * (len(hold) == 1)}"
    told = f"All is quiet, and {holds} {run.name(older)}{why}"
    return Because(f"{came}. {told}.", f"{holds} {run.name(later)}, the later booking.")


_TELLERS: dict[str, Callable[[BrokenRun], Because]] = {
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
