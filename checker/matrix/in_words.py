"""What strategies do, on a line each."""

from __future__ import annotations

from overbooked.spec.read_strategies import ReadStrategy
from overbooked.spec.wording import listed
from overbooked.spec.write_strategies import WriteStrategy


def write_in_words(write: WriteStrategy, replicas: int) -> str:
    """Return what a write strategy does, on a line."""
    if write.log:
        return f"append to a durable log and tell the user; its consumer does {write.name.removeprefix('message:')}"
    if write.primary:
        return f"write to the primary; {_primary_in_words(write)}"
    if write.claims:
        most = replicas - write.needed + 1
        refused = f"or after {most} refusal{'s' * (most > 1)} that it is taken"
        return f"claim the room at all at once; tell the user after {_confirmations(write)}, {refused}"
    if not write.serial:
        return f"write to all at once; tell the user after {_confirmations(write)}"
    order = "db1" if replicas == 1 else f"{listed([f'db{i}' for i in range(1, replicas + 1)])} one after the other"
    return f"write to {order}; tell the user after {'all' if write.needed == replicas > 1 else 'db1'}"


def _confirmations(write: WriteStrategy) -> str:
    return f"{write.needed} confirmation{'s' * (write.needed > 1)}"


def _primary_in_words(write: WriteStrategy) -> str:
    """Return when a primary confirms, and what it refuses."""
    standbys = write.needed - 1
    have = "have" if standbys > 1 else "has"
    does = f"{have} received it" if write.on_receipt else f"show{'s' * (standbys == 1)} it"
    once = f" once {standbys} standby{'s' * (standbys > 1)} {does}" if standbys else ", and standbys follow"
    refuses = "; it refuses a second booking of a room" if write.unique else ""
    return f"it confirms{once}{refuses}"


def read_in_words(read: ReadStrategy) -> str:
    """Return what a read strategy does, on a line."""
    does = _asks(read)
    if read.repair:
        return f"{does}; write the latest back until {read.answers} have it"
    return f"{does}{_who(read)} what the user was told of" if read.session else does


def _who(read: ReadStrategy) -> str:
    return ", once it has" if read.primary or len(read.asks) == 1 else " of those that have"


def _asks(read: ReadStrategy) -> str:
    if read.primary:
        return "ask whoever is the primary now"
    if read.name.startswith("one:db"):
        return f"ask db{read.asks[0]} alone"
    answers = f"the first {read.answers} answers" if read.answers > 1 else "the first answer"
    return f"ask all, use {answers}"
