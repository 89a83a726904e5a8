"""The message log: ``consume`` and ``commit``.

Bookings are appended in the order in which they come in. One consumer reads the log in order: it takes the entry at the
committed offset, writes it to the replicas as the strategy says, and moves the offset on once that strategy would
acknowledge.
"""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec.booking import enough, sends
from overbooked.spec.language import Change, Part, Step, part, step
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call


def consume(place: int, committed: int, consuming: bool) -> Change | None:
    """The consumer takes the entry at the committed offset."""
    return {"consuming": True} if place == committed + 1 and not consuming else None


def commit(place: int, committed: int, consuming: bool) -> Change | None:
    """The consumer is done with the entry, and moves the offset on."""
    return {"committed": committed + 1, "consuming": False} if place == committed + 1 and consuming else None


def is_committed(place: int, committed: int) -> bool:
    """The booking is no longer in the log's uncommitted part."""
    return place <= committed


def consumption(setting: Setting) -> Iterator[Step]:
    """Yield ``commit`` and ``consume`` of every booking, where there is a log."""
    for b in setting.bookings if setting.write.log else ():
        at = {"place": setting.place(b), "committed": setting.committed(), "consuming": setting.consuming()}
        first = setting.write.first(setting.replicas)
        yield step("commit", part(commit, **at), enough(setting, b), call=b.name)
        yield step("consume", part(consume, **at), *sends(setting, b, first), call=b.name)


def out_of_log(setting: Setting, booking: Call) -> list[Part]:
    """Return the condition that the log's uncommitted part lacks a booking, where there is a log."""
    if not setting.write.log:
        return []
    return [part(is_committed, place=setting.place(booking), committed=setting.committed())]
