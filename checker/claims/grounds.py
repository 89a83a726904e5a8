"""Grounds of claims: whether each is so, and what shows it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, singledispatchmethod
from itertools import pairwise
from typing import NamedTuple

import z3

from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES, Cell, CellVerdict
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import check
from overbooked.checker.latency.message_costs import Traffic, of_booking
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.proving.theorem import judge
from overbooked.checker.simulation.networks import network
from overbooked.checker.simulation.simulated import Freshness, Simulated, Simulation, percentiles, simulated
from overbooked.checker.theorems.ack_latency import ack_time, check_time
from overbooked.checker.theorems.catalogue import listed
from overbooked.checker.traces.names import command_for
from overbooked.spec import grounds
from overbooked.spec.faults import fault_named
from overbooked.spec.guarantees import GUARANTEES, TABLE
from overbooked.spec.language import Property, case, part
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.write_strategies import write_strategy

REPLICAS = 3
_SECONDS = 30.0
"""How long each question to z3 may take."""
_TRIALS, _SEED = 200_000, 1


class Found(NamedTuple):
    """Whether a ground is so, in a few words what shows it, and the command that does."""

    is_so: bool
    words: str
    command: str


class Grounds:
    """Judges grounds; what several ask is found once."""

    def __init__(self, asked: Iterable[grounds.Ground]) -> None:
        cells = [_cell(ground) for ground in asked if isinstance(ground, grounds.Keeps)]
        self._judging = Evaluation(list(dict.fromkeys(cells)), Bounds(), runs=False, until_broken=True)
        for _ in self._judging.run():
            pass
        self._verdicts = {verdict.cell: verdict for verdict in self._judging.verdicts}
        self._theorems = {theorem.name: theorem for theorem in listed(REPLICAS)}

    @singledispatchmethod
    def found(self, ground: grounds.Ground) -> Found:
        """Return whether a ground is so."""
        raise TypeError(f"nothing judges {ground!r}")

    @found.register
    def _(self, ground: grounds.Keeps) -> Found:
        cell = _cell(ground)
        verdict = self._verdicts[cell]
        words = f"{ground.write} by {ground.read} {_KEEPS[verdict.verdict]} {ground.guarantee}{_under(ground.fault)}"
        return Found(verdict.verdict == ("holds" if ground.is_so else "violated"), words, _shows(verdict))

    @found.register
    def _(self, ground: grounds.HeldAtAck) -> Found:
        setting = _one_booking(ground.write, ground.fault)
        booking = setting.bookings[0]
        lacking = [setting.stored(booking.room, i) for i in setting.numbers]
        count = part(_fewer, call=setting.call(booking), least=ground.replicas, **{f.name[-3:]: f for f in lacking})
        prop = Property("held", "never", (case(count),), (case(),))
        spec = model(setting, GUARANTEES["durability"])._replace(properties=(prop,))
        is_so = check(spec).judgements["held"].verdict == "holds"
        words = f"at least {ground.replicas} replicas have what {ground.write} acknowledges{_under(ground.fault)}"
        return Found(is_so, words if is_so else f"it is not so that {words}", "")

    @found.register
    def _(self, ground: grounds.Proved) -> Found:
        theorem = self._theorems[ground.theorem]
        verdict = judge(theorem, _SECONDS).proof.verdict
        name = theorem.weakens or theorem.name
        return Found(verdict == "proved", f"{ground.theorem} is {verdict}", f"overbooked prove {name}")

    @found.register
    def _(self, ground: grounds.AckTime) -> Found:
        times = _times()
        expected = {"sum": z3.Sum(times), "db1": times[0]}[ground.formula]
        takes = ack_time(write_strategy(ground.write, REPLICAS), times)
        seconds = z3.simplify(z3.substitute(takes, *((time, z3.RealVal(1)) for time in times)))
        words = f"{ground.write} takes {z3.simplify(expected)}: {seconds} s where each takes 1 s"
        return Found(_always(takes == expected), words, "overbooked prove latency")

    @found.register
    def _(self, ground: grounds.CheckTimes) -> Found:
        takes = [check_time(read_strategy(name, REPLICAS), _times()) for name in ground.reads]
        is_so = _always(z3.And([sooner <= later for sooner, later in pairwise(takes)]))
        words = f"a check by {' is never slower than one by '.join(ground.reads)}"
        return Found(is_so == ground.is_so, words if is_so else f"it is not so that {words}", "")

    @found.register
    def _(self, ground: grounds.Uses) -> Found:
        answers = read_strategy(ground.read, REPLICAS).answers
        return Found(
            answers == ground.answers, f"{ground.read} uses {answers} answers of {REPLICAS}", "overbooked list"
        )

    @found.register
    def _(self, ground: grounds.MostAtOnce) -> Found:
        most = _traffic(ground.write).at_once
        return Found(
            most == ground.writes, f"{ground.write} has at most {most} under way at once", "overbooked latency"
        )

    @found.register
    def _(self, ground: grounds.MoreMessages) -> Found:
        more, fewer = _traffic(ground.more).messages, _traffic(ground.fewer).messages
        words = f"{ground.more} sends {more} messages for a booking, {ground.fewer} {fewer}"
        return Found((more > fewer) == ground.is_so, words, "overbooked latency")

    @found.register
    def _(self, ground: grounds.MoreOftenFresh) -> Found:
        known = _simulated(ground.delays)
        more, less = (known[ground.write, read].fresh for read in (ground.more, ground.less))
        is_so = more.at(0).low > less.at(0).high
        words = (
            f"with delays as in {ground.delays}, a check by {ground.more} right after {ground.write}'s acknowledgement "
            f"sees the booking in {_percent(more)}, one by {ground.less} in {_percent(less)}"
        )
        return Found(is_so, words, f"overbooked simulate --delays {ground.delays}")

    @found.register
    def _(self, ground: grounds.Medians) -> Found:
        known = _simulated(ground.delays)
        medians = [percentiles(known[SOURCE_WRITES[0], read].checking)["p50"] for read in ground.reads]
        is_so = all(sooner.high < later.low for sooner, later in pairwise(medians))
        times = ", ".join(f"{each.value:.2f} ms by {read}" for read, each in zip(ground.reads, medians, strict=True))
        words = f"with delays as in {ground.delays}, a check takes {times} (medians)"
        return Found(is_so, words, f"overbooked simulate --delays {ground.delays}")

    @found.register
    def _(self, ground: grounds.NoBetterIsFaster) -> Found:
        better, worse = ({g for g in TABLE if self._keeps(*pair, g)} for pair in (ground.better, ground.worse))
        (book, ask), (its_book, its_ask) = _at_a_second_each(*ground.better), _at_a_second_each(*ground.worse)
        is_so = not (better > worse and book <= its_book and ask <= its_ask)
        more = ", ".join(name for name in TABLE if name in better - worse)
        words = (
            f"{' by '.join(ground.better)} keeps all that {' by '.join(ground.worse)} does, and {more}; at 1 s for "
            f"each part it takes {book} s to book and {ask} s to check, the other {its_book} s and {its_ask} s"
        )
        options = (
            f"--write {ground.better[0]} --write {ground.worse[0]} --read {ground.better[1]} --read {ground.worse[1]}"
        )
        return Found(is_so, words, f"overbooked check {options}")

    def _keeps(self, write: str, read: str, guarantee: str) -> bool:
        cell = Cell(write, read, REPLICAS, "none", guarantee)
        return check(model(cell.setting, cell.judged)).judgements[guarantee].verdict == "holds"


_KEEPS = {"holds": "keeps", "violated": "breaks", "unknown": "may or may not keep", "vacuous": "vacuously keeps"}


def _cell(ground: grounds.Keeps) -> Cell:
    return Cell(ground.write, ground.read, REPLICAS, ground.fault, ground.guarantee)


def _under(fault: str) -> str:
    return "" if fault == "none" else f" under {fault}"


def _shows(verdict: CellVerdict) -> str:
    return command_for(verdict.cell)


def _fewer(call: str, least: int, **stored: int) -> bool:
    """The booking is acknowledged, and fewer replicas than that have it."""
    return call == "acked" and sum(timestamp > 0 for timestamp in stored.values()) < least


def _one_booking(write: str, fault: str = "none") -> Setting:
    users = GUARANTEES["durability"].users
    return Setting(write_strategy(write, REPLICAS), read_strategy("one", REPLICAS), REPLICAS, fault_named(fault), users)


def _traffic(write: str) -> Traffic:
    return of_booking(write_strategy(write, REPLICAS), REPLICAS)


@cache
def _simulated(delays: str) -> dict[tuple[str, str], Simulated]:
    writes = [write_strategy(name, REPLICAS) for name in SOURCE_WRITES]
    reads = [read_strategy(name, REPLICAS) for name in DEFAULT_READS]
    simulation = Simulation(writes, reads, network(delays, REPLICAS, {}), _TRIALS, _SEED)
    return {(each.write, each.read): each for each in simulated(simulation)}


def _percent(fresh: Freshness) -> str:
    return "all cases" if fresh.proved else f"{100 * fresh.at(0).value:.2f} %"


def _times() -> list[z3.ArithRef]:
    return [z3.Real(f"db{i}") for i in range(1, REPLICAS + 1)]


def _always(claim: z3.BoolRef) -> bool:
    """Return whether something is so whatever the replicas' times, none of them negative."""
    solver = z3.Solver()
    solver.add(*(time >= 0 for time in _times()), z3.Not(claim))
    return bool(solver.check() == z3.unsat)


def _at_a_second_each(write: str, read: str) -> tuple[int, int]:
    """Return how many seconds a booking and a check take, where each replica takes one."""
    ones = [z3.RealVal(1)] * REPLICAS
    book = ack_time(write_strategy(write, REPLICAS), ones)
    ask = check_time(read_strategy(read, REPLICAS), ones)
    return z3.simplify(book).as_long(), z3.simplify(ask).as_long()
