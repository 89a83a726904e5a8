"""Choices as a JSON document."""

from __future__ import annotations

from overbooked.checker.choosing.choices import Choice, Choosing
from overbooked.checker.documents import json_document


def as_json(found: Choosing) -> str:
    """Return the pairs that keep all that is needed, cheapest first; where there are none, those that miss least."""
    wanted = found.wanted
    asked = {"needs": list(wanted.needs), "faults": list(wanted.faults), "replicas": wanted.replicas}
    rows = [_row(choice, wanted.replicas) for choice in found.kept or found.nearest]
    return json_document(asked=asked, found=bool(found.kept), unknown=found.unknown, choices=rows)


def _row(choice: Choice, replicas: int) -> dict[str, object]:
    pair = choice.pair
    return {
        "write": pair.write,
        "read": pair.read,
        "replicas": replicas,
        "keeps": list(choice.keeps),
        "breaks": list(choice.breaks),
        "unknown": list(choice.unknown),
        "misses": list(dict.fromkeys(verdict.cell.guarantee for verdict in choice.misses)),
        "ack_waits_for": pair.cost.ack_waits_for,
        "check_waits_for": pair.cost.check_waits_for,
        "messages": pair.cost.messages,
    }
