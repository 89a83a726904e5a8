"""A session: what one user was told, which is the user's own and outlives the app server."""

from __future__ import annotations

from overbooked.reference.ports import BehindError, Booking


class Session:
    """The latest booking of each room that a user was told of; given to each call of this user.

    >>> session = Session()
    >>> session.note(Booking("r1", "u1", 3))
    >>> session.at_least("r1"), session.at_least("r2")
    (3, 0)
    """

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def note(self, booking: Booking | None) -> None:
        """Remember that the user was told of a booking, if of any."""
        if booking:
            self._told[booking.room] = max(booking.timestamp, self.at_least(booking.room))

    def at_least(self, room: str) -> int:
        """Return the timestamp of the latest booking of a room that the user was told of, 0 if of none."""
        return self._told.get(room, 0)


def no_earlier(kept: Booking | None, timestamp: int) -> Booking | None:
    """Return what is kept, if it is at least as late as that timestamp.

    Raises :class:`BehindError` otherwise.

    >>> no_earlier(None, 0), no_earlier(Booking("r1", "u1", 3), 3)
    (None, Booking(room='r1', user='u1', timestamp=3))
    """
    if (kept.timestamp if kept else 0) < timestamp:
        raise BehindError(f"the replica has not yet got the booking of timestamp {timestamp}")
    return kept
