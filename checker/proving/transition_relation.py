"""A model's own steps in z3: the tables that the search explores, as formulas between one moment and the next.

Unrolled in time, they are a second engine for the same spec: bounded search (Biere et al., "Symbolic model checking
without BDDs", TACAS 1999) finds a shortest run that breaks a property, and one step from any state that an invariant
allows proves it by induction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

import z3

from overbooked.checker.engine.rule_tables import LISTED, Factor, ModelError, factors, name_of
from overbooked.checker.engine.runs import Run
from overbooked.checker.proving.induction import Invariant
from overbooked.checker.proving.parameterized import Owner
from overbooked.checker.proving.solver import Claim, check
from overbooked.spec.language import OF_STATES, Model, Part, Property, Step, Value

_BITS = 8
"""How many bits a field's code and a count take: enough for domains, and sums of two counts, of up to 127."""


class SymbolicState:
    """A state at one moment: for each field the unknown place of its value in its domain."""

    def __init__(self, model: Model, at: int, owner: Owner) -> None:
        """Give every field of ``model`` an unknown value at the moment numbered ``at``."""
        self._fields = {field.name: field for field in model.fields}
        self._starts = model.initial_states
        self._owner = owner
        self.codes = {name: z3.BitVec(f"{name} at {at}", _BITS) for name in self._fields}

    @property
    def possible(self) -> z3.BoolRef:
        """Every field has a value of its domain."""
        return z3.And([z3.ULT(self.codes[name], len(field.domain)) for name, field in self._fields.items()])

    def count(self, where: Mapping[str, Collection[Value]] | None = None) -> z3.BitVecRef:
        """Return how many members have one of the given values in each given field."""
        members: dict[int, list[z3.BoolRef]] = {}
        for name, field in self._fields.items():
            if of := self._owner(field):
                known = members.setdefault(of[1], [])
                if of[0] in (where or {}):
                    known.append(self.is_(name, *(where or {})[of[0]]))
        return z3.Sum(
            [z3.If(z3.And(known), z3.BitVecVal(1, _BITS), z3.BitVecVal(0, _BITS)) for known in members.values()]
        )

    def is_(self, name: str, *values: Value) -> z3.BoolRef:
        """Return the formula that a field has one of these values."""
        domain = self._fields[name].domain
        return z3.Or([self.codes[name] == domain.index(value) for value in values])

    def number(self, name: str) -> z3.BitVecRef:
        """Return a field that counts: its values are 0, 1, 2, ..."""
        return self.codes[name]

    def holds(self, parts: tuple[Part, ...]) -> z3.BoolRef:
        """Return the formula that all parts of a step or case are possible."""
        return z3.And([z3.Or(list(self._rows(factor))) for factor in _listed(parts)])

    def _rows(self, factor: Factor) -> Iterator[z3.BoolRef]:
        names = [field.name for field in factor.fields]
        for row in factor.before.tolist():
            yield z3.And([self.codes[name] == code for name, code in zip(names, row, strict=True)])

    def broken(self, model: Model, judged: Property) -> z3.BoolRef:
        """Return the formula that the property is broken here; one of how runs end only where the run is over.

        Raises :class:`ModelError` for a property that is not broken by a state, but by the way to it.
        """
        if judged.when not in OF_STATES:
            raise ModelError(f"{judged.name} is to hold {judged.when!r}, of which a single state says nothing")
        cases = z3.Or([self.holds(case.parts) for case in judged.broken])
        if judged.when == "never":
            return cases
        return z3.And([cases, *(z3.Not(self.holds(step.parts)) for step in model.steps if step.owed)])

    def initial(self) -> z3.BoolRef:
        """Return the formula that this is a state in which a run may begin."""
        return z3.Or([z3.And([self.is_(*item) for item in state.items()]) for state in self._starts])

    def values(self, case: z3.ModelRef) -> dict[str, Value]:
        """Return the state that this moment is in one case."""
        codes = {name: case.eval(code, model_completion=True).as_long() for name, code in self.codes.items()}
        return {name: self._fields[name].domain[code] for name, code in codes.items()}


def taken(step: Step, before: SymbolicState, after: SymbolicState) -> z3.BoolRef:
    """Return the formula that a step leads from one moment to the next."""
    its = _listed(step.parts)
    changed = {name for factor in its for name in _changed(factor)}
    rest = [after.codes[name] == code for name, code in before.codes.items() if name not in changed]
    return z3.And([*(_moves(factor, before, after) for factor in its), *rest])


def leaves(step: Step, moment: SymbolicState) -> z3.BoolRef:
    """Return the formula that a step is possible and leads out of a domain, or has no answer, which is an error."""
    its = _listed(step.parts)
    out = [
        z3.And([moment.codes[field.name] == code for field, code in zip(factor.fields, old, strict=True)])
        for factor in its
        for old in factor.before[factor.escape].tolist()
    ]
    return z3.And(z3.Or(out), moment.holds(step.parts)) if out else z3.BoolVal(val=False)


def _listed(parts: tuple[Part, ...]) -> tuple[Factor, ...]:
    """Return the factors of parts; refuse those that are not run for all inputs, as a formula must be."""
    its = factors(parts)
    if wide := [factor.part for factor in its if factor.part]:
        raise ModelError(f"{name_of(wide[0].rule)} touches too many values for z3 (more than {LISTED}): split it")
    return its


def _changed(factor: Factor) -> list[str]:
    """Return the fields that a table changes somewhere; no other table of the step changes them."""
    columns = (factor.before != factor.after)[~factor.escape].any(axis=0).tolist()
    return [field.name for field, does in zip(factor.fields, columns, strict=True) if does]


def _moves(factor: Factor, before: SymbolicState, after: SymbolicState) -> z3.BoolRef:
    names, changed = [field.name for field in factor.fields], set(_changed(factor))
    moves = []
    inside = ~factor.escape
    for old, new in zip(factor.before[inside].tolist(), factor.after[inside].tolist(), strict=True):
        now = [before.codes[name] == was for name, was in zip(names, old, strict=True)]
        then = [after.codes[name] == will for name, will in zip(names, new, strict=True) if name in changed]
        moves.append(z3.And(now + then))
    return z3.Or(moves)


def shortest_run(model: Model, judged: Property, longest: int, owner: Owner, seconds: float) -> Run | None:
    """Return a shortest run of at most ``longest`` steps that breaks a property; ``None`` when there is none.

    Raises :class:`TimeoutError` when a question takes z3 longer than ``seconds``. A property of how runs end is broken
    by a run that is over; one that goes round for ever is not looked for.

    Cost: a question for each length, each about as hard as all before it together.
    """
    solver = z3.Solver()
    solver.set("timeout", max(1, round(seconds * 1000)))
    moments = [SymbolicState(model, 0, owner)]
    solver.add(moments[0].initial())
    for length in range(longest + 1):
        if length:
            moments.append(SymbolicState(model, length, owner))
            solver.add(z3.Or([taken(step, moments[-2], moments[-1]) for step in model.steps]))
        answer = check(solver, moments[-1].broken(model, judged))
        if answer == z3.unknown:
            raise TimeoutError(f"undecided after {seconds} s, at {length} steps")
        if answer == z3.sat:
            return followed(model, [moment.values(solver.model()) for moment in moments])
    return None


def followed(model: Model, states: list[dict[str, Value]]) -> Run:
    """Return the run through these states, each step of it taken by the spec's own rules.

    Raises :class:`ValueError` when no step leads from one to the next.
    """
    steps = []
    for before, after in pairwise(states):
        step = next((step for step in model.steps if step.on(before) == after), None)
        if step is None:
            raise ValueError(f"no step of {model.name} leads from {before} to {after}")
        steps.append(step)
    return Run(model, tuple(steps), tuple(states))


def induction(model: Model, judged: Property, invariant: Invariant, owner: Owner) -> Iterator[Claim]:
    """Yield what z3 has to show of a model's own steps for a proof by induction that no run breaks ``judged``."""
    start, now, then = (SymbolicState(model, at, owner) for at in range(3))
    known = (now.possible, then.possible, _all(invariant, now))
    yield Claim(f"the invariant excludes that {judged.name} is violated", known, z3.Not(now.broken(model, judged)))
    yield Claim("it holds at the start", (start.initial(),), _all(invariant, start))
    for name in dict.fromkeys(step.label for step in model.steps):
        steps = [step for step in model.steps if step.label == name]
        leads = z3.Or([taken(step, now, then) for step in steps])
        inside = z3.Not(z3.Or([leaves(step, now) for step in steps]))
        yield Claim(f"{name} keeps it", known, z3.And(inside, z3.Implies(leads, _all(invariant, then))))


def _all(invariant: Invariant, moment: SymbolicState) -> z3.BoolRef:
    return z3.And(list(invariant(moment).values()))
