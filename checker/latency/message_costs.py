"""What bookings and checks cost: messages, what is under way at once, and what is left when the user has been told.

All of it is counted in the explored states of the spec, with one booking or one check and nothing that fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from overbooked.checker.engine.state_graph import Graph, graph_of
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES, Guarantee
from overbooked.spec.language import State, Step
from overbooked.spec.read_strategies import ReadStrategy, read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.telling import event
from overbooked.spec.write_strategies import WriteStrategy, write_strategy

MOST_EXPLORED = 8
"""Over so many replicas at most the costs are counted: each more has three times as many states."""
_MANY = 10**6
_UNDER_WAY = {"sent", "applied"}
_BOOK, _CHECK = GUARANTEES["durability"], GUARANTEES["checking-availability"]


class Traffic(NamedTuple):
    """What one call costs.

    messages
        How many messages the app server, the consumer, the log and the replicas send each other until all is quiet.
    at_once
        How many requests to replicas are unanswered at once, at most.
    left
        How many requests to replicas are yet to be sent or to be answered when the user is told: at least, at most.
    lacking
        For a booking, how many replicas do not have it when the user is told: at least, at most.
    """

    messages: int
    at_once: int
    left: tuple[int, int]
    lacking: tuple[int, int] = (0, 0)


def of_booking(write: WriteStrategy, replicas: int) -> Traffic:
    """Return what a booking costs.

    >>> of_booking(write_strategy("serial-async", 3), 3)
    Traffic(messages=6, at_once=1, left=(0, 2), lacking=(0, 2))
    """
    setting = Setting(write, read_strategy("one", replicas), replicas, FAULTS["none"], _BOOK.users)
    graph = _graph(setting, _BOOK)
    booking = setting.bookings[0]
    stored = [setting.stored(booking.room, i).name for i in setting.numbers]
    states = [graph.state(number) for number in range(len(graph.transitions))]
    told = [states[to] for _, to in _taken(graph, "ack")]
    return Traffic(
        _messages(setting, graph),
        max(sum(_under_way(setting, state)) for state in states),
        _least_and_most(sum(not done for done in _confirmed(setting, state)) for state in told),
        _least_and_most(sum(not state[name] for name in stored) for state in told),
    )


def of_check(read: ReadStrategy, replicas: int) -> Traffic:
    """Return what a check costs; each replica that is asked is sent a question, whether or not its answer is used.

    >>> of_check(read_strategy("quorum", 3), 3)
    Traffic(messages=5, at_once=3, left=(1, 1), lacking=(0, 0))
    """
    write = write_strategy("primary:1" if read.primary else "serial-sync", replicas)
    setting = Setting(write, read, replicas, FAULTS["none"], _CHECK.users)
    graph = _graph(setting, _CHECK)
    check = setting.checks[0]
    answer = [setting.answer(check, i).name for i in setting.asks]
    states = [graph.state(number) for number in range(len(graph.transitions))]
    asked = [sum(state[name] is None for name in answer) for state in states if state[check.name] == "running"]
    told = [states[to] for _, to in _taken(graph, "finish")]
    used = max(sum(state[name] is not None for name in answer) for state in told)
    left = _least_and_most(sum(state[name] is None for name in answer) for state in told)
    return Traffic(max(asked) + used, max(asked), left)


def _under_way(setting: Setting, state: State) -> list[bool]:
    """Return of each replica whether it was sent the booking, and has not confirmed it."""
    if setting.write.primary:
        booking = setting.bookings[0]
        has = [state[setting.held(booking, i).name] != "nothing" for i in setting.standbys]
        sent = [state[setting.request(booking).name] in {"sent", "appended"}, *has]
        return [it and not done for it, done in zip(sent, _confirmed(setting, state), strict=True)]
    return [state[name] in _UNDER_WAY for name in _writing(setting)]


def _confirmed(setting: Setting, state: State) -> list[bool]:
    """Return of each replica whether it has confirmed the booking."""
    if setting.write.primary:
        booking = setting.bookings[0]
        standbys = [bool(state[setting.confirmed(booking, i).name]) for i in setting.standbys]
        return [state[setting.request(booking).name] == "confirmed", *standbys]
    return [state[name] == "confirmed" for name in _writing(setting)]


def _writing(setting: Setting) -> list[str]:
    return [setting.writing(setting.bookings[0], i).name for i in setting.numbers]


def _graph(setting: Setting, guarantee: Guarantee) -> Graph:
    graph = graph_of(model(setting, guarantee), _MANY)
    if graph is None:
        raise ValueError(f"{setting.replicas} replicas are too many to explore a call: there may be {MOST_EXPLORED}")
    return graph


def _taken(graph: Graph, name: str) -> Iterator[tuple[int, int]]:
    """Yield the states from which and to which a step of that name leads."""
    for before, transitions in enumerate(graph.transitions):
        yield from ((before, to) for step, to in transitions if graph.model.steps[step].name == name)


def _messages(setting: Setting, graph: Graph) -> int:
    """Return how many messages are sent along a run to its end, users apart: every run sends the same."""
    users = {program[0].user for program in setting.users}
    sent, at = 0, 0
    while graph.transitions[at]:
        step, to = graph.transitions[at][0]
        sent += _sent(setting, users, graph.model.steps[step], graph.state(at), graph.state(to))
        at = to
    return sent


def _sent(setting: Setting, users: set[str], step: Step, before: State, after: State) -> int:
    said = event(setting, step, before, after).messages
    return sum(not users & {message.sender, message.receiver} for message in said)


def _least_and_most(counts: Iterator[int]) -> tuple[int, int]:
    found = list(counts)
    return min(found), max(found)
