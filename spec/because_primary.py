"""Why a run of primary and standbys breaks a guarantee: who had a booking, who showed it, and who waits for whom."""

from __future__ import annotations

from overbooked.spec.broken_run import BrokenRun
from overbooked.spec.language import State
from overbooked.spec.users import Call
from overbooked.spec.wording import listed


def had_it(run: BrokenRun, booking: Call, state: State) -> str:
    """Return who had a booking in a state: ``when db1 showed it, db2 had received it, and db3 had not``.

    Whoever showed it and has shown a later one since is not told of.
    """
    setting, stamp = run.setting, run.stamp(booking)
    held = {f"db{i}": state[setting.held(booking, i).name] for i in setting.numbers}
    kept = {f"db{i}": state[setting.stored(booking.room, i).name] for i in setting.numbers}
    showed = [name for name, it in held.items() if it == "shown" and kept[name] == stamp]
    received = [name for name, it in held.items() if it == "received"]
    lacked = [name for name, it in held.items() if it == "nothing"]
    told = [f"{listed(showed)} showed it" if showed else "nobody showed it"]
    if received:
        told.append(f"{listed(received)} had received it and did not show it yet")
    if lacked:
        told.append(f"{listed(lacked)} had not received it")
    return f"when {listed(told)}"


def not_refused(run: BrokenRun, first: Call, second: Call) -> str:
    """Return why the primary did not refuse another booking of the room than the first: it no longer had that one."""
    if run.primary in run.forgotten(first):
        return f", and {run.primary}, the primary, which had forgotten {run.name(first)}, took {run.name(second)}"
    without = f"which had become the primary without {run.name(first)} when {listed(run.down)} crashed"
    return f", and {run.primary}, {without}, took {run.name(second)}"


def never_comes(run: BrokenRun, booking: Call, replica: str) -> str:
    """Return why a replica never shows a booking, though all is quiet."""
    held = run.end[f"held {booking.name} {replica}"]
    if held == "received":
        return f"{replica}, the primary, does not show {run.name(booking)}, as it {_lacks_standbys(run, booking)}"
    forgot = run.forgotten(booking)
    if run.primary in forgot:
        no_more = "nobody sends it again" if replica == run.primary else f"cannot send it to {replica} any more"
        return f"{run.primary}, the primary, forgot {run.name(booking)}, and {no_more}"
    if run.primary in run.down:
        again = f"{replica} forgot {run.name(booking)}, and {run.primary}, the primary, crashed before it sent it again"
        once = f"{run.primary}, the primary, crashed before it sent {run.name(booking)} to {replica}"
        return again if replica in forgot else once
    return f"{run.name(booking)} was in no log but that of {listed(run.down)}, which crashed"


def waits_for(run: BrokenRun, booking: Call) -> str:
    """Return what a booking waits for that is never acknowledged."""
    if run.primary in run.down:
        return f"needs the primary's confirmation, and {run.primary} crashed"
    if run.lost_to(booking):
        return f"never came to {run.primary}, the primary: that write was lost"
    if run.primary in run.forgotten(booking):
        return f"needs the confirmation of {run.primary}, the primary, which forgot it"
    if run.end[run.setting.request(booking).name] == "appended":
        return f"needs the primary's confirmation, which {_lacks_standbys(run, booking)}"
    before = next(b for b in run.setting.bookings if run.end[f"held {b.name} {run.primary}"] == "received")
    return f"waits for {run.name(before)}, which is before it: the primary {_lacks_standbys(run, before)}"


def _lacks_standbys(run: BrokenRun, booking: Call) -> str:
    needed, got = run.setting.write.needed - 1, run.number(run.setting.confirmations(booking))
    of = f"confirmation{'s' * (needed > 1)} of {needed} standby{'s' * (needed > 1)}"
    return f"needs the {of}, and has {got}, as {run.faults}"
