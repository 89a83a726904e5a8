"""What was simulated, as JSON and as CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from overbooked.checker.documents import as_csv_text, json_document
from overbooked.checker.simulation.estimates import Estimate
from overbooked.checker.simulation.simulated import KS, VISIBLE, Simulated, Simulation, percentiles
from overbooked.checker.simulation.trade_off import Keeps

_SHARE = f"{100 * VISIBLE:g}"
_DIGITS = 9
"""So many digits after the point are told: of milliseconds, picoseconds; of probabilities, a billionth."""


def as_json(found: Sequence[Simulated], simulation: Simulation, at: Sequence[float], keeps: Keeps) -> str:
    """Return what was simulated as one JSON document, a line for each pair; ``at`` are times in ms."""
    pairs = [pair_object(each, at, keeps) for each in found]
    its = simulation.network
    asked = {"replicas": its.replicas, "trials": simulation.trials, "seed": simulation.seed, "legs": dict(its.legs())}
    return json_document(delays=its.name, **asked, pairs=pairs)


def as_csv(found: Sequence[Simulated], at: Sequence[float], keeps: Keeps) -> str:
    """Return what was simulated as CSV with a heading, a line for each pair."""
    return as_csv_text([_row(pair_object(each, at, keeps)) for each in found])


def pair_object(each: Simulated, at: Sequence[float], keeps: Keeps) -> dict[str, object]:
    """Return what is told of a pair, by name: values, and their intervals beside them."""
    booking, checking = percentiles(each.booking), percentiles(each.checking)
    visible = {_SHARE: each.fresh.visible()}
    return {
        "write": each.write,
        "read": each.read,
        "replicas": each.replicas,
        "trials": each.trials,
        "booking_ms": _values(booking),
        "booking_interval_ms": _intervals(booking),
        "checking_ms": _values(checking),
        "checking_interval_ms": _intervals(checking),
        "fresh": [{"t_ms": t, **_estimate(each.fresh.at(t))} for t in at],
        "t_visibility_ms": _values(visible),
        "t_visibility_interval_ms": _intervals(visible),
        "never_stale": each.fresh.proved,
        "k_stale": {str(k): p for k, p in zip(KS, each.k_stale, strict=True)},
        "keeps": list(keeps.get((each.write, each.read), ())),
    }


def _values(estimates: Mapping[str, Estimate]) -> dict[str, float]:
    return {name: _number(each.value) or 0.0 for name, each in estimates.items()}


def _intervals(estimates: Mapping[str, Estimate]) -> dict[str, list[float | None]]:
    return {name: [_number(each.low), _number(each.high)] for name, each in estimates.items()}


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    value, low, high = map(_number, estimate)
    return {"p": value, "low": low, "high": high}


def _number(value: float) -> float | None:
    """Return a number as JSON has it; ``None`` for one without bounds."""
    return round(value, _DIGITS) if math.isfinite(value) else None


def _row(told: Mapping[str, object]) -> dict[str, object]:
    """Return what is told of a pair as the cells of one line."""
    row: dict[str, object] = {}
    for name, value in told.items():
        row |= _cells(name, value)
    return row


def _cells(name: str, value: object) -> dict[str, object]:
    if name == "fresh" and isinstance(value, list):
        return {f"fresh_at_{each['t_ms']:g}_ms_{part}": each[part] for each in value for part in ("p", "low", "high")}
    if name == "keeps" and isinstance(value, list):
        return {name: " ".join(value)}
    if not isinstance(value, dict):
        return {name: value}
    cells: dict[str, object] = {}
    for part, its in value.items():
        if isinstance(its, list):
            cells |= {f"{name}_{part}_low": its[0], f"{name}_{part}_high": its[1]}
        else:
            cells[f"{name}_{part}"] = its
    return cells
