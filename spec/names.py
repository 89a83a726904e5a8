"""Names as users type them, and what to say when one is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable


class StrategyError(ValueError):
    """A name or number that means nothing; its message is one line that says what would be right."""


def number_of(name: str, kind: str) -> int | None:
    """Return the number in ``kind:number``, or ``None`` when ``name`` is not of that form.

    >>> number_of("parallel:2", "parallel")
    2
    """
    found = re.fullmatch(rf"{re.escape(kind)}:(-?\d+)", name)
    return int(found[1]) if found else None


def unknown(what: str, name: str, known: Iterable[str]) -> StrategyError:
    """Return the error for a ``name`` that is none of the ``known`` ones, with the nearest of them."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error; its import takes 8 ms

    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
    return StrategyError(f"{name or repr(name)}: no such {what}; {hint}")
