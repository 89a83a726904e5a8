"""The checker against a plain search, on small models that hypothesis makes."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fair_runs import assert_breaks, shortest_staying
from known_models import flag, holds, never, put, two_phase_commit
from overbooked.checker.engine import asked_tables, enabled, fair_cycles, few_states, rule_tables, search
from overbooked.checker.engine.layout import Layout
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.sleep_sets import noted
from overbooked.checker.engine.state_graph import graph_of
from overbooked.checker.engine.verdicts import Search, check
from overbooked.spec.language import Field, Model, Property, case, step
from plain_search import search_model
from random_models import endless_models, families, graded_models

PADDING = tuple(Field(f"padding {i}", tuple(range(8)), 0) for i in range(21))
"""Fields that no step touches, 63 bits of them: what follows lies in a second word."""


@given(families(most=1))
def test_checker_agrees_with_a_plain_search(family: list[Model]) -> None:
    """Counts, verdicts, witnesses and lengths are those of a plain search, and every run is one of the model."""
    (model,) = family
    result = check(model)
    for judged in model.properties:
        plain = search_model(model, judged)
        assert (result.states, result.transitions, result.depth) == plain[1:]
        judgement = result.judgements[judged.name]
        length = plain.length if judged.when == "never" else shortest_staying(model, judged)
        seen = search_model(model, Property("seen", "never", judged.witness, ())).length is not None
        expected = "violated" if length is not None else "holds" if seen or not judged.witness else "vacuous"
        assert (judgement.verdict, judgement.witness) == (expected, seen)
        assert judgement.length == length
        assert judgement.shortest
        if judgement.run:
            assert_breaks(judgement.run, judged)


@given(endless_models())
def test_the_shortest_round_is_found(model: Model) -> None:
    """Of all fair runs that stay where they should not the shortest is found, and it is one; or there is none."""
    result = check(model)
    for judged in model.properties:
        judgement = result.judgements[judged.name]
        assert judgement.length == shortest_staying(model, judged)
        assert judgement.shortest
        if judgement.run:
            assert_breaks(judgement.run, judged)


@given(endless_models())
def test_where_too_much_is_to_be_looked_at_a_round_is_one_all_the_same(model: Model) -> None:
    """A round that is close to the shortest is fair, too, and never shorter; and it is not said to be the shortest."""
    all_shortest = check(model).judgements
    with patch.object(fair_cycles, "_MOST", 0):
        all_close = check(model).judgements
    for judged in model.properties:
        close, shortest = all_close[judged.name], all_shortest[judged.name]
        assert (close.verdict, close.length is None) == (shortest.verdict, shortest.length is None)
        if close.run and shortest.length is not None:
            assert_breaks(close.run, judged)
            assert len(close.run.steps) == close.length
            assert close.length == shortest.length or (close.length > shortest.length and not close.shortest)


@given(families(most=5), st.booleans())
def test_models_explored_together_are_judged_as_if_alone(family: list[Model], wide: bool) -> None:
    """Models that share a search and a layout, of one word or of two, get the results that each gets alone."""
    half = len(family[0].fields) // 2
    fields = family[0].fields if not wide else (*family[0].fields[:half], *PADDING, *family[0].fields[half:])
    together = Search([model._replace(fields=fields) for model in family], Bounds(10**6), reduce=False)
    for _ in together.run():
        pass
    for result, model in zip(together.results(runs=False), family, strict=True):
        alone = check(model)
        assert result[1:5] == alone[1:5]
        without_runs = {name: each._replace(run=None) for name, each in alone.judgements.items()}
        assert result.judgements == without_runs


def test_states_of_several_words_survive_a_hash_that_collides() -> None:
    """Where all states have one key, which a good hash never shows, all words are compared."""
    model = two_phase_commit(3)
    wide = model._replace(fields=(*model.fields[:2], *PADDING, *model.fields[2:]))
    with patch.object(Layout, "key", lambda _, words: words[0] * 0):
        collided = check(wide)
    assert collided[1:5] == check(model)[1:5]


@given(families(most=1), st.integers(1, 3), st.integers(1, 4))
def test_a_level_may_be_looked_up_in_any_chunks(family: list[Model], chunk: int, width: int) -> None:
    """How many states, and how many of their bits, are looked up at once, and how many wait, makes no difference."""
    (model,) = family
    many = patch.multiple(search, CHUNK=chunk, ROOM=chunk - 1)
    with many, patch.object(enabled, "_WIDTH", width):
        cut = check(model)
    assert cut == check(model)


@given(families(most=1), st.sampled_from([1, 2, 4]), st.integers(1, 3))
def test_narrow_tables_and_early_certificates_make_no_difference(family: list[Model], widest: int, many: int) -> None:
    """Steps of several factors, and a certificate looked for from the first level on, give the same results."""
    (model,) = family
    whole = check(model)
    with patch.object(rule_tables, "WIDEST", widest), patch.object(search, "MANY", many):
        rule_tables._KNOWN.clear()  # noqa: SLF001 - what was joined before was joined more widely
        split = check(model)
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and the other way round
    assert split == whole


@given(families(most=5), st.sampled_from([0, 20]))
def test_rules_that_are_asked_for_what_occurs_say_what_they_say_of_all(family: list[Model], dense: int) -> None:
    """With no tables made beforehand, one model or several, in either kind of store, what is found is the same."""
    together = Search(family, Bounds(10**6), reduce=False)
    for _ in together.run():
        pass
    with patch.object(rule_tables, "LISTED", 0), patch.object(asked_tables, "_DENSE", dense):
        rule_tables._KNOWN.clear()  # noqa: SLF001 - what was known before had tables
        asked = Search(family, Bounds(10**6), reduce=False)
        for _ in asked.run():
            pass
        found = asked.results(runs=True)
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and the other way round
    assert found == together.results(runs=True)


@given(families(most=1), st.sampled_from([0.2, 0.5, 100]), st.booleans(), st.sampled_from([1, 3, 16]))
def test_narrow_levels_one_by_one_are_as_levels_in_arrays(
    family: list[Model], few: float, wide: bool, widest: int
) -> None:
    """All levels or only the narrow ones looked at state by state, of one word or two: what is found is the same."""
    (model,) = family
    if wide:
        model = model._replace(fields=(*model.fields, *PADDING))
    with patch.object(search, "PATIENCE", 1 << 30):
        whole = check(model)
    with (
        patch.object(search, "PATIENCE", 0),
        patch.object(search, "FEW", few),
        patch.object(few_states, "_WIDEST", widest),
        patch.object(rule_tables, "WIDEST", widest),
    ):
        rule_tables._KNOWN.clear()  # noqa: SLF001 - what was joined before was joined more widely
        narrow = check(model)
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and the other way round
    assert narrow == whole


def test_a_step_of_several_tables_does_all_that_it_does_on_narrow_levels() -> None:
    """Of a step that is looked up in a dictionary and beyond it both make their changes."""
    lamps = [flag(name) for name in "ab"]
    both = step("both", *(put(lamp, True) for lamp in lamps))
    model = Model("lamps", tuple(lamps), (both,), (never("dark", case(*(holds(lamp, True) for lamp in lamps))),))
    with (
        patch.object(search, "PATIENCE", 0),
        patch.object(few_states, "_WIDEST", 1),
        patch.object(rule_tables, "WIDEST", 1),
    ):
        rule_tables._KNOWN.clear()  # noqa: SLF001 - what was joined before was joined more widely
        narrow = check(model)
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and the other way round
    assert (narrow.states, narrow.judgements["dark"].length) == (2, 1)


@given(graded_models(), st.sampled_from([0.2, 0.5, 1]))
def test_narrow_levels_come_and_go_among_steps_that_sleep(model: Model, few: float) -> None:
    """A graded model, some levels of which are narrow and some are not, keeps its counts, verdicts and runs."""
    whole = check(model)
    with patch.object(search, "PATIENCE", 0), patch.object(search, "FEW", few), patch.object(search, "MANY", 0):
        assert check(model) == whole


@given(families(most=1), st.sampled_from([0, 20]))
def test_wide_rules_on_narrow_levels_are_as_tables_in_arrays(family: list[Model], dense: int) -> None:
    """Rules that are asked for one state after the other say what their tables say."""
    whole = check(family[0])
    with patch.object(rule_tables, "LISTED", 0):
        rule_tables._KNOWN.clear()  # noqa: SLF001 - what was known before had tables
        with (
            patch.object(search, "PATIENCE", 0),
            patch.object(search, "FEW", 100),
            patch.object(asked_tables, "_DENSE", dense),
        ):
            narrow = check(family[0])
    rule_tables._KNOWN.clear()  # noqa: SLF001 - and the other way round
    assert narrow == whole


@given(graded_models())
def test_steps_that_sleep_lose_no_state(model: Model) -> None:
    """Where all runs to a state are equally long, and steps sleep, counts and lengths are those of a plain search."""
    with patch.object(search, "MANY", 0):
        result = check(model)
    plain = search_model(model, model.properties[0])
    judgement = result.judgements["safe"]
    assert (judgement.length, result.states, result.transitions, result.depth) == plain
    if judgement.run:
        assert_breaks(judgement.run, model.properties[0])


@given(graded_models())
def test_a_graph_has_the_models_own_states_and_steps(model: Model) -> None:
    """Each state is numbered by its distance, and has the steps that the model says, also where steps sleep."""
    with patch.object(search, "MANY", 0):
        graph = graph_of(model, 10**6)
    assert graph is not None
    for number, transitions in enumerate(graph.transitions):
        state = graph.state(number)
        possible_here = [(at, after) for at, step in enumerate(model.steps) if (after := step.on(state)) is not None]
        assert [(step, graph.state(target)) for step, target in sorted(transitions)] == possible_here
        assert len(graph.way_to(number)) == graph.depth(number)


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=5, max_size=5), st.integers(1, 6))
def test_steps_that_share_a_note_wake_all_that_either_wakes(rows: list[list[bool]], most: int) -> None:
    """However few notes there are, after each step everything is awake that is to be."""
    notes, after = noted(np.array(rows), most)
    assert set(notes) <= set(range(1, most + 1))
    assert after[0].all()
    assert all((after[note] >= row).all() for note, row in zip(notes, np.array(rows), strict=True))
