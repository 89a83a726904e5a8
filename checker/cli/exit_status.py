"""The exit statuses of the command ``overbooked``."""

HOLDS, VIOLATED, SENSELESS, BOUNDED, STOPPED, NOBODY_READS = 0, 1, 2, 3, 130, 141
"""The last is the usual one where the reader of a pipe has left."""


class SenselessError(Exception):
    """A request that makes no sense; the message says why."""
