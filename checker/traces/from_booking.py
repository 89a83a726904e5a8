"""A run of the booking system, told: from a verdict to a trace that all forms are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.runs import Run, run_along
from overbooked.checker.traces.names import command_for, trace_name
from overbooked.checker.traces.trace import Moment, Trace
from overbooked.spec.because import because
from overbooked.spec.guarantees import GUARANTEES, TABLE, Guarantee, strongest, weakest
from overbooked.spec.language import Model, Property, State, Step
from overbooked.spec.setting import Setting
from overbooked.spec.system import model
from overbooked.spec.telling import answers, contents, event, parties, users_in_words
from overbooked.spec.wording import listed


def trace_of(verdict: CellVerdict, other: int = 0) -> Trace:
    """Return the trace of a verdict that has a run; ``other`` is which of the runs it is that break the guarantee."""
    cell, run = verdict.cell, verdict.run
    if run is None:
        raise ValueError(f"{cell} has no run to be told")
    setting, judged = cell.setting, cell.judged
    plain = cell._replace(each_fault=False).judged
    reason = because(setting, cell.guarantee, run.states)
    return Trace(
        name=trace_name(cell, other),
        command=command_for(cell, other),
        setting=setting_in_words(cell),
        guarantee=cell.guarantee,
        sentence=judged.sentence,
        users=users_in_words(judged),
        parties=tuple(parties(setting)),
        holders=tuple(f"db{i}" for i in setting.numbers),
        first=contents(setting, run.states[0]),
        moments=tuple(_moments(setting, run)),
        bookings=_bookings(setting, run.states[-1]),
        answers=answers(setting, run.states[-1]),
        why=reason.why,
        right=reason.right,
        without=tuple(_without(setting, run, at, plain) for at in range(len(run.steps))),
        shortest=verdict.shortest,
        no_fault_needed=cell.fault != "none" and not setting.fault.skew and all(step.owed for step in run.steps),
        each_fault=cell.each_fault,
        gives=(),
        breaks=(cell.guarantee,),
        run=run,
    )


def with_beside(trace: Trace, beside: Iterable[CellVerdict]) -> Trace:
    """Return the trace with what is known of the other guarantees of its setting, too."""
    verdicts = {each.cell.guarantee: each.verdict for each in beside} | {trace.guarantee: "violated"}
    known = {name: verdicts[name] for name in GUARANTEES if name in verdicts}
    return trace._replace(
        gives=tuple(strongest(name for name, verdict in known.items() if verdict == "holds")),
        breaks=tuple(weakest(name for name, verdict in known.items() if verdict == "violated")),
    )


def beside(cell: Cell) -> list[Cell]:
    """Return the cells of the other guarantees in the table, in the same setting."""
    return [cell._replace(guarantee=name, each_fault=False) for name in TABLE if name != cell.guarantee]


def setting_in_words(cell: Cell) -> str:
    """Return a cell's setting on a line."""
    fault = "no fault" if cell.fault == "none" else f"fault {cell.fault}"
    each = ", which happens" if cell.each_fault else ""
    return f"write {cell.write}, read {cell.read}, {cell.replicas} replica{'s' * (cell.replicas > 1)}, {fault}{each}"


def _moments(setting: Setting, run: Run) -> Iterator[Moment]:
    kept = list(_kept(setting, run))
    for at, step in enumerate(run.steps):
        before, after = run.states[at], run.states[at + 1]
        it = event(setting, step, before, after)
        yield Moment(
            number=at + 1,
            label=step.label,
            is_fault=not step.owed,
            who=it.who,
            what=it.what,
            messages=it.messages,
            values=it.values,
            read={field.name: before[field.name] for part in step.parts for _, field in part.fields},
            changed=run.changes(at),
            holds=contents(setting, after),
            keeps={name: states[at + 1] for name, states in kept},
        )


def _bookings(setting: Setting, end: State) -> str:
    """Return what the names of those bookings mean that occur in a run."""
    stamps = sorted(str(stamp) for b in setting.bookings if (stamp := end[setting.timestamp(b).name]))
    names = listed([f"b{stamp}" for stamp in stamps])
    if len(stamps) > 1:
        return f"{names} are the bookings with timestamps {listed(stamps)}"
    return f"{names} is the booking with timestamp {stamps[0]}" if stamps else ""


def _kept(setting: Setting, run: Run) -> Iterator[tuple[str, list[bool | None]]]:
    """Yield each guarantee that these users put to the test, and whether it is true in each state of the run."""
    labels = [step.label for step in run.steps]
    for guarantee in tested(setting):
        its = model(setting, guarantee)
        steps = {step.label: step for step in its.steps}
        along = run_along(its, [steps[label] for label in labels])
        yield guarantee.name, [_is_kept(its, its.properties[0], state) for state in along.states]


def tested(setting: Setting) -> list[Guarantee]:
    """Return the guarantees that what these users do can break, and can show to be more than empty words."""
    return [it for it in GUARANTEES.values() if any(it.broken(setting)) and any(it.witness(setting))]


def _without(setting: Setting, run: Run, left_out: int, judged: Guarantee) -> str:
    """Return what comes of a run where one of its steps is left out."""
    state = run.states[left_out]
    for at, step in list(enumerate(run.steps))[left_out + 1 :]:
        after = step.on(state)
        if after is None:
            return f"step {at + 1} is not possible"
        state = after
    if judged.when == "in the end" and not _is_over(run.model.steps, state):
        return "more is to come: the run is not over"
    return (
        "it is broken all the same" if any(case.on(state) for case in judged.broken(setting)) else "nothing is broken"
    )


def _is_kept(its: Model, prop: Property, state: State) -> bool | None:
    if prop.when == "in the end" and not _is_over(its.steps, state):
        return None
    return not any(case.on(state) for case in prop.broken)


def _is_over(steps: Iterable[Step], state: State) -> bool:
    return all(step.on(state) is None for step in steps if step.owed)
