"""Models of any number of members: what they have in common, which situations there are, how members are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest
import z3
from hypothesis import HealthCheck, given, settings

from families import FLAG, families, lift, lower, with_flags
from overbooked.checker.engine.rule_tables import ModelError
from overbooked.checker.proving.accelerated_run import LongRun, Stretch, once
from overbooked.checker.proving.counted_moves import moves
from overbooked.checker.proving.counter_abstraction import any_state
from overbooked.checker.proving.parameterized import SIZES, SMALL, Family, Owner, family
from overbooked.checker.proving.reachable_situations import reachable, with_domain
from overbooked.checker.proving.solver import ask
from overbooked.checker.theorems.any_primary import AnyPrimary, standby_of
from overbooked.checker.theorems.any_size import AnySize, N, R, replica_of
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Change, Field, Model, Part, Property, Value, case, part, step
from overbooked.spec.system import model


class Counted:
    """A family's counted states and steps, evaluated for given numbers, beside one of its models."""

    def __init__(self, of: Family, owner: Owner, numbers: Mapping[z3.ArithRef, int]) -> None:
        self.reach, self.owner, self.numbers = reachable(of), owner, numbers
        self.now = any_state(self.reach)
        self.moves = [move for shape in of.steps for move in moves(shape, self.now)]
        self.terms = [*self.now.counts.values(), *self.now.shared.values(), *numbers]

    def of(self, state: Mapping[str, Value]) -> tuple[int, ...]:
        """Return how many members are in each situation in a state, and the places of the shared fields' values.

        Each of these situations must be known, and that it may be beside what all share.
        """
        own: dict[int, dict[str, Value]] = {}
        for name, value in state.items():
            if whose := self.owner(Field(name, (), None)):
                own.setdefault(whose[1], {})[whose[0]] = value
        family = self.reach.family
        situations = Counter(tuple(its[field.name] for field in family.own) for its in own.values())
        beside = self.reach.beside[tuple(state[field.name] for field in with_domain(family))]
        assert situations.keys() <= beside
        shared = [f.domain.index(state[f.name]) if f.domain else state[f.name] for f in family.shared]
        return (*(situations[each] for each in self.now.counts), *shared)  # type: ignore[arg-type] # what counts is a number

    def after(self, here: tuple[int, ...]) -> set[tuple[int, ...]]:
        """Return the counted states that follow one."""
        known = [(term, z3.IntVal(n)) for term, n in zip(self.terms, (*here, *self.numbers.values()), strict=True)]
        taken = [move for move in self.moves if z3.is_true(z3.simplify(z3.substitute(move.condition, *known)))]
        after = ([*move.after.counts.values(), *move.after.shared.values()] for move in taken)
        return {tuple(z3.simplify(z3.substitute(term, *known)).as_long() for term in terms) for terms in after}

    def agrees_with(self, asked: Model, *, exactly: bool = True) -> int:
        """Return after how many counted states the same ones follow as in a model (or more, if not exactly): all."""
        checked = set()
        for state, after in states_of(asked):
            if (here := self.of(state)) not in checked:
                abstract, concrete = self.after(here), {self.of(each) for each in after}
                assert concrete == abstract if exactly else concrete <= abstract
                checked.add(here)
        return len(checked)


def states_of(asked: Model) -> Iterator[tuple[dict[str, Value], list[dict[str, Value]]]]:
    """Yield every reachable state of a model, and what follows it, by calling its steps."""
    seen, todo = set(), [asked.initial]
    while todo:
        state = todo.pop()
        if (key := tuple(state.values())) in seen:
            continue
        seen.add(key)
        after = [it for each in asked.steps if (it := each.on(state)) is not None]
        yield state, after
        todo += after


@pytest.mark.parametrize(
    ("system", "replicas", "confirmations", "answers"),
    [
        pytest.param(AnySize("read-after-write"), 2, 1, 2, marks=pytest.mark.long),
        pytest.param(AnySize("read-after-write", serial=True), 3, 2, 1, marks=pytest.mark.long),
        pytest.param(AnySize("durability", crashes=True, restarts=True), 2, 2, 1, marks=pytest.mark.long),
        (AnySize("durability", log=True, restarts=True), 2, 2, 1),
        (AnySize("checking-availability", crashes=True), 3, 1, 2),
        pytest.param(AnySize("convergence"), 2, 1, 1, marks=pytest.mark.exhaustive),
        (AnyPrimary("read-after-write", on_receipt=True), 2, 2, 1),
        pytest.param(AnyPrimary("durability", crashes=True, failover=True), 3, 2, 1, marks=pytest.mark.long),
    ],
)
def test_counted_states_have_just_the_runs_of_the_model(
    system: AnySize | AnyPrimary, replicas: int, confirmations: int, answers: int
) -> None:
    """After every reachable state come the same counted ones as in the model (in a serial write, maybe more)."""
    setting = system.setting(replicas)
    write, read = setting.write._replace(needed=confirmations), setting.read._replace(answers=answers)
    asked = model(setting._replace(write=write, read=read), GUARANTEES[system.guarantee])
    numbers = {N: replicas, system.numbers.confirmations: confirmations, R: answers}
    owner = standby_of if isinstance(system, AnyPrimary) else replica_of
    assert Counted(system.family(), owner, numbers).agrees_with(asked, exactly=not write.serial) > 8


@given(families())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_families_have_just_the_runs_of_their_models(make: Callable[[int], Model]) -> None:
    """Whoever takes part and whatever every other one does, members that are counted do what they do one by one."""
    of = family(make, replica_of)
    for members in (1, 3):
        Counted(of, replica_of, {N: members}).agrees_with(make(members), exactly=of.exact)


def test_a_family_needs_members_that_are_alike() -> None:
    """Models whose sizes do different things are no family, and say so."""
    alike = {size: size for size in (*SMALL, *SIZES)}
    assert family(with_flags(alike), replica_of).steps[0].members == 1
    for odd in ({4: 0}, {8: 5}, {3: 0, 4: 0, 5: 0, 8: 0}):
        with pytest.raises(ModelError, match="differ in more than their members"):
            family(with_flags(alike | odd), replica_of)


def test_a_small_model_may_do_nothing_else() -> None:
    """A step that only models of two members have belongs to no family, and the family is refused."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        raised = [step("raise", part(lift, flag=field)) for field in fields]
        lowered = [step("lower", part(lower, flag=field)) for field in fields if n == 2]
        return Model("flags", tuple(fields), (*raised, *lowered), ())

    with pytest.raises(ModelError, match="flags differ in more than their members"):
        family(make, replica_of)


@pytest.mark.parametrize("every", [False, True])
def test_a_value_outside_of_its_domain_is_an_error_and_proves_nothing(*, every: bool) -> None:
    """Whether a member takes such a value or every other one does: no proof by induction passes over it."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        others = {one: [part(put, flag=other, to=2) for other in fields if other != one] for one in fields}
        steps = [step("lead", part(put, flag=one, to=1 if every else 2), *others[one] * every) for one in fields]
        return Model("leaders", tuple(fields), tuple(steps), ())

    with pytest.raises(ModelError, match="flag becomes 2, which is none of its values"):
        reachable(family(make, replica_of))


def test_a_field_that_grows_must_count() -> None:
    """A shared field with more values where there are more members is refused unless its values are 0, 1, 2, ..."""

    def make(n: int) -> Model:
        return Model("names", (Field("leader", tuple(f"db{i}" for i in range(n)), "db0"),), (), ())

    with pytest.raises(ModelError, match="leader has more values"):
        family(make, replica_of)


def put(flag: int, to: int) -> Change:
    """A member's flag is put up or down."""
    return {"flag": to} if flag != to else {}


def test_a_step_may_do_to_all_members_only_what_is_the_same() -> None:
    """A step that touches every member, but not each in the same way, belongs to no family."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        parts = [part(put, flag=field, to=min(i, 2)) for i, field in enumerate(fields)]
        return Model("flags", tuple(fields), (step("set", *parts),), ())

    with pytest.raises(ModelError, match="does not do the same to every member"):
        family(make, replica_of)


@pytest.mark.parametrize("leaders", ["all", "db1"])
def test_one_member_and_every_other_may_act_together(leaders: str) -> None:
    """A member raises its flag and every other one takes its own down: just the model's runs, if each may do that."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        steps = [
            step("lead", part(lift, flag=one), *(part(put, flag=other, to=0) for other in fields if other != one))
            for one in (fields if leaders == "all" else fields[:1])
        ]
        return Model("leaders", tuple(fields), tuple(steps), ())

    of = family(make, replica_of)
    assert [(shape.members, len(shape.every)) for shape in of.steps] == [(1, 1)]
    assert of.exact == (leaders == "all")
    assert Counted(of, replica_of, {N: 3}).agrees_with(make(3), exactly=of.exact) == 2


def follow(flag: int, other: int) -> Change | None:
    """A member goes on once another one has raised its flag."""
    return {"flag": 2} if flag == 0 and other == 1 else None


def test_a_member_meets_those_that_come_later() -> None:
    """Whoever takes part second may come into its situation after the first one was looked at in its own."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1, 2), 0) for i in range(1, n + 1)]
        raised = [step("raise", part(lift, flag=field)) for field in fields]
        follows = [step("follow", part(follow, flag=one, other=two)) for one in fields for two in fields if one != two]
        return Model("flags", tuple(fields), (*follows, *raised), ())

    assert reachable(family(make, replica_of)).situations == ((0,), (1,), (2,))


def test_a_step_of_no_member_has_the_name_of_whoever_takes_it() -> None:
    """What db1 does, which is apart, is told from what a standby does: by its number, which a standby has not."""
    names = {(shape.name, shape.members) for shape in AnyPrimary("durability", crashes=True).family().steps}
    assert {("apply u1.book db1", 0), ("apply u1.book", 1), ("crash db1", 0), ("crash", 1)} <= names


def test_situations_that_never_come_up_are_left_out() -> None:
    """No standby has confirmed what it lacks, and none shows or has a booking before there is one."""
    reach = reachable(AnyPrimary("durability").family())
    own = [field.name for field in reach.family.own]
    assert own == ["held u1.book", "confirmed u1.book", "stored r1"]
    assert set(reach.situations) == {
        ("nothing", False, 0),
        ("received", False, 0),
        ("shown", False, 1),
        ("shown", True, 1),
    }
    assert {len(situations) for values, situations in reach.of(["place u1.book"]).items() if values == (0,)} == {1}


def test_others_do_nothing_with_each_other() -> None:
    """A step in which members do something two by two, all at once, belongs to no family."""

    def make(n: int) -> Model:
        fields = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        parts = [part(lift, flag=field) for field in fields]
        pairs = [part(lambda flag, other: flag == other, flag=fields[i], other=fields[i - 1]) for i in range(n)]
        return Model("flags", tuple(fields), (step("set", *parts, *pairs),), ())

    with pytest.raises(ModelError, match="does not do the same to every member"):
        family(make, replica_of)


def all_flags(able: Callable[[int], Part]) -> Callable[[int], Model]:
    """Return models in which each member raises its flag, and all flags go down by one step made of ``able`` parts."""

    def make(n: int) -> Model:
        up = [Field(f"flag db{i}", (0, 1), 0) for i in range(1, n + 1)]
        raised = [step("raise", part(lift, flag=field)) for field in up]
        lowered = step("lower", *(able(n)._replace(fields=(("flag", field), *able(n).fields[1:])) for field in up))
        shared = [field for _, field in able(n).fields[1:]]
        down = Property("never one up", "never", tuple(case(part(is_raised, flag=field)) for field in up), ())
        return Model("flags", (*up, *shared), (*raised, lowered), (down,))

    return make


def is_raised(flag: int) -> bool:
    """The flag is up."""
    return flag == 1


def lower_some(flag: int, many: int) -> Change | None:
    """A member takes its flag down, where there are many."""
    return {"flag": 0} if flag and many > 1 else None


def test_what_every_member_does_is_possible_only_if_each_can() -> None:
    """All flags can be lowered after each of two members raised its own, and not after one of them did."""
    of = family(all_flags(lambda _: part(lower, flag=FLAG)), replica_of)
    for raised, verdict in ((2, "proved"), (1, "refuted")):
        stretches = (Stretch("raise", z3.IntVal(1), {"flag": 0}),) * raised
        run = LongRun(of, N, (N == 2,), (*stretches, once("lower")), z3.IntVal(raised + 1), "never one up")
        assert [ask(claim, 10).verdict for claim in run.claims((N,))][raised + 1] == verdict


def test_what_every_member_does_may_not_depend_on_a_number() -> None:
    """It would be lost which number that is: the family says so."""

    def able(n: int) -> Part:
        return part(lower_some, flag=FLAG, many=Field("many", tuple(range(n + 1)), 0))

    of = family(all_flags(able), replica_of)
    with pytest.raises(ModelError, match="lower_some: what every member does may not depend on a number"):
        list(moves(next(shape for shape in of.steps if shape.name == "lower"), any_state(reachable(of))))
