"""The booking system, put together: one model for one setting and one guarantee."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec import booking, built_in_replication, checking, claiming, failing, message_log
from overbooked.spec.guarantees import Guarantee, Memory
from overbooked.spec.language import Model, Property, Step
from overbooked.spec.setting import Setting


def model(setting: Setting, *guarantees: Guarantee) -> Model:
    """Return the booking system as a model that judges these guarantees, which all remember the same.

    >>> from overbooked.spec.faults import FAULTS
    >>> from overbooked.spec.guarantees import GUARANTEES
    >>> from overbooked.spec.read_strategies import read_strategy
    >>> from overbooked.spec.write_strategies import write_strategy
    >>> durability = GUARANTEES["durability"]
    >>> write, read = write_strategy("parallel:2", 3), read_strategy("first:2", 3)
    >>> setting = Setting(write, read, 3, FAULTS["none"], durability.users)
    >>> [step.label for step in model(setting, durability).steps][:3]
    ['apply u1.book db1', 'confirm u1.book db1', 'apply u1.book db2']
    """
    memory = guarantees[0].memory(setting)
    steps = tuple(_with_memory(each, memory) for each in steps_of(setting))
    judged = tuple(_judged(setting, guarantee) for guarantee in guarantees)
    alike = (tuple(f"db{i}" for i in setting.numbers), tuple(program[0].user for program in setting.users))
    return Model(name_of(setting), (*setting.fields(), *memory.fields), steps, judged, alike)


def steps_of(setting: Setting) -> Iterator[Step]:
    """Yield every step of the system: first what goes on by itself, then what users begin, then faults.

    The order means nothing, but of several shortest runs the one shown prefers steps that stand first, and
    a story in which one thing is done before the next begins is easier to follow.
    """
    yield from booking.writes(setting)
    yield from claiming.writes(setting)
    yield from built_in_replication.writes(setting)
    yield from message_log.consumption(setting)
    yield from booking.acks(setting)
    yield from built_in_replication.rejections(setting)
    yield from claiming.rejections(setting)
    yield from checking.samples(setting)
    yield from checking.repairs(setting)
    yield from checking.finishes(setting)
    yield from booking.invocations(setting)
    yield from checking.invocations(setting)
    yield from built_in_replication.promotions(setting)
    yield from failing.crashes(setting)
    yield from failing.restarts(setting)
    yield from failing.timeouts(setting)
    yield from failing.node_crashes(setting)
    yield from failing.lost_writes(setting)
    yield from failing.amnesias(setting)


def name_of(setting: Setting) -> str:
    """Return the setting on one line."""
    fault = "no fault" if setting.fault.name == "none" else f"fault {setting.fault.name}"
    replicas = f"{setting.replicas} replica{'s' * (setting.replicas > 1)}"
    return f"{setting.write.name} by {setting.read.name} over {replicas}, {fault}"


def _with_memory(each: Step, memory: Memory) -> Step:
    key = (each.name, dict(each.about).get("call"))
    return each._replace(parts=(*each.parts, *(part for at, part in memory.parts if at == key)))


def _judged(setting: Setting, guarantee: Guarantee) -> Property:
    broken, witness = tuple(guarantee.broken(setting)), tuple(guarantee.witness(setting))
    return Property(guarantee.name, guarantee.when, broken, witness)
