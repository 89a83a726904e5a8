"""Programs that judge no guarantee: they take an app server through what those of the guarantees leave out.

Those have one room, and two bookings at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from overbooked.checker.cells import Cell
from overbooked.spec.guarantees import Guarantee
from overbooked.spec.language import Case
from overbooked.spec.setting import Setting
from overbooked.spec.users import Program, program
from overbooked.spec.write_strategies import write_strategy


class Exercise(NamedTuple):
    """What users do where a booking is sent to one replica first, and where it is sent to all of them at once.

    The latter makes for many more states. Where ``all_at_once`` is not ``usual``, it is covered on request alone.
    """

    name: str
    sentence: str
    one_first: tuple[Program, ...]
    all_at_once: tuple[Program, ...]
    usual: bool = True


_CHECKS = (program("u1", ("book", "r1"), ("check", "r1"), ("check", "r2")),)
_CHECKS_SOONER = (program("u1", ("check", "r1"), ("book", "r1"), ("check", "r2")),)
_BOOKS = (program("u1", ("book", "r1")), program("u2", ("book", "r2")))
_BOOKS_IN_A_ROW = (program("u1", ("book", "r1"), ("book", "r2")),)
_BOOKS_THRICE = (program("u1", ("book", "r1"), ("book", "r1"), ("book", "r1")),)
EXERCISES = {
    exercise.name: exercise
    for exercise in (
        Exercise("check-two-rooms", "one room is booked and checked, then another is checked", _CHECKS, _CHECKS_SOONER),
        Exercise("book-two-rooms", "two rooms are booked", _BOOKS, _BOOKS_IN_A_ROW),
        Exercise("book-three-times", "a room is booked three times", _BOOKS_THRICE, _BOOKS_THRICE, usual=False),
    )
}


class ExerciseCell(Cell):
    """A cell that judges nothing: in the place of a guarantee it names an exercise."""

    __slots__ = ()

    @property
    def judged(self) -> Guarantee:
        """A guarantee that nothing breaks, with the exercise's users."""
        exercise = EXERCISES[self.guarantee]
        users = exercise.all_at_once if _is_sent_to_all(self) else exercise.one_first
        return Guarantee(exercise.name, exercise.sentence, "", "", users, "never", _nothing, _nothing)


def cell_named(cell: Cell, name: str) -> Cell:
    """Return a cell of the same setting, with the guarantee or the exercise of that name.

    >>> cell = Cell("serial-sync", "one", 3, "none", "durability")
    >>> [call.name for call in cell_named(cell, "book-three-times").setting.calls]
    ['u1.book', 'u1.book2', 'u1.book3']
    """
    named = cell._replace(guarantee=name)
    return ExerciseCell(*named) if name in EXERCISES else named


def is_usual(cell: Cell) -> bool:
    """Return whether a cell's program is covered unless others are asked for."""
    exercise = EXERCISES.get(cell.guarantee)
    return exercise is None or exercise.usual or not _is_sent_to_all(cell)


def _is_sent_to_all(cell: Cell) -> bool:
    return len(write_strategy(cell.write, cell.replicas).first(cell.replicas)) > 1


def _nothing(_: Setting) -> Iterator[Case]:
    return iter(())
