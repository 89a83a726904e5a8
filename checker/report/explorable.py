"""Models as tables, for a program that knows no Python to explore; what several models share is kept once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import product
from typing import TypeAlias

from overbooked.checker.report.trees import Tell, TellStep, Tree, tree_of, tree_of_step
from overbooked.spec.language import Case, Field, Model, Part, Step, kinds, outcome

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


class Explorable:
    """Models as tables, all numbered.

    fields
        Name and domain of each field. Values are told by their places in the domain.
    tables
        What a part does: by the values of its fields, joined by commas, a list of pairs, the place of a field among
        the part's and its new value. Where there is none, the part is not possible.
    parts
        A table, and the fields it is used on.
    steps
        Label, whether it is owed, its parts, and the tree that tells it.
    trees
        A text; ``None``; or a field and a tree for each of its values.
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[Hashable, int]] = {}
        self.lists: dict[str, list[Json]] = {name: [] for name in ("fields", "tables", "parts", "steps", "trees")}
        self._told: dict[Hashable, int] = {}

    def model(self, model: Model, tell: TellStep, contents: Mapping[str, Tell], kind: Hashable) -> dict[str, Json]:
        """Return a model as JSON would have it.

        ``tell`` tells a step and ``contents`` what each holder holds, and both do so in the same way for all models of
        one ``kind``.
        """
        fields = {field.name: field for field in model.fields}
        return {
            "fields": [self._field(field) for field in model.fields],
            "initial": [field.codes[model.initial[field.name]] for field in model.fields],
            "steps": [self._step(fields, step, tell, kind) for step in model.steps],
            "holds": {name: self._tree(tree_of(fields, its), fields) for name, its in contents.items()},
            "properties": [
                {"name": prop.name, "when": prop.when, "broken": [self._case(case) for case in prop.broken]}
                for prop in model.properties
            ],
        }

    def _step(self, fields: Mapping[str, Field], step: Step, tell: TellStep, kind: Hashable) -> int:
        key = (step, kind)
        if key not in self._told:
            self._told[key] = self._tree(tree_of_step(fields, step, tell), fields)
        parts: list[Json] = [self._part(part) for part in step.parts]
        return self._number("steps", key, [step.label, bool(step.owed), parts, self._told[key]])

    def _case(self, case: Case) -> Json:
        return [self._part(part) for part in case.parts]

    def _part(self, part: Part) -> int:
        roles = tuple((role, field.kind) for role, field in part.fields)
        key = (part.rule, part.constants, kinds(value for _, value in part.constants), roles)
        if key not in self._kept.setdefault("tables", {}):
            self._number("tables", key, _table(part))
        fields: list[Json] = [self._field(field) for _, field in part.fields]
        table = self._kept["tables"][key]
        return self._number("parts", (table, tuple(fields)), [table, fields])

    def _field(self, field: Field) -> int:
        values: list[Json] = [value if isinstance(value, str | int | None) else str(value) for value in field.domain]
        return self._number("fields", field, [field.name, values])

    def _tree(self, tree: Tree, fields: Mapping[str, Field]) -> int:
        if tree is None or isinstance(tree, str):
            return self._number("trees", tree, tree)
        name, branches = tree
        its: list[Json] = [self._tree(branch, fields) for branch in branches]
        field = self._field(fields[name])
        return self._number("trees", (field, tuple(its)), [field, its])

    def _number(self, which: str, key: Hashable, value: Json) -> int:
        known = self._kept.setdefault(which, {})
        if key not in known:
            known[key] = len(self.lists[which])
            self.lists[which].append(value)
        return known[key]


def _table(part: Part) -> Json:
    roles = [role for role, _ in part.fields]
    domains = [field.domain for _, field in part.fields]
    rows: dict[str, Json] = {}
    for values in product(*domains):
        change = outcome(part.rule(**dict(zip(roles, values, strict=True)), **dict(part.constants)))
        if change is not None and all(value in domains[roles.index(role)] for role, value in change.items()):
            key = ",".join(str(domain.index(value)) for domain, value in zip(domains, values, strict=True))
            rows[key] = [
                [roles.index(role), domains[roles.index(role)].index(value)]
                for role, value in change.items()
                if value != values[roles.index(role)]
            ]
    return rows
