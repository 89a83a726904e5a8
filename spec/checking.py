"""Checking whether a room is available: ``invoke``, ``sample``, ``finish``."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import call_begins, while_primary, while_up
from overbooked.spec.language import Change, Step, part, step
from overbooked.spec.setting import Setting


def ask(call: str, answers: int, needed: int) -> Change | None:
    """The check still needs an answer, and gets one."""
    return {"answers": answers + 1} if call == "running" and answers < needed else None


def sample(answer: int | None, stored: int, latest: int) -> Change | None:
    """The replica, which has not answered yet, answers with what it has now."""
    return {"answer": stored, "latest": max(latest, stored)} if answer is None else None


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
        asks = part(ask, call=setting.call(q), answers=setting.answers(q), needed=setting.read.answers)
        for i in setting.asks:
            hears = part(
                sample, answer=setting.answer(q, i), stored=setting.stored(q.room, i), latest=setting.latest(q)
            )
            is_asked = while_primary(setting, i) if setting.read.primary else []
            yield step("sample", asks, hears, *is_asked, *while_up(setting, i), call=q.name, replica=f"db{i}")


def finishes(setting: Setting) -> Iterator[Step]:
    """Yield the ``finish`` of every check."""
    for q in setting.checks:
        heard = {"call": setting.call(q), "answers": setting.answers(q), "latest": setting.latest(q)}
        yield step("finish", part(finish, **heard, needed=setting.read.answers), call=q.name)
