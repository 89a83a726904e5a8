"""Models that contradict themselves are refused in one line, and odd ones are judged right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from typing import Any

import pytest

from overbooked.checker.engine.certificates import is_graded
from overbooked.checker.engine.other_runs import different_runs
from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.engine.search import Bounds, Exploration, explore
from overbooked.checker.engine.shortest_runs import RunError
from overbooked.checker.engine.verdicts import Search, batches, check
from overbooked.spec.domains import sequences, sets
from overbooked.spec.language import Case, Change, Field, Model, Owed, Property, Step, Value, case, part, step

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


def odd(it: object) -> Any:  # noqa: ANN401 - what no type allows
    """Return something where it does not belong."""
    return it


def two_lines(it: int) -> Change:
    """Fail with a message of two lines."""
    raise ValueError(f"one\ntwo{' ' * it}")


BITS = {f"x{at}": Field(f"x{at}", (0, 1), 0) for at in range(63)}
SEEN = Field("seen", (*sets("ab"), *sequences("ab", 1)), frozenset("a"))
TRUTH = Field("bit", (False, True), initial=False)
RAISES_AT_ONE = part(lambda it: {1: True}[it], it=BIT)
NOT_AS_MEANT: list[tuple[Model, str]] = [
    (Model("m", odd(BIT), (), ()), "the fields of m are a single Field: write (it,), with a comma"),
    (Model("m", odd(None), (), ()), "the fields of m are None: write a tuple"),
    (Model("m", (BIT,), odd(step("s")), ()), "the steps of m are a single Step: write (it,), with a comma"),
    (of(step("s", odd(flip))), "the parts of step s have <function flip"),
    (Model("m", (BIT,), (), odd(never())), "the properties of m are a single Property"),
    (of(properties=(Property("p", "never", odd(case()), (case(),)),)), "the broken cases of p are a single Case"),
    (of(properties=(Property("p", "never", (), odd(case())),)), "the witness cases of p are a single Case"),
    *(
        (of(properties=(Property("p", odd(when), (), ()),)), f"p is to hold {when!r}: write one of 'never', 'in the")
        for when in ("always", "Never", "nevr")
    ),
    (odd((BIT,)), "is no Model: write Model(name, fields, steps, properties)"),
    (of(step(odd(1), part(flip, it=BIT))), "a step is called 1: give it a text as its name"),
    (of(step("s", part(odd(7), it=BIT))), "step s has the rule 7: write a function of its fields"),
    (of(step("s", owed=odd(None))), "step s is owed None: write True, False or Owed(...)"),
    (of(step("s", owed=odd(1))), "step s is owed 1: write True, False or Owed(...)"),
    (of(step("s", owed=Owed(odd("g")))), "step s is owed Owed(strongly='g', group=None): strongly is True or False"),
    (
        of(step("s", owed=Owed(group="g")), step("t", owed=Owed(strongly=True, group="g"))),
        "group g is owed strongly by one of s and t, and not by the other",
    ),
    (of()._replace(starts=odd({"bit": 1})), "the starts of odd are a single mapping: write (it,), with a comma"),
    *(
        (wrong, says)
        for made, meant in ((set, "a frozenset"), (list, "a tuple"))
        for wrong, says in (
            (of(step("s", part(lambda it, made: {"it": made(it)}, it=SEEN, made=odd(made))), fields=(SEEN,)), meant),
            (of(fields=(SEEN._replace(initial=odd(made())),)), f"write {meant}"),
            (of(fields=(SEEN,))._replace(starts=({"seen": odd(made())},)), f"write {meant}"),
        )
    ),
    (of()._replace(starts=odd((1,))), "the starts of odd have 1 among them: write {'field': value}"),
    (of()._replace(starts=({"bat": 1},)), "a start of odd gives 'bat' a value, which is none of its fields"),
    (of()._replace(starts=({"bit": 2},)), "a start of odd has bit 2, which is not in its domain (0, 1)"),
    (of(properties=(Property("p", "leads to", (), ()),)), "p has no witness, so nothing leads to anything"),
    (of()._replace(alike=odd(None)), "what is alike in odd are None: write a tuple"),
    (of(step("s", part(two_lines, it=BIT))), "s has no answer for {'bit': 0}: ValueError: one two"),
    (of(step("s", it=odd([1]))), "step s is about (('it', [1]),), which may change: write a tuple or a word"),
    (of(fields=(Field("d", odd([0, 1]), 0),)), "d has [0, 1] as its domain: write a tuple of its values"),
    (of(fields=(Field("d", (), 0),)), "d has () as its domain"),
    (of(fields=(Field("d", odd(([],)), 0),)), "d has in its domain [], which may change"),
    # What Python calls equal is not the same: a field of truths is no field of numbers, in whatever company.
    (of(step("s", part(flip, it=BIT), part(is_one, it=TRUTH))), "use one and the same field"),
    (of(step("s", part(is_one, it=TRUTH), part(flip, it=BIT))), "use one and the same field"),
    # Two steps of one name are refused, whatever they touch.
    (of(step("s", part(flip, it=BIT)), step("s", part(flip, it=OTHER)), fields=(BIT, OTHER)), "are both called s"),
    # A rule that raises is an error where all other parts are possible, in whatever order they stand.
    *(
        (of(step("s", *parts)), "s has no answer for {'bit': 0}: KeyError")
        for parts in permutations([RAISES_AT_ONE, part(flip, it=BIT)])
    ),
    (of(step("s", part(lambda c: c["x"], c=3))), "s has no answer for {}: TypeError"),
    (of(properties=(never(case(part(lambda c: c["x"], c=3))),)), "case 1 of p has no answer for some values"),
    # Nor does one that leaves the domain hide that another changes the same field.
    *(
        (of(step("s", *parts)), "both change bit in one step")
        for parts in permutations([part(lambda it: {"it": it + 5}, it=BIT), part(flip, it=BIT)])
    ),
    (of(step("s", part(lambda it: {"it": odd([it])}, it=BIT))), "s makes bit [0], which is not in its domain (0, 1)"),
]


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
            "s: answers_a_list, asked for {'it': 0}: a rule answers with [0], which is neither what changes",
        ),
        (of(step("s", part(lambda it: it + 1, it=BIT))), "a rule answers with 1, which is neither what changes"),
        (of(step("s"), step("s")), "are both called"),
        (of(fields=(Field("d", (0, False, 1), 0),)), "d has a value twice in its domain"),
        (of(fields=(Field("d", (0, 1), 2),)), "d begins as 2, which is not in its domain (0, 1)"),
        (of(fields=(BIT, BIT)), "two fields are both called bit"),
        (of(properties=(never(), never())), "two properties are both called p"),
        (of(step("s", part(flip, it=Field("bit", (1, 0), 0)))), "is declared with (0, 1): use one and the same field"),
        (of(step("s", part(flip, it=Field("bat", (0, 1), 0)))), "bat, with the domain (0, 1), is none of the model's"),
        (
            of(properties=(never(case(part(lambda it: bool(1 // it), it=BIT))),)),
            "case 1 of p has no answer for some values that it is asked for, as a condition must",
        ),
        (
            of(step("s", part(lambda **_: True, **BITS)), fields=tuple(BITS.values())),
            "touches more than 62 bits: split it into parts",
        ),
        (
            of(step("s", part(is_one, it=BIT, extra=odd({})))),
            "step s, is_one, is given as extra {}, which may change",
        ),
        *NOT_AS_MEANT,
    ],
)
def test_a_model_that_contradicts_itself_is_refused(model: Model, says: str) -> None:
    """The error names what is wrong, and where."""
    for reduce in (False, True):
        with pytest.raises(ModelError) as refused:
            check(model, reduce=reduce)
        assert says in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_start_given_twice_is_one() -> None:
    """What Python calls equal is one state to begin in, also where there are no fields; and the model's own values."""
    twice = of()._replace(starts=({"bit": 1}, {"bit": odd(True)}))
    assert twice.initial_states == [twice.initial] == [{"bit": 1}]
    assert type(twice.initial["bit"]) is int
    nothing = Model("m", (), (), (Property("p", "never", (case(),), ()),), starts=({}, {}))
    assert {check(nothing, reduce=reduce).judgements["p"].length for reduce in (False, True)} == {0}
    with pytest.raises(ValueError, match="m begins in 2 states, and not in one"):
        _ = Model("m", (BIT,), (), (), starts=({"bit": 0}, {"bit": 1})).initial


def test_a_domain_has_so_many_values_at_most() -> None:
    """How many values there may be at most is a whole number."""
    for most in (-1, odd(1.5)):
        with pytest.raises(ValueError, match="write a whole number from 0 on"):
            sets("ab", most)
        with pytest.raises(ValueError, match="write a whole number from 0 on"):
            sequences("ab", most)


def test_other_runs_are_of_what_a_state_breaks() -> None:
    """Of a property that no state breaks by itself there are no shortest runs to tell, and it says so."""
    found = Exploration([of(properties=(Property("p", "at some point", (case(),), ()),))])
    for _ in explore(found, Bounds()):
        pass
    with pytest.raises(RunError, match="p is not broken by any state"):
        list(different_runs(found, "p", 1))


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


def test_tuples_are_told_apart_by_what_is_in_them() -> None:
    """A constant (1,) is not (True,), and a domain of one is not one of the other: no table is shared."""
    is_truth: Callable[..., bool] = lambda it, c: c[0] is True and it[0] is True  # noqa: E731 - one rule, asked four ways
    verdicts = []
    for value, constant in product([(1,), (True,)], repeat=2):
        it = Field("it", (value,), value)
        broken = case(part(is_truth, it=it, c=constant))
        verdicts.append(check(of(fields=(it,), properties=(never(broken),))).judgements["p"].verdict)
    assert verdicts == ["holds", "holds", "holds", "violated"]


def test_models_whose_fields_differ_in_type_alone_are_explored_apart() -> None:
    """A field of truths and one of numbers with the same name are no reason to fail: each model has its own search."""
    numbers, truths = (of(fields=(field,)) for field in (BIT, TRUTH))
    assert [len(batch) for batch in batches([numbers, truths, numbers])] == [2, 1]


@pytest.mark.parametrize(
    "rule", [lambda it: {"it": (it + 2) / 2} if it < 1 else None, lambda it: {"it": it < 1} if it < 1 else None]
)
def test_an_answer_becomes_the_value_of_the_domain(rule: Callable[..., Change | None]) -> None:
    """An answer 1.0 or True is the 1 of the domain at once, for the next step as for who reads the run."""
    it = Field("it", (0, 1, 2, 3, 4), 0)
    is_whole = part(lambda it: it.bit_length() > 0 and type(it) is int, it=it)
    model = of(step("s", part(rule, it=it)), fields=(it,), properties=(never(case(is_whole)),))
    judged = check(model).judgements["p"]
    assert judged.run is not None
    assert [type(state["it"]) for state in judged.run.states] == [int, int]
    assert [type(value) for value in (judged.run.steps[0].on({"it": 0}) or {}).values()] == [int]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_part_that_raises_where_another_is_impossible_does_no_harm(order: tuple[int, ...]) -> None:
    """Its step is not possible there, for the search, for the step itself and for who tells the run."""
    parts = [
        part(lambda n: n < 2, n=LADDER),
        part(lambda n: {"n": n + 1}, n=LADDER),
        part(lambda n: 1 // (2 - n) >= 0, n=LADDER),
    ]
    up = step("up", *(parts[at] for at in order))
    judged = check(of(up, fields=(LADDER,), properties=(never(case(part(lambda n: n == 2, n=LADDER))),)))
    assert (judged.states, judged.judgements["p"].length) == (3, 2)
    assert up.on({"ladder": 2}) is None
    with pytest.raises(ZeroDivisionError):
        step("up", parts[2]).on({"ladder": 2})


def test_what_never_happens_is_vacuous() -> None:
    """A property that holds, and whose witness was not reached, is vacuous; with no witness to ask for, it holds."""
    reached, unreached = case(part(lambda it: it == 0, it=BIT)), case(part(is_one, it=BIT))
    properties = tuple(
        Property(name, "never", broken, witness)
        for name, broken, witness in (
            ("vacuous", (unreached,), (unreached,)),
            ("holds", (unreached,), (reached,)),
            ("not asked", (unreached,), ()),
            ("violated", (reached,), (unreached,)),
        )
    )
    judged = check(of(properties=properties)).judgements
    assert [it.verdict for it in judged.values()] == ["vacuous", "holds", "holds", "violated"]


def test_what_a_bound_left_open_is_not_vacuous() -> None:
    """A witness that was not reached before a bound may yet be reached: that is unknown."""
    up = step("up", part(lambda it: {"it": it + 1} if it < 99 else None, it=LADDER))
    judged = Property("p", "never", (), (case(part(lambda it: it == 50, it=LADDER)),))
    verdicts = [
        check(of(up, fields=(LADDER,), properties=(judged,)), Bounds(most)).judgements["p"].verdict
        for most in (20, 200)
    ]
    assert verdicts == ["unknown", "holds"]


@pytest.mark.parametrize("bounds", [Bounds(-5), Bounds(0), Bounds(max_memory=-1)])
def test_a_bound_below_one_is_refused(bounds: Bounds) -> None:
    """No search ends before it begins."""
    with pytest.raises(ValueError, match=r"max_(states|memory) is (-5|0|-1): a bound is a whole number from 1 on"):
        check(of(), bounds)


THREES = {f"t{at}": Field(f"t{at}", (0, 1, 2), 0) for at in range(13)}


def test_a_part_may_touch_more_than_a_table_holds() -> None:
    """Thirteen fields of three values are 26 bits: the rule is run for the inputs that occur, and no others."""
    asked: set[tuple[int, ...]] = set()

    def odometer(**at: int) -> Change | None:
        asked.add(tuple(at.values()))
        low = next((name for name, value in at.items() if value < 2), None)
        return {low: at[low] + 1} if low and sum(at.values()) < 20 else None

    broken = case(part(lambda **at: sum(at.values()) == 20, **THREES))
    model = of(step("up", part(odometer, **THREES)), fields=tuple(THREES.values()), properties=(never(broken),))
    result = check(model)
    assert (result.states, result.judgements["p"].length, len(asked)) == (21, 20, 21)


@pytest.mark.parametrize("values", [5_000, 1_100_000])
def test_two_wide_parts_that_change_one_field_are_refused(values: int) -> None:
    """What a part that is run only for what occurs is seen to change counts as what it changes, however wide it is."""
    wide = Field("wide", tuple(range(values)), 0)
    up = part(lambda it: {"it": it + 1} if it < 3 else None, it=wide)
    down = part(lambda it: {"it": it - 1} if it else True, it=wide)
    assert check(of(step("up", up), step("down", down), fields=(wide,))).states == 4
    with pytest.raises(ModelError, match="both change wide in one step"):
        check(of(step("both", up, down), step("up", up), fields=(wide,)))


def test_a_wide_part_that_fails_is_an_error_where_the_search_comes_there() -> None:
    """A part that is run only for what occurs escapes and raises as any other does."""
    wide = Field("wide", tuple(range(5_000)), 0)
    for rule, says in ((lambda it: {"it": it - 1}, "makes wide -1"), (lambda it: {"it": 1 // it}, "ZeroDivisionError")):
        with pytest.raises(ModelError, match=says):
            check(of(step("s", part(rule, it=wide)), fields=(wide,)))


def test_steps_that_differ_in_a_constant_alone_are_two() -> None:
    """With 1 the step does something, with ``True`` something else: no certificate takes one for the other."""

    def go(it: int, c: int) -> Change | None:
        if c is True:
            return {"it": 0} if it == 1 else None
        return {"it": 1} if it == 0 else None

    for_ever = Property("p", "in the end", (case(),), ())
    steps = (step("up", part(go, it=BIT, c=1)), step("down", part(go, it=BIT, c=True)))
    judged = check(of(*steps, properties=(for_ever,))).judgements["p"]
    assert (judged.verdict, judged.length) == ("violated", 2)


@pytest.mark.parametrize("values", [3, 100, 5_000])
@pytest.mark.parametrize("at", [1, 2, 60])
def test_a_condition_without_an_answer_is_an_error_where_it_is_asked(values: int, at: int) -> None:
    """In tables or asked for what occurs, on narrow levels or not, broken or witness: it is never taken as true."""
    it = Field("it", tuple(range(values)), 0)
    up = step("up", part(lambda it, most: {"it": it + 1} if it + 1 < most else None, it=it, most=values))
    fails = case(part(lambda it, at: it < 0 if it != at else [][it], it=it, at=at))
    for broken, witness in (((fails,), ()), ((), (fails,))):
        model = of(up, fields=(it,), properties=(Property("p", "never", broken, witness),))
        if at < values:
            with pytest.raises(ModelError, match=r"case 1 of (the witness of )?p has no answer"):
                check(model)
        else:
            check(model)


def test_a_condition_need_not_answer_what_another_excludes() -> None:
    """A guard in the same case is one for it, too."""
    it = Field("it", (None, 1, 2), None)
    grow = step("grow", part(lambda it: {"it": 1} if it is None else {"it": 2}, it=it))
    large = case(part(lambda it: it > 1, it=it), part(lambda it: it is not None, it=it))
    assert check(of(grow, fields=(it,), properties=(never(large),))).judgements["p"].length == 2


def test_models_that_share_a_wide_rule_are_refused_one_by_one() -> None:
    """That two parts change one field is noticed in whichever of several models they are."""
    a, b = Field("a", HUNDRED, 0), Field("b", HUNDRED, 0)
    wide = part(lambda a, b: {"a": a + 1} if a < 5 and b == 0 else None, a=a, b=b)
    first, second = (part(rule, a=a) for rule in (lambda a: a >= 0, lambda a: {"a": a + 2} if a < 5 else None))
    models = [of(step("s", wide, more), fields=(a, b)) for more in (first, second)]
    search = Search(models, Bounds(), reduce=False)
    with pytest.raises(ModelError, match="both change a in one step"):
        list(search.run())


def test_a_round_found_at_a_bound_is_not_said_to_be_the_shortest() -> None:
    """A shorter one may go through what was not explored."""
    at = Field("at", ("start", "short", *range(12)), "start")

    def go(it: Value, was: Value, now: Value) -> Change | None:
        return {"it": now} if it == was else None

    ways: list[tuple[Value, Value]] = [("start", n) for n in range(12)]
    ways += [*((n, (n + 1) % 12) for n in range(12)), (0, "short"), ("short", 0)]
    steps = [step("go", part(go, it=at, was=was, now=now), was=was, to=now) for was, now in ways]
    broken = case(part(lambda it: it != "start", it=at))
    model = of(*steps, fields=(at,), properties=(Property("p", "in the end", (broken,), ()),))
    found = [check(model, bounds).judgements["p"] for bounds in (Bounds(), Bounds(13))]
    assert [(each.length, each.shortest) for each in found] == [(3, True), (13, False)]


def test_a_model_without_fields_has_a_state() -> None:
    """It is one state, in which each step is possible once."""
    result = check(of(step("s"), step("t"), fields=()))
    assert (result.states, result.transitions) == (1, 2)


def test_an_initial_value_becomes_the_domains_own() -> None:
    """``True`` as the initial value of numbers is their 1, explored and told, reduced or not."""
    it = Field("it", (0, 1), initial=True)
    fall = step("s", part(lambda it: {"it": 0} if it == 1 and it is not True else None, it=it))
    for reduce in (False, True):
        fallen = never(case(part(lambda it: it == 0, it=it)))
        assert check(of(fall, fields=(it,), properties=(fallen,)), reduce=reduce).judgements["p"].length == 1


def test_other_runs_ask_a_rule_no_more_than_the_search() -> None:
    """A rule without an answer for what another part excludes is no reason to fail where other runs are looked for."""
    x, y = Field("x", (0, 1, 2), 0), Field("y", (0, 1), 0)
    climb = step("climb", part(lambda x: {"x": {0: 1, 1: 2}[x]}, x=x), part(lambda x: x < 2, x=x))
    other = step("other", part(lambda y: {"y": 1} if y == 0 else None, y=y))
    both = never(case(part(lambda x, y: x == 2 and y == 1, x=x, y=y)))
    found = Exploration([of(climb, other, fields=(x, y), properties=(both,))])
    list(explore(found, Bounds()))
    assert len(list(different_runs(found, "p", 5))) == 1


def test_a_table_is_made_of_so_many_bits_at_most() -> None:
    """Fields of one value take a bit each: a part that touches many of them has few inputs, and no huge table."""
    fields = {f"f{at}": Field(f"f{at}", (0,), 0) for at in range(45)}
    assert check(of(step("s", part(lambda **_: True, **fields)), fields=tuple(fields.values()))).transitions == 1


@pytest.mark.parametrize("bounds", [1000, Bounds(odd("5"))])
def test_bounds_are_what_they_should_be(bounds: Any) -> None:  # noqa: ANN401 - what no type allows
    """What is no bound is refused in a line."""
    with pytest.raises((TypeError, ValueError), match=r"write Bounds\(max_states=1000\)|max_states is '5': a bound is"):
        check(of(), bounds)
