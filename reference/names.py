"""What may be the name of a user or of a room."""

from __future__ import annotations

LONGEST = 200
"""So many characters a name may have."""


def be_name(what: str, name: object) -> None:
    """Refuse what is no name: it is text, of 1 to 200 characters, that can be written as UTF-8.

    Raises :class:`TypeError` for what is no text, and :class:`ValueError` for any other text.

    >>> be_name("room", "r1")
    >>> be_name("room", 1)
    Traceback (most recent call last):
    TypeError: room is 1, and should be text: '1'
    """
    if not isinstance(name, str):
        raise TypeError(f"{what} is {name!r}, and should be text: {str(name)!r}")
    if not 1 <= len(name) <= LONGEST:
        raise ValueError(f"{what} has {len(name)} characters, and should have 1 to {LONGEST}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} is {name!r}, which cannot be written as UTF-8") from None
