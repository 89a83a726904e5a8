"""Every ``--format json`` has a schema in ``checker/schemas/``, which its output keeps to, and which is strict."""

from __future__ import annotations

import argparse
import json
import re
import signal
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, get_args
from unittest.mock import patch

import pytest
from jsonschema import Draft202012Validator

from overbooked.checker.cells import Cell, CellVerdict, Explored
from overbooked.checker.claims.as_text import as_json as claims_as_json
from overbooked.checker.claims.judged import Word, judged
from overbooked.checker.cli.arguments import parse
from overbooked.checker.cli.main import main
from overbooked.checker.cli.options import parser
from overbooked.checker.cli.trace import show_run
from overbooked.checker.conformance.coverage import Conforms
from overbooked.checker.conformance.exercises import EXERCISES
from overbooked.checker.console import console
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import Verdict, check
from overbooked.checker.matrix import as_json
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.proving import solver
from overbooked.checker.simulation.simulated import KS
from overbooked.checker.theorems import cross_check
from overbooked.checker.theorems.catalogue import GROUPS, Proving
from overbooked.checker.traces.from_booking import trace_of
from overbooked.spec import claims
from overbooked.spec.combinations import misfit
from overbooked.spec.dictionary import SYSTEMS
from overbooked.spec.faults import FAULTS
from overbooked.spec.grounds import Keeps
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.system import model

FOLDER = Path(__file__).parent.parent / "checker" / "schemas"
SCHEMAS: dict[str, Any] = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
NAMES = sorted(SCHEMAS)
ONE = "--write parallel:1 --read one --guarantee read-after-write"
STALE = Cell("parallel:1", "one", 3, "none", "read-after-write")
Place: TypeAlias = tuple[str | int, ...]
MAPS = {
    *("faults", "first", "holds", "keeps", "read", "changed", "answers", "times", "legs", "groups", "breaks"),
    *("writes", "reads", "guarantees", "exercises", "theorems"),
}
"""Objects that have no fixed names: replicas, fields, faults and the like."""
OPTIONAL = {"sent"}
"""What a step has if there is something to be told."""

SHAPES = {
    "check": [
        ONE,
        "--write serial-sync --read one --guarantee durability",
        "--write serial-async --read one --read quorum --fault replica-crash",
        "--write serial-async --read quorum --fault none --fault both --replicas 2",
        f"{ONE} --max-states 3",
        "--write claim:2 --read one --guarantee last-write-wins",
        "--write claim:2 --read quorum:session --fault replica-crash",
        "--write primary:1:unique --read one:primary --fault failover --guarantee durability --guarantee convergence",
        "--write primary:2:received --read one --fault both --guarantee read-after-write --guarantee convergence",
        "--write message:parallel:1 --read quorum:repair --fault app-restart --replicas 2",
        "--write parallel:1 --read one --fault node-crash --fault lost-write --fault amnesia --guarantee durability",
        "--write parallel:1 --read all --fault replica-crash+timeout --guarantee checking-availability",
        "--write parallel:1 --read one --replicas 5 --bookings 2 --checks 2 --guarantee read-after-write",
        "--write serial-sync --read one --replicas 1 --guarantee no-double-booking",
    ],
    "trace": [
        "parallel:1 one read-after-write",
        "parallel:1 one read-after-write --next",
        "parallel:2 quorum read-after-write",
        "parallel:2 quorum read-after-write --max-states 100",
        "claim:2 one last-write-wins",
        "serial-async one convergence --fault both",
        "primary:1:unique one:primary durability --fault failover",
        "message:serial-sync one:session linearizability --fault node-crash",
        "parallel:1 one read-after-write --replicas 4",
        "parallel:2 quorum:repair no-double-booking --fault lost-write",
    ],
    "conform": [
        ONE,
        "--write serial-async --read quorum --guarantee durability --guarantee convergence --orders --replicas 2",
        f"{ONE} --max-states 40",
        f"{ONE} --app test_conformance:Eager --over sqlite",
        "--write serial-sync --read one --app json:loads --guarantee durability --fault replica-crash",
        "--write serial-sync --read one --guarantee durability --guarantee book-three-times",
        "--write serial-async --read one --guarantee book-two-rooms --app test_conformance:Eager",
    ],
    "choose": [
        "--need linearizability --survive replica-crash",
        "--need no-double-booking --need convergence --survive both --prefer messages",
        "--need last-write-wins --need no-double-booking",
        "--need linearizability --replicas 1 --max-states 5",
    ],
    "latency": ["", "--append 0.5 --times 1,2,3", "--replicas 9 --read one:primary"],
    "simulate": [
        "--trials 1000 --write parallel:2 --write primary:1 --read one --read quorum",
        "--trials 100 --delays wan --replicas 6 --write message:parallel:1 --read all --at 5 --write-delay db2=exp:1",
    ],
    "prove": ["writes-meet reads-may-miss-writes grid:2x2 serial-async/one:db3 acks-in-order:weakened"],
    "list": ["", "--replicas 5"],
    "list-like": [f"--like {name}" for name in ("Redis", "Cassandra")],
}
"""By schema, what its command is asked for."""
LONG = [
    ("check", "--write every --read every --replicas 2"),
    ("check", "--write parallel:5 --replicas 9 --max-states 99"),
    ("conform", "--write every --read one --guarantee durability --replicas 2 --fault every"),
    ("prove", "sets no-stale-read stale-read acknowledged-is-lost-on-failover"),
    ("claims", ""),
    *(("list-like", f"--like {system.name.split()[0]}") for system in SYSTEMS),
]
"""The same, where it takes a while."""


def document(name: str, asked: str, capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401 - JSON is of any type
    """Return what the command of a schema prints as JSON."""
    main([name.removesuffix("-like"), *asked.split(), "--format", "json"])
    return json.loads(capsys.readouterr().out)


def assert_valid(name: str, found: object) -> None:
    """Assert that a document keeps to a schema, and say where it does not."""
    wrong = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMAS[name]).iter_errors(found)]
    assert wrong == []


def places(found: object, place: Place = ()) -> Iterator[Place]:
    """Yield where in a document there is an object."""
    inside = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    if isinstance(found, dict):
        yield place
    for key, value in inside:
        yield from places(value, (*place, key))


def at(found: Any, place: Place) -> Any:  # noqa: ANN401 - JSON is of any type
    """Return what is at a place of a document."""
    for key in place:
        found = found[key]
    return found


def declared(schema: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON is of any type
    """Yield the properties that a schema declares, at any depth."""
    its = schema.get("properties", {}) if isinstance(schema, dict) else {}
    yield from its.items()
    for part in [*its.values(), *schema.get("$defs", {}).values(), *([schema["items"]] if schema.get("items") else [])]:
        yield from declared(part)


def told_by_check(found: Any) -> list[str]:  # noqa: ANN401 - JSON is of any type
    """Return what the text tells of these verdicts, too."""
    explored, keeps = found["explored"], found["what_keeps_what_is_broken"]
    pairs = [f"{pair['write']} by {pair['read']}" for pair in keeps["pairs"]]
    broken = [row for row in found["verdicts"] if row["verdict"] == "violated"]
    counts = (
        f"{explored['states']:,} states and {explored['transitions']:,} transitions in {explored['models']} distinct"
    )
    lines = [f"{row['length']} steps {row['command']}" for row in broken]
    return [counts, f"more: {keeps['more']}", *pairs, *lines, *(f"{its}." for its in found["faults"].values())]


def told_by_trace(found: Any) -> list[str]:  # noqa: ANN401 - JSON is of any type
    """Return what the text tells of this run, too."""
    run = found["verdicts"][0]["trace"]
    steps = [f"{at} {it['who']} {it['what']} {' '.join(it['holds'].values())}" for at, it in enumerate(run["steps"], 1)]
    ways = [f"Least change that repairs it: {run['way_out']['words']}.", f"keeps it: {run['all_that_keeps_it']}"]
    plain = [run[key] for key in ("setting", "sentence", "users", "why", "right", "bookings", "name")]
    return [*plain, *steps, *ways, f"spec/traces/{run['page']}.md"]


def told_by_conform(found: Any) -> list[str]:  # noqa: ANN401 - JSON is of any type
    """Return what the text tells of these programs, too."""
    (row, *_), sums = found["conformance"], found["in_all"]
    steps = [f"{at} {it['who']} {it['what']}" for at, it in enumerate(row["trace"]["steps"], 1)]
    differs = [" ".join(it.values()) for it in row["trace"]["differs"]]
    counts = f"{sums['covered']:,} of {sums['transitions']:,} transitions covered in {sums['runs']:,} run"
    programs = [f"{each['command']}\n" for each in found["conformance"]]
    return [row["users"], *steps, *differs, counts, *(" ".join(line.split()) for line in programs)]


def told_by_prove(found: Any) -> list[str]:  # noqa: ANN401 - JSON is of any type
    """Return what the text tells of these theorems, too."""
    (it,) = found["theorems"]
    said = [it[key] for key in ("name", "statement", "symbols", "covers", "how", "case")]
    return [*said, *it["run"], *(part["what"] for part in it["parts"]), found["groups"][it["group"]]]


def told_by_choose(found: Any) -> list[str]:  # noqa: ANN401 - JSON is of any type
    """Return what the text tells of these pairs, too."""
    every = [row for row in found["choices"] if row["keeps_more"]][:10]
    return [
        f"of {found['considered']} pairs",
        *(f"{row['write']} {row['read']} {row['ack_waits_for'] or 'log'} {row['check_waits_for']}" for row in every),
        *(f"misses {it['guarantee']}: {it['command']}" for row in every for it in row["missed"]),
    ]


@pytest.mark.parametrize(
    ("name", "asked", "told"),
    [
        ("check", "--write serial-async --read one --fault replica-crash", told_by_check),
        ("trace", "serial-async one read-after-write --fault replica-crash", told_by_trace),
        ("conform", f"{ONE} --guarantee durability --app test_conformance:Eager --orders", told_by_conform),
        ("prove", "serial-async/one:db3", told_by_prove),
        ("choose", "--need no-double-booking --need convergence --survive both", told_by_choose),
        ("latency", "--times 2", lambda found: [each["waits_for"] for each in found["latencies"]]),
        ("simulate", "--trials 100 --delays wan", lambda found: [f"{leg} {it}" for leg, it in found["legs"].items()]),
        ("list", "", lambda found: list(found["theorems"].values())),
        ("list-like", "--like Redis", lambda found: [each["ends"].replace("`", "") for each in found["things"]]),
    ],
)
def test_what_json_tells_is_what_text_tells(
    name: str, asked: str, told: Callable[[Any], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the text of a command says beside its table is in its JSON, in the same words."""
    main([name.removesuffix("-like"), *asked.split()])
    text = " ".join(capsys.readouterr().out.split())
    every = told(document(name, asked, capsys))
    assert len(every) > 2
    assert [it for it in every if " ".join(it.split()) not in text] == []


@pytest.mark.parametrize(("name", "asked"), [(name, asked) for name, every in SHAPES.items() for asked in every])
def test_what_a_command_prints_keeps_to_its_schema(name: str, asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever comes out, kept, broken, vacuous, unknown, differing or none, is as the schema says."""
    assert_valid(name, document(name, asked, capsys))


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        *(pytest.param(*each, marks=pytest.mark.long) for each in LONG),
        pytest.param("check", "--write every --read every --fault every --replicas 2", marks=pytest.mark.exhaustive),
        pytest.param("prove", "", marks=pytest.mark.exhaustive),
    ],
)
def test_all_that_commands_print_keeps_to_their_schemas(
    name: str, asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is every verdict, theorem and claim that there is."""
    assert_valid(name, document(name, asked, capsys))


def test_agreement_keeps_to_the_schema(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pairs of which both say the same are as the schema says, also where nothing is proved."""
    monkeypatch.setattr(cross_check, "MOST", 2)
    for is_proved in (True, False):
        monkeypatch.setattr(Proving, "_is_proved", lambda *_, answer=is_proved: answer)
        found = document("prove", "agreement", capsys)
        assert len(found["agreement"]) > 10
        assert_valid("prove", found)


@cache
def few_claims() -> str:
    """Return as JSON the claims that cells of the table are enough to judge."""
    few = [each for each in claims.claims() if all(isinstance(it, Keeps) for it in (*each.says, *each.only_then))]
    with patch("overbooked.checker.claims.judged.claims", lambda: few):
        return claims_as_json(list(judged()))


def test_claims_of_every_kind_keep_to_the_schema() -> None:
    """Claims that hold, hold under a condition, are refuted, and are not judged are as the schema says."""
    found = json.loads(few_claims())
    assert {each["verdict"] for each in found["claims"]} >= {"holds", "holds when", "not judged"}
    assert_valid("claims", found)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("check", ONE), ("trace", "parallel:1 one read-after-write"), ("conform", ONE), ("prove", "writes-meet sets")],
)
def test_what_was_stopped_keeps_to_the_schema(
    name: str, asked: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Ctrl-C after its first step a command prints a document that says that it is not finished."""

    def stopped(steps: Iterator[object], *_: object) -> Iterator[object]:
        yield next(steps)
        signal.raise_signal(signal.SIGINT)
        yield next(steps)

    module = "evaluated" if name in {"check", "trace"} else name
    monkeypatch.setattr(f"overbooked.checker.cli.{module}.watched", stopped)
    found = document(name, asked, capsys)
    assert found["finished"] is False
    assert_valid(name, found)


def test_where_a_search_goes_on_keeps_to_the_schema(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """At a bound the checkpoint is named from which the same command goes on; without one, or at the end, none is."""
    file = tmp_path / "table"
    for bound, goes_on_from in (("3", str(file)), ("100000", None)):
        found = document("check", f"{ONE} --checkpoint {file} --max-states {bound}", capsys)
        assert found["goes_on_from"] == goes_on_from
        assert_valid("check", found)


def test_a_violation_without_a_run_keeps_to_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the search ended before a run could be told, its length is told, and the trace is null."""
    judging = Evaluation([STALE], Bounds(), runs=False)
    for _ in judging.run():
        pass
    assert show_run(parse(["trace", *STALE[:2], STALE.guarantee, "--format", "json"]), judging, 0, console()) == 1
    found = json.loads(capsys.readouterr().out)
    assert [found["verdicts"][0][key] for key in ("verdict", "length", "trace")] == ["violated", 7, None]
    assert_valid("trace", found)


def test_a_run_that_goes_round_for_ever_keeps_to_the_schema() -> None:
    """From which place on it goes round is told in both forms."""
    run = check(model(STALE.setting, STALE.judged)).judgements[STALE.guarantee].run
    assert run is not None
    verdict = CellVerdict(STALE, "violated", witness=True, length=7, run=run._replace(cycle_from=3))
    about: dict[str, object] = {"goes_on_from": None, "explored": as_json.explored_object(Explored(), 0.0)}
    about["what_keeps_what_is_broken"] = {"pairs": [], "more": None}
    about["proved"] = about["left_out"] = []
    found = json.loads(as_json.as_json([verdict], finished=True, **about))
    assert found["verdicts"][0]["trace"]["cycle_from"] == 3
    assert_valid("check", found)
    beside = {"page": None, "like_one_before": False, "way_out": None, "all_that_keeps_it": None}
    found = json.loads(as_json.told_as_json(verdict, trace_of(verdict), finished=True, **beside))
    assert found["verdicts"][0]["trace"]["cycle_from"] == 3
    assert_valid("trace", found)


def test_every_command_that_prints_json_has_a_schema() -> None:
    """Each command with ``--format json`` has a file of its name, and there is no other one."""
    (commands,) = (each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))  # noqa: SLF001
    forms = {name: its._option_string_actions.get("--format") for name, its in commands.choices.items()}  # noqa: SLF001
    with_json = {name for name, form in forms.items() if form and "json" in (form.choices or ())}
    assert {*NAMES} == {*SHAPES, "claims"} == {*with_json, "list-like"}
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"[{name}.json]({name}.json)" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(name: str) -> None:
    """It keeps to JSON Schema's own, says which command's it is, and describes every property."""
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith(f"overbooked {name.removesuffix('-like')} ")
    assert "TODO" not in json.dumps(schema)
    for its, part in declared(schema):
        shared = schema.get("$defs", {}).get(part.get("$ref", "").rpartition("/")[2], {})
        assert "description" in {**shared, **part}, its


def test_what_schemas_share_is_the_same_in_each() -> None:
    """A definition of the same name says the same in every file; each file has all that it needs, and no more."""
    first: dict[str, object] = {}
    for name in NAMES:
        its = SCHEMAS[name].get("$defs", {})
        assert its == {key: first.setdefault(key, part) for key, part in its.items()}
        text = json.dumps(SCHEMAS[name])
        assert [key for key in its if f'"#/$defs/{key}"' not in text] == []


def test_names_are_those_that_there_are() -> None:
    """Guarantees, exercises, verdicts, steps and groups of theorems in the schemas are just those of the checker."""
    defs = {key: part for schema in SCHEMAS.values() for key, part in schema.get("$defs", {}).items()}
    assert defs["guarantee"]["enum"] == list(GUARANTEES)
    assert defs["exercise"]["enum"] == list(EXERCISES)
    assert defs["verdict"]["enum"] == list(get_args(Verdict))
    assert defs["proved"]["enum"] == list(get_args(solver.Verdict))
    assert defs["program_verdict"]["enum"] == list(get_args(Conforms))
    assert defs["group"]["enum"] == list(GROUPS)
    assert SCHEMAS["claims"]["properties"]["claims"]["items"]["properties"]["verdict"]["enum"] == list(get_args(Word))
    ks = SCHEMAS["simulate"]["properties"]["pairs"]["items"]["properties"]["k_stale"]["required"]
    assert ks == [str(k) for k in KS]
    assert set(defs["step"]["properties"]["step"]["enum"]) == steps_that_there_are()


def steps_that_there_are() -> set[str]:
    """Return every kind of step that a model has."""
    pairs = [("serial-async", "quorum:repair"), ("message:serial-sync", "one"), ("claim:2", "one")]
    pairs += [("primary:1:unique", "one:primary"), ("primary:2:received", "one")]
    cells = [Cell(*pair, 3, fault, "linearizability") for pair in pairs for fault in FAULTS]
    return {
        step.name
        for cell in cells
        if not misfit(cell.setting.write, cell.setting.read, cell.setting.fault)
        for step in model(cell.setting, cell.judged).steps
    }


STRICT = {
    "check": "--write message:serial-async --read one --guarantee durability --guarantee read-after-write --fault both",
    "trace": "parallel:1 one:db2 read-after-write --fault replica-crash",
    "conform": SHAPES["conform"][3],
    "choose": "--need no-double-booking --need convergence --survive both --replicas 1",
    "latency": "--write serial-sync --read one",
    "simulate": "--trials 100 --write parallel:2 --read one",
    "prove": "writes-meet serial-async/one:db3",
    "list": "",
    "list-like": "--like Redis",
}
"""By schema, what its command is asked for to have a document of which each part is taken away, one by one."""


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_strict(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any one of its properties, or with one more anywhere, a document is refused."""
    found = json.loads(few_claims()) if name == "claims" else document(name, STRICT[name], capsys)
    found |= {"claims": found["claims"][:2]} if name == "claims" else {}
    assert_valid(name, found)
    validator = Draft202012Validator(SCHEMAS[name])
    for place in places(found):
        its = at(found, place)
        its["surplus"] = [{}]
        assert not validator.is_valid(found), place
        del its["surplus"]
        for key in [] if place and place[-1] in MAPS else [key for key in its if key not in OPTIONAL]:
            value = its.pop(key)
            assert not validator.is_valid(found), (*place, key)
            its[key] = value
    assert_valid(name, found)


def test_the_example_reads_what_is_printed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """The Python of the schemas' README reads what the command before it writes, and prints what stands there."""
    page = FOLDER / "README.md"
    text = page.read_text(encoding="utf-8")
    found = re.search(r"```sh\noverbooked (.*) > table.json\n.*```python\n(.*?)```.*```text\n(.*?)```", text, re.DOTALL)
    assert found is not None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checker").symlink_to(FOLDER.parent)
    main(found[1].split())
    (tmp_path / "table.json").write_text(capsys.readouterr().out, encoding="utf-8")
    exec(compile(found[2], page, "exec"), {"__name__": "readme"})  # noqa: S102 - our own page
    now = capsys.readouterr().out
    if request.config.getoption("--write-docs"):
        page.write_text(text[: found.start(3)] + now + text[found.end(3) :], encoding="utf-8")
    else:
        assert found[3] == now
