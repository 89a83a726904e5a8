"""The exit statuses of the command ``overbooked``."""

from overbooked import ctrl_c
from overbooked.spec.names import RequestError

HOLDS, VIOLATED, SENSELESS, BOUNDED, STOPPED, NOBODY_READS = 0, 1, 2, 3, ctrl_c.STOPPED, 141
"""The last is the usual one where the reader of a pipe has left."""


class SenselessError(RequestError):
    """A request that makes no sense; the message says why."""
