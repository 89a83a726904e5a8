"""The levels of a search: states by the length of a shortest run to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

from overbooked.checker.engine.compiled import Compiled
from overbooked.checker.engine.few_states import Few, words_of
from overbooked.checker.engine.layout import Words


class Levels(Sequence[Words]):
    """Levels, each as packed states sorted by key; what was explored as a few whole numbers is kept as these."""

    def __init__(self, of: Compiled, levels: Iterable[Words] = ()) -> None:
        self._of = of
        self._levels: list[Words | list[int]] = list(levels)

    def append(self, level: Words | list[int]) -> None:
        """Add the next level."""
        self._levels.append(level)

    def few(self, depth: int) -> Few | None:
        """Return a level as whole numbers, in no order, if it is kept so."""
        level = self._levels[depth]
        return level if isinstance(level, list) else None

    @overload
    def __getitem__(self, depth: int) -> Words: ...
    @overload
    def __getitem__(self, depth: slice) -> list[Words]: ...
    def __getitem__(self, depth: int | slice) -> Words | list[Words]:
        """Return a level, or some of them."""
        if isinstance(depth, slice):
            return [self[at] for at in range(len(self._levels))[depth]]
        level = self._levels[depth]
        return words_of(self._of, level) if isinstance(level, list) else level

    def __len__(self) -> int:
        """Return how many levels there are."""
        return len(self._levels)
