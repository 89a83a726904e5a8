"""The booking system, put together: one model for one setting and one guarantee."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.spec import booking, checking, failing, message_log
from overbooked.spec.guarantees import Guarantee, Memory
from overbooked.spec.language import Model, Property, Step
from overbooked.spec.world import World


def model(world: World, *guarantees: Guarantee) -> Model:
    """Return the booking system as a model that judges these guarantees, which all remember the same.

    >>> from overbooked.spec.faults import FAULTS
    >>> from overbooked.spec.guarantees import GUARANTEES
    >>> from overbooked.spec.read_strategies import read_strategy
    >>> from overbooked.spec.write_strategies import write_strategy
    >>> durability = GUARANTEES["durability"]
    >>> write, read = write_strategy("parallel:2", 3), read_strategy("first:2", 3)
    >>> world = World(write, read, 3, FAULTS["none"], durability.users)
    >>> [step.label for step in model(world, durability).steps][:3]
    ['apply u1.book db1', 'confirm u1.book db1', 'apply u1.book db2']
    """
    memory = guarantees[0].memory(world)
    steps = tuple(_with_memory(each, memory) for each in steps_of(world))
    judged = tuple(_judged(world, guarantee) for guarantee in guarantees)
    alike = (tuple(f"db{i}" for i in world.numbers), tuple(program[0].user for program in world.users))
    return Model(name_of(world), (*world.fields(), *memory.fields), steps, judged, alike)


def steps_of(world: World) -> Iterator[Step]:
    """Yield every step of the system: first what goes on by itself, then what users begin, then faults.

    The order means nothing, but of several shortest runs the one shown prefers steps that stand first, and
    a story in which one thing is done before the next begins is easier to follow.
    """
    yield from booking.writes(world)
    yield from message_log.consumption(world)
    yield from booking.acks(world)
    yield from checking.samples(world)
    yield from checking.finishes(world)
    yield from booking.invocations(world)
    yield from checking.invocations(world)
    yield from failing.crashes(world)
    yield from failing.restarts(world)
    yield from failing.timeouts(world)


def name_of(world: World) -> str:
    """Return the setting on one line."""
    fault = "no fault" if world.fault.name == "none" else f"fault {world.fault.name}"
    replicas = f"{world.replicas} replica{'s' * (world.replicas > 1)}"
    return f"{world.write.name} by {world.read.name} over {replicas}, {fault}"


def _with_memory(each: Step, memory: Memory) -> Step:
    key = (each.name, dict(each.about).get("call"))
    return each._replace(parts=(*each.parts, *(part for at, part in memory.parts if at == key)))


def _judged(world: World, guarantee: Guarantee) -> Property:
    broken, witness = tuple(guarantee.broken(world)), tuple(guarantee.witness(world))
    return Property(guarantee.name, guarantee.when, broken, witness)
