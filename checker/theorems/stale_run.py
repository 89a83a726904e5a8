"""The stale read that follows from two sets that miss each other: a run of the spec's own steps, made of the sets."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.checker.engine.runs import Run
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Model, State, Step, Value
from overbooked.spec.setting import Setting
from overbooked.spec.system import model

GUARANTEE = "read-after-write"


def stale_run(setting: Setting, written: list[int], read: list[int]) -> Run:
    """Return the run in which the booking is acknowledged by the replicas ``written``, and ``read`` answer the check.

    Every step is taken by the spec's own rules. Raises :class:`ValueError` when one of them is not possible, or the
    read is not stale: then the sets are not what the strategies wait for.
    """
    asked = model(setting, GUARANTEES[GUARANTEE])
    states, steps = [asked.initial], []
    for label in _labels(setting, written, read):
        step, after = _taken(asked, label, states[-1])
        steps.append(step)
        states.append(after)
    if not any(case.on(states[-1]) for case in asked.properties[0].broken):
        raise ValueError(f"{asked.name}: the read is not stale, though its replicas had not confirmed the booking")
    return Run(asked, tuple(steps), tuple(states))


def _labels(setting: Setting, written: list[int], read: list[int]) -> Iterator[str]:
    (b,), (q,) = setting.bookings, setting.checks
    yield f"invoke {b.name}"
    yield from _written(setting, b.name, written) if setting.write.primary else _applied(b.name, written)
    yield f"ack {b.name}"
    yield f"invoke {q.name}"
    for i in read:
        yield f"sample {q.name} db{i}"
    yield f"finish {q.name}"


def _applied(booking: str, written: list[int]) -> Iterator[str]:
    for i in written:
        yield f"apply {booking} db{i}"
        yield f"confirm {booking} db{i}"


def _written(setting: Setting, booking: str, written: list[int]) -> Iterator[str]:
    """Yield how db1 comes to show a booking that standbys show, or have received, where that is enough."""
    yield f"append {booking} db1"
    enough = setting.write.on_receipt
    for i in [i for i in setting.standbys if enough or i in written][: setting.write.needed - 1]:
        yield f"receive {booking} db{i}"
        yield from () if enough else (f"apply {booking} db{i}",)
        yield f"confirm {booking} db{i}"
    yield from _applied(booking, [1])


def _taken(asked: Model, label: str, state: State) -> tuple[Step, dict[str, Value]]:
    step = next((step for step in asked.steps if step.label == label), None)
    after = step.on(state) if step else None
    if step is None or after is None:
        raise ValueError(f"{asked.name}: {label} is not possible, where the sets that are waited for say that it is")
    return step, after
