"""Checking whether a room is available: ``invoke``, ``sample``, ``finish``."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import call_begins, while_up
from overbooked.spec.language import Change, Step, part, step
from overbooked.spec.world import World


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


def invocations(world: World) -> Iterator[Step]:
    """Yield the ``invoke`` of every check."""
    for q in world.checks:
        yield step("invoke", *call_begins(world, q), call=q.name)


def samples(world: World) -> Iterator[Step]:
    """Yield the ``sample`` of every check at every replica that it asks."""
    for q in world.checks:
        asks = part(ask, call=world.call(q), answers=world.answers(q), needed=world.read.answers)
        for i in world.read.asks:
            hears = part(sample, answer=world.answer(q, i), stored=world.stored(q.room, i), latest=world.latest(q))
            yield step("sample", asks, hears, *while_up(world, i), call=q.name, replica=f"db{i}")


def finishes(world: World) -> Iterator[Step]:
    """Yield the ``finish`` of every check."""
    for q in world.checks:
        heard = {"call": world.call(q), "answers": world.answers(q), "latest": world.latest(q)}
        yield step("finish", part(finish, **heard, needed=world.read.answers), call=q.name)
