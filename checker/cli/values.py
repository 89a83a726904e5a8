"""The values of options: each is read from what was typed, or refused in one line that says what would be right."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from overbooked.spec.names import shown

MOST_REPLICAS = 64
MOST_REPORTED = 4
MOST_USERS = 16
_DIGITS = 18
_LONGEST = 1_000_000
"""The longest time, in whatever unit: eleven days, in seconds."""


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    return _whole(text, 1)


def seed(text: str) -> int:
    """Return a whole number from 0 on."""
    return _whole(text, 0)


def memory(text: str) -> int:
    """Return a number of bytes, as in 500M or 2G."""
    found = re.fullmatch(r"(\d+)([KMGT]?)B?", text.upper(), re.ASCII)
    if not found or not found[1].strip("0"):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not an amount of memory, such as 500M or 2G")
    return _whole(found[1], 1) << 10 * " KMGT".index(found[2] or " ")


def seconds(text: str) -> float:
    """Return a time in seconds."""
    return _number(text, "a number of seconds above 0", above=0)


def time(text: str) -> float:
    """Return a time from 0 on."""
    return _number(text, "a time, a number from 0 on", above=-1)


def _whole(text: str, least: int) -> int:
    if not re.fullmatch(r"\d+", text, re.ASCII) or (least and not text.strip("0")):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a whole number from {least} on")
    if len(text.lstrip("0")) > _DIGITS:
        raise argparse.ArgumentTypeError(f"{shown(text)} is too large: a number has {_DIGITS} digits at most")
    return int(text)


def _number(text: str, what: str, above: float) -> float:
    if not re.fullmatch(r"\d+(\.\d*)?(e[+-]?\d{1,3})?|\.\d+", text.lower(), re.ASCII) or float(text) <= above:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not {what}")
    if float(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{shown(text)} is too long: up to {_LONGEST:,} is possible")
    return float(text)


def times(text: str) -> tuple[float, ...]:
    """Return times in seconds, as in 1,1,2.5."""
    return tuple(time(each) for each in text.split(","))


def times_in_ms(text: str) -> tuple[float, ...]:
    """Return times in milliseconds, as in 0,5,10."""
    return tuple(dict.fromkeys(time(each) for each in text.split(",")))


def up_to(most: int, what: str) -> Callable[[str], int]:
    """Return what reads a whole number from 1 to ``most``."""

    def number(text: str) -> int:
        if count(text) > most:
            raise argparse.ArgumentTypeError(f"{text} are too many: {what} {most}")
        return int(text)

    return number


users = up_to(MOST_USERS, "there may be up to")
replicas = up_to(MOST_REPLICAS, "there may be up to")
reported_replicas = up_to(MOST_REPORTED, "a report has up to")
