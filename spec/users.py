"""What users do: each runs a short program of calls, one after the other."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["book", "check"]


class Call(NamedTuple):
    """One call in a user's program: ``bookRoom(user, room)`` or ``isRoomAvailable(room)``.

    ``name`` is its own within the system (``u1.book``). ``after`` names the user's call before it,
    and with ``if_available`` it is made only when that one was told ``available``.
    """

    name: str
    kind: Kind
    user: str
    room: str
    after: str | None = None
    if_available: bool = False

    @property
    def spelled(self) -> str:
        """The call as the source writes it.

        >>> Call("u1.book", "book", "u1", "r1").spelled
        'bookRoom(u1, r1)'
        """
        return f"bookRoom({self.user}, {self.room})" if self.kind == "book" else f"isRoomAvailable({self.room})"


Program: TypeAlias = tuple[Call, ...]


def programs(*kinds: tuple[Kind, ...], room: str = "r1", if_available: bool = False) -> tuple[Program, ...]:
    """Return a program for u1, u2, ...: the calls of these kinds, all on one room.

    >>> [call.name for call in programs(("book",), ("check", "check"))[1]]
    ['u2.check', 'u2.check2']
    """
    return tuple(_program(f"u{number}", room, of, if_available) for number, of in enumerate(kinds, 1))


def _program(user: str, room: str, kinds: tuple[Kind, ...], if_available: bool) -> Program:
    calls: list[Call] = []
    for kind in kinds:
        before = calls[-1].name if calls else None
        count = 1 + sum(call.kind == kind for call in calls)
        name = f"{user}.{kind}{count if count > 1 else ''}"
        calls.append(Call(name, kind, user, room, before, if_available and before is not None))
    return tuple(calls)
