"""How long each strategy takes, exactly, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from overbooked.checker.documents import as_csv_text, json_document
from overbooked.checker.latency.message_costs import MOST_EXPLORED, Traffic, of_booking, of_check
from overbooked.checker.latency.waits import Wait, booking_wait, check_wait
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.write_strategies import write_strategy


class Latency(NamedTuple):
    """What a strategy's answer waits for, how long that is (``None`` where the log's time is not given), and its cost.

    ``traffic`` is ``None`` over so many replicas that it is not counted.
    """

    kind: str
    strategy: str
    wait: Wait
    seconds: float | None
    traffic: Traffic | None


def latencies(writes: Sequence[str], reads: Sequence[str], replicas: int, times: Mapping[str, float]) -> list[Latency]:
    """Return those of these strategies; ``times`` are seconds by part: ``db1``, ..., and ``append`` if it is known."""
    booking = [_of_write(name, replicas, times) for name in writes]
    return booking + [_of_read(name, replicas, times) for name in reads]


def as_json(rows: Iterable[Latency], replicas: int, times: Mapping[str, float]) -> str:
    """Return the latencies as one JSON document, a line each."""
    return json_document(replicas=replicas, times=dict(times), latencies=[latency_object(row) for row in rows])


def as_csv(rows: Iterable[Latency]) -> str:
    """Return the latencies as CSV with a heading; a range is two columns."""
    return as_csv_text([_flat(latency_object(row)) for row in rows])


def latency_object(row: Latency) -> dict[str, object]:
    """Return what is told of a strategy, by name."""
    told = {"kind": row.kind, "strategy": row.strategy, "waits_for": row.wait.words, "seconds": row.seconds}
    traffic = row.traffic._asdict() if row.traffic else dict.fromkeys(Traffic._fields)
    return told | traffic


def _of_write(name: str, replicas: int, times: Mapping[str, float]) -> Latency:
    write = write_strategy(name, replicas)
    traffic = of_booking(write, replicas) if replicas <= MOST_EXPLORED else None
    wait = booking_wait(write, replicas)
    return Latency("write", name, wait, _seconds(wait, times), traffic)


def _of_read(name: str, replicas: int, times: Mapping[str, float]) -> Latency:
    read = read_strategy(name, replicas)
    traffic = of_check(read, replicas) if replicas <= MOST_EXPLORED else None
    wait = check_wait(read)
    return Latency("read", name, wait, _seconds(wait, times), traffic)


def _seconds(wait: Wait, times: Mapping[str, float]) -> float | None:
    known = all(part in times for each in wait.sums for part in each)
    return wait.over(times, sorted) if known else None


def _flat(told: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in told.items():
        if name in {"left", "lacking"}:
            least, most = value if isinstance(value, tuple) else ("", "")
            flat |= {f"{name}_least": least, f"{name}_most": most}
        else:
            flat[name] = "" if value is None else value
    return flat
