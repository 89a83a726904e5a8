"""The reductions: a model reduced has the verdicts, and the runs, that exploring everything gives."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alike_models import alike_models
from fair_runs import assert_breaks
from known_models import philosophers
from overbooked.checker.cells import Cell
from overbooked.checker.engine.reductions.reduced_model import Reduced
from overbooked.checker.engine.reductions.sorted_names import _smaller
from overbooked.checker.engine.reductions.symmetry import classes
from overbooked.checker.engine.runs import shortened
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.shortest_runs import run_breaking
from overbooked.checker.engine.verdicts import check, is_reducible
from overbooked.checker.matrix import expected
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.spec.faults import FAULTS
from overbooked.spec.language import Field, Model, Property, case, part, step
from overbooked.spec.system import model
from overbooked.spec.write_strategies import write_strategies
from tiers import long_but

EXPECTED = Path(__file__).parent.parent / "spec" / "expected.csv"


@given(alike_models())
def test_a_model_reduced_has_the_same_verdicts_and_runs(it: Model) -> None:
    """Verdict, witness, length and the very run shown are those of a search of everything."""
    whole, reduced = check(it), check(it, reduce=True)
    assert reduced.judgements == whole.judgements
    assert reduced.states <= whole.states


@given(alike_models())
def test_runs_with_steps_taken_at_once_are_runs_of_the_model(it: Model) -> None:
    """A run out of the search with all reductions breaks the property, and none is shorter than its level says."""
    if not is_reducible(it):
        return
    whole = check(it)
    found = Exploration([it], Reduced(it, exact=False))
    for _ in explore(found, Bounds()):
        pass
    for judge in found.compiled.judges:
        length = whole.judgements[judge.name].length
        assert (judge.name in found.broken[0]) == (length is not None)
        if length is not None:
            judged = next(prop for prop in it.properties if prop.name == judge.name)
            run = run_breaking(found, 0, judge)
            assert_breaks(run, judged)
            assert_breaks(shortened(run, judged), judged)
            assert found.broken[0][judge.name] <= length <= len(shortened(run, judged).steps)


def assert_expected(cells: list[Cell]) -> None:
    """Assert that these cells, reduced, have the verdicts and lengths that are expected, by runs that do it."""
    known = expected.read(EXPECTED)
    with patch.object(Cell, "is_small", new=False):
        judging = Evaluation(cells, Bounds(), runs=True)
        for _ in judging.run():
            pass
    for verdict in judging.verdicts:
        length = "" if verdict.length is None else str(verdict.length)
        row = known[verdict.cell]
        assert (verdict.verdict, length) == (row["verdict"], row["length"]), verdict.cell
        assert verdict.witness or row["verdict"] == "vacuous"
        assert verdict.reduced
        if verdict.run:
            judged = next(prop for prop in verdict.run.model.properties if prop.name == verdict.cell.guarantee)
            assert_breaks(verdict.run, judged)
            assert len(verdict.run.steps) == verdict.length


@pytest.mark.parametrize("fault", long_but("replica-crash", FAULTS))
def test_cells_reduced_are_as_expected(fault: str) -> None:
    """For a few ways to write and to read: the same verdicts, and runs as short."""
    known = expected.read(EXPECTED)
    pairs = {("serial-async", "quorum"), ("parallel:2", "one:db2"), ("message:serial-sync", "one")}
    assert_expected([cell for cell in known if cell.fault == fault and (cell.write, cell.read) in pairs])


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", write_strategies(3))
def test_every_cell_reduced_is_as_expected(write: str, fault: str) -> None:
    """Every way to write and to read, every guarantee, every fault: the same verdicts, and runs as short."""
    assert_expected([cell for cell in expected.read(EXPECTED) if (cell.write, cell.fault) == (write, fault)])


def test_more_users_and_replicas_reduced_are_as_when_all_is_explored() -> None:
    """Beyond the programs and the replicas that the guarantees have: the same verdicts, and the very same runs."""
    for cell in (
        Cell("parallel:2", "quorum", 3, "none", "read-after-write", 2, 1),
        Cell("serial-async", "one", 3, "app-restart", "convergence", 3),
        Cell("message:parallel:1", "first:2", 3, "replica-crash", "read-after-write", 2, 1),
        Cell("parallel:1", "one", 4, "none", "linearizability", 1, 2),
        Cell("parallel:2", "all", 3, "timeout", "read-your-writes", 2),
    ):
        whole, reduced = (check(model(cell.setting, cell.judged), reduce=each) for each in (False, True))
        assert whole.judgements == reduced.judgements, cell
        assert reduced.states * 5 < whole.states


def test_what_is_not_alike_is_told_apart() -> None:
    """Replicas are alike where a strategy treats them alike, and no others; and so are users with the same program."""
    for write, read, alike in (
        ("parallel:2", "quorum", [[("db1", "db2", "db3")], [("u1", "u2")]]),
        ("parallel:1", "one:db2", [[("db1", "db3")], [("u1", "u2")]]),
        ("serial-sync", "quorum", [[], [("u1", "u2")]]),
    ):
        cell = Cell(write, read, 3, "replica-crash", "read-after-write", 2, 1)
        assert classes(model(cell.setting, cell.judged)) == alike


def test_what_is_alike_but_for_where_it_begins_is_told_apart() -> None:
    """Two lamps that do the same, of which one is on at first, are two things."""
    lamps = [Field(f"lamp {name}", (False, True), initial=name == "b") for name in "abc"]
    steps = tuple(step("switch", part(lambda it: {"it": not it}, it=lamp), lamp=lamp.name) for lamp in lamps)
    assert classes(Model("lamps", tuple(lamps), steps, (), (("a", "b", "c"),))) == [[("a", "c")]]


def once(done: int) -> dict[str, int] | None:
    """Make a step possible once."""
    return None if done else {"done": 1}


def test_a_step_that_need_not_be_taken_is_not_taken_at_once() -> None:
    """A run is over where only a fault could go on, whatever would have to happen after the fault."""
    broken, mended = (Field(name, (0, 1), 0) for name in ("broken", "mended"))
    fault = step("fault", part(once, done=broken), owed=False)
    mend = step("mend", part(lambda broken: broken > 0, broken=broken), part(once, done=mended))
    never = case(part(lambda mended: not mended, mended=mended))
    it = Model("fault", (broken, mended), (fault, mend), (Property("mended", "in the end", (never,), (never,)),))
    assert check(it, reduce=True).judgements == check(it).judgements
    assert check(it).judgements["mended"].length == 0


def test_steps_of_which_the_last_one_shows_are_not_taken_at_once() -> None:
    """Where two steps leave their mark at the same place, runs in which either is the last are explored."""
    fields = [Field(name, (0, 1), 0) for name in ("a", "b")]
    last, seen = (Field(name, ("-", "a", "b"), "-") for name in ("last", "seen"))
    mark = partial(
        part, lambda done, last, it: {"done": 1} | ({"last": it} if last != it else {}) if not done else None
    )
    marks = [step(it.name, mark(done=it, last=last, it=it.name)) for it in fields]
    look = part(
        lambda a, b, last, seen: {"seen": last} if a and b and seen == "-" != last else None,
        **{field.name: field for field in (*fields, last, seen)},
    )
    cases = [case(part(lambda seen, it: seen == it, seen=seen, it=it)) for it in ("a", "b")]
    for each in cases:
        judged = Property("is not", "never", (each,), (each,))
        it = Model("marks", (*fields, last, seen), (*marks, step("look", look)), (judged,))
        assert check(it, reduce=True).judgements == check(it).judgements
        assert check(it).judgements["is not"].length == len(it.steps)


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 4), min_size=1))
def test_states_of_several_words_are_compared_word_by_word(rows: list[tuple[int, int, int, int]]) -> None:
    """Of two states the smaller is that with the smaller first word in which they differ."""
    columns = [np.array(column, np.int64) for column in zip(*rows, strict=True)]
    found = _smaller((columns[0], columns[1]), (columns[2], columns[3]))
    assert list(zip(*(word.tolist() for word in found), strict=True)) == [min(row[:2], row[2:]) for row in rows]


def test_runs_that_go_round_for_ever_are_looked_for_among_all_states() -> None:
    """A model with a property of how runs end, and with runs that do not end, is not reduced."""
    assert not is_reducible(philosophers(3))
    assert check(philosophers(3), reduce=True) == check(philosophers(3))


def test_a_run_that_may_not_be_the_shortest_is_said_to_be_so() -> None:
    """Where the search for the shortest run comes to its bound, the run found without it breaks the guarantee too."""
    cell = Cell("parallel:2", "first:2", 5, "none", "read-after-write", 2, 2)
    it = model(cell.setting, cell.judged)
    quick, best = check(it, Bounds(max_states=1000), reduce=True), check(it, reduce=True)
    judged, shortest = (each.judgements[cell.guarantee] for each in (quick, best))
    assert (judged.verdict, judged.shortest, shortest.shortest) == ("violated", False, True)
    assert judged.run is not None
    assert shortest.length is not None
    assert shortest.length <= len(judged.run.steps) <= 2 * shortest.length
    assert_breaks(judged.run, it.properties[0])


def test_what_is_about_one_name_may_take_more_than_a_word() -> None:
    """Over twelve replicas what is about a user takes more than 64 bits; in order, verdict and length are the same."""
    cell = Cell("serial-sync", "one", 12, "none", "linearizability")
    judging = Evaluation([cell], Bounds(), runs=True, until_broken=True)
    for _ in judging.run():
        pass
    (verdict,) = judging.verdicts
    assert (verdict.verdict, verdict.length, verdict.reduced) == ("violated", 8, True)
