"""Models that contradict themselves are refused in one line, and odd ones are judged right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from overbooked.checker.engine.certificates import is_graded
from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.engine.verdicts import check
from overbooked.spec.language import Case, Change, Field, Model, Property, Step, Value, case, part, step

BIT = Field("bit", (0, 1), 0)
HUNDRED = tuple(range(100))


def rise(it: int) -> Change:
    """One more, without end."""
    return {"it": it + 1}


def flip(it: int) -> Change:
    """The other one."""
    return {"it": 1 - it}


def is_one(it: int) -> bool:
    """It is 1."""
    return it == 1


def answers_a_list(it: int) -> Change:
    """No answer that a rule may give."""
    return [it]  # type: ignore[return-value]


def differ(a: int, b: int) -> bool:
    """They differ."""
    return a != b


def never(*broken: Case, name: str = "p") -> Property:
    """Return the property that these cases are not reached."""
    return Property(name, "never", broken, (case(),))


def of(*steps: Step, fields: tuple[Field, ...] = (BIT,), properties: tuple[Property, ...] = (never(),)) -> Model:
    """Return a model with these steps."""
    return Model("odd", fields, steps, properties)


LADDER = Field("ladder", HUNDRED, 0)
OTHER = Field("other", HUNDRED, 0)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (of(step("up", part(rise, it=BIT))), "up makes bit 2, which is not in its domain (0, 1)"),
        (
            of(step("up", part(rise, it=LADDER), part(rise, it=OTHER)), fields=(LADDER, OTHER)),
            "up makes ladder 100, which is not in its domain",
        ),
        (
            of(step("s", part(lambda it: {"it": 1 // (1 - it)}, it=BIT))),
            "s has no answer for {'bit': 1}: ZeroDivisionError",
        ),
        (of(step("s", part(flip, it=BIT), part(flip, it=BIT))), "flip and flip both change bit in one step"),
        (of(step("s", part(differ, a=BIT, b=BIT))), "differ is given bit in two roles: one is enough"),
        (of(step("s", part(lambda it: {"that": it}, it=BIT))), "changes that, which it was not given: it has it"),
        (
            of(step("s", part(answers_a_list, it=BIT))),
            "a rule answers with what changes, True, False or None, and not",
        ),
        (of(step("s"), step("s")), "are both called"),
        (of(fields=(Field("d", (0, False, 1), 0),)), "d has a value twice in its domain"),
        (of(fields=(Field("d", (0, 1), 2),)), "d begins as 2, which is not in its domain (0, 1)"),
        (of(fields=(BIT, BIT)), "two fields are both called bit"),
        (of(properties=(never(), never())), "two properties are both called p"),
        (of(step("s", part(flip, it=Field("bit", (1, 0), 0)))), "is declared with (0, 1): use one and the same field"),
        (of(step("s", part(flip, it=Field("bat", (0, 1), 0)))), "bat, with the domain (0, 1), is none of the model's"),
        (
            of(properties=(never(case(part(lambda it: bool(1 // it), it=BIT))),)),
            "has no answer for some values, as a condition must",
        ),
        (
            of(step("s", part(lambda **_: True, **{f"x{at}": Field(f"x{at}", (0, 1), 0) for at in range(25)}))),
            "touches more than 2**24 combinations of values: split it into parts",
        ),
        (of(step("s", part(is_one, it=BIT, extra={}))), "unhashable type"),  # type: ignore[arg-type]
    ],
)
def test_a_model_that_contradicts_itself_is_refused(model: Model, says: str) -> None:
    """The error names what is wrong, and where."""
    with pytest.raises(ModelError) as refused:
        check(model)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_rule_need_not_answer_what_cannot_be_reached() -> None:
    """An input that no run reaches, or that another part excludes, may make a rule fail."""
    safe = part(lambda it: it == 0, it=BIT)
    result = check(of(step("s", safe, part(lambda it: {"it": 1 // (1 - it)}, it=BIT))))
    assert (result.states, result.transitions) == (2, 1)


def test_restating_a_value_changes_nothing() -> None:
    """A part that says again what a field was leaves the change to the part that makes one, in either order."""
    parts = (part(flip, it=BIT), part(lambda it: {"it": it}, it=BIT))
    for both in (parts, parts[::-1]):
        judged = check(of(step("s", *both), properties=(never(case(part(is_one, it=BIT))),))).judgements["p"]
        assert (judged.verdict, judged.length) == ("violated", 1)
        assert judged.run is not None


def test_true_and_one_are_kept_apart() -> None:
    """A rule that tells ``True`` from 1 is asked again for each, though Python calls them equal."""
    is_true: Callable[..., bool] = lambda it: it is True  # noqa: E731 - one rule, of two fields
    number, truth = Field("f", (0, 1), 1), Field("f", (False, True), initial=True)
    verdicts = [
        check(of(fields=(field,), properties=(never(case(part(is_true, it=field))),))).judgements["p"].verdict
        for field in (number, truth)
    ]
    assert verdicts == ["holds", "violated"]


def test_a_step_that_changes_nothing_is_no_progress() -> None:
    """A stutter is possible in every state: it counts, keeps the run from being over, and is no certificate's step."""
    model = of(
        step("stutter"), step("up", part(lambda it: {"it": it + 1} if it < 99 else None, it=LADDER)), fields=(LADDER,)
    )
    result = check(model)
    assert (result.states, result.transitions) == (100, 199)
    assert not is_graded([model])


def test_the_shorter_of_a_dead_end_and_a_round_is_told() -> None:
    """Where a run may end broken after five steps or go round broken after two, the round is the counterexample."""
    at = Field("at", ("start", "round", 1, 2, 3, 4, "end"), "start")

    def go(it: Value, was: Value, now: Value) -> Change | None:
        return {"it": now} if it == was else None

    ways: list[tuple[Value, Value]] = [
        ("start", "round"),
        ("round", "round"),
        ("start", 1),
        (1, 2),
        (2, 3),
        (3, 4),
        (4, "end"),
    ]
    steps = [step("go", part(go, it=at, was=was, now=now), was=was, to=now) for was, now in ways]
    broken = case(part(lambda it: it in {"round", "end"}, it=at))
    settled = Property("settled", "in the end", (broken,), (case(),))
    judged = check(of(*steps, fields=(at,), properties=(settled,))).judgements["settled"]
    assert judged.run is not None
    assert (judged.length, judged.run.cycle_from) == (2, 1)


def test_looking_for_a_certificate_takes_no_time_to_speak_of() -> None:
    """Where elimination would fill in, the search for a weighting is given up: no certificate, no harm."""
    sums = tuple(range(128))
    a, b = Field("a", sums, 0), Field("b", sums, 0)
    up = part(lambda a, b: {"a": (a * 7 + b) % 128, "b": (b + 1) % 128} if a + b < 200 else None, a=a, b=b)
    assert not is_graded([of(step("up", up), fields=(a, b))])
