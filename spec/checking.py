"""Checking whether a room is available: ``invoke``, ``sample``, ``repair``, ``finish``."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import call_begins, while_primary, while_up
from overbooked.spec.language import Change, Part, Step, part, step
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call


def ask(call: str, answers: int, needed: int) -> Change | None:
    """The check still needs an answer, and gets one."""
    return {"answers": answers + 1} if call == "running" and answers < needed else None


def sample(answer: int | None, stored: int, latest: int) -> Change | None:
    """The replica, which has not answered yet, answers with what it has now."""
    return {"answer": stored, "latest": max(latest, stored)} if answer is None else None


def count_agreeing(stored: int, latest: int, agreeing: int) -> Change:
    """So many answers are now the latest one."""
    return {"agreeing": 1 if stored > latest else agreeing + (stored == latest)}


def ask_more(call: str, agreeing: int, answers: int, needed: int) -> Change | None:
    """Too few answers are the latest one: the check gets another answer."""
    return {"answers": answers + 1} if call == "running" and agreeing < needed else None


def may_repair(call: str, agreeing: int, answers: int, needed: int) -> bool:
    """The check has as many answers as it needs, but too few of them are the latest one."""
    return call == "running" and agreeing < needed <= answers


def write_back(answer: int | None, stored: int, latest: int, agreeing: int) -> Change | None:
    """A replica that has answered less takes the latest, if it is higher than what it has; that is its answer now."""
    if answer is None or answer >= latest:
        return None
    return {"answer": latest, "stored": max(stored, latest), "agreeing": agreeing + 1}


def has_what_was_told(stored: int, told: int) -> bool:
    """The replica has what this user was told of, or a later booking."""
    return stored >= told


def note_latest(told: int, latest: int) -> Change:
    """The user was told of the latest booking, if the check that finishes says ``booked``."""
    return {"told": max(told, latest)}


def finish(call: str, answers: int, latest: int, needed: int) -> Change | None:
    """The answer with the highest timestamp decides."""
    if call != "running" or answers < needed:
        return None
    return {"call": "booked" if latest else "available"}


def invocations(setting: Setting) -> Iterator[Step]:
    """Yield the ``invoke`` of every check."""
    for q in setting.checks:
        yield step("invoke", *call_begins(setting, q), call=q.name)


def samples(setting: Setting) -> Iterator[Step]:
    """Yield the ``sample`` of every check at every replica that it asks."""
    for q in setting.checks:
        for i in setting.asks:
            stored, latest = setting.stored(q.room, i), setting.latest(q)
            hears = [part(sample, answer=setting.answer(q, i), stored=stored, latest=latest)]
            if setting.read.repair:
                hears.append(part(count_agreeing, stored=stored, latest=latest, agreeing=setting.agreeing(q)))
            if setting.read.session:
                hears.append(part(has_what_was_told, stored=stored, told=setting.told(q.user, q.room)))
            is_asked = while_primary(setting, i) if setting.read.primary else []
            parts = [_asks(setting, q), *hears, *is_asked, *while_up(setting, i)]
            yield step("sample", *parts, call=q.name, replica=f"db{i}")


def _asks(setting: Setting, q: Call) -> Part:
    """Return that a check still needs an answer, and gets one."""
    heard = {"call": setting.call(q), "answers": setting.answers(q)}
    if setting.read.repair:
        return part(ask_more, **heard, agreeing=setting.agreeing(q), needed=setting.read.answers)
    return part(ask, **heard, needed=setting.read.answers)


def repairs(setting: Setting) -> Iterator[Step]:
    """Yield the ``repair`` of every replica for every check, where what is found is written back before it is told.

    It is possible for as long as the check waits for it: once enough replicas have the latest, the check has its
    answer, and no more is written back (which changes no verdict, and no length, of what follows).
    """
    for q in setting.checks if setting.read.repair else ():
        heard = {"call": setting.call(q), "answers": setting.answers(q), "agreeing": setting.agreeing(q)}
        for i in setting.asks:
            found = {"answer": setting.answer(q, i), "stored": setting.stored(q.room, i), "latest": setting.latest(q)}
            back = part(write_back, **found, agreeing=setting.agreeing(q))
            parts = [part(may_repair, **heard, needed=setting.read.answers), back, *while_up(setting, i)]
            yield step("repair", *parts, call=q.name, replica=f"db{i}")


def finishes(setting: Setting) -> Iterator[Step]:
    """Yield the ``finish`` of every check."""
    for q in setting.checks:
        heard = {"call": setting.call(q), "answers": setting.useful(q), "latest": setting.latest(q)}
        told = {"told": setting.told(q.user, q.room), "latest": setting.latest(q)}
        notes = [part(note_latest, **told)] if setting.read.session else []
        yield step("finish", part(finish, **heard, needed=setting.read.answers), *notes, call=q.name)
