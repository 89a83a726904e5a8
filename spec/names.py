"""Names as users type them, and what to say when one is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable


class RequestError(ValueError):
    """What was asked for makes no sense; the message is one line that says what would be right."""


class StrategyError(RequestError):
    """A name or number that means nothing."""


_LONGEST = 40
_TELLING = 4
"""So many letters of a name tell which one was meant."""


def number_of(name: str, kind: str) -> int | None:
    """Return the number in ``kind:number``, or ``None`` when ``name`` is not of that form.

    >>> number_of("parallel:2", "parallel")
    2
    """
    found = re.fullmatch(rf"{re.escape(kind)}:(-?\d{{1,9}})", name)
    return int(found[1]) if found else None


def there_are(replicas: int) -> str:
    """Return how many replicas there are, in a sentence.

    >>> there_are(1), there_are(3)
    ('there is 1 replica', 'there are 3 replicas')
    """
    return "there is 1 replica" if replicas == 1 else f"there are {replicas} replicas"


def shown(name: str) -> str:
    """Return a name as a message shows it: cut where it is long, and quoted where it is not plain.

    >>> shown("serial"), shown(""), len(shown("x" * 1000))
    ('serial', "''", 40)
    """
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}..."
    return short if short.isprintable() and short else repr(short)


def unknown(what: str, name: str, known: Iterable[str], forms: Iterable[str] = ()) -> StrategyError:
    """Return the error for a ``name`` that is none of the ``known`` ones, with one that contains it, or the nearest.

    Where a number is all that it lacks, with the numbers that there are; and else with the ``forms`` that names have,
    or with all names.

    >>> unknown("fault", "crash", ["replica-crash", "timeout"])
    StrategyError('crash: no such fault; did you mean replica-crash?')
    >>> unknown("write strategy", "parallel", ["parallel:1", "parallel:2"])
    StrategyError('parallel: no such write strategy; there are parallel:1 to parallel:2')
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error; its import takes 8 ms

    names = list(known)
    if name.lower() in names:
        return StrategyError(f"{shown(name)}: no such {what}; did you mean {name.lower()}?")
    longer = [each for each in names if len(name) >= _TELLING and name in each]
    near = longer or get_close_matches(name, names, n=1, cutoff=0.5)
    numbered = [each for each in names if re.fullmatch(rf"{re.escape(name)}:\d+", each)]
    if len(numbered) > 1:
        hint = f"there are {numbered[0]} to {numbered[-1]}"
    else:
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(forms or names)}"
    return StrategyError(f"{shown(name)}: no such {what}; {hint}")
