"""Rows of a SQLite file, which somebody else may have written to, as what they stand for."""

from __future__ import annotations

from collections.abc import Sequence

from overbooked.reference.ports import Booking, DamagedError


def as_booking(row: Sequence[object]) -> Booking:
    """Return the booking of a row; raise :class:`DamagedError` if it is none.

    >>> as_booking(("r1", "u1", 1))
    Booking(room='r1', user='u1', timestamp=1)
    """
    room, user, timestamp = row
    if isinstance(room, str) and isinstance(user, str) and isinstance(timestamp, int):
        return Booking(room, user, timestamp)
    raise DamagedError(f"{row} is no booking")


def as_number(row: Sequence[object] | None) -> int:
    """Return the number of a row; raise :class:`DamagedError` if there is no row, or no number.

    >>> as_number((7,))
    7
    """
    if row and isinstance(row[0], int):
        return row[0]
    raise DamagedError(f"{row[0]!r} is no number" if row else "a number is missing")
