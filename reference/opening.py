"""What is looked at before a hotel opens: whether its clock goes on where it stopped, and whether a file is gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from overbooked.reference.ports import DamagedError, UnreachableError
from overbooked.reference.telling import tell
from overbooked.reference.trying import one_try

_PATIENCE = 2.0


class _Keeps(Protocol):
    file: Path

    async def highest(self) -> int: ...


class _Gives(Protocol):
    file: Path

    async def last(self) -> int: ...


async def check_clock(clock: _Gives, keeping: Sequence[_Keeps], unfinished: int) -> None:
    """Refuse a clock that would give a timestamp again: one that is new, old, or lost, where others have bookings.

    ``unfinished`` is the highest timestamp of what is unfinished. What is kept where nobody can tell now is taken to be
    no higher than what the clock has given, if it has given any.
    Raises :class:`DamagedError`, or :class:`UnreachableError`, which names the file.
    """
    given = await one_try(clock.last, _PATIENCE)
    highest = {"unfinished.jsonl": unfinished}
    for each in keeping:
        try:
            highest[each.file.name] = await one_try(each.highest, _PATIENCE)
        except (DamagedError, UnreachableError, TimeoutError) as error:
            if not given:
                its_clock = f"{clock.file.name} is new: whether it would give a timestamp again, nobody knows"
                raise type(error)(f"{str(error) or each.file}; and {its_clock}") from error
    latest = max(highest, key=lambda name: highest[name])
    if highest[latest] > given:
        gone = f"it has given timestamps up to {given}, and {latest} has {highest[latest]}"
        raise DamagedError(f"{clock.file}: is not the clock that was here: {gone}; put back the latest copy of it")


def tell_of_new(files: Sequence[Path]) -> None:
    """Report each replica that is new, or empty, where there are others: what it kept, if it was here, is forgotten."""
    there = [file for file in files if file.exists() and file.stat().st_size]
    for file in files if there else ():
        if file not in there:
            tell(f"{file}: is new, and {there[0].name} is not: if it kept anything, that is forgotten", file=str(file))
