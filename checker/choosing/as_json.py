"""Choices as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.choosing.as_text import choose_command, worth_it
from overbooked.checker.choosing.choices import Choice, Choosing
from overbooked.checker.choosing.known import is_known
from overbooked.checker.choosing.ways_out import Keeper, in_words, keepers, way_out
from overbooked.checker.documents import json_document
from overbooked.checker.traces.names import command_for
from overbooked.spec.guarantees import GUARANTEES, weakest


def as_json(found: Choosing) -> str:
    """Return the pairs that keep all that is needed, cheapest first; where there are none, those that miss least."""
    wanted, every = found.wanted, found.kept or found.nearest
    worth = {choice.pair for choice in worth_it(every)}
    return json_document(
        asked={**wanted._asdict(), "needs": list(wanted.needs), "faults": list(wanted.faults)},
        found=bool(found.kept),
        considered=found.considered,
        unknown=found.unknown,
        explored_beforehand=found.is_known,
        choices=[_row(choice, wanted.replicas) | {"keeps_more": choice.pair in worth} for choice in every],
    )


def way_out_object(cell: Cell) -> dict[str, object]:
    """Return the least change that repairs what a cell breaks, and what lists all others; ``None`` if not known."""
    way = way_out(cell)
    least = way and {"write": way.write, "read": way.read, "loses": list(way.lost), "words": in_words(cell, way)}
    return {"way_out": least, "all_that_keeps_it": choose_command(cell) if is_known(cell) else None}


def keepers_object(broken: Sequence[Cell]) -> dict[str, object]:
    """Return which pairs keep what is broken, few of them and cheap ones, if these cells are of one fault."""
    found = keepers(broken) if len({cell.fault for cell in broken}) == 1 else []
    more = choose_command(broken[0]._replace(guarantee="G")) if found else None
    return {"pairs": [_keeper(pair) for pair in found], "more": more}


def _keeper(pair: Keeper) -> dict[str, object]:
    keeps = [name for name in GUARANTEES if name in pair.keeps]
    return {"write": pair.write, "read": pair.read, "keeps": keeps, "breaks": weakest(pair.breaks)}


def _row(choice: Choice, replicas: int) -> dict[str, object]:
    pair, cost = choice.pair, choice.pair.cost
    return {
        "write": pair.write,
        "read": pair.read,
        "replicas": replicas,
        "keeps": list(choice.keeps),
        "breaks": list(choice.breaks),
        "breaks_weakest": weakest(choice.breaks),
        "unknown": list(choice.unknown),
        "misses": list(dict.fromkeys(verdict.cell.guarantee for verdict in choice.misses)),
        "missed": [_missed(verdict) for verdict in choice.misses],
        "ack_waits_for": cost.ack_waits_for,
        "check_waits_for": cost.check_waits_for,
        "repairs": cost.repairs,
        "messages": cost.messages,
    }


def _missed(verdict: CellVerdict) -> dict[str, object]:
    cell = verdict.cell
    return {
        "guarantee": cell.guarantee,
        "fault": cell.fault,
        "verdict": verdict.verdict,
        "command": command_for(cell),
    }
