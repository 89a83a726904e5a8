"""The values of options: each is read from what was typed, or refused in one line that says what would be right."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from overbooked.spec.names import shown

MOST_REPLICAS = 64
MOST_REPORTED = 4
MOST_USERS = 16


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a whole number from 1 on")
    return int(text)


def memory(text: str) -> int:
    """Return a number of bytes, as in 500M or 2G."""
    found = re.fullmatch(r"(\d{1,15})([KMGT]?)B?", text.upper(), re.ASCII)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not an amount of memory, such as 500M or 2G")
    return int(found[1]) << 10 * " KMGT".index(found[2] or " ")


def seconds(text: str) -> float:
    """Return a time in seconds."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or float(text) <= 0:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a number of seconds above 0")
    return float(text)


def time(text: str) -> float:
    """Return a time from 0 on."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a time, a number from 0 on")
    return float(text)


def times(text: str) -> tuple[float, ...]:
    """Return times in seconds, as in 1,1,2.5."""
    return tuple(time(each) for each in text.split(","))


def times_in_ms(text: str) -> tuple[float, ...]:
    """Return times in milliseconds, as in 0,5,10."""
    return tuple(dict.fromkeys(time(each) for each in text.split(",")))


def seed(text: str) -> int:
    """Return a whole number from 0 on."""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not a whole number from 0 on")
    return int(text)


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
