"""Searches that end in the middle: out of memory, or with Ctrl-C. What was found until then is so."""

from __future__ import annotations

import resource
import tracemalloc
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_models import alternating_bit, philosophers, torus, two_phase_commit
from overbooked.checker.cells import Cell
from overbooked.checker.engine import broken_region, fair_cycles, memory_limit, search, verdicts
from overbooked.checker.engine.fair_cycles import staying_run
from overbooked.checker.engine.memory_limit import Budget
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.verdicts import Search, check
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.spec.language import Model
from random_models import families


def stopped(error: type[BaseException], after: int) -> Callable[[Budget, int], None]:
    """Return what takes the place of a budget's ``spend``, and raises the error when it is called so often."""
    calls = count()

    def spend(*_: object) -> None:
        if next(calls) == after:
            raise error

    return spend


@given(families(most=3), st.integers(0, 12), st.booleans())
def test_states_counted_are_states_judged(family: list[Model], after: int, narrow: bool) -> None:
    """Stopped anywhere, even in the middle of a level, it counts the states that it has judged, and says no more."""
    found = Exploration(family)
    judged: list[int] = []
    if narrow:
        original: Callable[..., Any] = search._Searching._judge_few  # noqa: SLF001 - what has judged them
    else:
        original = search._Searching._judge  # noqa: SLF001 - likewise

    def judge(self: object, states: Any, *more: object) -> object:  # noqa: ANN401 - columns, or whole numbers
        judged.append(len(states if narrow else states[0]))
        return original(self, states, *more)

    with (
        patch.object(search, "CHUNK", 2),
        patch.object(search, "PATIENCE", 0 if narrow else 1 << 30),
        patch.object(search, "FEW", 1 << 30),
        patch.object(search._Searching, "_judge_few" if narrow else "_judge", judge),  # noqa: SLF001 - see above
        patch.object(Budget, "spend", stopped(KeyboardInterrupt, after)),
    ):
        try:
            for _ in explore(found, Bounds(10**6)):
                pass
        except KeyboardInterrupt:
            assert not all(found.complete)
    if not narrow or len(family) == 1:
        assert sum(found.states) == sum(judged)
        assert sum(found.states) == sum(len(level[0]) for level in found.levels)


@given(families(most=1), st.integers(0, 12))
def test_what_was_broken_before_memory_ran_out_is_broken(family: list[Model], after: int) -> None:
    """The verdict is that of the whole search, or unknown; what is violated has its run, and as short a one."""
    whole = check(family[0]).judgements
    its = Search(family, Bounds(10**6), reduce=False)
    with patch.object(search, "CHUNK", 2), patch.object(Budget, "spend", stopped(MemoryError, after)):
        for _ in its.run():
            pass
    (result,) = its.results(runs=True)
    for name, judged in result.judgements.items():
        assert judged.verdict in {whole[name].verdict, "unknown"}
        if judged.verdict == "violated" and judged.shortest:
            assert judged.length == whole[name].length
            assert judged.run is not None


def test_a_verdict_survives_that_its_run_takes_too_much() -> None:
    """Where there is no memory to find a run, what is violated still is; and what goes round is unknown."""
    with patch.object(verdicts, "run_breaking", side_effect=MemoryError):
        (judged,) = check(philosophers(4)).judgements.values()
    assert (judged.verdict, judged.length, judged.run) == ("violated", 4, None)
    with patch.object(broken_region, "_STATE", 1 << 50):
        assert check(alternating_bit(owed=True)).judgements["each arrives"].verdict == "unknown"


def test_what_goes_round_is_looked_for_in_the_memory_that_was_asked_for() -> None:
    """To find a round takes no more than was to be spent on it, of whatever there are many: states, or steps."""
    for model in (torus(100), alternating_bit(owed=True)):
        found = Exploration([model])
        for _ in explore(found, Bounds()):
            pass
        judge = next(each for each in found.compiled.judges if each.when not in {"never", "in the end"})
        with patch.object(Budget, "spend") as spend, patch.object(fair_cycles, "_MOST", 0):
            staying_run(found, 0, judge, Budget())
            tracemalloc.start()
            staying_run(found, 0, judge, Budget())
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < max(more for (more,), _ in spend.call_args_list) + (1 << 20)


def test_cells_after_one_that_takes_too_much_are_judged() -> None:
    """A model that there is no memory for makes its cells unknown, and no others."""
    cells = [Cell("serial-sync", "one", 3, "none", each) for each in ("read-after-write", "no-double-booking")]
    first = iter([MemoryError])

    def fails_once(*arguments: Any) -> Exploration:  # noqa: ANN401 - whatever an exploration is given
        for error in first:
            raise error
        return Exploration(*arguments)

    with patch.object(verdicts, "Exploration", fails_once):
        judging = Evaluation(cells, Bounds(), runs=False)
        for _ in judging.run():
            pass
    assert [each.verdict for each in judging.verdicts].count("unknown") == 1
    assert judging.finished


def test_reduced_searches_that_end_early_say_so() -> None:
    """With steps taken at once, too, a search that has no memory left is unknown, or violated."""
    for after in range(0, 60, 7):
        its = Search([two_phase_commit(3)], Bounds(10**6), reduce=True)
        with patch.object(search, "CHUNK", 2), patch.object(Budget, "spend", stopped(MemoryError, after)):
            for _ in its.run():
                pass
        (result,) = its.results(runs=True)
        assert result.judgements["all agree"].verdict == ("holds" if result.complete else "unknown")


@pytest.mark.parametrize(
    ("limits", "free"),
    [
        ({"": "max", "pod": "1000", "pod/own": "600"}, {1000 - 300 + 100, 600 - 300 + 100}),
        ({"": "max", "pod": "max", "pod/own": "max"}, set()),
        ({}, set()),
    ],
    ids=["two limits", "no limit", "no such files"],
)
def test_a_container_has_the_memory_that_its_groups_have(
    tmp_path: Path, limits: dict[str, str], free: set[int]
) -> None:
    """Each control group's limit counts, less what it takes and could not give back; without limits, none does."""
    own = tmp_path / "own"
    own.write_text("0::/pod/own\n", encoding="utf-8")
    for name, limit in limits.items():
        group = tmp_path / "groups" / name
        group.mkdir(parents=True, exist_ok=True)
        (group / "memory.max").write_text(f"{limit}\n", encoding="ascii")
        (group / "memory.current").write_text("300\n", encoding="ascii")
        (group / "memory.stat").write_text("anon 200\ninactive_file 100\n", encoding="ascii")
    assert set(memory_limit._free_in_its_groups(tmp_path / "groups", own)) == free  # noqa: SLF001 - with other files


def test_a_limited_address_space_limits_memory() -> None:
    """Under ``ulimit -v`` a budget is most of what is left of that."""
    limit = memory_limit.resident() + (64 << 20)
    with (
        patch.object(resource, "getrlimit", return_value=(limit, limit)),
        patch.object(memory_limit, "_kibibytes", lambda _, name: 1 << 40 if name == "MemAvailable:" else limit - 1000),
    ):
        assert 0 <= memory_limit.most() - memory_limit.resident() < 1 << 20
