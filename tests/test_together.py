"""Fields kept together: in fewer bits, the same states, verdicts and runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alike_models import alike_models
from overbooked.checker.cells import Cell
from overbooked.checker.engine import compiled, merged_fields, rule_tables
from overbooked.checker.engine.merged_fields import groups
from overbooked.checker.engine.rule_tables import ModelError, bits
from overbooked.checker.engine.state_graph import graph_of
from overbooked.checker.engine.verdicts import check
from overbooked.spec.language import Field, Model, Property, case, part, step
from overbooked.spec.system import model


@contextmanager
def kept_together() -> Iterator[None]:
    """Keep fields together also where they would fit into a word without."""
    with patch.object(compiled, "WORD", 0):
        yield


@given(alike_models(), st.sampled_from([1, 3, 12]))
def test_kept_together_or_not_a_model_is_the_same(it: Model, widest: int) -> None:
    """Counts, verdicts and the very runs are the same, of models of any kind, and of steps of many factors or few."""
    whole = check(it)
    rule_tables._KNOWN.clear()  # noqa: SLF001 - what was joined before was joined more widely
    with kept_together(), patch.object(rule_tables, "WIDEST", widest):
        narrow = check(it)
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and the other way round
    assert narrow == whole


@pytest.mark.parametrize(
    "cell",
    [
        Cell("serial-async", "quorum", 3, "both", "convergence"),
        Cell("parallel:2", "one:db2", 3, "replica-crash", "linearizability", 1, 2),
        Cell("message:parallel:1", "first:2", 3, "app-restart", "read-after-write"),
        Cell("serial-sync", "all", 3, "timeout", "no-double-booking"),
    ],
    ids=str,
)
def test_the_booking_system_kept_together_is_the_same(cell: Cell) -> None:
    """Also under faults, and with restarts, which change what is about several users at once."""
    it = model(cell.setting, cell.judged)
    with kept_together():
        assert compiled.compiled([it]).layout.groups
        narrow = check(it)
    assert narrow == check(it)


def test_a_graph_of_fields_kept_together_has_the_models_states() -> None:
    """Its states are told in the model's own fields, and its transitions are the model's own steps."""
    cell = Cell("serial-async", "quorum", 3, "none", "read-after-write", 2)
    it = model(cell.setting, cell.judged)
    with kept_together():
        graph = graph_of(it, 10**6)
    assert graph is not None
    for number in range(0, len(graph.transitions), 97):
        state = graph.state(number)
        possible = [(at, after) for at, each in enumerate(it.steps) if (after := each.on(state)) is not None]
        assert [(taken, graph.state(target)) for taken, target in sorted(graph.transitions[number])] == possible


def test_what_is_kept_together_takes_fewer_bits() -> None:
    """Users' fields are kept together, not replicas'; so a state that took two words takes one."""
    cell = Cell("serial-async", "one", 4, "none", "read-after-write", 3, 1)
    it = model(cell.setting, cell.judged)
    found = groups(it)
    assert [group.field.name for group in found] == ["all of u1", "all of u2", "all of u3", "all of u4"]
    assert sum(map(bits, it.fields)) > 64
    assert compiled.compiled([it]).layout.words == 1
    (answers,) = (group for group in found[3:])
    first = {field.name: field.initial for field in it.fields}
    assert answers.code([first[member.name] for member in answers.members]) == 0
    assert len(np.unique(answers.codes, axis=0)) == len(answers.codes) < 100


def test_groups_of_too_many_local_states_are_left_apart() -> None:
    """Where a group could be in too many states at once, or a table were too large, fields have places of their own."""
    cell = Cell("parallel:2", "first:2", 3, "none", "read-after-write", 2)
    it = model(cell.setting, cell.judged)
    with kept_together(), patch.object(merged_fields, "_MOST_STATES", 10):
        assert not compiled.compiled([it]).layout.groups
    for most in ((merged_fields, "_MOST_ROWS"), (compiled, "WIDE")):
        with kept_together(), patch.object(*most, 10):
            assert not compiled.compiled([it]).layout.groups


def test_a_step_that_leaves_a_domain_is_refused_there_too() -> None:
    """The message is of the field and the step, whether or not it is kept together with others."""
    a, b = (Field(f"{name} of u", (0, 1, 2), 0) for name in ("one", "other"))
    up = step("up", part(lambda it: {"it": it + 1}, it=a), part(lambda it: {"it": it}, it=b))
    high = case(part(lambda it: it > 1, it=b))
    it = Model("up", (a, b), (up,), (Property("low", "never", (high,), (high,)),), (("u",),))
    with kept_together(), pytest.raises(ModelError, match="up makes one of u 3, which is not in its domain"):
        check(it)


def test_factors_that_share_a_field_are_joined_with_what_either_changes() -> None:
    """Of two factors, the first looks at what the second changes: joined, they do what both do."""
    a, b = (Field(f"{name} of u", (0, 1), 0) for name in ("one", "other"))
    first = part(lambda one, other: {"one": 1} if not one and not other else None, one=a, other=b)
    second = part(lambda it: {"it": 1} if not it else None, it=b)
    both = case(part(lambda it: it > 0, it=a), part(lambda it: it > 0, it=b))
    it = Model("both", (a, b), (step("both", first, second),), (Property("no", "never", (both,), (both,)),), (("u",),))
    with kept_together(), patch.object(rule_tables, "WIDEST", 1):
        rule_tables._KNOWN.clear()  # noqa: SLF001 - joined anew
        assert check(it).judgements["no"].length == 1
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and again
