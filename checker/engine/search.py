"""The search: every reachable state of some models, breadth first, a level at a time.

Level d holds the states whose shortest run has d steps, so the first level with a broken case gives the length of a
shortest counterexample. Models that share fields are explored side by side, and told apart by the tag in their
states.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from overbooked.checker.engine.certificates import is_graded
from overbooked.checker.engine.compiled import Marks, compiled, marks
from overbooked.checker.engine.enabled import AllTogether, OneByOne, Possible
from overbooked.checker.engine.few_states import FewStates, numbers_of, words_of
from overbooked.checker.engine.layout import Tags, Words
from overbooked.checker.engine.levels import Levels
from overbooked.checker.engine.memory_limit import Budget
from overbooked.checker.engine.pending_states import Pending
from overbooked.checker.engine.reductions.reduced_model import Reduced
from overbooked.checker.engine.state_sets import VisitedSet, join, ordered, size, take, unique, where
from overbooked.checker.engine.successors import cases_in, refuse_escape
from overbooked.spec.language import OF_STATES, Model

CHUNK = 1 << 15
"""How many states are looked up at once: few enough that what is computed on the way stays in the cache."""
ROOM = 1 << 22
"""How many states that follow may wait, at least, before those that are repeated are dropped."""
_AT_ONCE = CHUNK * 64
"""About how many bytes a word more is needed while as many states are looked up."""
FEW = 6
"""A level is narrow up to so many states for each step of the model: one by one these are looked at sooner."""
PATIENCE = 16
"""After so many narrow levels, those that follow are looked at state by state: what that takes to set up pays then."""
KEPT = 1 << 14
"""Up to so many states that were reached before are kept as whole numbers while levels are narrow."""
OFTEN = 256
"""So often, in levels, whoever waits is told of narrow ones."""
MANY = 1 << 13
"""From this many states on a level, it pays to look for a certificate that they cannot have been reached before."""


class Bounds(NamedTuple):
    """Where a search ends though it is not finished: at so many states of a model, or bytes that the process has.

    With no ``max_memory`` it is most of what is free when the search begins.
    """

    max_states: int = 20_000_000
    max_memory: int | None = None


class Progress(NamedTuple):
    """How far an exploration was when a level was done: how many levels there were, and what it had found by then."""

    levels: int
    states: list[int]
    transitions: list[int]
    depths: list[int]
    complete: list[bool]
    broken: list[dict[str, int]]
    witnessed: list[list[str]]


class Exploration:
    """What a search has found so far; every list has one entry for each model.

    compiled, reduced
        The models over one layout, and what is done to their states, if anything.
    levels
        The states by the length of a shortest run to them.
    states, transitions, depths
        How many states, how many steps possible in them added up, and the longest distance from where it begins.
    complete
        Whether everything reachable was explored.
    broken, witnessed
        By property, the length of a shortest run to a state that breaks it, and the properties whose witness was
        reached.
    whole
        How far it was after the last level of which nothing was left out: from there it can go on.
    """

    def __init__(self, models: Sequence[Model], reduced: Reduced | None = None) -> None:
        self.reduced = reduced
        self.compiled = reduced.compiled if reduced else compiled(models)
        self.levels = Levels(self.compiled)
        self.states = [0] * len(models)
        self.transitions = [0] * len(models)
        self.depths = [0] * len(models)
        self.complete = [False] * len(models)
        self.broken: list[dict[str, int]] = [{} for _ in models]
        self.witnessed: list[set[str]] = [set() for _ in models]
        self.whole = self.progress()

    @cached_property
    def few(self) -> FewStates:
        """The steps of the only model, for a few states at a time."""
        return FewStates(self.compiled, self.compiled.steps)

    @cached_property
    def few_cases(self) -> list[tuple[FewStates, FewStates]]:
        """For each property of the only model the cases that break it and those that witness it, likewise."""
        judges = self.compiled.judges
        return [(FewStates(self.compiled, it.broken), FewStates(self.compiled, it.witness)) for it in judges]

    def progress(self) -> Progress:
        """Return how far it is."""
        return Progress(
            len(self.levels),
            list(self.states),
            list(self.transitions),
            list(self.depths),
            list(self.complete),
            [dict(each) for each in self.broken],
            [sorted(each) for each in self.witnessed],
        )

    def resume(self, levels: list[Words], progress: Progress) -> None:
        """Take over the levels of an exploration of the same models, and how far it was then."""
        self.levels, self.whole = Levels(self.compiled, levels), progress
        _, self.states, self.transitions, self.depths, self.complete, broken, witnessed = progress
        self.broken, self.witnessed = [dict(each) for each in broken], [set(each) for each in witnessed]


def explore(found: Exploration, bounds: Bounds) -> Iterator[None]:
    """Explore models that share fields; yield after each level. What is found is kept in ``found``.

    An exploration that was begun goes on after its last level. Where a model is reduced, only what takes the place of
    its states is explored. Raises :class:`ModelError` when a step leaves the domain of a field.

    Cost: time and memory grow with the number of states; 8 bytes a state and word are kept, for the runs.
    """
    if not isinstance(bounds, Bounds):
        raise TypeError(f"the bounds are {bounds!r}: write Bounds(max_states={bounds!r})")
    for name, bound in bounds._asdict().items():
        if bound is not None and (not isinstance(bound, int) or bound < 1):
            raise ValueError(f"{name} is {bound!r}: a bound is a whole number from 1 on")
    try:
        yield from _Searching(found, bounds).run()
    except MemoryError:
        found.complete = [False] * len(found.states)


def until_broken(found: Exploration, prop: str, bounds: Bounds) -> bool:
    """Explore one model until a state breaks the property; return whether one does, as far as the bounds allow."""
    return any(prop in found.broken[0] for _ in explore(found, bounds))


class _Searching:
    """A search under way."""

    def __init__(self, found: Exploration, bounds: Bounds) -> None:
        layout, alone = found.compiled.layout, len(found.states) == 1
        self._found = found
        self._most = bounds.max_states
        self._budget = Budget(bounds.max_memory)
        self._pending = Pending(layout, self._budget)
        self._seen: VisitedSet | None = VisitedSet(layout, self._budget)
        self._is_graded: bool | None = False if found.reduced else None
        self._ways = AllTogether(found.compiled) if alone else OneByOne(found.compiled)
        self._cut = [False] * len(found.states)

    def run(self) -> Iterator[None]:
        """Explore level by level."""
        frontier, narrow = self._begun(), 0
        while size(frontier):
            narrow = narrow + 1 if self._is_narrow(size(frontier)) else 0
            if narrow > PATIENCE:
                frontier = yield from self._narrowly(frontier)
                narrow = 0
                continue
            frontier = self._within(frontier)
            after = self._expanded(frontier)
            self._note_progress()
            yield
            frontier = self._fresh(after, frontier)
        self._found.complete = [not each for each in self._cut]
        self._note_progress()
        yield

    def _is_narrow(self, states: int) -> bool:
        """Return whether so many states are better looked at one by one, and none of them is beyond the bound."""
        found = self._found
        alone = len(found.states) == 1 and not found.reduced
        return alone and states <= FEW * len(found.compiled.steps) and found.states[0] + states <= self._most

    def _narrowly(self, frontier: Words) -> Generator[None, None, Words]:
        """Explore levels of a few states in plain Python; return the first that is not narrow, or the empty one."""
        found = self._found
        level: Collection[int] = numbers_of(found.compiled.layout.bare(frontier))
        steps = found.few
        reached = set(_taken_out(self._seen)) if self._seen else set[int]()
        while level and self._is_narrow(len(level)):
            following: set[int] = set()
            count, over = steps.after(level, following)
            found.levels.append(list(level))
            is_news = self._judge_few(level, over)
            found.transitions[0] += count
            found.states[0] += len(level)
            found.depths[0] = len(found.levels) - 1
            if self._seen:
                reached.update(level)
                following -= reached
            level = following
            if is_news or len(found.levels) % OFTEN == 0:
                self._budget.spend(0)
                self._note_progress()
                yield
            if self._seen and self._seen.size and level:
                level = numbers_of(self._seen.fresh(words_of(found.compiled, list(level))))
        if self._seen and reached:
            self._seen.add(words_of(found.compiled, list(reached)))
        self._note_progress()
        yield
        return words_of(found.compiled, list(level))

    def _judge_few(self, level: Collection[int], over: list[int]) -> bool:
        """Judge the last level; return whether something was broken or witnessed for the first time."""
        found, is_news = self._found, False
        for judge, (broken, witness) in zip(found.compiled.judges, found.few_cases, strict=True):
            its = {"never": level, "in the end": over}.get(judge.when)
            if its is not None and judge.name not in found.broken[0] and broken.any_is(its):
                found.broken[0][judge.name] = len(found.levels) - 1
                is_news = True
            if judge.name not in found.witnessed[0] and witness.any_is(level):
                found.witnessed[0].add(judge.name)
                is_news = True
        return is_news

    def _note_progress(self) -> None:
        if not any(self._cut):
            self._found.whole = self._found.progress()

    def _begun(self) -> Words:
        """Return the first level, or the one after the last that was explored."""
        found = self._found
        if not found.levels:
            layout, first = found.compiled.layout, tuple(word.copy() for word in found.compiled.initial)
            return self._put(found.reduced, first) if found.reduced else unique(layout, ordered(layout, first))
        for level in found.levels[:-1]:
            self._fresh(None, level)
        return self._fresh(self._following(found.levels[-1], lambda *_: None), found.levels[-1])

    def _expanded(self, frontier: Words) -> Words:
        """Return what follows a level, each state once; judge it, and record what was judged, even if it is stopped."""
        judged = 0

        def judge(words: Words, tags: Tags, possible: Possible) -> None:
            nonlocal judged
            self._judge(words, tags, possible.over)
            self._count(possible.transitions)
            judged += size(words)

        try:
            return self._following(frontier, judge)
        finally:
            if judged:
                self._record(take(frontier, slice(0, judged)))

    def _following(self, frontier: Words, judge: Callable[[Words, Tags, Possible], None]) -> Words:
        """Return what follows a level, each state once; have it judged, some states at a time."""
        layout = self._found.compiled.layout
        self._pending.empty(max(ROOM, 3 * size(frontier)))
        for chunk in chunks(frontier):
            self._budget.spend(_AT_ONCE * layout.words)
            words, tags = layout.bare(chunk), layout.tags(chunk)
            possible = self._ways.of(words, tags, chunk[0])
            judge(words, tags, possible)
            for lookup, note, rows in possible.taken:
                self._pending.add(lookup, words, rows, tags, note)
        after = self._pending.unique()
        if size(after) and after[0].min() < 0:
            refuse_escape(self._found.compiled, layout.bare(frontier))
        return after

    def _fresh(self, after: Words | None, frontier: Words) -> Words:
        """Return those of ``after`` that were not reached before, once ``frontier`` was; put in place, if reduced."""
        if self._is_graded is None and size(frontier) > MANY:
            self._is_graded = is_graded(self._found.compiled.models)
            if self._is_graded:
                self._seen = None
                self._ways.sleep()
        if self._seen:
            self._seen.add(self._found.compiled.layout.bare(frontier))
        if after is None:
            return frontier
        if self._found.reduced:
            after = self._put(self._found.reduced, after)
        return self._seen.fresh(after) if self._seen else after

    def _put(self, reduced: Reduced, after: Words) -> Words:
        """Return what takes the place of these states, each once."""
        layout = reduced.compiled.layout
        if not size(after):
            return after
        self._budget.spend(8 * size(after) * (3 * layout.words - 1))
        return unique(layout, ordered(layout, join([reduced.put(chunk) for chunk in chunks(after)])))

    def _within(self, frontier: Words) -> Words:
        """Leave out the frontier's states that are over the bound, and note which models were cut."""
        found = self._found
        counts = found.compiled.layout.counts(frontier)
        kept = [min(count, self._most - states) for count, states in zip(counts, found.states, strict=True)]
        if kept != counts:
            self._cut = [was or keep < count for was, keep, count in zip(self._cut, kept, counts, strict=True)]
            starts = np.repeat(np.cumsum(counts) - counts, counts)
            frontier = where(frontier, np.arange(size(frontier)) - starts < np.repeat(kept, counts))
        found.complete = [not keep and not was for keep, was in zip(kept, self._cut, strict=True)]
        return frontier

    def _record(self, frontier: Words) -> None:
        """Keep a level, and count its states by model."""
        found = self._found
        for tag, here in enumerate(found.compiled.layout.counts(frontier)):
            found.states[tag] += here
            if here:
                found.depths[tag] = len(found.levels)
        found.levels.append(frontier)

    def _count(self, transitions: list[int]) -> None:
        self._found.transitions = [n + more for n, more in zip(self._found.transitions, transitions, strict=True)]

    def _judge(self, words: Words, tags: Tags, over: Marks) -> None:
        found = self._found
        for judge in found.compiled.judges:
            if judge.when in OF_STATES and any(judge.name not in found.broken[tag] for tag in judge.of):
                for tag in _marked(tags, cases_in(found.compiled, judge, words, over)):
                    found.broken[tag].setdefault(judge.name, len(found.levels))
            if any(judge.name not in found.witnessed[tag] for tag in judge.of):
                for tag in _marked(tags, marks(judge.witness, words, tags)):
                    found.witnessed[tag].add(judge.name)


def chunks(words: Words) -> Iterator[Words]:
    """Yield these states a few at a time."""
    for start in range(0, size(words), CHUNK):
        yield take(words, slice(start, start + CHUNK))


def _taken_out(seen: VisitedSet) -> list[int]:
    """Take all states out of a set, as whole numbers, if they are not too many for that."""
    return numbers_of(seen.taken_out()) if 0 < seen.size <= KEPT else []


def _marked(tags: Tags, found: Marks) -> list[int]:
    """Return the tags of the states that are marked."""
    if isinstance(tags, int):
        return [tags] if found.any() else []
    return [int(tag) for tag in np.unique(tags[found])]
