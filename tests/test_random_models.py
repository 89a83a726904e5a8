"""The checker against a plain search, on small models that hypothesis makes."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fair_runs import assert_breaks, goes_on_for_ever_broken
from known_models import two_phase_commit
from overbooked.checker.engine import enabled, rule_tables, search
from overbooked.checker.engine.layout import Layout
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.sleep_sets import noted
from overbooked.checker.engine.state_graph import graph_of
from overbooked.checker.engine.verdicts import Search, check
from overbooked.spec.language import Field, Model, Property
from plain_search import search_model
from random_models import families, graded_models

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
        endless = judged.when == "in the end" and goes_on_for_ever_broken(model, judged)
        assert judgement.verdict == ("violated" if endless or plain.length is not None else "holds")
        seen = search_model(model, Property("seen", "never", judged.witness, ()))
        assert judgement.witness == (seen.length is not None)
        if plain.length is not None:
            assert judgement.length == plain.length
        if judgement.run:
            assert_breaks(judgement.run, judged)


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
        rule_tables._factors.cache_clear()  # noqa: SLF001 - what was joined before was joined more widely
        split = check(model)
    rule_tables._factors.cache_clear()  # noqa: SLF001 - and the other way round
    assert split == whole


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
