"""How a call can end that is not answered."""

from __future__ import annotations


class UnknownOutcomeError(TimeoutError):
    """The call has taken too long: whether the room is booked, nobody can say; what was sent goes on."""


class NotBookedError(TimeoutError):
    """The call has taken too long, and nothing was booked: no timestamp could be had in time."""


class BusyError(RuntimeError):
    """The app server has as much under way as it can hold: nothing was booked."""


class ClosedError(RuntimeError):
    """The app server is closing down and takes no more calls."""


class KeyReusedError(ValueError):
    """The key is of another booking: nothing was booked."""
