"""Tasks that calls have left behind, which have ended: each would be held as long as the app server runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from types import CodeType
from typing import Any

from overbooked.checker.conformance.environment import CALL
from overbooked.checker.conformance.event_loop import DeterministicLoop
from overbooked.checker.conformance.user_code import place_of_waiting


def left_behind(loop: DeterministicLoop, ended: Collection[str], most: int) -> list[tuple[str, str]]:
    """Return what tasks there are of calls that have ended: whose they are, and what they are.

    Those that run the same code count together: so many calls at most may have left some of it, as an app server may
    begin what goes on for ever at its first call, or where it first needs a replica.
    """
    alike: defaultdict[CodeType, list[tuple[str, Any]]] = defaultdict(list)
    for task, context in loop.unfinished():
        call, work = context.get(CALL, "") if context else "", task.get_coro()
        if call in ended and (code := getattr(work, "cr_code", None)):
            alike[code].append((call, work))
    return [_told(left) for left in alike.values() if len({call for call, _ in left}) > most]


def _told(left: list[tuple[str, Any]]) -> tuple[str, str]:
    work = left[0][1]
    place = place_of_waiting(work)
    what = getattr(work, "__qualname__", "a task")
    calls = sorted({call for call, _ in left})
    return f"tasks that {', '.join(calls)} left behind", f"{len(left)} of {what}{f' ({place})' * bool(place)}"
