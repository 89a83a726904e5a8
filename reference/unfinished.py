"""Writes that replicas have not confirmed, and where these are kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from overbooked.reference.ports import Booking


class Lacked(NamedTuple):
    """A write that a replica has not confirmed; where it is ``claimed``, the replica may refuse it."""

    booking: Booking
    claimed: bool = False


class Unfinished(NamedTuple):
    """A write that a replica has not confirmed; ``replica`` is its number, from 1 on.

    Where it is ``claimed``, the replica may refuse it.
    """

    booking: Booking
    replica: int
    claimed: bool = False


class Overflow(Protocol):
    """Where writes are kept that one replica lacks, and that memory does not hold."""

    def __len__(self) -> int:
        """Return how many of these have not been taken."""

    def put(self, lacked: Lacked) -> None:
        """Keep one; raise :class:`OSError` when there is no room."""

    def take(self, most: int) -> list[Lacked]:
        """Return so many at most, those first that have been here longest; they are kept until let go.

        Raises :class:`OSError`, and has taken none, when it cannot.
        """

    def let_go(self) -> None:
        """Keep what was taken no more: the replica has it all."""


class Safekeeping(Protocol):
    """Where an app server's unfinished writes are kept: what memory does not hold, and all of it once it is closed."""

    def overflow(self, replica: int) -> Overflow:
        """Return where writes that a replica lacks are kept, by its number, that memory does not hold."""

    def reserve(self, writes: int) -> None:
        """Have room for so many writes, so that they can be kept whatever happens; raise :class:`OSError` if not."""
