"""Verdicts: what a search says of each property of each model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from overbooked.checker.engine.certificates import every_run_ends
from overbooked.checker.engine.compiled import CompiledProperty
from overbooked.checker.engine.layout import Words, lay_out
from overbooked.checker.engine.memory_limit import Budget, no_room_for_libraries
from overbooked.checker.engine.reductions.reduced_model import Reduced
from overbooked.checker.engine.rule_tables import factors_of
from overbooked.checker.engine.runs import Run, shortened
from overbooked.checker.engine.search import Bounds, Exploration, Progress, explore
from overbooked.checker.engine.shortest_runs import RunError, run_breaking
from overbooked.checker.engine.well_formed import refuse_malformed
from overbooked.spec.language import OF_STATES, Field, Model

if TYPE_CHECKING:
    from overbooked.checker.engine.fair_cycles import Staying

Verdict: TypeAlias = Literal["holds", "violated", "vacuous", "unknown"]
"""Vacuous is what is not violated only because what it speaks of, its witness, never happens."""
Known: TypeAlias = tuple[list[Words], Progress]
"""The levels of an exploration, and how far it was."""
_DEFAULT = Bounds()
_LARGEST = 512
"""A model with a field of more values is not reduced: from where it may come to where takes long to find out."""


class PropertyVerdict(NamedTuple):
    """What is said of one property.

    ``witness`` tells whether what the property speaks of was seen to happen, and ``length`` how many steps a run takes
    that breaks it (``run``, when runs were asked for): a shortest one that ends there, or a shorter one that goes round
    for ever, which takes a shortest way to the nearest round. Where it is not ``shortest``, there may be a shorter one.
    """

    verdict: Verdict
    witness: bool
    length: int | None = None
    run: Run | None = None
    shortest: bool = True

    def __str__(self) -> str:
        """Return the verdict in words."""
        if self.verdict == "violated":
            return f"violated, by a run of {self.length} step{'s' * (self.length != 1)}"
        return f"{self.verdict}{': its witness is never reached' * (self.verdict == 'vacuous')}"

    def __repr__(self) -> str:
        """Return the verdict in a line."""
        return f"<{self}>"


class Result(NamedTuple):
    """What a search says of one model; ``depth`` is the longest distance from where it begins."""

    model: Model
    states: int
    transitions: int
    depth: int
    complete: bool
    judgements: dict[str, PropertyVerdict]

    def __repr__(self) -> str:
        """Return what was found, a line for each property."""
        more = "" if self.complete else ", and that is not all"
        first = f"{self.model.name}: {self.states:,} states, {self.transitions:,} transitions, depth {self.depth}{more}"
        return "\n".join([first, *(f"  {name}: {it}" for name, it in self.judgements.items())])


def check(model: Model, bounds: Bounds = _DEFAULT, *, reduce: bool = False) -> Result:
    """Explore a model; return its verdicts, with a shortest run for each property that is violated.

    A search that reached one of its ``bounds`` says ``unknown`` of what it did not see broken, never ``holds``. What is
    not broken, but whose witness was not reached either, is ``vacuous``.
    With ``reduce``, no more is explored than it takes to know the verdicts, and the counts are of that.
    Raises :class:`overbooked.checker.engine.rule_tables.ModelError` when the model contradicts itself, and
    :class:`ValueError` when a bound is below 1.

    >>> from overbooked.spec.language import Field, Property, case, part, step
    >>> count = Field("count", (0, 1, 2, 3), 0)
    >>> up = step("up", part(lambda count: {"count": count + 1} if count < 3 else None, count=count))
    >>> is_three = case(part(lambda count: count == 3, count=count))
    >>> result = check(Model("counter", (count,), (up,), (Property("below three", "never", (is_three,), (is_three,)),)))
    >>> result.states, result.judgements["below three"].verdict, result.judgements["below three"].length
    (4, 'violated', 3)
    """
    search = Search([model], bounds, reduce=reduce)
    for _ in search.run():
        pass
    return search.results(runs=True)[0]


class Search:
    """Models on the way to their verdicts, together; only one that is alone can be reduced.

    Reduced, a model is explored once with all reductions, for the verdicts; and, where something is broken,
    again with those that leave the length of runs alone, until what is broken was found there too.

    ``made`` are the explorations until now, and ``is_whole`` says that none of them has come to a bound.
    """

    def __init__(self, models: Sequence[Model], bounds: Bounds, *, reduce: bool, until_broken: bool = False) -> None:
        self._models = models
        self._bounds = bounds
        self._reduce = reduce and len(models) == 1
        self._until_broken = until_broken
        self.made: list[Exploration] = []
        self._known: list[Known] = []
        self.is_whole = True

    def resume(self, known: list[Known]) -> None:
        """Go on from where the explorations of a search just like this one were."""
        self._known = known

    def run(self) -> Iterator[None]:
        """Explore; yield after each level. Stopped in between, what was found is kept."""
        if self._reduce:
            refuse_malformed(self._models[0])
            for step in self._models[0].steps:
                factors_of(step.label, step.parts)
            self._reduce = is_reducible(self._models[0])
        if not self._reduce:
            yield from self._explore(None, self._is_broken if self._until_broken else _never)
            return
        reduced = Reduced(self._models[0], exact=False)
        yield from self._explore(reduced, lambda found: self._is_broken(found) and self._is_witnessed(found))
        if broken := self.made[0].broken[0].keys():
            yield from self._explore(reduced.exactly(), lambda found: broken <= found.broken[0].keys())

    @property
    def is_reduced(self) -> bool:
        """Whether less than all is explored."""
        return self._reduce

    @property
    def models(self) -> int:
        """How many models these are."""
        return len(self._models)

    @property
    def states(self) -> int:
        """How many states were explored until now."""
        return sum(sum(found.states) for found in self.made)

    @property
    def transitions(self) -> int:
        """How many steps are possible in them."""
        return sum(sum(found.transitions) for found in self.made)

    def results(self, *, runs: bool) -> list[Result]:
        """Return what is known of each model now, finished or not; with ``runs``, also the runs that break it."""
        if not self.made:
            return []
        found = self.made[0]
        budget = Budget(self._bounds.max_memory)
        judged = [_judgements(self.made, tag, budget, runs=runs) for tag in range(len(found.states))]
        columns = (found.compiled.models, found.states, found.transitions, found.depths, found.complete, judged)
        return [Result(*each) for each in zip(*columns, strict=True)]

    def _explore(self, reduced: Reduced | None, is_enough: Callable[[Exploration], bool]) -> Iterator[None]:
        found = Exploration(self._models, reduced)
        if len(self.made) < len(self._known):
            found.resume(*self._known[len(self.made)])
        self.made.append(found)
        if all(found.complete) or (found.levels and is_enough(found)):
            return
        for _ in explore(found, self._bounds):
            yield
            if is_enough(found):
                return
        self.is_whole = self.is_whole and all(found.complete)

    def _is_broken(self, found: Exploration) -> bool:
        return all(names <= broken.keys() for names, broken in zip(_names(found), found.broken, strict=True))

    def _is_witnessed(self, found: Exploration) -> bool:
        return all(names <= witnessed for names, witnessed in zip(_names(found), found.witnessed, strict=True))


def _names(found: Exploration) -> list[set[str]]:
    return [{prop.name for prop in model.properties} for model in found.compiled.models]


def _never(_: Exploration) -> bool:
    return False


def batches(models: Sequence[Model]) -> Iterator[list[Model]]:
    """Yield the models in groups to be explored together: they share fields, and none takes more words for it.

    >>> from overbooked.spec.language import Field
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
        agree = all(wider[name].kind == field.kind for name, field in known.items())
        if not taken or (agree and _words(wider, len(taken) + 1) <= max(_words(known, 1), 1)):
            taken.append(model)
            known = wider
        else:
            others.append(model)
    return taken, others


def _words(fields: dict[str, Field], models: int) -> int:
    return lay_out(([field] for field in fields.values()), models).words


def is_reducible(model: Model) -> bool:
    """Return whether a model can be reduced: runs that go round for ever are looked for among all states only.

    So is the way that a run takes. Nor is a model reduced whose tables are too large to be looked into.
    """
    if any(len(field.domain) > _LARGEST for field in model.fields):
        return False
    if any(prop.when not in OF_STATES for prop in model.properties):
        return False
    return all(prop.when == "never" for prop in model.properties) or every_run_ends([model])


def _judgements(made: list[Exploration], tag: int, budget: Budget, *, runs: bool) -> dict[str, PropertyVerdict]:
    judges = (judge for judge in made[0].compiled.judges if tag in judge.of)
    return {judge.name: _judgement(made, tag, judge, budget, runs=runs) for judge in judges}


def _judgement(
    made: list[Exploration], tag: int, judge: CompiledProperty, budget: Budget, *, runs: bool
) -> PropertyVerdict:
    """Return what is said of one property, going by the last search that has found it broken."""
    witness = any(judge.name in found.witnessed[tag] for found in made)
    found = next((each for each in reversed(made) if judge.name in each.broken[tag]), made[0])
    length, is_shortest, is_whole = found.broken[tag].get(judge.name), True, found.complete[tag]
    if judge.when not in OF_STATES or (judge.when == "in the end" and not _ends(found, tag)):
        try:
            stays = _staying(found, tag, judge, budget)
        except MemoryError:
            stays, is_shortest, is_whole = None, False, False
        if stays and (length is None or len(stays.run.steps) < length):
            run, is_shortest = stays
            return PropertyVerdict("violated", witness, len(run.steps), run if runs else None, is_shortest)
        is_shortest = is_shortest and (stays is None or stays.shortest or not is_whole)
    if length is None:
        asked = any(prop.witness for prop in found.compiled.models[tag].properties if prop.name == judge.name)
        holds: Verdict = "holds" if witness or not asked else "vacuous"
        return PropertyVerdict(holds if is_whole else "unknown", witness)
    if found.reduced and not found.reduced.exact:
        return _not_shortest(found, judge, witness=witness)
    breaking = _run_breaking(found, tag, judge) if runs else None
    return PropertyVerdict("violated", witness, length, breaking, is_shortest)


def _staying(found: Exploration, tag: int, judge: CompiledProperty, budget: Budget) -> Staying | None:
    """Return a run that breaks a property by where it stays, if there is one among what was explored."""
    if "scipy" not in sys.modules and no_room_for_libraries():
        raise MemoryError
    from overbooked.checker.engine.fair_cycles import staying_run  # noqa: PLC0415 - scipy takes 0.1 s, and few models need it

    stays = staying_run(found, tag, judge, budget) if len(found.levels) else None
    if stays and not found.complete[tag]:
        return stays._replace(shortest=False)  # a shorter one may go through what was not explored
    return stays


def _run_breaking(found: Exploration, tag: int, judge: CompiledProperty) -> Run | None:
    """Return a run that breaks a property, which one is known to do, if there is the memory to find it."""
    with suppress(MemoryError):
        return run_breaking(found, tag, judge)
    return None


def _not_shortest(found: Exploration, judge: CompiledProperty, *, witness: bool) -> PropertyVerdict:
    """Return the judgement where steps were taken at once: its run is the shortest if it has no step too many."""
    prop = next(prop for prop in found.compiled.models[0].properties if prop.name == judge.name)
    try:
        run = shortened(run_breaking(found, 0, judge), prop)
    except (RunError, MemoryError):
        return PropertyVerdict("violated", witness, found.broken[0][judge.name], shortest=False)
    return PropertyVerdict(
        "violated", witness, len(run.steps), run, shortest=len(run.steps) == found.broken[0][judge.name]
    )


def _ends(found: Exploration, tag: int) -> bool:
    models = found.compiled.models
    return found.reduced is not None or every_run_ends(models) or every_run_ends([models[tag]])
