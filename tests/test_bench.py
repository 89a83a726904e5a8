"""The benchmark: the models it measures are the spec's own, and it says so when they are not."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from checkers import CHECKERS, Checker, disagreements, in_spin
from measured import FailedError, measured
from promela import over_globals
from sizes import SMALL, TABLE, Size
from tiers import exhaustive_but

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "tests" / "bench"
OTHERS = [checker for checker in CHECKERS[1:] if not checker.missing]
needs_spin = pytest.mark.skipif(not all(map(shutil.which, ("spin", "gcc", "tcc"))), reason="needs spin, gcc and tcc")


@pytest.mark.parametrize("size", exhaustive_but(SMALL[0], [*SMALL, *TABLE[:2]]), ids=str)
@pytest.mark.parametrize("checker", [each for each in OTHERS if "gcc" not in each.needs], ids=lambda each: each.name)
def test_all_explore_the_same_models(checker: Checker, size: Size) -> None:
    """Each checker's verdict is ours; so are its states and transitions, where it has the spec's states."""
    ours = CHECKERS[0].run(size, 0)
    assert disagreements([checker], {"overbooked": ours, checker.name: checker.run(size, ours.states)}) == []


@pytest.mark.exhaustive
@needs_spin
def test_the_benchmark_says_what_each_checker_took() -> None:
    """Every checker has a row for each model that is not too large for it, and nothing is amiss."""
    told = measured([sys.executable, BENCH, "--sizes", "small", "--repeat", "1"], ROOT).out
    rows = Counter(found[1] for found in re.finditer(r"^ (\S.*?) +[\d,]+ .* [\d.]+$", told, re.MULTILINE))
    assert all(rows[each.name] >= len(SMALL) - 3 for each in [CHECKERS[0], *OTHERS]), told
    assert "✗" not in told


@needs_spin
def test_a_model_that_is_not_the_same_is_noticed() -> None:
    """One step changed in Promela makes a difference: in the states, or where it matters in the verdict."""
    size = Size("parallel:2", "first:2", 3, 1, 1)
    ours = CHECKERS[0].run(size, 0)
    for was, now in (("confirmed0 >= 2", "confirmed0 >= 1"), ("write0_1 = 3", "write0_1 = 2"), ("known = 1", "skip")):
        spin = partial(in_spin, partial(changed, was, now), ("tcc",), ("-DNOREDUCE",))
        checker = Checker("SPIN", spin, 10**6, same_states=True)
        assert disagreements([checker], {"overbooked": ours, "SPIN": spin(size, ours.states)}), now


def changed(was: str, now: str, size: Size) -> str:
    """Return the model in Promela with a change in it."""
    model = over_globals(size)
    assert was in model
    return model.replace(was, now)


def test_nothing_is_left_of_what_took_too_long(tmp_path: Path) -> None:
    """A command is ended with all that it has started; what it failed with is said in one line."""
    command = f"sleep 3600 & echo $! > {tmp_path / 'pid'}; wait"
    for seconds in (1, 10, 100):
        with pytest.raises(FailedError, match="ended with -9"):
            measured(["sh", "-c", command], tmp_path, most=seconds)
        if (tmp_path / "pid").exists():
            break
    pid = int((tmp_path / "pid").read_text(encoding="ascii"))
    for _ in range(10_000):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text(encoding="ascii"):
            return
        time.sleep(0.05)
    pytest.fail("it still runs")
