"""The checker against a plain search, on small models that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from checker import search, tables
from checker.layout import Layout
from checker.search import explore
from checker.verdicts import check, results
from fair_runs import assert_breaks, goes_on_for_ever_broken
from known_models import two_phase_commit
from plain_search import search_model
from spec.language import Case, Change, Field, Model, Part, Property, Step, Value

PADDING = tuple(Field(f"padding {i}", tuple(range(8)), 0) for i in range(21))
"""Fields that no step touches, 63 bits of them: what follows lies in a second word."""


def rule_of(table: Mapping[tuple[Value, ...], Change | bool | None]) -> Callable[..., Change | bool | None]:
    """Return the rule that looks its answer up."""
    return lambda **values: table[tuple(values.values())]


@st.composite
def parts(draw: st.DrawFn, fields: list[Field], writable: list[Field]) -> Part:
    """Draw a part that touches one or two fields, and changes only writable ones."""
    touched = draw(st.lists(st.sampled_from(fields), min_size=1, max_size=2, unique=True))
    new = {f"x{at}": st.sampled_from(field.domain) for at, field in enumerate(touched) if field in writable}
    change = st.fixed_dictionaries({}, optional=new)
    answers = st.one_of(change, change, st.just(value=True), st.none(), st.just(value=False))
    table = {values: draw(answers) for values in product(*(field.domain for field in touched))}
    return Part(rule_of(table), tuple((f"x{at}", field) for at, field in enumerate(touched)), ())


@st.composite
def cases(draw: st.DrawFn, fields: list[Field]) -> Case:
    """Draw a case of one or two conditions."""
    return Case(tuple(draw(st.lists(parts(fields, []), min_size=1, max_size=2))))


@st.composite
def steps(draw: st.DrawFn, fields: list[Field], name: str) -> Step:
    """Draw a step of one to three parts, of which no two change the same field."""
    free, chosen = list(fields), []
    for _ in range(draw(st.integers(1, 3))):
        chosen.append(draw(parts(fields, free)))
        free = [field for field in free if field not in [touched for _, touched in chosen[-1].fields]]
    return Step(name, (), tuple(chosen), draw(st.booleans()))


@st.composite
def models(draw: st.DrawFn, fields: list[Field]) -> Model:
    """Draw a model over these fields: up to five steps, and a property of each kind."""
    moves = [draw(steps(fields, f"s{at}")) for at in range(draw(st.integers(1, 5)))]
    safe, settled, seen = (tuple(draw(st.lists(cases(fields), max_size=2))) for _ in range(3))
    judged = (Property("safe", "never", safe, seen), Property("settled", "in the end", settled, seen))
    return Model("random", tuple(fields), tuple(moves), judged)


@st.composite
def families(draw: st.DrawFn, most: int) -> list[Model]:
    """Draw up to ``most`` models over the same one to four fields."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    fields = [Field(f"f{at}", tuple(f"v{v}" for v in range(size)), "v0") for at, size in enumerate(sizes)]
    return [draw(models(fields)) for _ in range(draw(st.integers(1, most)))]


@given(families(most=1))
@settings(max_examples=300, deadline=None)
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
@settings(max_examples=100, deadline=None)
def test_models_explored_together_are_judged_as_if_alone(family: list[Model], wide: bool) -> None:
    """Models that share a search and a layout, of one word or of two, get the results that each gets alone."""
    half = len(family[0].fields) // 2
    fields = family[0].fields if not wide else (*family[0].fields[:half], *PADDING, *family[0].fields[half:])
    *_, found = explore([model._replace(fields=fields) for model in family], 10**6)
    assert found.compiled.layout.words == 1 + wide
    for result, model in zip(results(found, runs=False), family, strict=True):
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


@given(families(most=1), st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_a_level_may_be_looked_up_in_any_chunks(family: list[Model], chunk: int) -> None:
    """How many states are looked up at once, and how many wait until repeated ones are dropped, makes no difference."""
    (model,) = family
    with patch.object(search, "CHUNK", chunk), patch.object(search, "WAITING", chunk - 1):
        cut = check(model)
    assert cut == check(model)


@given(families(most=1), st.sampled_from([1, 2, 4]), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_narrow_tables_and_early_certificates_make_no_difference(family: list[Model], widest: int, many: int) -> None:
    """Steps of several factors, and a certificate looked for from the first level on, give the same results."""
    (model,) = family
    whole = check(model)
    with patch.object(tables, "WIDEST", widest), patch.object(search, "MANY", many):
        tables._factors.cache_clear()  # noqa: SLF001 - what was joined before was joined more widely
        split = check(model)
    tables._factors.cache_clear()  # noqa: SLF001 - and the other way round
    assert split == whole
