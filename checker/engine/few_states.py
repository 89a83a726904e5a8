"""A few states at a time, in plain Python: what follows them, and which cases they are.

Looking up a level in arrays takes some microseconds for each step of the model, however few states there are. Here a
state is a whole number, its words one above the other, and the steps that look at the same bits share a dictionary:
from what these bits are to the steps that are possible then and to the bits that each flips. It is filled as inputs
occur.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.checker.engine.asked_tables import AskedPart
from overbooked.checker.engine.compiled import Compiled, CompiledStep, Table
from overbooked.checker.engine.layout import APART, ESCAPED, WHOLE, Words
from overbooked.checker.engine.state_sets import ordered
from overbooked.checker.engine.successors import refuse_escape

_ESCAPED = ESCAPED & WHOLE
"""What a lookup flips that leaves a domain."""
_WIDEST = 16
"""The most bits that steps share a dictionary of; what a step looks at beyond that is asked afterwards."""

Few: TypeAlias = Sequence[int]
"""States as whole numbers."""
Found: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], bool]
"""Which lookups are possible, the bits that each flips, and whether one of them is owed."""


_NOTHING: Found = (), (), False


class _Open(NamedTuple):
    """Lookups that are possible as far as some bits tell, and what is left to ask: other bits, and what they said."""

    mask: int
    known: dict[int, Found]
    left: list[tuple[int, int, list[Table | AskedPart]]]


class FewStates:
    """The steps, or the cases, of one model, for states that are whole numbers.

    Cost: about a microsecond a state and group of lookups; what is new to a dictionary takes some ten.
    """

    def __init__(self, of: Compiled, lookups: Sequence[CompiledStep]) -> None:
        self._groups = [_Group(of, lookups, mask, places) for mask, places in _grouped(lookups)]

    def after(self, states: Iterable[int], into: set[int]) -> tuple[int, list[int]]:
        """Add what follows these states; return how many steps are possible in them, and the states that are over."""
        count, over, add = 0, [], into.add
        groups = [(group.mask, group.known.get, group.fill, group.ask) for group in self._groups]
        for state in states:
            is_owed = False
            for mask, known, fill, ask in groups:
                (_, flips, owed), more = known(state & mask) or fill(state)
                is_owed |= owed
                count += len(flips)
                for flip in flips:
                    add(state ^ flip)
                for each in more:
                    _, flips, owed = each.known.get(state & each.mask) or ask(each, state)
                    is_owed |= owed
                    count += len(flips)
                    for flip in flips:
                        add(state ^ flip)
            if not is_owed:
                over.append(state)
        return count, over

    def possible(self, state: int) -> Iterator[tuple[int, int]]:
        """Yield the place of each lookup that is possible in a state, and the state that follows."""
        for group in self._groups:
            first, more = group.known.get(state & group.mask) or group.fill(state)
            every = [first, *(each.known.get(state & each.mask) or group.ask(each, state) for each in more)]
            for places, flips, _ in every:
                yield from ((place, state ^ flip) for place, flip in zip(places, flips, strict=True))

    def any_is(self, states: Iterable[int]) -> bool:
        """Return whether one of the lookups is possible in one of these states."""
        for group in self._groups:
            mask, known = group.mask, group.known
            for state in states:
                (places, _, _), more = known.get(state & mask) or group.fill(state)
                if places:
                    return True
                if more and any((each.known.get(state & each.mask) or group.ask(each, state))[0] for each in more):
                    return True
        return False


class _Group:
    """Lookups that share a dictionary: ``mask`` says which bits it looks at."""

    def __init__(self, of: Compiled, lookups: Sequence[CompiledStep], mask: int, places: list[int]) -> None:
        self._of = of
        self._lookups = lookups
        self._leads = _leads(lookups, places)
        self.mask = mask
        self.known: dict[int, tuple[Found, tuple[_Open, ...]]] = {}

    def fill(self, state: int) -> tuple[Found, tuple[_Open, ...]]:
        """Find out what the bits of a state say that this dictionary looks at."""
        done: list[tuple[int, int]] = []
        unclear: dict[int, _Open] = {}
        for place in self._led(state):
            tables: list[Table | AskedPart] = list(self._lookups[place].tables)
            tables += [table.single for table in self._lookups[place].asked]
            left = [table for table in tables if table.mask & ~self.mask]
            flip = _flips([table for table in tables if not table.mask & ~self.mask], state)
            if flip is not None and left:
                mask = reduce(or_, (table.mask for table in left))
                unclear.setdefault(mask, _Open(mask, {}, [])).left.append((place, flip, left))
            elif flip is not None:
                done.append((place, flip))
        entry = self._found(done, state), tuple(unclear.values())
        self.known[state & self.mask] = entry
        return entry

    def ask(self, of: _Open, state: int) -> Found:
        """Find out which lookups are possible, of those of which not all was known."""
        done = []
        for place, flip, tables in of.left:
            more = tables[0].of(state) if len(tables) == 1 else _flips(tables, state)
            if more is not None:
                done.append((place, flip | more))
        found = of.known[state & of.mask] = self._found(done, state)
        return found

    def _led(self, state: int) -> Iterator[int]:
        """Yield the places of the lookups of which the first table says that they may be possible."""
        for first, places, possible in self._leads:
            yield from places[possible[:, first.entry(state)]].tolist()

    def _found(self, done: list[tuple[int, int]], state: int) -> Found:
        if not done:
            return _NOTHING
        owed = False
        for place, flip in done:
            owed |= self._lookups[place].owed
            if flip & _ESCAPED:
                refuse_escape(self._of, words_of(self._of, [state]))
                self._lookups[place].refuse()  # no step escapes, so it is a case that does
        places, flips = zip(*done, strict=True)
        return places, flips, owed


def words_of(of: Compiled, states: Few) -> Words:
    """Return whole numbers as states, sorted by key."""
    if of.layout.words == 1:
        return (np.array(sorted(states), np.int64),)
    each = [split(state, of.layout.words) for state in states]
    return ordered(of.layout, tuple(np.array([words[at] for words in each], np.int64) for at in range(of.layout.words)))


def split(state: int, words: int) -> list[int]:
    """Return the words of a state that is a whole number."""
    return [(state >> APART * at) & WHOLE for at in range(words)]


def numbers_of(words: Words) -> list[int]:
    """Return states as whole numbers."""
    columns = [word.tolist() for word in words]
    return [sum(it << APART * at for at, it in enumerate(state)) for state in zip(*columns, strict=True)]


def _flips(tables: Iterable[Table | AskedPart], state: int) -> int | None:
    """Return the bits of a state that these tables flip together; ``None`` where one of them is not possible."""
    flips = 0
    for table in tables:
        flipped = table.of(state)
        if flipped is None:
            return None
        flips |= flipped
    return flips


def _grouped(lookups: Sequence[CompiledStep]) -> Iterator[tuple[int, list[int]]]:
    """Yield the places of lookups that are to share a dictionary, with the bits that it looks at.

    Those that look at few bits come first; each goes to the group that it widens least.
    """
    groups: dict[int, list[int]] = {}
    wide: dict[int, list[int]] = {}
    masks = [reduce(or_, (table.mask for table in lookup.tables), 0) for lookup in lookups]
    for place in sorted(range(len(lookups)), key=lambda at: masks[at].bit_count()):
        if masks[place].bit_count() > _WIDEST:
            wide.setdefault(lookups[place].tables[0].mask, []).append(place)
            continue
        into = min(groups, key=lambda mask: (mask | masks[place]).bit_count() - mask.bit_count(), default=None)
        if into is None or (into | masks[place]).bit_count() > _WIDEST:
            groups.setdefault(masks[place], []).append(place)
        else:
            together = groups.pop(into)
            groups.setdefault(into | masks[place], []).extend([*together, place])
    for mask, places in wide.items():
        groups.setdefault(mask, []).extend(places)
    yield from groups.items()


def _leads(
    lookups: Sequence[CompiledStep], places: list[int]
) -> list[tuple[Table, NDArray[np.intp], NDArray[np.bool_]]]:
    """Return the first tables of lookups: of each kind one, and for each lookup where its own is possible."""
    alike: dict[Hashable, list[int]] = {}
    for place in places:
        first = (*lookups[place].tables, _ALWAYS)[0]
        alike.setdefault(tuple(first.runs), []).append(place)
    found = []
    for its in alike.values():
        tables = [(*lookups[place].tables, _ALWAYS)[0] for place in its]
        found.append((tables[0], np.array(its, np.intp), np.stack([table.possible for table in tables])))
    return found


_ALWAYS = Table([], np.ones(1, np.bool_), {}, None)
"""What is always possible, and does nothing."""
