"""What users do: each runs a short program of calls, one after the other."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["book", "check"]
ANSWERED = frozenset({"acked", "taken", "available", "booked"})
"""How a call stands whose user was answered; a call that ended with ``unknown`` was not."""


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
    return tuple(
        program(f"u{number}", *((kind, room) for kind in of), if_available=if_available)
        for number, of in enumerate(kinds, 1)
    )


def program(user: str, *calls: tuple[Kind, str], if_available: bool = False) -> Program:
    """Return the program of one user: calls of these kinds, each on a room of its own, one after the other.

    >>> [call.spelled for call in program("u1", ("book", "r1"), ("check", "r2"))]
    ['bookRoom(u1, r1)', 'isRoomAvailable(r2)']
    """
    made: list[Call] = []
    for kind, room in calls:
        before = made[-1].name if made else None
        count = 1 + sum(call.kind == kind for call in made)
        name = f"{user}.{kind}{count if count > 1 else ''}"
        made.append(Call(name, kind, user, room, before, if_available and before is not None))
    return tuple(made)


def scaled(users: tuple[Program, ...], bookings: int | None, checks: int | None) -> tuple[Program, ...]:
    """Return as many users as asked for (``None``: as there were) whose programs book, and as many that only check.

    >>> [call.name for program in scaled(programs(("book",), ("check",)), 2, None) for call in program]
    ['u1.book', 'u2.book', 'u3.check']
    """
    kinds: list[tuple[Program, ...]] = [(), ()]
    for program in users:
        kinds[all(call.kind == "check" for call in program)] += (program,)
    every = [kind[:1] * wanted if wanted else kind for kind, wanted in zip(kinds, (bookings, checks), strict=True)]
    return tuple(_like(program, f"u{number}") for number, program in enumerate(every[0] + every[1], 1))


def _like(its: Program, user: str) -> Program:
    """Return the same program as another user's."""
    calls = [(call.kind, call.room) for call in its]
    return program(user, *calls, if_available=any(call.if_available for call in its))
