"""The same steps in another engine: z3, given the spec's own tables, finds violations of the same shortest length."""

from __future__ import annotations

from functools import partial

import pytest

from overbooked.checker.cells import Cell
from overbooked.checker.engine.verdicts import check
from overbooked.checker.proving.theorem import ask_all
from overbooked.checker.proving.transition_relation import induction, shortest_run
from overbooked.checker.theorems.any_size import Numbers, replica_of
from overbooked.checker.theorems.invariants import reads_see_writes
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Model
from overbooked.spec.system import model


def asked(cell: Cell) -> Model:
    """Return the model of one cell."""
    return model(cell.setting, GUARANTEES[cell.guarantee])


@pytest.mark.parametrize(
    ("write", "read", "fault", "guarantee", "longest"),
    [
        ("serial-async", "one", "none", "read-after-write", 12),
        ("serial-async", "quorum", "none", "read-after-write", 12),
        ("serial-async", "one:db2", "none", "read-your-writes", 12),
        ("message:serial-sync", "all", "none", "read-after-write", 12),
        ("parallel:1", "one", "none", "monotonic-reads", 12),
        ("serial-sync", "one", "none", "linearizability", 12),
        ("parallel:2", "quorum", "none", "read-after-write", 10),
        ("parallel:2", "quorum", "replica-crash", "durability", 8),
        pytest.param("parallel:1", "one", "both", "durability", 8, marks=pytest.mark.long),
        pytest.param("serial-async", "one", "both", "convergence", 8, marks=pytest.mark.long),
        ("serial-sync", "one", "replica-crash", "booking-availability", 8),
        ("parallel:3", "all", "replica-crash", "checking-availability", 8),
    ],
)
def test_z3_finds_violations_of_the_same_length_in_the_same_tables(
    write: str, read: str, fault: str, guarantee: str, longest: int
) -> None:
    """Unrolled step by step, the spec's tables first allow a violation after just as many steps as the search says."""
    of = asked(Cell(write, read, 3, fault, guarantee))
    length = check(of).judgements[guarantee].length
    run = shortest_run(of, of.properties[0], longest, replica_of, 60)
    assert (len(run.steps) if run else None) == (length if length is not None and length <= longest else None)
    if run:
        assert any(case.on(run.states[-1]) for case in of.properties[0].broken)
        assert of.initial == run.states[0]


@pytest.mark.parametrize("replicas", [1, 2, 4])
@pytest.mark.parametrize("write", ["serial-sync", "parallel:1", "message:serial-sync"])
def test_induction_proves_of_the_specs_own_steps_only_what_the_search_finds_to_hold(write: str, replicas: int) -> None:
    """Over one, two and four replicas, by ``one`` and ``all``: proved where explored as holding, and nowhere else."""
    for read in ("one", "all"):
        cell = Cell(write, read, replicas, "none", "read-after-write")
        numbers = Numbers(replicas, cell.setting.write.needed, cell.setting.read.answers)
        of = asked(cell)
        reasons = partial(reads_see_writes, setting=cell.setting, numbers=numbers)
        claims = induction(of, of.properties[0], reasons, replica_of)
        holds = check(of).judgements[cell.guarantee].verdict == "holds"
        assert (ask_all(claims, 60).verdict == "proved") == holds
