"""Symmetry: which names a model uses may stand for each other.

A model says which names might be *alike* (its replicas, its users). They are alike when swapping any two of them in
the names of all fields gives the same model back: the same fields, steps and cases (in which of its ``starts`` a run
begins makes no difference to what follows). Then it makes no difference
to what can happen later which of them is which (Ip and Dill, Better verification through symmetry, 1996; Clarke,
Enders, Filkorn and Jha, Exploiting symmetry in temporal logic model checking, 1996). That they are is checked here,
step by step and case by case, and never taken from the model's word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from typing import TypeAlias

import numpy as np

from overbooked.checker.engine.rule_tables import is_wide, rows_of
from overbooked.spec.language import Model, Part, kinds

Renamed: TypeAlias = Callable[[str], str]


def classes(model: Model) -> list[list[tuple[str, ...]]]:
    """Return, for each group of names in ``model.alike``, the classes of two or more that may stand for each other.

    A group of which two stand together in the name of a field has none.

    >>> from overbooked.spec.language import Field, Model, part, step
    >>> a, b, c = (Field(f"light {name}", (False, True), name == "c") for name in "abc")
    >>> on = tuple(step("on", part(lambda it: {"it": True}, it=field)) for field in (a, b, c))
    >>> classes(Model("lights", (a, b, c), on, (), alike=(("a", "b", "c"),)))
    [[('a', 'b')]]

    Cost: a pass over the model's parts for each two names, until they are known to be alike or not.
    """
    return [_classes(model, names) for names in model.alike]


def swapped(one: str, other: str) -> Renamed:
    """Return what swaps two names wherever they stand in a field's name.

    >>> swapped("db1", "db2")("write u1.book db1")
    'write u1.book db2'
    """
    both = re.compile(rf"\b(?:{re.escape(one)}|{re.escape(other)})\b")
    return cache(lambda name: both.sub(lambda found: other if found.group() == one else one, name))


def _classes(model: Model, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    if _stand_together(model, names):
        return []
    groups: list[list[str]] = []
    for name in names:
        home = next((group for group in groups if is_symmetry(model, swapped(group[0], name))), None)
        if home:
            home.append(name)
        else:
            groups.append([name])
    return [tuple(group) for group in groups if len(group) > 1]


def _stand_together(model: Model, names: tuple[str, ...]) -> bool:
    """Return whether two of the names stand in the name of one field: what is about both cannot be sorted by either."""
    each = [re.compile(rf"\b{re.escape(name)}\b") for name in names]
    return any(sum(bool(name.search(field.name)) for name in each) > 1 for field in model.fields)


def is_symmetry(model: Model, renamed: Renamed) -> bool:
    """Return whether the model is the same once its fields are renamed."""
    fields = {field.name: field for field in model.fields}
    if any(fields.get(renamed(name), field)._replace(name=name) != field for name, field in fields.items()):
        return False
    if any(renamed(name) not in fields for name in fields):
        return False
    kinds: list[Iterable[tuple[object, tuple[Part, ...]]]] = [((bool(step.owed), step.parts) for step in model.steps)]
    for prop in model.properties:
        kinds += [((None, case.parts) for case in cases) for cases in (prop.broken, prop.witness)]
    return all(_same(list(kind), renamed) for kind in kinds)


def _same(things: list[tuple[object, tuple[Part, ...]]], renamed: Renamed) -> bool:
    """Return whether the same steps, or cases, come out: by how their parts are written, or else by what they do."""
    before = {_all(_written, thing, str): thing for thing in things}
    after = {_all(_written, thing, renamed): thing for thing in things}
    gone, come = ([side[key] for key in side if key not in other] for side, other in ((before, after), (after, before)))
    return Counter(_all(_done, thing, str) for thing in gone) == Counter(_all(_done, thing, renamed) for thing in come)


def _all(
    as_key: Callable[[Part, Renamed], Hashable], thing: tuple[object, tuple[Part, ...]], renamed: Renamed
) -> Hashable:
    return thing[0], frozenset(as_key(part, renamed) for part in thing[1])


def _written(part: Part, renamed: Renamed) -> Hashable:
    constants = part.constants, kinds(value for _, value in part.constants)
    return part.rule, constants, frozenset((role, renamed(field.name)) for role, field in part.fields)


def _done(part: Part, renamed: Renamed) -> Hashable:
    """Return what a part does, whatever the roles are called in which it is given its fields."""
    if is_wide(part):
        return _written(part, renamed)
    names = [renamed(field.name) for _, field in part.fields]
    order = sorted(range(len(names)), key=names.__getitem__)
    before, after, raised = rows_of(part)
    rows = np.column_stack([before[:, order], after[:, order], raised])
    return tuple(names[at] for at in order), np.unique(rows, axis=0).tobytes()
