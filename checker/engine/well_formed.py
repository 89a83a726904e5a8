"""What a model must be like before it is looked into; an error says in a line what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import NoneType
from typing import Any, TypeVar, cast, get_args

from overbooked.checker.engine.rule_tables import ModelError, name_of
from overbooked.spec.language import Case, Field, Model, Owed, Part, Property, Step, Value, When

_T = TypeVar("_T")
_MAKES: dict[type, str] = {
    Part: "part(rule, role=field)",
    Step: "step(name, part(...))",
    Case: "case(part(...))",
    Mapping: "{'field': value}",
}
_MAPPING = cast("type[Mapping[str, Value]]", Mapping)
_MEANT: dict[type, str] = {set: "frozenset", list: "tuple"}
"""What was probably meant by values that may change."""
_MOST = 60
"""More letters of something that is wrong are not shown."""


def refuse_malformed(model: Model) -> None:
    """Raise :class:`ModelError` where something is not what it should be: the tuple, say, that a comma would have made.

    Each field has a domain of distinct values, the initial one among them, and everything has a name of its own.

    >>> x = Field("x", (0, 1), 0)
    >>> refuse_malformed(Model("m", (x), (), ()))
    Traceback (most recent call last):
    ...
    overbooked.checker.engine.rule_tables.ModelError: the fields of m are a single Field: write (it,), with a comma
    """
    if not isinstance(model, Model):
        raise ModelError(f"{_short(model)} is no Model: write Model(name, fields, steps, properties)")
    fields = list(_all(model.fields, Field, f"the fields of {model.name}"))
    steps = list(_all(model.steps, Step, f"the steps of {model.name}"))
    properties = list(_all(model.properties, Property, f"the properties of {model.name}"))
    list(_all(model.alike, tuple, f"what is alike in {model.name}"))
    called: dict[str, list[Any]] = {
        "field": [field.name for field in fields],
        "step": [step.name for step in steps],
        "property": [prop.name for prop in properties],
    }
    for kind, names in called.items():
        if odd := [name for name in names if not isinstance(name, str)]:
            raise ModelError(f"a {kind} is called {odd[0]!r}: give it a text as its name")
    for field in fields:
        _refuse_field(field)
    known = {field.name: field for field in fields}
    for step in steps:
        _refuse_unhashable(step.about, f"step {step.name} is about")
        _refuse_parts(step.parts, f"step {step.label}", known)
    _refuse_owed(steps)
    for prop in properties:
        _refuse_property(prop, known)
    for start in _all(model.starts, _MAPPING, f"the starts of {model.name}"):
        _refuse_start(start, model.name, known)
    for what, names in (
        ("fields", [field.name for field in fields]),
        ("steps", [step.label for step in steps]),
        ("properties", [prop.name for prop in properties]),
    ):
        if twice := [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []:
            raise ModelError(f"two {what} are both called {twice[0]}: give each a name of its own")


def _all(these: object, kind: type[_T], where: str) -> Iterator[_T]:
    makes, name = _MAKES.get(kind, f"{kind.__name__}(...)"), "mapping" if kind is Mapping else kind.__name__
    if isinstance(these, kind) and kind is not tuple:
        raise ModelError(f"{where} are a single {name}: write (it,), with a comma")
    if not isinstance(these, (tuple, list)):
        raise ModelError(f"{where} are {_short(these)}: write a tuple of what {makes} returns")
    for it in these:
        if not isinstance(it, kind):
            raise ModelError(f"{where} have {_short(it)} among them: write {makes}")
        yield it


_FIT: set[Field] = set()
"""Fields that were looked at before."""


def _refuse_field(field: Field) -> None:
    with suppress(TypeError):  # where something in the domain cannot be compared, it was not found fit
        if field in _FIT:
            return
    name = field.name
    domain: object = field.domain
    if not isinstance(domain, tuple) or not domain:
        raise ModelError(f"{name} has {_short(domain)} as its domain: write a tuple of its values, as in (0, 1)")
    for value in domain:
        _refuse_unhashable(value, f"{name} has in its domain")
    if len(field.codes) < len(domain):
        raise ModelError(f"{name} has a value twice in its domain {_short(domain)} (True is 1, and False is 0)")
    if field.code(field.initial) is None:
        raise ModelError(f"{name} begins as {not_in(field.initial, field)}")
    _FIT.add(field)


def _refuse_parts(parts: object, where: str, known: Mapping[str, Field]) -> None:
    for part in _all(parts, Part, f"the parts of {where}"):
        if not callable(part.rule):
            raise ModelError(f"{where} has the rule {_short(part.rule)}: write a function of its fields")
        _refuse_unhashable(part.rule, f"{where} has the rule")
        for role, value in part.constants:
            _refuse_unhashable(value, f"{where}, {name_of(part.rule)}, is given as {role}")
        for _, field in part.fields:
            _refuse_field(field)
            declared = known.get(field.name)
            if declared is None or declared.kind != field.kind:
                missing = "is none of the model's fields" if declared is None else f"is declared with {declared.domain}"
                its = f"{where}, {name_of(part.rule)}: {field.name}, with the domain {field.domain}"
                raise ModelError(f"{its}, {missing}: use one and the same field")


def _refuse_owed(steps: Iterable[Step]) -> None:
    groups: dict[str, Step] = {}
    for step in steps:
        owed = step.owed
        if not isinstance(owed, (bool, Owed)):
            raise ModelError(f"step {step.label} is owed {owed!r}: write True, False or Owed(...)")
        if isinstance(owed, bool):
            continue
        strongly, group = cast("tuple[object, object]", owed)
        if not isinstance(strongly, bool) or not isinstance(group, (str, NoneType)):
            raise ModelError(f"step {step.label} is owed {owed!r}: strongly is True or False, and a group has a text")
        first = groups.setdefault(owed.group, step) if owed.group is not None else step
        if first.owed != owed:
            both = f"{first.label} and {step.label}"
            raise ModelError(f"group {owed.group} is owed strongly by one of {both}, and not by the other")


def _refuse_start(start: Mapping[Any, Any], name: str, known: Mapping[str, Field]) -> None:
    for field, value in start.items():
        if field not in known:
            raise ModelError(f"a start of {name} gives {field!r} a value, which is none of its fields")
        if known[field].code(value) is None:
            raise ModelError(f"a start of {name} has {field} {not_in(value, known[field])}")


def _refuse_property(prop: Property, known: Mapping[str, Field]) -> None:
    if prop.when not in get_args(When):
        raise ModelError(f"{prop.name} is to hold {prop.when!r}: write one of {', '.join(map(repr, get_args(When)))}")
    for kind, cases in (("broken", prop.broken), ("witness", prop.witness)):
        for case in _all(cases, Case, f"the {kind} cases of {prop.name}"):
            _refuse_parts(case.parts, f"a {kind} case of {prop.name}", known)
    if prop.when == "leads to" and not prop.witness:
        raise ModelError(f"{prop.name} has no witness, so nothing leads to anything: give it the cases that do")


def _refuse_unhashable(value: object, where: str) -> None:
    try:
        hash(value)
    except TypeError:
        raise ModelError(f"{where} {_short(value)}, which may change: write a tuple or a word") from None


def not_in(value: object, field: Field) -> str:
    """Return the end of a sentence that says that a value is not in a field's domain, and what may have been meant."""
    meant = next((f": write a {other}" for kind, other in _MEANT.items() if type(value) is kind), "")
    return f"{_short(value)}, which is not in its domain {_short(field.domain)}{meant}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."
