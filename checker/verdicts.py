"""Verdicts: what a search says of each property of each model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from checker.compiled import Judge
from checker.layout import lay_out
from checker.progress import every_run_ends
from checker.runs import Run, shortest_run
from checker.search import Exploration, explore
from spec.language import Field, Model

Verdict: TypeAlias = Literal["holds", "violated", "unknown"]


class Judgement(NamedTuple):
    """What is said of one property.

    ``witness`` tells whether what the property speaks of was seen to happen, and ``length`` how many steps a run takes
    that breaks it (``run``, when runs were asked for): a shortest one that ends there, or a shorter one that goes round
    for ever, which takes a shortest way to the nearest round.
    """

    verdict: Verdict
    witness: bool
    length: int | None = None
    run: Run | None = None


class Result(NamedTuple):
    """What a search says of one model; ``depth`` is the longest distance from the initial state."""

    model: Model
    states: int
    transitions: int
    depth: int
    complete: bool
    judgements: dict[str, Judgement]


def check(model: Model, max_states: int = 20_000_000) -> Result:
    """Explore a model; return its verdicts, with a shortest run for each property that is violated.

    A search that reached ``max_states`` says ``unknown`` of what it did not see broken, never ``holds``.
    Raises :class:`checker.tables.ModelError` when the model contradicts itself.

    >>> from spec.language import Field, Property, case, part, step
    >>> count = Field("count", (0, 1, 2, 3), 0)
    >>> up = step("up", part(lambda count: {"count": count + 1} if count < 3 else None, count=count))
    >>> is_three = case(part(lambda count: count == 3, count=count))
    >>> result = check(Model("counter", (count,), (up,), (Property("below three", "never", (is_three,), (is_three,)),)))
    >>> result.states, result.judgements["below three"].verdict, result.judgements["below three"].length
    (4, 'violated', 3)
    """
    *_, found = explore([model], max_states)
    return results(found, runs=True)[0]


def results(found: Exploration, *, runs: bool) -> list[Result]:
    """Return what is known of each model now, finished or not; with ``runs``, also the runs that break properties."""
    judged = [_judgements(found, tag, runs=runs) for tag in range(len(found.states))]
    columns = (found.compiled.models, found.states, found.transitions, found.depths, found.complete, judged)
    return [Result(*each) for each in zip(*columns, strict=True)]


def batches(models: Sequence[Model]) -> Iterator[list[Model]]:
    """Yield the models in groups to be explored together: they share fields, and none takes more words for it.

    >>> from spec.language import Field
    >>> a, b = (Model(name, (Field("x", domain, 0),), (), ()) for name, domain in (("a", (0, 1)), ("b", (0, 1, 2))))
    >>> [[model.name for model in batch] for batch in batches([a, b, a._replace(name="c")])]
    [['a', 'c'], ['b']]
    """
    left = list(models)
    while left:
        batch, others = _batch(left)
        yield batch
        left = others


def _batch(models: Sequence[Model]) -> tuple[list[Model], list[Model]]:
    taken: list[Model] = []
    others: list[Model] = []
    known: dict[str, Field] = {}
    for model in models:
        wider = known | {field.name: field for field in model.fields}
        agree = all(wider[name].domain == field.domain for name, field in known.items())
        if not taken or (agree and _words(wider, len(taken) + 1) <= max(_words(known, 1), 1)):
            taken.append(model)
            known = wider
        else:
            others.append(model)
    return taken, others


def _words(fields: dict[str, Field], models: int) -> int:
    return lay_out(list(fields.values()), models).words


def _judgements(found: Exploration, tag: int, *, runs: bool) -> dict[str, Judgement]:
    judges = (judge for judge in found.compiled.judges if tag in judge.of)
    return {judge.name: _judgement(found, tag, judge, runs=runs) for judge in judges}


def _judgement(found: Exploration, tag: int, judge: Judge, *, runs: bool) -> Judgement:
    witness = judge.name in found.witnessed[tag]
    length = found.broken[tag].get(judge.name)
    if judge.when == "in the end" and not _ends(found, tag):
        from checker.endless import endless_run  # noqa: PLC0415 - networkx takes 0.1 s, and few models need it

        run = endless_run(found, tag, judge)
        if run and (length is None or len(run.steps) < length):
            return Judgement("violated", witness, len(run.steps), run if runs else None)
    if length is not None:
        return Judgement("violated", witness, length, shortest_run(found, tag, judge) if runs else None)
    return Judgement("holds" if found.complete[tag] else "unknown", witness)


def _ends(found: Exploration, tag: int) -> bool:
    return every_run_ends(found.compiled.models) or every_run_ends([found.compiled.models[tag]])
