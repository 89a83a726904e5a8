"""Traces: one run in many forms, its name, another run, and why it breaks what it breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import cast
from unittest.mock import patch
from xml.etree import ElementTree as ET

import pytest
from itf_py import trace_from_json
from rich.console import Console

from overbooked.checker.cells import DEFAULT_READS, DEFAULT_WRITES, Cell, CellVerdict
from overbooked.checker.cli.arguments import parse
from overbooked.checker.cli.main import main
from overbooked.checker.cli.options import FORMS
from overbooked.checker.cli.trace import show_run
from overbooked.checker.engine.other_runs import different_runs, shape_of
from overbooked.checker.engine.runs import Run, run_along
from overbooked.checker.engine.search import Bounds, Exploration, until_broken
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.retrace import retrace
from overbooked.checker.traces.as_itf import as_itf
from overbooked.checker.traces.as_mermaid import as_mermaid
from overbooked.checker.traces.as_pytest import as_pytest
from overbooked.checker.traces.as_svg import as_svg
from overbooked.checker.traces.faults_in_time import faults_in_time
from overbooked.checker.traces.from_booking import beside, trace_of, with_beside
from overbooked.checker.traces.names import command_for, named, trace_name
from overbooked.checker.traces.trace import Trace
from overbooked.reference.app_server import AppServer
from overbooked.reference.ports import Clock, Log, Replica
from overbooked.spec.because import because
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES, implied, strongest, weakest
from overbooked.spec.language import Model, Property, case, part
from overbooked.spec.system import model
from overbooked.spec.write_strategies import by_app_server
from plain_search import search_model

STALE = Cell("parallel:1", "one", 3, "none", "read-after-write")
SOME = [
    STALE,
    Cell("serial-async", "quorum", 3, "none", "no-double-booking"),
    Cell("message:serial-sync", "one", 3, "none", "monotonic-reads"),
    Cell("serial-sync", "one", 3, "none", "linearizability"),
    Cell("serial-async", "one:db2", 3, "both", "durability"),
    Cell("message:serial-async", "one", 3, "app-restart", "convergence"),
    Cell("serial-sync", "one", 3, "both", "convergence"),
    Cell("parallel:2", "quorum", 3, "replica-crash", "monotonic-reads"),
    Cell("serial-sync", "one", 3, "clock-skew", "last-write-wins"),
    Cell("message:serial-sync", "one", 3, "clock-skew", "last-write-wins"),
    Cell("serial-sync", "all", 3, "replica-crash", "checking-availability"),
    Cell("parallel:2", "one", 4, "timeout", "read-your-writes", 2),
]
"""A run of every kind: of each guarantee, with a log, with faults, with other numbers."""


def verdicts_of(cells: list[Cell], *, runs: bool = True) -> list[CellVerdict]:
    """Return the verdicts of cells."""
    judging = Evaluation(cells, Bounds(), runs=runs, until_broken=True)
    for _ in judging.run():
        pass
    return judging.verdicts


def verdict_of(cell: Cell) -> CellVerdict:
    """Return the verdict of a cell, with a run."""
    return verdicts_of([cell])[0]


def told_trace(cell: Cell) -> Trace:
    """Return the trace of a cell."""
    return with_beside(trace_of(verdict_of(cell)), verdicts_of(beside(cell), runs=False))


@pytest.fixture(scope="module", params=SOME, ids=trace_name)
def trace(request: pytest.FixtureRequest) -> Trace:
    """Each of some traces."""
    return told_trace(request.param)


def test_a_name_says_which_run_is_meant() -> None:
    """Each trace's name, typed, means that trace; and the command that it names asks for the same one."""
    for cell in SOME:
        for other in (0, 3):
            assert named(trace_name(cell, other)) == (cell, other)
            request = parse(command_for(cell, other).split()[1:])
            users = (request.bookings, request.checks)
            asked = Cell(request.write, request.read, request.replicas, request.fault, request.guarantee, *users)
            assert (asked, request.next) == (cell, other)


def test_only_what_changed_is_told(trace: Trace) -> None:
    """The states of a trace are its first one with each step's changes made, and contents change where it says so."""
    state = dict(trace.run.states[0])
    for moment, after in zip(trace.moments, trace.run.states[1:], strict=True):
        assert all(state[name] == was for name, (was, _) in moment.changed.items())
        assert moment.read.items() <= state.items()
        state |= {name: now for name, (_, now) in moment.changed.items()}
        assert state == after
        held = trace.held_before(moment) | {who: now for who, (_, now) in trace.changes(moment).items()}
        assert held == moment.holds


def test_each_guarantee_is_true_until_the_run_breaks_it(trace: Trace) -> None:
    """The guarantee asked for is broken at the end and not before; what it implies or is implied by agrees."""
    kept = [moment.keeps for moment in trace.moments]
    assert kept[-1][trace.guarantee] is False
    assert all(each[trace.guarantee] is not False for each in kept[:-1])
    for each in kept:
        for name in each:
            broken = [it for it in implied(name) & each.keys() if each[it] is False]
            assert not broken or each[name] is False


def test_no_step_can_be_left_out(trace: Trace) -> None:
    """Of a shortest run each step is needed: else another is not possible, nothing is broken, or more is to come."""
    assert trace.shortest
    assert "it is broken all the same" not in trace.without
    impossible = re.compile(r"step (\d+) is not possible")
    for number, without in enumerate(trace.without, 1):
        found = impossible.fullmatch(without)
        assert found is None or int(found[1]) > number


def test_what_it_gives_and_breaks_follows_from_one_graph(trace: Trace) -> None:
    """No guarantee is listed that another one listed implies; all others of the table follow from those."""
    cell = named(trace.name).cell
    verdicts = {it.cell.guarantee: it.verdict for it in verdicts_of([*beside(cell), cell], runs=False)}
    held = {name for name, verdict in verdicts.items() if verdict == "holds"}
    assert set(trace.gives).union(*(implied(name) for name in trace.gives)) & verdicts.keys() == held
    broken = verdicts.keys() - held
    assert not any(implied(name) & set(trace.gives) for name in trace.gives)
    assert not any(implied(name) & set(trace.breaks) for name in trace.breaks)
    assert {name for name in verdicts if name in trace.breaks or implied(name) & set(trace.breaks)} == broken


def test_strongest_and_weakest_of_all() -> None:
    """Of all guarantees the strongest imply the rest, and the weakest are implied by the rest."""
    assert "read-your-writes" not in strongest(GUARANTEES)
    assert "linearizability" in strongest(GUARANTEES)
    assert {"read-your-writes", "monotonic-reads"} <= set(weakest(GUARANTEES))
    assert not {"read-after-write", "linearizability"} & set(weakest(GUARANTEES))


@pytest.mark.long
def test_what_implies_what_is_so_in_every_cell() -> None:
    """No cell of the source's table keeps a guarantee and breaks one that it implies, under any fault."""
    every = (Cell(w, r, 3, f, g) for f in FAULTS for w in DEFAULT_WRITES for r in DEFAULT_READS for g in GUARANTEES)
    cells = [cell for cell in every if not cell.misfit]
    verdicts = {it.cell: it.verdict for it in verdicts_of(cells, runs=False)}
    for cell in cells:
        for weaker in implied(cell.guarantee):
            if verdicts[cell] == "holds":
                assert verdicts[cell._replace(guarantee=weaker)] == "holds", cell


def test_why_names_the_booking_the_replicas_and_the_answers() -> None:
    """A because says which booking was acknowledged, which replicas had it, whose answers were used, what is right."""
    trace = told_trace(STALE)
    assert trace.why == (
        "b1 was acknowledged to u1 when db1 had it and db2 and db3 had not. u2 asked after that, and was told that r1 "
        "is available: the answer came from db2, which had not applied b1."
    )
    assert trace.right == "u2 is told that r1 is booked."


@pytest.mark.long
def test_every_violation_of_the_source_is_told_why() -> None:
    """Under every fault, each run that breaks a guarantee has a because of whole sentences, and what would be right."""
    writes = (*DEFAULT_WRITES, "primary:2:received", "primary:1:unique")
    every = (Cell(w, r, 3, f, g) for f in FAULTS for w in writes for r in ("one", "all") for g in GUARANTEES)
    violated = [verdict for verdict in verdicts_of([cell for cell in every if not cell.misfit]) if verdict.run]
    assert len(violated) > 200
    for verdict in violated:
        trace = trace_of(verdict)
        assert re.fullmatch(r"\S.*\.", trace.why), trace.why
        assert re.fullmatch(r"\S.*\.", trace.right)
        assert "  " not in trace.why
        assert ": ." not in trace.why


def test_a_mermaid_diagram_has_every_message_and_every_step(trace: Trace) -> None:
    """Each step's number stands once, in order; parties are those declared; nothing in a text ends a line early."""
    lines = as_mermaid(trace).splitlines()
    declared = {line.split()[1] for line in lines if line.startswith("    participant ")}
    assert declared == set(trace.parties)
    numbers = [int(found[1]) for line in lines if (found := re.search(r": (\d+)\. ", line))]
    assert numbers == [moment.number for moment in trace.moments]
    arrows = [re.fullmatch(r"    (\S+)->>(\S+): (.+)", line) for line in lines if "->>" in line]
    assert len(arrows) == sum(len(moment.messages) for moment in trace.moments)
    assert all(found and {found[1], found[2]} <= declared for found in arrows)
    assert not any(";" in line.replace("#59;", "").replace("#35;", "") for line in lines)


def test_an_svg_is_well_formed_and_marks_each_step(trace: Trace) -> None:
    """The picture is XML, has a group for each step, an arrow for each message, and nothing outside its frame."""
    root = ET.fromstring(as_svg(trace))  # noqa: S314 - our own
    svg = "{http://www.w3.org/2000/svg}"
    steps = [group.get("data-step") for group in root.iter(f"{svg}g")]
    assert steps == [*(str(moment.number) for moment in trace.moments), str(len(trace.moments))]
    assert sum(path.get("class") == "said" for path in root.iter(f"{svg}path")) == sum(
        len(moment.messages) for moment in trace.moments
    )
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter(f"{svg}text"):
        assert 0 <= float(text.get("x", -1)) <= width
        assert 0 <= float(text.get("y", -1)) <= height
    for box in root.iter(f"{svg}rect"):
        assert float(box.get("x", -1)) >= 0
        assert float(box.get("x", 0)) + float(box.get("width", 0)) <= width


def test_itf_is_as_the_format_has_it(trace: Trace) -> None:
    """Each state gives every variable a value of the format's kinds, is numbered, and variables are identifiers."""
    document = json.loads(as_itf(trace))
    assert document["#meta"]["format"] == "ITF"
    assert document["params"] == []
    names = document["vars"]
    assert all(name.isidentifier() for name in names)
    assert len(names) == len(set(names)) == len(trace.run.model.fields) + 1
    assert [state["#meta"]["index"] for state in document["states"]] == list(range(len(trace.moments) + 1))
    for state in document["states"]:
        assert state.keys() == {"#meta", *names}
        assert all(is_itf(state[name]) for name in names)


def is_itf(value: object) -> bool:
    """Return whether a value is of one of the format's kinds that are used here; a plain number is none of them."""
    if isinstance(value, list):
        return all(map(is_itf, value))
    if isinstance(value, dict) and value.keys() == {"#bigint"}:
        return re.fullmatch(r"-?\d+", value["#bigint"]) is not None
    return isinstance(value, bool | str)


def test_itf_opens_in_a_reader(trace: Trace) -> None:
    """A library that reads the format finds the run: the step that led to each state, and each field's value."""
    opened = trace_from_json(json.loads(as_itf(trace)))
    assert opened.loop == trace.run.cycle_from
    assert opened.vars[0] == "step"
    for read, state, step in zip(opened.states, trace.run.states, [None, *trace.run.steps], strict=True):
        label, *values = (read.values[name] for name in opened.vars)
        assert label == (step.label if step else "")
        for field, value in zip(trace.run.model.fields, values, strict=True):
            told = state[field.name]
            maybe = [] if told is None else [told]
            assert value == (maybe if None in field.domain else told)


def test_a_run_that_goes_round_for_ever_says_to_where() -> None:
    """In ITF the state that a run comes back to is its ``loop``."""
    trace = told_trace(STALE)
    assert "loop" not in json.loads(as_itf(trace))
    rounds = trace._replace(run=trace.run._replace(cycle_from=2))
    assert json.loads(as_itf(rounds))["loop"] == 2


def test_the_pytest_file_replays_the_run(trace: Trace, tmp_path: Path) -> None:
    """The file passes as it is; with a step dropped, or another answer expected, it fails."""
    text = as_pytest(trace)
    wrong = re.sub(r'"db1": "[^"]+"', '"db1": "b9"', text)
    assert wrong != text
    (tmp_path / "test_right.py").write_text(text, encoding="utf-8")
    (tmp_path / "test_wrong.py").write_text(wrong, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
    )
    assert "1 failed, 1 passed" in done.stdout
    assert "test_wrong.py::" in done.stdout
    assert "test_right.py::" not in done.stdout


PAIR = ["serial-sync", "all"]
"""How :class:`Mended` writes and reads."""


class Mended(AppServer):
    """An app server that writes and reads in another way than it is told to."""

    def __init__(self, replicas: Sequence[Replica], log: Log, clock: Clock, _write: str, _read: str) -> None:
        super().__init__(replicas, log, clock, PAIR[0], PAIR[1])


def test_the_pytest_file_fails_where_the_fault_is_mended(trace: Trace) -> None:
    """An app server that writes and reads in a way that keeps the guarantee does not take the run."""
    cell = named(trace.name).cell
    ways = [("serial-sync", "all"), ("parallel:1", "all"), ("message:parallel:1", "all"), ("parallel:3", "one")]
    kept = [it.cell for it in verdicts_of([cell._replace(write=w, read=r) for w, r in ways]) if it.verdict == "holds"]
    if not kept:
        assert (cell.guarantee, cell.fault) in {
            ("no-double-booking", "none"),
            ("convergence", "app-restart"),
            ("convergence", "both"),
            ("last-write-wins", "clock-skew"),
        }
        return
    text = as_pytest(trace)
    file = {"__name__": "the file"}
    exec(text.replace("STEPS)", 'STEPS, app="test_traces:Mended")'), file)  # noqa: S102 - it is the file under test
    (run,) = [it for name, it in file.items() if name.startswith("test_")]
    mended = patch.object(sys.modules["test_traces"], "PAIR", [kept[0].write, kept[0].read])
    with mended, pytest.raises(AssertionError, match="they differ"):
        cast("Callable[[], None]", run)()


def test_who_is_waited_for_has_crashed_and_what_is_forgotten_was_not_sent() -> None:
    """Why replicas stay apart is so: a write to a crashed replica is not confirmed; or the app server restarted."""
    asked = [("convergence", fault) for fault in ("replica-crash", "app-restart", "both")] + [
        ("last-write-wins", "both")
    ]
    cells = [Cell(write, "one", 3, fault, name) for name, fault in asked for write in by_app_server(3)]
    causes = set()
    for verdict in verdicts_of(cells):
        if verdict.run is None:
            continue
        why, end = because(verdict.cell.setting, verdict.cell.guarantee, verdict.run.states).why, verdict.run.states[-1]
        if kept := re.search(r": (db\d) has b(\d), and takes no other booking of r1", why):
            assert end[f"stored r1 {kept[1]}"] == int(kept[2])
            assert verdict.cell.write.startswith("claim:")
            causes.add("it refuses")
        elif waited := re.search(r"(\w+) waits for ever for (db\d), which crashed", why):
            sender = "consumer" if verdict.cell.write.startswith("message:") else "server"
            assert waited[1] == sender
            assert end[f"up {waited[2]}"] is False
            pending = [end[f"write u{user}.book {waited[2]}"] in {"sent", "applied"} for user in (1, 2)]
            assert any(pending)
            causes.add(f"the {sender} waits")
        else:
            assert re.search(r"(b\d) was still to be sent to db\d when the app server restarted, and is forgotten", why)
            assert "restart" in [step.name for step in verdict.run.steps]
            causes.add("forgotten")
    assert causes == {"the consumer waits", "the server waits", "forgotten", "it refuses"}


def test_it_is_said_that_no_fault_was_needed() -> None:
    """Where something may fail, and nothing does in the run, that is said; and not where it does, or cannot."""
    faults = [fault for fault in FAULTS if not STALE._replace(fault=fault).misfit]
    needed = {fault: told_trace(STALE._replace(fault=fault)).no_fault_needed for fault in faults}
    assert needed == {fault: fault not in {"none", "clock-skew"} for fault in faults}
    assert not told_trace(Cell("serial-sync", "one", 3, "both", "convergence")).no_fault_needed


@pytest.mark.parametrize(
    "cell",
    [
        STALE._replace(fault="both"),
        STALE._replace(fault="lost-write+amnesia"),
        Cell("primary:1", "one", 2, "failover", "read-your-writes"),
        Cell("serial-async", "one", 2, "replica-crash+app-restart", "durability"),
    ],
)
def test_a_run_can_be_asked_for_in_which_each_fault_happens(cell: Cell) -> None:
    """It is as short as a plain search finds one, breaks it with its last step, and has a step for each fault."""
    (verdict,) = verdicts_of([cell._replace(each_fault=True)])
    assert verdict.run is not None
    plain = cell.judged
    told = faults_in_time(verdict.run, plain.when, plain.broken(cell.setting))
    assert sorted(step.label for step in told.steps) == sorted(step.label for step in verdict.run.steps)
    end = told.states[-1]
    assert any(case.on(end) for case in plain.broken(cell.setting))
    assert all(end[left.name] != left.initial for _, left in cell.setting.faults_left())
    if plain.when == "never":
        assert not any(case.on(told.states[-2]) for case in plain.broken(cell.setting))
    its = model(cell.setting, plain)
    happened = _with_all_spent(cell, its.properties[0])
    assert search_model(its, happened).length == len(told.steps) == verdict.length


def _with_all_spent(cell: Cell, plain: Property) -> Property:
    """Return the property, broken only where no counter of faults is full, and db1 leads no more after a failover."""
    fields = [left for _, left in cell.setting.faults_left()]
    parts = [part(lambda left, full=left.initial: left < full, left=left) for left in fields]
    if cell.fault == "failover":
        parts.append(part(lambda leads: not leads, leads=cell.setting.leads(1)))
    return plain._replace(broken=tuple(case(*each.parts, *parts) for each in plain.broken))


def test_a_run_with_each_fault_has_a_name_and_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Its command, and its name typed instead, print the same; without a fault it is asked for in vain."""
    cell = STALE._replace(fault="app-restart", each_fault=True)
    assert command_for(cell).endswith("read-after-write --fault app-restart --with-fault")
    assert main(command_for(cell).split()[1:]) == 1
    out = capsys.readouterr().out
    assert main(["trace", trace_name(cell)]) == 1
    assert out == capsys.readouterr().out
    assert "5  app  restarts" in out
    assert "No shorter run does it in which each fault happens." in out
    assert main(["replay", trace_name(cell)]) == 0
    assert "5  app  restarts" in capsys.readouterr().out
    assert main(["trace", "parallel:3", "all", "durability", "--fault", "app-restart", "--with-fault"]) == 0
    assert "on every run in which each fault happens." in " ".join(capsys.readouterr().out.split())
    assert main(["trace", trace_name(cell), "--with-fault"]) == 2
    assert "leave out --with-fault" in capsys.readouterr().err


def test_what_is_broken_only_without_its_fault_is_not_said_to_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no run breaks it in which each fault happens, and others do, that is said: in text, JSON and replay."""
    name = trace_name(STALE._replace(fault="timeout", each_fault=True))
    assert main(["trace", name]) == 1
    out = capsys.readouterr().out
    assert "Violated, but by no run in which each fault happens." in out
    assert out.endswith("  overbooked trace parallel:1 one read-after-write --fault timeout\n")
    assert main(["trace", name, "--format", "json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)["verdicts"]
    assert (row["verdict"], row["trace"]) == ("violated", None)
    for command, more in (("trace", ["--format", "svg"]), ("replay", [])):
        assert main([command, name, *more]) == 2
        assert "in which each fault happens" in capsys.readouterr().err


def test_a_run_under_several_faults_has_a_name_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The faults stand in it as they are joined and counted, and the number of another run after them."""
    assert main(["trace", "parallel:1/one/durability@replica-crash:2+app-restart"]) == 1
    out = capsys.readouterr().out
    assert "This run is called parallel:1/one/durability@replica-crash:2+app-restart" in out
    assert named("parallel:1/one/durability@replica-crash:2+app-restart+3").other == 3
    assert named("parallel:1/one/durability@both+3").cell.fault == "both"


def test_what_cannot_be_retraced_says_why() -> None:
    """A step that there is not, or that is not possible then, and a reference that cannot follow, are told."""
    with pytest.raises(ValueError, match=r"apply u1\.book db9: no such step in parallel:1/one/durability"):
        retrace("parallel:1/one/durability", ["apply u1.book db9"])
    with pytest.raises(ValueError, match=r"ack u1\.book is not possible after 0 steps"):
        retrace("parallel:1/one/durability", ["ack u1.book"])
    steps = ["invoke u1.book", "apply u1.book db1", "confirm u1.book db1", "ack u1.book"]
    assert retrace("parallel:1/one/durability", steps).told == {"u1.book": "booked"}
    with pytest.raises(AssertionError, match="they differ"):
        retrace("parallel:1/one/durability", steps, app="test_conformance:Eager")


def exploration(cell: Cell) -> Exploration:
    """Return the exploration of a cell's model until it is broken."""
    found = Exploration([model(cell.setting, cell.judged)])
    assert until_broken(found, cell.guarantee, Bounds())
    return found


def every_run(spec: Model, length: int, guarantee: str) -> list[Run]:
    """Return every run of that length which breaks the guarantee, by trying all there are."""
    prop = next(prop for prop in spec.properties if prop.name == guarantee)
    level = [Run(spec, (), (spec.initial,))]
    for _ in range(length):
        level = [
            Run(spec, (*run.steps, step), (*run.states, after))
            for run in level
            for step in spec.steps
            if (after := step.on(run.states[-1])) is not None
        ]
    over = prop.when == "in the end"
    return [
        run
        for run in level
        if any(case.on(run.states[-1]) for case in prop.broken)
        and not (over and any(step.on(run.states[-1]) is not None for step in spec.steps if step.owed))
    ]


@pytest.mark.parametrize(
    "cell",
    [
        Cell("serial-async", "one", 2, "both", "durability"),
        Cell("message:serial-async", "one", 2, "none", "read-after-write"),
        Cell("message:serial-sync", "one", 2, "both", "convergence"),
        Cell("parallel:2", "one", 2, "replica-crash", "booking-availability"),
    ],
    ids=trace_name,
)
def test_other_runs_are_all_that_there_are(cell: Cell) -> None:
    """Each way in which any shortest run breaks a guarantee is found, once; and what is found are such runs."""
    spec = model(cell.setting, cell.judged)
    length = verdict_of(cell).length
    assert length
    every = every_run(spec, length, cell.guarantee)
    found = list(different_runs(exploration(cell), cell.guarantee, 10**6))
    new = [other.run for other in found if other.is_new]
    labels = {tuple(step.label for step in run.steps) for run in every}
    assert {tuple(step.label for step in other.run.steps) for other in found} <= labels
    assert {shape_of(spec, run.steps) for run in every} == {shape_of(spec, run.steps) for run in new}
    assert len(new) == len({shape_of(spec, run.steps) for run in new})
    nameless = spec._replace(alike=())
    orders = [shape_of(nameless, other.run.steps) for other in found]
    assert len(orders) == len(set(orders)) > 0
    assert set(orders) == {shape_of(nameless, run.steps) for run in every}


@pytest.mark.long
def test_next_shows_another_run_and_says_when_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """``--next`` is another run of the same length that breaks the same; its name means it; at last there is none."""
    asked = ["trace", "serial-async", "one", "convergence", "--fault", "both", "--format", "json"]
    seen = []
    for more in range(10):
        if main([*asked, *["--next"] * more]) == 2:
            assert f"there is no run number {more + 1} of 4 steps that breaks it" in capsys.readouterr().err
            break
        row = json.loads(capsys.readouterr().out)["verdicts"][0]["trace"]
        assert len(row["steps"]) == 4
        seen.append([step["label"] for step in row["steps"]])
        assert main(["trace", row["name"], "--format", "json"]) == 1
        assert json.loads(capsys.readouterr().out)["verdicts"][0]["trace"]["steps"] == row["steps"]
    assert len(seen) == len({tuple(each) for each in seen}) >= 2
    assert main([*asked, "--next", "--max-states", "10"]) == 3
    assert "unknown" in capsys.readouterr().out


def test_the_shape_of_a_run_is_the_same_whatever_the_order_of_independent_steps() -> None:
    """Two replicas that apply in either order, or change places, make one shape; another number of steps does not."""
    cell = Cell("parallel:3", "one", 3, "none", "durability")
    spec = model(cell.setting, cell.judged)
    steps = {step.label: step for step in spec.steps}

    def shape(*labels: str) -> object:
        run = run_along(spec, [steps[label] for label in labels])
        return shape_of(spec, run.steps)

    one = shape("invoke u1.book", "apply u1.book db1", "apply u1.book db2", "confirm u1.book db1")
    assert one == shape("invoke u1.book", "apply u1.book db2", "apply u1.book db1", "confirm u1.book db1")
    assert one == shape("invoke u1.book", "apply u1.book db3", "apply u1.book db2", "confirm u1.book db3")
    assert one != shape("invoke u1.book", "apply u1.book db1", "apply u1.book db2", "apply u1.book db3")


def test_runs_in_which_a_check_hears_something_else_have_another_shape() -> None:
    """It makes a difference whether a replica answers before it applies a booking or after."""
    spec = model(STALE.setting, STALE.judged)
    steps = {step.label: step for step in spec.steps}
    begun = ["invoke u1.book", "invoke u2.check"]
    before, after = ["sample u2.check db1", "apply u1.book db1"], ["apply u1.book db1", "sample u2.check db1"]
    shapes = [shape_of(spec, [steps[label] for label in (*begun, *each)]) for each in (before, after)]
    assert shapes[0] != shapes[1]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_printed(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ``--format`` prints the run, whole and alone, with status 1; the same words for the reason in each."""
    assert main(["trace", "parallel:1", "one", "read-after-write", "--format", form]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("\n")
    if form not in {"mermaid", "svg"}:
        assert "b1 was acknowledged to u1 when db1 had it and db2 and db3 had not." in " ".join(out.split())


def test_a_picture_of_what_holds_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no run, a form that can only show one says so, and JSON and text say what is known."""
    assert main(["trace", "parallel:2", "quorum", "read-after-write", "--format", "svg"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "overbooked: there is no run to be shown: read-after-write holds\n")
    assert main(["trace", "parallel:2", "quorum", "read-after-write", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"][0]["trace"] is None


def test_a_violation_without_a_run_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Where a guarantee is violated and no run could be told, the status is 1 in every form, and it says why."""
    judging = Evaluation([STALE], Bounds(), runs=False)
    for _ in judging.run():
        pass
    for form in FORMS:
        request = parse(["trace", *trace_name(STALE).split("/"), "--format", form])
        assert show_run(request, judging, 0, Console(width=100)) == 1
        out, err = capsys.readouterr()
        assert "iolated" in out + err


def test_runs_are_looked_at_one_by_one() -> None:
    """The first other run comes at once, even where there are many."""
    cell = Cell("parallel:1", "quorum", 3, "none", "no-double-booking")
    assert len(list(islice(different_runs(exploration(cell), cell.guarantee, 10**6), 5))) == 5
