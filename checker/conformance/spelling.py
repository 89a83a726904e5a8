"""How names and timestamps look to an app server and its storage: to the spec they are but different, and in order."""

from __future__ import annotations

from typing import NamedTuple

_LONG = 190
_ENDS = 12


class Spelling(NamedTuple):
    """What rooms and users are called, and how many timestamps were given before.

    ``alike`` has the first names; further ones, and all where there are none, stand between ``before`` and ``after``.
    """

    before: str = ""
    after: str = ""
    alike: tuple[str, ...] = ()
    earlier: int = 0

    def name(self, known: str) -> str:
        """Return what one is called whom the spec knows as ``r1``, say.

        >>> Spelling(alike=("room", "Room")).name("r2"), Spelling(before="no. ").name("r2")
        ('Room', 'no. r2')
        """
        number = known[1:]
        if number.isdigit() and 0 < int(number) <= len(self.alike):
            return self.alike[int(number) - 1]
        return f"{self.before}{known}{self.after}"

    def told(self, rooms: tuple[str, ...]) -> str:
        """Return how it differs from the spec's, in a sentence; nothing, where it does not."""
        names = ", ".join(f"{room} is {_short(self.name(room))}" for room in rooms if self.name(room) != room)
        first = f"the first timestamp is {self.earlier + 1:,}" if self.earlier else ""
        return " and ".join(filter(None, (names, first)))


def _short(name: str) -> str:
    few = 2 * _ENDS
    return repr(name) if len(name) < few else f"{name[:_ENDS]!r}...{name[-_ENDS:]!r} ({len(name)} letters)"


PLAIN = Spelling()
NAMES = (
    PLAIN,
    Spelling(before="r" * _LONG),
    Spelling(after="r" * _LONG),
    Spelling(alike=("room", "Room", "room ")),
    Spelling(alike=("\u65e5", "\u672c", "\U0001f3e8")),
    Spelling(before="\u00fc'\"\\;--%_\n"),
)
"""Names that a storage may take for others: cut, in capitals, or with letters that mean something to it."""
EARLIER = (0, 2**8 - 2, 2**15 - 2, 2**16 - 2, 2**31 - 2, 2**32 - 2, 2**53 - 2)
"""How many timestamps may have been given before: soon there is one that no longer goes into so many bits."""
