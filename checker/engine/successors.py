"""What follows states: the steps possible in them, and the error of a step that leaves a field's domain."""

from __future__ import annotations

from collections.abc import Iterator

from overbooked.checker.engine.compiled import Compiled, CompiledProperty, CompiledStep, Marks, Rows, marks
from overbooked.checker.engine.layout import Words
from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.engine.state_sets import take
from overbooked.checker.engine.well_formed import not_in
from overbooked.spec.language import Model, Step, Value


def steps_from(of: Compiled, words: Words) -> Iterator[tuple[CompiledStep, Rows, Words]]:
    """Yield, step by step, the rows of ``words`` it is possible in and the states that follow."""
    tags = of.layout.tags(words)
    for lookup in of.steps:
        rows = lookup.rows(words, tags)
        if len(rows):
            yield lookup, rows, lookup.after(words, rows, tags)


def over(of: Compiled, words: Words) -> Marks:
    """Return in which of ``words`` nothing that is owed is possible."""
    tags = of.layout.tags(words)
    return ~marks((lookup for lookup in of.steps if lookup.owed), words, tags)


def cases_in(of: Compiled, judge: CompiledProperty, words: Words, are_over: Marks | None = None) -> Marks:
    """Return in which of ``words`` the property, one of states, is broken (in the end: only in those that are over)."""
    found = marks(judge.broken, words, of.layout.tags(words))
    if judge.when == "in the end":
        found &= over(of, words) if are_over is None else are_over
    return found


def refuse_escape(of: Compiled, words: Words) -> None:
    """Raise :class:`ModelError` for a step that is possible in one of ``words`` and leaves the domain of a field."""
    for lookup, rows, after in steps_from(of, words):
        for row in rows[after[0] < 0]:
            before = take(words, slice(row, row + 1))
            tag = int(before[0][0] >> of.layout.tag_shift)
            state = of.layout.unpack([int(word[0]) for word in before], of.models[tag].fields)
            raise ModelError(_escape(lookup.step(tag, of.models[tag]), state, of.models[tag]))


def _escape(step: Step, state: dict[str, Value], model: Model) -> str:
    try:
        changes = [item for each in step.parts for item in (each.on(state) or {}).items()]
    except Exception as error:  # noqa: BLE001 - whatever a rule may raise
        touched = {field.name: state[field.name] for part in step.parts for _, field in part.fields}
        return f"{step.label} has no answer for {touched}: {type(error).__name__}: {' '.join(str(error).split())}"
    fields = {field.name: field for field in model.fields}
    name, value = next((name, value) for name, value in changes if fields[name].code(value) is None)
    return f"{step.label} makes {name} {not_in(value, fields[name])}"
