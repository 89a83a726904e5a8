"""How one proves: rules on unknown numbers, states that are counted, induction, runs in terms of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import pytest
import z3

from families import with_flags
from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.engine.verdicts import check as search
from overbooked.checker.proving.accelerated_run import LongRun, Stretch
from overbooked.checker.proving.induction import Induction, Invariant, View
from overbooked.checker.proving.parameterized import SIZES, SMALL, family
from overbooked.checker.proving.solver import Claim, ask
from overbooked.checker.proving.symbolic_rules import Branch, branches
from overbooked.checker.proving.theorem import Statement, Topic, ask_all, judge, proof_of
from overbooked.checker.proving.transition_relation import followed, induction, shortest_run
from overbooked.checker.proving.venn import sets
from overbooked.checker.theorems.any_size import AnySize, N, replica_of
from overbooked.spec.combinations import misfit
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Change, Field, Model, Part, Property, Value, case, outcome, part, step
from overbooked.spec.read_strategies import read_strategies
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.write_strategies import write_strategies


def parts_of_the_spec() -> Iterator[Part]:
    """Yield every part there is over three replicas, each shape once: its rule, its domains and its constants."""
    seen = set()
    quorum = read_strategies(3)["quorum"]
    for write, guarantee, fault in product(write_strategies(3).values(), GUARANTEES.values(), FAULTS.values()):
        if misfit(write, quorum, fault):
            continue
        made = model(Setting(write, quorum, 3, fault, guarantee.users), guarantee)
        steps = (part for step in made.steps for part in step.parts)
        cases = (
            part for judged in made.properties for case in (*judged.broken, *judged.witness) for part in case.parts
        )
        for each in (*steps, *cases):
            key = (each.rule, tuple(field.domain for _, field in each.fields), each.constants)
            if key not in seen:
                seen.add(key)
                yield each


def test_a_rule_on_unknown_numbers_says_what_it_says_on_numbers() -> None:
    """For every rule of the spec and all values, the one branch whose condition is true changes what the rule does."""
    parts = list(parts_of_the_spec())
    assert len(parts) > 60
    for each in parts:
        counts = {
            role: z3.Int(role) for role, field in each.fields if all(type(value) is int for value in field.domain)
        }
        domains = {role: field.domain for role, field in each.fields}
        finite = {role: domain for role, domain in domains.items() if role not in counts}
        for values in product(*finite.values()):
            known = dict(zip(finite, values, strict=True))
            found = branches(each.rule, {**known, **counts, **dict(each.constants)})
            for numbers in product(*(domains[role] for role in counts)):
                given = dict(zip(counts, numbers, strict=True))
                assert said_of(found, counts, given) == said_by(each, {**known, **given})


def said_by(asked: Part, values: Mapping[str, Value]) -> list[dict[str, object]]:
    """Return what a rule changes, if it is possible."""
    change = outcome(asked.rule(**values, **dict(asked.constants)))
    return [] if change is None else [dict(change)]


def said_of(found: list[Branch], counts: dict[str, z3.ArithRef], given: Mapping[str, Value]) -> list[dict[str, object]]:
    """Return what those branches change whose condition is true for these numbers."""
    values = [(counts[role], z3.IntVal(value)) for role, value in given.items()]
    return [
        {role: plain(it, values) for role, it in change.items()}
        for condition, change in found
        if z3.is_true(z3.simplify(z3.substitute(condition, *values)))
    ]


def plain(value: object, values: list[tuple[z3.ArithRef, z3.ArithRef]]) -> object:
    """Return a value, or the number that a term is for these values."""
    return z3.simplify(z3.substitute(value, *values)).as_long() if z3.is_expr(value) else value


def test_a_rule_may_answer_with_an_unknown_number_and_compare_in_any_way() -> None:
    """A number is true unless it is 0, comparisons may be chained, and what is left out is not possible."""
    n = z3.Int("n")

    def in_between(n: int) -> Change | None:
        return {"n": 1 + n - 2} if 2 < n <= 4 and n != 3 else None

    for rule, possible in ((lambda n: n, {-1, 1, 2, 3, 4, 5}), (in_between, {4})):
        found = branches(rule, {"n": n})
        true = {k for k in range(-1, 6) if said_of(found, {"n": n}, {"n": k})}
        assert true == possible
    assert said_of(branches(in_between, {"n": n}), {"n": n}, {"n": 4}) == [{"n": 3}]


def test_a_rule_that_compares_without_end_is_refused() -> None:
    """A rule that goes on comparing an unknown number is said to, and does not hang."""

    def endless(n: int) -> bool:
        while n > 0:
            n = n + 1
        return True

    with pytest.raises(RecursionError, match="without end"):
        branches(endless, {"n": z3.Int("n")})


# Induction.


def tokens(limit: int) -> Callable[[int], Model]:
    """Return models in which members take turns to hold a token, and may never hold more than ``limit`` of them."""

    def make(n: int) -> Model:
        held = [Field(f"held db{i}", (False, True), initial=False) for i in range(1, n + 1)]
        many = Field("many", tuple(range(n + 1)), 0)
        takes = [step("take", part(take, held=field, many=many, limit=limit)) for field in held]
        drops = [step("drop", part(drop, held=field, many=many)) for field in held]
        two = [case(part(hold_both, one=one, other=other)) for at, one in enumerate(held) for other in held[:at]]
        return Model("tokens", (*held, many), (*takes, *drops), (Property("one at most", "never", tuple(two), ()),))

    return make


def hold_both(one: bool, other: bool) -> bool:
    """Both hold a token."""
    return one and other


def take(held: bool, many: int, limit: int) -> Change | None:
    """A member takes a token."""
    return {"held": True, "many": many + 1} if not held and many < limit else None


def drop(held: bool, many: int) -> Change | None:
    """A member puts its token back."""
    return {"held": False, "many": many - 1} if held else None


def verdicts(limit: int, invariant: Callable[[View], z3.BoolRef]) -> dict[str, str]:
    """Return what z3 says of each claim of an induction over the tokens, for every number of members."""
    of = family(tokens(limit), replica_of)
    proof = Induction(of, N, (N >= 1,), lambda view: {"it": invariant(view)}, "one at most")
    return {claim.what: ask(claim, 10).verdict for claim in proof.claims()}


def test_an_invariant_proves_a_property_for_every_number_of_members() -> None:
    """That the holders are counted is true at the start, kept, and excludes two where one is allowed."""
    found = verdicts(
        1, lambda view: z3.And(view.number("many") == view.count({"held": (True,)}), view.number("many") <= 1)
    )
    assert set(found.values()) == {"proved"}
    assert list(found) == [
        "the invariant excludes that one at most is violated",
        "it holds at the start",
        "take keeps it",
        "drop keeps it",
    ]


@pytest.mark.parametrize(
    ("limit", "invariant", "fails"),
    [
        (1, lambda view: view.count() >= 1, "the invariant excludes that one at most is violated"),
        (1, lambda view: z3.And(view.count({"held": (True,)}) == 1, view.number("many") == 1), "it holds at the start"),
        (1, lambda view: view.count({"held": (True,)}) <= 1, "take keeps it"),
        (
            2,
            lambda view: z3.And(view.number("many") == view.count({"held": (True,)}), view.number("many") <= 1),
            "take keeps it",
        ),
    ],
)
def test_what_is_no_invariant_proves_nothing(limit: int, invariant: Callable[[View], z3.BoolRef], fails: str) -> None:
    """Too weak, false at the start, not kept by itself, or not kept as the model allows two: each is noticed."""
    assert verdicts(limit, invariant)[fails] == "refuted"


def spend(left: int) -> Change | None:
    """There is one credit fewer."""
    return {"left": left - 1} if left else None


@pytest.mark.parametrize(
    ("first", "refuted"),
    [
        (lambda _: (), "drop brings the end nearer"),
        (lambda view: (view.number("left"),), None),
        (lambda view: (view.number("many"), view.number("left")), "take brings the end nearer"),
        (lambda view: (view.number("left"), -view.number("many")), "take brings the end nearer"),
    ],
)
def test_what_may_happen_so_often_brings_an_end_nearer(
    first: Callable[[View], tuple[z3.ArithRef, ...]], refuted: str | None
) -> None:
    """Tokens that are put back for a credit each are put back so often; what goes first falls, and is not negative."""

    def make(n: int) -> Model:
        of = tokens(9)(n)
        left = Field("left", tuple(range(n + 1)), n)
        steps = [it._replace(parts=(*it.parts, part(spend, left=left))) if it.name == "drop" else it for it in of.steps]
        return of._replace(fields=(*of.fields, left), steps=tuple(steps))

    def counted(view: View) -> dict[str, z3.BoolRef]:
        return {"": view.number("many") == view.count({"held": (True,)})}

    proof = Induction(family(make, replica_of), N, (N >= 1,), counted, "one at most", ends=True, first=first)
    found = {claim.what for claim in proof.claims() if ask(claim, 10).verdict == "refuted"}
    nearer = {what for what in found if what.endswith("nearer")}
    assert nearer == ({refuted} if refuted else set())


def test_that_runs_end_is_proved_and_not_assumed() -> None:
    """Where members may put tokens back, runs go on for ever, so that nothing follows from how they end."""
    of = family(tokens(9), replica_of)
    proof = Induction(of, N, (N >= 1,), lambda _: {}, "one at most", ends=True)
    found = {claim.what: ask(claim, 10).verdict for claim in proof.claims()}
    assert found["take brings the end nearer"] == "proved"
    assert found["drop brings the end nearer"] == "refuted"


def test_where_members_come_in_an_order_only_what_never_happens_is_proved() -> None:
    """A serial write's family has more runs than the models, so it shows neither how runs end nor that one exists."""
    serial, parallel = (AnySize("durability", serial=serial).family() for serial in (True, False))
    assert (serial.exact, parallel.exact) == (False, True)
    with pytest.raises(ValueError, match="how runs end is not known"):
        next(Induction(serial, N, (N >= 1,), lambda _: {}, "durability", ends=True).claims())
    with pytest.raises(ValueError, match="need not be one of the models"):
        next(LongRun(serial, N, (N >= 1,), (), z3.IntVal(0), "durability").claims((N,)))


def test_premises_that_nothing_meets_prove_nothing() -> None:
    """A claim about no case at all is an error, and a theorem that rests on it is wrong, not proved."""
    n = z3.Int("n")
    empty = Claim("nothing", (n > 1, n < 1), n == 7)
    with pytest.raises(ValueError, match="nothing: nothing meets the premises"):
        ask(empty, 10)
    theorem = Topic("sets", "", "").theorem(
        "empty", Statement("n is 7", "", ""), proof_of(lambda: [empty], lambda *_: "")
    )
    judged = judge(theorem, 10)
    assert (judged.proof.verdict, judged.as_expected) == ("unknown", False)
    assert "nothing meets the premises" in (judged.proof.wrong or "")


def test_what_is_no_invariant_of_a_models_own_steps_proves_nothing() -> None:
    """Over three members too, an invariant that the steps do not keep, or that is too weak, is refuted."""
    of = tokens(1)(3)
    right: Invariant = lambda view: {  # noqa: E731 - beside the others it reads best
        "": z3.And(view.number("many") == view.count({"held": (True,)}), view.number("many") <= 1)
    }
    unkept: Invariant = lambda view: {"": view.count({"held": (True,)}) <= 1}  # noqa: E731
    false: Invariant = lambda view: {"": view.count({"held": (True,)}) == 1}  # noqa: E731
    for invariant, fails in ((right, None), (unkept, "take keeps it"), (false, "it holds at the start")):
        claims = list(induction(of, of.properties[0], invariant, replica_of))
        refuted = [claim.what for claim in claims if ask(claim, 10).verdict == "refuted"]
        assert (fails in refuted) if fails else not refuted
        assert "it holds at the start" in {claim.what for claim in claims}


def halve(count: int) -> Change:
    """A rule that has no answer for 0."""
    return {"count": 2 // count - 1}


def test_a_step_that_leaves_its_domain_keeps_no_invariant() -> None:
    """A rule without an answer is an error if it is reached: no proof by induction passes over it."""
    count = Field("count", (0, 1, 2), 2)
    never = Property("never", "never", (case(part(lambda count: count > 1 and count < 1, count=count)),), ())
    of = Model("halves", (count,), (step("halve", part(halve, count=count)),), (never,))
    (kept,) = [claim for claim in induction(of, never, lambda _: {}, replica_of) if claim.what == "halve keeps it"]
    assert ask(kept, 10).verdict == "refuted"


def test_a_long_run_is_refused_where_it_says_too_little() -> None:
    """A stretch that could be taken by members in different situations does not say which run it is."""
    of = family(tokens(9), replica_of)
    run = LongRun(
        of,
        N,
        (N >= 1,),
        (Stretch("take", z3.IntVal(1), {}), Stretch("drop", z3.IntVal(1), {})),
        z3.IntVal(2),
        "one at most",
    )
    assert [ask(claim, 10).verdict for claim in run.claims((N,))][:3] == ["proved"] * 3
    nobody = run._replace(stretches=(Stretch("take", z3.IntVal(1), {"held": True}),))
    with pytest.raises(ValueError, match="may be taken in 0 ways"):
        list(nobody.claims((N,)))


def test_a_long_run_must_be_possible_each_time() -> None:
    """Two tokens can be taken where two are allowed, and not where one is; nor by more members than there are."""
    for limit, most, verdict in ((9, N, "proved"), (9, N + 1, "refuted"), (1, N, "refuted")):
        of = family(tokens(limit), replica_of)
        taken = z3.Int("taken")
        premises = (N >= 1, taken >= 2, taken <= most, taken <= 9)
        run = LongRun(of, N, premises, (Stretch("take", taken, {"held": False}),), taken, "one at most")
        _, first, *_ = run.claims((N, taken))
        assert ask(first, 10).verdict == verdict


def test_a_long_run_has_no_stretch_of_less_than_nothing() -> None:
    """Where the premises allow that a step is taken fewer than no times, the run is none."""
    flags = family(with_flags({size: size for size in (*SMALL, *SIZES)}), replica_of)
    run = LongRun(flags, N, (N >= 1,), (Stretch("raise", N - 2, {"flag": 0}),), N - 2, "none up")
    assert ask(next(iter(run.claims((N,)))), 10).verdict == "refuted"
    assert ask(next(iter(run._replace(premises=(N >= 2,)).claims((N,)))), 10).verdict == "proved"


def test_a_long_run_is_over_where_nothing_more_is_owed() -> None:
    """Once every member has raised its flag a run is over, and before that it is not."""
    of = family(with_flags({size: size for size in (*SMALL, *SIZES)}), replica_of)._replace(broken={"none up": ()})
    for times, verdict in ((N, "proved"), (N - 1, "refuted")):
        run = LongRun(of, N, (N >= 1,), (Stretch("raise", times, {"flag": 0}),), times, "none up", over=True)
        (over,) = [claim for claim in run.claims((N,)) if claim.what == "at the end nothing more is owed"]
        assert ask(over, 10).verdict == verdict


# z3 itself.


def test_sets_of_any_size_are_decided() -> None:
    """Inclusion and exclusion is proved of all sets; that unions are as large as their parts is refuted."""
    two = sets("a", "b")
    either = two.size() - two.size(outside=("a", "b"))
    overlap = two.size("a", "b")
    parts = two.size("a") + two.size("b")
    right = Claim("inclusion and exclusion", (two.possible,), either == parts - overlap)
    wrong = Claim("no overlap", (two.possible,), either == parts, (two.size(),))
    assert ask(right, 10).verdict == "proved"
    answer = ask(wrong, 10)
    assert answer.verdict == "refuted"
    assert two.members(answer.case) == {"a": [1], "b": [1]}


def test_what_z3_cannot_decide_in_time_is_unknown() -> None:
    """A question that is too hard is answered ``unknown``, soon, and never ``proved``."""
    a, b, c = z3.Ints("a b c")
    cubes = Claim("no cube is two", (a > 2, b > 2, c > 2), a * a * a + b * b * b != c * c * c)
    assert ask(cubes, 0.2).verdict == "unknown"


def test_claims_are_proved_together_only_if_each_is() -> None:
    """The first claim that is not proved decides, be it refuted or undecided, and the others are not asked."""
    a, b, c = z3.Ints("a b c")
    right, wrong = Claim("right", (), z3.Or(a > b, a <= b)), Claim("wrong", (), a > b)
    hard = Claim("hard", (a > 2, b > 2, c > 2), a * a * a + b * b * b != c * c * c)
    assert ask_all([right, right], 10).verdict == "proved"
    for last, verdict, seconds in ((wrong, "refuted", 600), (hard, "unknown", 1)):
        asked = ask_all([right, last, right], seconds)
        assert asked.verdict == verdict
        assert [part.what for part in asked.parts] == ["right", last.what]
        assert asked.failed == last


def test_states_that_no_step_connects_are_no_run() -> None:
    """Whatever z3 says, a run is one that the spec's own rules follow."""
    asked = with_flags({2: 2})(2)
    with pytest.raises(ValueError, match="no step of flags of 2"):
        followed(asked, [{"flag db1": 0, "flag db2": 0}, {"flag db1": 1, "flag db2": 1}])


def test_a_bounded_search_begins_wherever_a_run_may() -> None:
    """Of several states to begin in, z3 finds the one that the search finds; and a family begins in one."""
    flags = with_flags({2: 1})(2)
    down = part(lambda flag, other: flag == other, flag=flags.fields[0], other=flags.fields[1])
    judged = Property("apart", "never", (case(down),), ())
    apart = flags._replace(properties=(judged,), starts=({"flag db1": 1}, {"flag db2": 1}))
    run = shortest_run(apart, judged, 2, replica_of, 60)
    assert run is not None
    assert len(run.steps) == search(apart).judgements["apart"].length == 1
    assert run.states[0] == {"flag db1": 0, "flag db2": 1}
    make = with_flags({size: size for size in (*SMALL, *SIZES)})
    with pytest.raises(ModelError, match="begin in one state"):
        family(lambda n: make(n)._replace(starts=({"flag db1": 1},)), replica_of)


def test_what_is_of_the_way_of_a_run_is_not_asked_of_a_state() -> None:
    """A property that no single state breaks is refused, and not taken for one of how runs end."""
    flags = with_flags({2: 2})(2)
    judged = Property("comes", "at some point", (case(),), ())
    with pytest.raises(ModelError, match="comes is to hold 'at some point', of which a single state says nothing"):
        shortest_run(flags, judged, 2, replica_of, 60)


def test_a_bounded_search_that_runs_out_of_time_says_so() -> None:
    """What z3 does not decide in time is no verdict, and names the length that it came to."""
    setting = AnySize("linearizability").setting(3)
    setting = setting._replace(write=setting.write._replace(needed=3), read=setting.read._replace(answers=2))
    asked = model(setting, GUARANTEES["linearizability"])
    with pytest.raises(TimeoutError, match="undecided after"):
        shortest_run(asked, asked.properties[0], 30, replica_of, 0.001)
