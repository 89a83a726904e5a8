"""What is true in every state of the booking system, over any number of replicas: the reasons why guarantees hold.

Each line is a sentence, and the formula that it is, over numbers of replicas. They say the same of a family (any number
of replicas) and of one model's own states (a fixed number).
"""

from __future__ import annotations

from typing import TypeAlias

import z3

from overbooked.checker.proving.formula_text import text_of
from overbooked.checker.proving.induction import View
from overbooked.checker.theorems.any_size import NUMBERS, Numbers, replica_of
from overbooked.spec.guarantees import bound, known
from overbooked.spec.language import Field
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call

Lines: TypeAlias = dict[str, z3.BoolRef]

WRITTEN = ("applied", "confirmed")


def own(field: Field) -> str:
    """Return the name of a replica's field without the replica."""
    of = replica_of(field)
    return of[0] if of else field.name


def forgotten(view: View, setting: Setting, numbers: Numbers = NUMBERS) -> int | z3.ArithRef:
    """Return how often a replica has forgotten all that it kept, which may make as many replicas exceptions."""
    left = setting.amnesias_left().name
    return numbers.amnesias - view.number(left) if setting.fault.amnesias else 0


def but(setting: Setting) -> str:
    """Return what the sentence of a line says more where replicas may forget."""
    return ", but for one at each amnesia" if setting.fault.amnesias else ""


def bookings(view: View, setting: Setting, numbers: Numbers = NUMBERS) -> Lines:
    """Return what is true of bookings, their timestamps and their writes."""
    lines: Lines = {}
    for b in setting.bookings:
        call, timestamp, write = setting.call(b).name, setting.timestamp(b).name, own(setting.writing(b, 1))
        stored = own(setting.stored(b.room, 1))
        idle, none = view.is_(call, "idle"), view.is_(timestamp, 0)
        lines |= {
            f"{b.name} has a timestamp once it was invoked, and is sent nowhere before": z3.And(
                idle == none, z3.Implies(none, view.count({write: ("sent", *WRITTEN)}) == 0)
            ),
            f"the confirmations of {b.name} are those of the replicas that have confirmed it": (
                view.number(setting.confirmations(b).name) == view.count({write: ("confirmed",)})
            ),
            f"a replica that has applied {b.name} keeps it or a later one{but(setting)}": z3.And(
                [
                    z3.Implies(
                        view.is_(timestamp, at),
                        view.count({write: WRITTEN, stored: range(at)}) <= forgotten(view, setting, numbers),
                    )
                    for at in setting.timestamps
                ]
            ),
        }
        if setting.write.claims:
            refusals = view.number(setting.refusals(b).name) == view.count({write: ("declined",)})
            lines[f"the refusals of {b.name} are those of the replicas that have declined it"] = refusals
    return lines | _clock(view, setting)


def _clock(view: View, setting: Setting) -> Lines:
    """Return what is true of the clock: it counts the bookings invoked, and no replica keeps a later one."""
    given = [view.is_(setting.timestamp(b).name, 0) for b in setting.bookings]
    stamps = [setting.timestamp(b).name for b in setting.bookings]
    clock = setting.clock().name
    stored = {own(setting.stored(room, 1)) for room in setting.rooms}
    counted = [
        z3.Implies(z3.Sum([z3.If(none, 0, 1) for none in given]) == at, view.is_(clock, at))
        for at in setting.timestamps
    ]
    later = [
        z3.Implies(view.is_(clock, at), view.count({name: [t for t in setting.timestamps if t > at]}) == 0)
        for at in setting.timestamps
        for name in stored
    ]
    apart = [
        z3.Not(z3.And(view.is_(one, at), view.is_(other, at)))
        for n, one in enumerate(stamps)
        for other in stamps[:n]
        for at in setting.timestamps[1:]
    ]
    over = [
        z3.Implies(view.is_(clock, at), z3.Not(view.is_(name, t)))
        for at in setting.timestamps
        for name in stamps
        for t in setting.timestamps
        if t > at
    ]
    return {
        "timestamps are given in order, each once, and no replica keeps one not yet given": z3.And(
            counted + later + apart + over
        )
    }


def checks(view: View, setting: Setting, numbers: Numbers) -> Lines:
    """Return what is true of checks and their answers."""
    lines: Lines = {}
    for q in setting.checks:
        call, latest, answer = setting.call(q).name, setting.latest(q).name, own(setting.answer(q, 1))
        stored, answers = own(setting.stored(q.room, 1)), view.number(setting.answers(q).name)
        some = setting.timestamps
        lines |= {
            f"the answers of {q.name} are those of the replicas that have answered it": (
                answers == view.count({answer: some})
            ),
            f"nobody has answered {q.name} before it was invoked": z3.Implies(view.is_(call, "idle"), answers == 0),
            f"the latest answer of {q.name} is one that a replica gave, and none gave a later one": z3.And(
                [
                    z3.Implies(
                        view.is_(latest, at),
                        z3.And(
                            view.count({answer: some[at + 1 :]}) == 0, view.count({answer: (at,)}) >= (1 if at else 0)
                        ),
                    )
                    for at in some
                ]
            ),
            f"a replica still keeps what it answered {q.name}, or a later booking{but(setting)}": z3.And(
                [view.count({answer: (at,), stored: range(at)}) <= forgotten(view, setting, numbers) for at in some]
            ),
            f"{q.name} says available after R answers, none with a booking": z3.Implies(
                view.is_(call, "available"), z3.And(answers >= numbers.answers, view.is_(latest, 0))
            ),
        }
    return lines | _agreeing(view, setting)


def _agreeing(view: View, setting: Setting) -> Lines:
    """Return what is true of a check that repairs: it knows how many answers are the latest one."""
    lines: Lines = {}
    for q in setting.checks if setting.read.repair else ():
        answer, latest = own(setting.answer(q, 1)), setting.latest(q).name
        known = view.number(setting.agreeing(q).name)
        lines[f"the answers of {q.name} that agree are those of the replicas that have answered the latest"] = z3.And(
            [z3.Implies(view.is_(latest, at), known == view.count({answer: (at,)})) for at in setting.timestamps]
        )
    return lines


def reads_see_writes(view: View, setting: Setting, numbers: Numbers, kept: int | None = None) -> Lines:
    """Return why a check that must say ``booked`` does: ``kept`` replicas (as a rule W) have what anybody was told."""
    enough = numbers.confirmations if kept is None else kept
    known = {**bookings(view, setting, numbers), **checks(view, setting, numbers)}
    known |= acked_is_kept(view, setting, numbers)
    return known | known_is_kept(view, setting, numbers, enough)


def known_is_kept(view: View, setting: Setting, numbers: Numbers, kept: int | z3.ArithRef) -> Lines:
    """Return why a check that must say ``booked`` does: ``kept`` replicas have what anybody was told."""
    lines: Lines = {}
    many, gone = kept if isinstance(kept, int) else text_of(kept), forgotten(view, setting, numbers)
    for room in setting.rooms:
        stored = own(setting.stored(room, 1))
        said = f"once anybody was told that {room} is booked, {many} of the replicas keep a booking of it{but(setting)}"
        lines[said] = z3.Implies(
            view.is_(known(room).name, True), view.count({stored: setting.timestamps[1:]}) + gone >= kept
        )
    for q in setting.checks:
        said = f"if {q.name} must say booked, at most N - {many} have answered no booking, or may still{but(setting)}"
        lines[said] = z3.Implies(
            view.is_(bound(q).name, True), _misses(view, setting, q) + kept <= numbers.replicas + gone
        )
    return lines


def in_a_row(view: View, setting: Setting) -> Lines:
    """Return what is true of a user's two checks, one after the other."""
    first, second = setting.checks
    return {
        f"{first.name} says booked only after an answer with a booking": z3.Implies(
            view.is_(setting.call(first).name, "booked"), z3.Not(view.is_(setting.latest(first).name, 0))
        ),
        f"{second.name} begins after {first.name} was answered": z3.Implies(
            z3.Not(view.is_(setting.call(second).name, "idle")),
            view.is_(setting.call(first).name, "available", "booked"),
        ),
    }


def after_its_booking(view: View, setting: Setting) -> Lines:
    """Return what is true of a user's booking and the check after it."""
    (b,), (q,) = setting.bookings, setting.checks
    answered = ("acked", "taken") if setting.write.unique else ("acked",)
    began = z3.Not(view.is_(setting.call(q).name, "idle"))
    return {
        f"{q.name} begins after {b.name} was answered": z3.Implies(began, view.is_(setting.call(b).name, *answered))
    }


def told_is_kept(view: View, setting: Setting, numbers: Numbers, kept: int | z3.ArithRef = 1) -> Lines:
    """Return why a user told ``booked`` is told so again: ``kept`` replicas keep a booking, if only one."""
    first, second = setting.checks
    return in_a_row(view, setting) | {
        f"if {first.name} said booked, at most N - {kept} have answered {second.name} no booking, or may still": (
            z3.Implies(
                view.is_(setting.call(first).name, "booked"), _misses(view, setting, second) + kept <= numbers.replicas
            )
        ),
    }


def _misses(view: View, setting: Setting, check: Call) -> z3.ArithRef:
    """Return how many replicas have answered a check no booking, or have none and may still answer."""
    answer, stored = own(setting.answer(check, 1)), own(setting.stored(check.room, 1))
    return view.count({answer: (0,)}) + view.count({answer: (None,), stored: (0,)})


def acked_is_kept(view: View, setting: Setting, numbers: Numbers) -> Lines:
    """Return how many replicas keep an acknowledged booking (with a log: one that the log has committed)."""
    lines: Lines = {}
    for b in setting.bookings:
        timestamp, stored = setting.timestamp(b).name, own(setting.stored(b.room, 1))
        kept = [
            z3.Implies(
                z3.And(view.is_(timestamp, at), _is_done(view, setting, b, at)),
                view.count({stored: setting.timestamps[at:]}) + forgotten(view, setting, numbers)
                >= numbers.confirmations,
            )
            for at in setting.timestamps[1:]
        ]
        done = "committed in the log" if setting.write.log else "acknowledged"
        lines[f"once {b.name} is {done}, W replicas keep it or a later one{but(setting)}"] = z3.And(kept)
        lines[f"{b.name} is acknowledged only once it has a timestamp"] = z3.Implies(
            view.is_(setting.call(b).name, "acked"), z3.Not(view.is_(timestamp, 0))
        )
    return lines


def _is_done(view: View, setting: Setting, booking: Call, timestamp: int) -> z3.BoolRef:
    if setting.write.log:
        return view.is_(setting.committed().name, *setting.timestamps[timestamp:])
    return view.is_(setting.call(booking).name, "acked")


def log(view: View, setting: Setting) -> Lines:
    """Return what is true of a log, where there is one: it has committed only what was appended."""
    if not setting.write.log:
        return {}
    committed, clock = setting.committed().name, setting.clock().name
    behind = [
        z3.Implies(view.is_(clock, at), view.is_(committed, *setting.timestamps[: at + 1])) for at in setting.timestamps
    ]
    return {"the log has committed only bookings that were appended": z3.And(behind)}


def sets_are_kept(view: View, setting: Setting, written: str, used: str) -> Lines:
    """Return why a check is not stale if a replica is both in the set ``written`` and in the set ``used``."""
    lines: Lines = {}
    (q,) = setting.checks
    stored, answer = own(setting.stored(q.room, 1)), own(setting.answer(q, 1))
    lines["once the booking is acknowledged, all of the write's set keep it"] = z3.Implies(
        view.is_(known(q.room).name, True), view.count({written: (True,), stored: (0,)}) == 0
    )
    lines[f"if {q.name} must say booked, none of them has answered no booking, or may still"] = z3.Implies(
        view.is_(bound(q).name, True),
        z3.And(view.count({written: (True,), answer: (0,)}) == 0, view.count({written: (True,), stored: (0,)}) == 0),
    )
    lines[f"once {q.name} says available, all whose answers it uses have answered"] = z3.Implies(
        view.is_(setting.call(q).name, "available"), view.count({used: (True,), answer: (None,)}) == 0
    )
    return lines


def crashes(view: View, setting: Setting, most: z3.ArithRef) -> Lines:
    """Return what is true of crashes: those to come and those that were are ``most`` together."""
    down = view.count({own(setting.up(1)): (False,)})
    return {
        "the crashes to come and the replicas that have crashed are C together": view.number(
            setting.crashes_left().name
        )
        + down
        == most
    }


def all_sent(view: View, setting: Setting) -> Lines:
    """Return what is true of a parallel write while the call runs, and as long as the app server forgets nothing."""
    ended = ("idle", "unanswered", "acked") if setting.fault.restarts else ("idle",)
    once = "while {} runs" if setting.fault.restarts else "once {} is invoked"
    but_lost = ", but for one write at each that is lost" if setting.fault.lost_writes else ""
    no_more = {"at most L writes are lost": _lost(view, setting) >= 0} if setting.fault.lost_writes else {}
    return no_more | {
        f"{once.format(b.name)}, it is sent to every replica{but_lost}": z3.Implies(
            z3.Not(view.is_(setting.call(b).name, *ended)),
            view.count({own(setting.writing(b, 1)): ("unsent",)}) <= _lost(view, setting),
        )
        for b in setting.bookings
    }


def _lost(view: View, setting: Setting) -> int | z3.ArithRef:
    """Return how many writes have been lost."""
    return NUMBERS.lost_writes - view.number(setting.lost_writes_left().name) if setting.fault.lost_writes else 0
