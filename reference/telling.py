"""What an operator is told: by the standard library's logging, with fields beside the text."""

from __future__ import annotations

import logging

LOGGER = logging.getLogger("overbooked.reference")
"""Errors are what somebody has to look at; warnings what passes by itself, and is worth knowing."""


def tell(message: str, error: BaseException | None = None, **fields: object) -> None:
    """Report an error that nobody may be waiting for; ``fields`` are the record's own (``replica=1``)."""
    LOGGER.error(message, exc_info=error, extra=fields)


def warn(message: str, **fields: object) -> None:
    """Report what passes by itself."""
    LOGGER.warning(message, extra=fields)


def note(message: str, **fields: object) -> None:
    """Report what happens daily."""
    LOGGER.info(message, extra=fields)
