"""Sleep sets: which steps need not be taken after which, because the other order has led to the same state already.

If a step ``u`` led to a state, and a step ``t`` that is possible now could have been taken before ``u``, with the same
end, then that end is reached by ``u`` too. So ``t`` sleeps here if it stands after ``u`` in the model's order: of
all steps that lead to a state, the first in this order never sleeps. No state is lost, and where all runs to a state
are equally long it is not reached later either; there are only fewer ways to reach it, and less to sort. (Godefroid,
Partial-Order Methods for the Verification of Concurrent Systems, 1996, chapter 5; of each state's sleep set just what
follows from one step that led to it is kept, so that states with different sleep sets need not be told apart.)
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, product

import numpy as np

from overbooked.checker.engine.compiled import Marks
from overbooked.checker.engine.dense_tables import IMPOSSIBLE, Act, Shape, steps_acts, then
from overbooked.checker.engine.rule_tables import OUTSIDE
from overbooked.spec.language import Step

_MOST_PAIRS = 1 << 22


def awake(steps: tuple[Step, ...]) -> Marks:
    """Return for each step (a row) which steps (columns) are still to be taken after it.

    Cost: the factors of each two steps that share what one of them changes are compared row by row, alike ones once.
    """
    its = [steps_acts(step.parts) for step in steps]
    found = np.ones((len(its), len(its)), np.bool_)
    for u in range(len(its)):
        for t in range(u + 1, len(its)):
            found[u, t] = not all(_swap(a, b, its[u], its[t]) for a, b in product(its[u], its[t]))
    return found


def noted(awake_after: Marks, most: int) -> tuple[list[int], Marks]:
    """Return a note for each step, from 1 up to ``most``, and for each note (from 0 on) what is awake after it.

    Where there are more steps than notes, steps share one; after it is awake what is after any of them. Note 0 says
    nothing. Those are put together first that make the fewest steps awake in vain.

    >>> noted(np.array([[True, False, False], [True, True, False], [True, True, True]]), 2)[0]
    [1, 1, 2]
    """
    groups = [([step], row) for step, row in enumerate(awake_after)]
    while len(groups) > most:
        one, other = min(combinations(groups, 2), key=lambda pair: _in_vain(*pair))
        groups = [each for each in groups if each is not one and each is not other]
        groups.append((one[0] + other[0], one[1] | other[1]))
    groups.sort(key=lambda group: group[0])
    notes = {step: note for note, (steps, _) in enumerate(groups, 1) for step in steps}
    rows = [np.ones(len(awake_after), np.bool_), *(row for _, row in groups)]
    return [notes[step] for step in range(len(awake_after))], np.array(rows)


def _in_vain(one: tuple[list[int], Marks], other: tuple[list[int], Marks]) -> int:
    both = one[1] | other[1]
    return sum(int((both & ~row).sum()) * len(steps) for steps, row in (one, other))


def _swap(a: Act, b: Act, one: tuple[Act, ...], other: tuple[Act, ...]) -> bool:
    """Return whether ``b``, wherever it is possible after ``a``, could have come before it, with the same end."""
    if not a.touches(b):
        return True
    return not a.mingles(other) and not b.mingles(one) and _swaps(a.shape, b.shape, a.shared(b))


@cache
def _swaps(a: Shape, b: Shape, places: tuple[tuple[int, int], ...]) -> bool:
    if a.is_wide or b.is_wide or len(a.before.codes) * len(b.before.codes) > _MOST_PAIRS:
        return False
    both = np.ones((len(a.before.codes), len(b.before.codes)), np.bool_)
    for i, j in places:
        both &= a.after.codes[:, i : i + 1] == b.before.codes[:, j]
    in_a, in_b = np.nonzero(both)
    old_a, new_a, old_b, new_b = a.before.codes[in_a], a.after.codes[in_a], b.before.codes[in_b], b.after.codes[in_b]
    b_first = then(old_a, old_b, b, places)
    if (b_first == IMPOSSIBLE).any() or (b_first == OUTSIDE).any():
        return False
    a_last = then(b_first, old_a, a, [(j, i) for i, j in places])
    only_a, only_b = (set(range(len(of.sizes))) - {each[k] for each in places} for k, of in enumerate((a, b)))
    return (
        all((a_last[:, i] == new_b[:, j]).all() for i, j in places)
        and all((a_last[:, i] == new_a[:, i]).all() for i in only_a)
        and all((b_first[:, j] == new_b[:, j]).all() for j in only_b)
    )
