"""What an operator can ask of an app server: how calls have ended, in numbers, and how it is."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import NamedTuple

from overbooked.reference.outcomes import BusyError, ClosedError, KeyReusedError, NotBookedError, UnknownOutcomeError
from overbooked.reference.ports import RoomTakenError

_ENDS = {
    RoomTakenError: "rejected",
    UnknownOutcomeError: "unknown",
    NotBookedError: "not_booked",
    BusyError: "busy",
    ClosedError: "closed",
    KeyReusedError: "refused",
    TypeError: "refused",
    ValueError: "refused",
}


class Counted:
    """Counts how calls of one kind end, as ``bookings_acknowledged`` or ``checks_unknown``.

    >>> counts = Counter()
    >>> with Counted(counts, "checks", "answered"):
    ...     pass
    >>> counts
    Counter({'checks_answered': 1})
    """

    def __init__(self, counts: Counter[str], calls: str, well: str) -> None:
        self._counts = counts
        self._calls = calls
        self._well = well

    def __enter__(self) -> None:
        """Begin a call; as many may be under way as like."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Count how it has ended; one whose caller has gone away, or that has met something else, has failed."""
        end = _ENDS.get(kind, "failed") if kind else self._well  # type: ignore[arg-type]
        self._counts[f"{self._calls}_{end}"] += 1


class Health(NamedTuple):
    """How an app server is.

    is_alive
        It does its work; where not, it is to be started again.
    is_ready
        It would take a booking now; where not, none should be sent to it.
    problems
        What is wrong, a line each; with some of it, bookings are taken all the same.
    """

    is_alive: bool
    is_ready: bool
    problems: tuple[str, ...]
