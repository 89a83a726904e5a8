"""How fresh a check is, exactly: the spec's own graph as a Markov chain, where every delay is exponential.

A step that takes time has a rate, and which of several comes first is decided by their rates; the others are taken at
once. A question takes its way to the replica, and the answer no time on its way back: in the spec both are one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy.linalg import expm

from overbooked.checker.engine.state_graph import Graph, graph_of
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.write_strategies import write_strategy

_GUARANTEE = GUARANTEES["read-after-write"]
_ASK = "invoke check"


class ExactFreshness:
    """The probability that u2's check sees u1's booking; ``rates`` are per ms, by the name of the step.

    Steps without a rate are taken at once.
    """

    def __init__(self, write: str, read: str, replicas: int, rates: Mapping[str, float]) -> None:
        way, asks = write_strategy(write, replicas), read_strategy(read, replicas)
        setting = Setting(way, asks, replicas, FAULTS["none"], _GUARANTEE.users)
        graph = graph_of(model(setting, _GUARANTEE), 10**6)
        assert graph is not None
        self._graph: Graph = graph
        self._rates = rates
        self._fresh = cache(self._fresh_from)

    def at(self, ms: float) -> float:
        """Return the probability, if the check is made so long after the acknowledgement."""
        begun = self._acked()
        places = self._reached(list(begun))
        rates = np.zeros((len(places), len(places)))
        for state, at in places.items():
            for rate, to in self._next(state):
                rates[at, places[to]] += rate
                rates[at, at] -= rate
        now = np.zeros(len(places))
        for state, p in begun.items():
            now[places[state]] += p
        then = now @ expm(rates * ms)
        return float(sum(p * self._fresh(self._asked(state)) for state, p in zip(places, then, strict=True)))

    def _name(self, step: int) -> str:
        its = self._graph.model.steps[step]
        return f"{its.name} check" if "check" in str(dict(its.about).get("call", "")) else its.name

    def _settled(self, state: int) -> int:
        """Return the state after all that happens at once; users make no check by themselves."""
        untimed = (to for step, to in self._graph.transitions[state] if self._name(step) not in {*self._rates, _ASK})
        following = next(untimed, None)
        return state if following is None else self._settled(following)

    def _next(self, state: int) -> list[tuple[float, int]]:
        """Return where it goes from a state, and at which rates."""
        steps = [(self._name(step), to) for step, to in self._graph.transitions[state]]
        return [(self._rates[name], self._settled(to)) for name, to in steps if name in self._rates]

    def _acked(self) -> dict[int, float]:
        """Return the probabilities of the states right after the acknowledgement."""
        states, acked = {self._settled(0): 1.0}, dict[int, float]()
        while states:
            state, p = states.popitem()
            if self._graph.state(state)["u1.book"] == "acked":
                acked[state] = acked.get(state, 0.0) + p
                continue
            for share, to in _shares(self._next(state)):
                states[to] = states.get(to, 0.0) + p * share
        return acked

    def _reached(self, states: list[int]) -> dict[int, int]:
        """Return the states that are reached from these before a check is made, each with its place."""
        places = {state: at for at, state in enumerate(states)}
        for state in states:
            for _, to in self._next(state):
                if to not in places:
                    places[to] = len(places)
                    states.append(to)
        return places

    def _asked(self, state: int) -> int:
        return next(self._settled(to) for step, to in self._graph.transitions[state] if self._name(step) == _ASK)

    def _fresh_from(self, state: int) -> float:
        """Return the probability that a check which has been made sees the booking."""
        answer = self._graph.state(state)["u2.check"]
        if answer in {"booked", "available"}:
            return float(answer == "booked")
        return sum(share * self._fresh(to) for share, to in _shares(self._next(state)))


def _shares(rates: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Return the probabilities that each of the steps comes first."""
    whole = sum(rate for rate, _ in rates)
    return [(rate / whole, to) for rate, to in rates]
