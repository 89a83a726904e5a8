"""The generic checker, on models that others have counted."""

from __future__ import annotations

import pytest

import known_models as known
from fair_runs import assert_breaks
from overbooked.checker.engine.verdicts import check
from overbooked.spec.domains import sets
from overbooked.spec.language import Change, Field, Model, Owed, case, part, step


@pytest.mark.parametrize(("managers", "states"), [(3, 288), (5, 8_832), (7, 296_448)])
def test_two_phase_commit_has_the_states_that_others_counted(managers: int, states: int) -> None:
    """Two-phase commit has 288, 8,832 and 296,448 states, and its resource managers agree."""
    result = check(known.two_phase_commit(managers))
    assert result.states == states
    assert result.judgements["all agree"].verdict == "holds"


@pytest.mark.parametrize(("count", "states"), [(3, 14), (5, 82), (10, 6_726)])
def test_philosophers_are_counted_by_the_pell_lucas_numbers(count: int, states: int) -> None:
    """Philosophers in a ring have as many states as the Pell-Lucas numbers say, and deadlock once each has one fork."""
    result = check(known.philosophers(count))
    assert result.states == states
    deadlock = result.judgements["somebody can eat"]
    assert (deadlock.verdict, deadlock.length) == ("violated", count)


def test_one_left_handed_philosopher_prevents_the_deadlock() -> None:
    """With one philosopher who takes the other fork first, no run ends with all of them waiting."""
    assert check(known.philosophers(4, left_handed=1)).judgements["somebody can eat"].verdict == "holds"


def test_peterson_excludes_and_lets_everyone_in() -> None:
    """Peterson's algorithm lets one in at a time, and under weak fairness whoever waits gets in."""
    judged = check(known.peterson()).judgements
    assert (judged["one inside"].verdict, judged["0 gets in"].verdict) == ("holds", "holds")


def test_flags_without_turns_deadlock() -> None:
    """With flags alone one is inside at a time, but both may wait for each other for ever."""
    judged = check(known.peterson(in_turn=False)).judgements
    assert (judged["one inside"].verdict, judged["0 gets in"].verdict) == ("holds", "violated")
    assert judged["0 gets in"].length == 4


@pytest.mark.parametrize(
    ("model", "goal", "states", "moves"),
    [(known.ferry(), "across", 10, 7), (known.hanoi(7), "moved", 3**7, 2**7 - 1)],
    ids=["ferry", "hanoi"],
)
def test_puzzles_are_solved_in_the_known_number_of_moves(model: Model, goal: str, states: int, moves: int) -> None:
    """A counterexample is a shortest one: it solves a puzzle in the fewest moves known."""
    result = check(model)
    assert (result.states, result.judgements[goal].length) == (states, moves)


def test_eight_puzzle_has_half_of_all_permutations_and_its_known_depth() -> None:
    """The eight-puzzle reaches half of all permutations, the last of them after 31 moves."""
    result = check(known.sliding_puzzle())
    assert (result.states, result.depth) == (181_440, 31)


def test_fairness_excludes_blinking_for_ever_past_a_step_that_is_owed() -> None:
    """A light does not blink for ever if switching it off stays possible and is owed; if it is not owed, it does."""
    assert check(known.light(owed=True)).judgements["dark"].verdict == "holds"
    blinking = check(known.light(owed=False)).judgements["dark"]
    assert blinking.verdict == "violated"
    assert blinking.run is not None
    assert blinking.run.cycle_from == 0
    assert [step.name for step in blinking.run.steps] == ["blink", "blink back"]


def test_weak_fairness_does_not_help_who_can_be_overtaken_for_ever() -> None:
    """At a semaphore one process can go round for ever, as the other's way in is not open all the time."""
    starved = check(known.semaphore()).judgements["0 gets in"]
    assert starved.verdict == "violated"
    assert starved.run is not None
    assert starved.run.cycle_from is not None
    assert starved.run.states[starved.run.cycle_from] == starved.run.states[-1]
    assert {step.about for step in starved.run.steps} == {(("who", 1),)}


def test_strong_fairness_helps_who_can_be_overtaken_for_ever() -> None:
    """Who is let in sooner or later if the way is open again and again gets in, unless the other never comes out."""
    strongly = Owed(strongly=True)
    assert check(known.semaphore(owed=strongly)).judgements["0 gets in"].verdict == "holds"
    starved = check(known.semaphore(owed=strongly, leaves=False)).judgements["0 gets in"]
    assert starved.run is not None
    assert [step.label for step in starved.run.steps] == ["enter 1", "work 1"]


def test_a_round_that_is_not_known_to_be_shortest_meets_no_more_than_it_has_to() -> None:
    """Of many steps that are owed strongly it takes those that could be taken on its way, and does not look for others.

    A fair round of 63 steps takes two of sixty; there are too many rounds to find the shortest.
    """
    found = check(known.torus(60)).judgements["elsewhere"]
    assert (found.verdict, found.shortest) == ("violated", False)
    assert found.run is not None
    assert_breaks(found.run, known.torus(60).properties[0])
    assert 63 <= len(found.run.steps) <= 2 * 63


def test_one_of_a_group_is_taken_where_always_one_of_them_is_possible() -> None:
    """A parcel may wait for ever if no road stays open; it arrives if one or the other is to be taken."""
    waits = check(known.two_roads(owed=True)).judgements["it arrives"]
    assert (waits.verdict, waits.length) == ("violated", 2)
    assert check(known.two_roads(owed=Owed(group="drive"))).judgements["it arrives"].verdict == "holds"
    assert check(known.two_roads(owed=Owed(strongly=True))).judgements["it arrives"].verdict == "holds"


def test_the_alternating_bit_protocol_needs_strong_fairness() -> None:
    """No message arrives twice or is left out; that each arrives needs lines that do not lose everything for ever."""
    weakly, strongly = (check(known.alternating_bit(owed=owed)) for owed in (True, Owed(strongly=True)))
    assert weakly.states == strongly.states
    assert {its.judgements["in order"].verdict for its in (weakly, strongly)} == {"holds"}
    lost = weakly.judgements["each arrives"]
    assert lost.run is not None
    assert lost.run.cycle_from == 0
    assert [step.name for step in lost.run.steps] == ["send", "lose"]
    assert strongly.judgements["each arrives"].verdict == "holds"


@pytest.mark.parametrize(("machines", "values", "verdict"), [(3, 2, "holds"), (4, 3, "holds"), (4, 2, "violated")])
def test_a_ring_comes_to_rest_from_wherever_it_begins(machines: int, values: int, verdict: str) -> None:
    """From any state Dijkstra's ring comes to let one at a time, if each has as many values as there are others."""
    result = check(known.stabilizing_ring(machines, values))
    assert (result.states, result.depth) == (values**machines, 0)
    assert result.judgements["one at a time"].verdict == verdict


def test_a_run_is_printed_the_same_whatever_pythons_order_of_sets() -> None:
    """What is in a set is printed in the order of the alphabet, also within a tuple."""
    heard = Field("heard", tuple((each, "yet") for each in sets(["c", "b", "a"])), (frozenset(), "yet"))
    add = [step(f"hear {name}", part(_hear, heard=heard, name=name)) for name in "cba"]
    everyone = case(part(_are_three, heard=heard))
    run = check(Model("ears", (heard,), tuple(add), (known.never("deaf", everyone),))).judgements["deaf"].run
    assert str(run).splitlines() == [
        "0          heard: ({}, 'yet')",
        "1  hear c  heard: ({}, 'yet') -> ({'c'}, 'yet')",
        "2  hear b  heard: ({'c'}, 'yet') -> ({'b', 'c'}, 'yet')",
        "3  hear a  heard: ({'b', 'c'}, 'yet') -> ({'a', 'b', 'c'}, 'yet')",
    ]


def _hear(heard: tuple[frozenset[str], str], name: str) -> Change | None:
    return {"heard": (heard[0] | {name}, heard[1])} if name not in heard[0] else None


def _are_three(heard: tuple[frozenset[str], str]) -> bool:
    return len(heard[0]) == 3
