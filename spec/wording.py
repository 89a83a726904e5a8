"""Small words that every story has: lists, and the names of bookings."""

from __future__ import annotations

from collections.abc import Sequence

from overbooked.spec.language import State, Value
from overbooked.spec.setting import Setting
from overbooked.spec.users import Call


def spelled(setting: Setting, state: State, booking: Call) -> str:
    """Return the short name of a booking: ``b`` and its timestamp."""
    return f"b{state[setting.timestamp(booking).name]}"


def in_short(timestamp: Value) -> str:
    """Return what a replica keeps that has the booking of this timestamp: its name, and ``-`` for none."""
    return f"b{timestamp}" if timestamp else "-"


def listed(items: Sequence[str], *, last: str = "and") -> str:
    """Return the items as in a sentence.

    >>> listed(["db1", "db2", "db3"])
    'db1, db2 and db3'
    """
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)
