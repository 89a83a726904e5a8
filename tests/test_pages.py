"""The pages of ``spec/traces/`` and ``spec/claims.md``: every way to break is told once, and every claim judged."""

from __future__ import annotations

import json
import re
from pathlib import Path
from unittest.mock import patch

import pytest

from overbooked.checker.cells import DEFAULT_READS, SOURCE_WRITES, Cell
from overbooked.checker.claims.grounds import Grounds
from overbooked.checker.claims.judged import JudgedClaim, judged
from overbooked.checker.cli.main import main
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.pages import index
from overbooked.checker.pages.files import stale, write
from overbooked.checker.pages.kinds import kind_name, kinds, step_kinds
from overbooked.checker.traces.names import PAGES, named, pages
from overbooked.spec import grounds as on
from overbooked.spec.claims import Claim
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.questions import QUESTIONS, Question

FOLDER = PAGES.parent
CLAIMS = Path(__file__).parent.parent / "spec" / "claims.md"


def judge(cells: list[Cell]) -> Evaluation:
    """Return the judging of cells, done."""
    judging = Evaluation(cells, Bounds(), runs=True, until_broken=True)
    for _ in judging.run():
        pass
    return judging


def test_every_violation_of_the_source_has_one_page() -> None:
    """Each run in the source's table is of one kind that has a page; runs of one page do the same, others do not."""
    found = judge([Cell(w, r, 3, "none", g) for w in SOURCE_WRITES for r in DEFAULT_READS for g in GUARANTEES])
    known = pages()
    for kind in kinds(found.verdicts):
        names = {kind_name(verdict, known) for verdict in kind.verdicts}
        assert len(names) == 1
        assert (FOLDER / f"{names.pop()}.md").is_file()
        assert len({step_kinds(verdict.run) for verdict in kind.verdicts if verdict.run}) == 1


def test_what_people_ask_leads_to_a_run_that_shows_it() -> None:
    """Each question's run breaks its guarantee, and has a page that tells it; a question that is not so is refused."""
    runs = [question.trace for question in QUESTIONS if question.trace]
    found = judge([named(trace).cell for trace in runs])
    assert {verdict.verdict for verdict in found.verdicts} == {"violated"}
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for question in QUESTIONS:
        page = kind_name(found.verdicts[runs.index(question.trace)], pages()) if question.trace else None
        told = f"[{page}]({page}.md)" if page else "breaks nothing"
        assert f"| {question.words} | {question.answer} | {told} |" in text
    known = {verdict.cell: verdict for verdict in found.verdicts}
    for trace, says in (("serial-sync/all/durability", "breaks nothing"), (None, "a timeout makes a difference")):
        stale = Cell("serial-sync", "one", 3, "timeout", "monotonic-reads")
        apart = {stale: found.verdicts[0]._replace(cell=stale, verdict="holds"), **known}
        with pytest.raises(ValueError, match=says), patch.object(index, "QUESTIONS", [Question("Why?", "So.", trace)]):
            index.index(kinds(found.verdicts), apart)


def test_a_page_has_all_its_parts_and_its_commands_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Each page has every heading, and the name of a run; the commands on some of them show that run, and replay it."""
    for name in pages():
        text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert len(headings) == 8, name
        assert "```mermaid\nsequenceDiagram\n" in text
    for name in list(pages())[::16]:
        text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        show, replay = re.search(r"```sh\noverbooked (.+)\noverbooked (.+)\n```", text).groups()  # type: ignore[union-attr]
        assert main(show.split()) == 1
        out = " ".join(capsys.readouterr().out.split())
        assert " ".join(re.search(r"## What was found\n\n(.+)\n", text)[1].split()) in out  # type: ignore[index]
        assert main([*replay.split(), "--over", "memory"]) == 0
        capsys.readouterr()


@pytest.mark.long
def test_the_pages_are_what_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """``overbooked traces --check`` finds every page of ``spec/traces/`` as it is in the repository."""
    assert main(["traces", "--check"]) == 0, capsys.readouterr().out


def test_the_index_leads_to_every_page_by_question() -> None:
    """Every page stands in the index, under the questions of the guarantees it breaks; every link leads somewhere."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", index))
    assert linked == {f"{name}.md" for name in pages()}
    for guarantee in GUARANTEES.values():
        assert f"\n## {guarantee.question}\n" in index
    anchors = {
        re.sub(r"[^\w -]", "", line[3:].lower()).replace(" ", "-") for line in index.splitlines() if line[:3] == "## "
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", index)) <= anchors


def test_a_pages_name_can_be_typed_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """A page's short name means its run, in ``trace`` and ``replay`` alike."""
    name, run = next(iter(pages().items()))
    assert named(name) == named(run)
    assert main(["trace", name]) == 1
    one = capsys.readouterr().out
    assert main(["trace", run]) == 1
    assert capsys.readouterr().out == one
    assert f"is told in spec/traces/{name}.md" in one


def test_stale_pages_are_found_and_mended(tmp_path: Path) -> None:
    """A page that differs, one that is missing and one that should not be there are named, and ``write`` mends them."""
    files = {"a.md": "one\n", "names.csv": "page,trace\n"}
    assert stale(files, tmp_path) == ["a.md", "names.csv"]
    assert write(files, tmp_path) == ["a.md", "names.csv"]
    assert stale(files, tmp_path) == []
    (tmp_path / "a.md").write_text("two\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("old\n", encoding="utf-8")
    (tmp_path / "names.csv").unlink()
    assert stale(files, tmp_path) == ["a.md", "b.md", "names.csv"]
    write(files, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(files)


def test_no_two_pages_have_the_same_mark() -> None:
    """The digits at the end of a page's name tell it from every other page."""
    assert len({name.rpartition("-")[2] for name in pages()}) == len(pages())


@pytest.fixture(scope="module")
def found() -> list[JudgedClaim]:
    """Every claim, judged."""
    return list(judged())


@pytest.mark.xdist_group("claims")
@pytest.mark.long
def test_every_claim_of_the_source_is_judged(found: list[JudgedClaim]) -> None:
    """All thirty claims have an entry; none is unknown; one is not judged, and says why."""
    names = [each.claim.name for each in found]
    expected = ["S1", "S2", *(f"W{i}" for i in range(1, 13)), *(f"R{i}" for i in range(1, 9))]
    assert names == [*expected, "T1", "T2", "T3", "T4", "U1", "U2", "U3", "Q1"]
    assert not [each for each in found if each.verdict == "unknown"]
    assert [each.claim.name for each in found if each.verdict == "not judged"] == ["S2"]
    assert all(each.claim.exact for each in found if each.verdict == "not judged")


@pytest.mark.xdist_group("claims")
@pytest.mark.long
def test_verdicts_of_claims(found: list[JudgedClaim]) -> None:
    """Those that the model refutes, or bounds by a condition, are these."""
    by_verdict = {
        word: {each.claim.name for each in found if each.verdict == word} for word in ("refuted", "holds when")
    }
    assert by_verdict["refuted"] == {"T2", "T4"}
    conditional = {"S1", "W3", "W6", "W8", "W9", "W10", "W11", "R1", "R2", "R6", "R8", "U1", "U2", "U3"}
    assert by_verdict["holds when"] == conditional


@pytest.mark.xdist_group("claims")
@pytest.mark.long
def test_the_page_of_claims_is_what_is_found(found: list[JudgedClaim], capsys: pytest.CaptureFixture[str]) -> None:
    """``overbooked claims --check`` finds ``spec/claims.md`` as it is in the repository, with every claim's text."""
    assert main(["claims", "--check"]) == 0, capsys.readouterr().out
    text = CLAIMS.read_text(encoding="utf-8")
    assert all(each.claim.text in text for each in found)


@pytest.mark.long
def test_claims_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--format json`` each claim has its verdict, its condition, and evidence with commands."""
    assert main(["claims", "--format", "json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["claims"]}
    assert rows["W3"]["when"] == "the read is `all`, or always of the same replica"
    assert rows["W3"]["evidence"][0]["command"] == "overbooked trace serial-sync one linearizability"
    assert rows["W1"]["verdict"] == "holds"


def test_what_a_claim_says_decides(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A claim that says the opposite is refuted, and a condition that is not exact makes it unknown, with status 3."""
    kept = on.Keeps("serial-sync", "all", "linearizability")
    lost = kept._replace(is_so=False)
    made = (
        Claim("A1", "kept", (kept,)),
        Claim("A2", "lost", (lost,)),
        Claim("A3", "lost", (lost,), "so", (kept,)),
        Claim("A4", "lost", (lost,), "so", (lost,)),
        Claim("A5", "a figure", (on.MostAtOnce("parallel:2", 3),), is_figure=True),
        Claim("A6", "another figure", (on.MostAtOnce("parallel:2", 2),), is_figure=True),
    )
    monkeypatch.setattr("overbooked.checker.claims.judged.claims", lambda: made)
    assert [each.verdict for each in judged()] == ["holds", "refuted", "holds when", "unknown", "measured", "refuted"]
    monkeypatch.setattr("overbooked.checker.claims.as_text.SECTIONS", {"made up": made})
    assert main(["claims"]) == 3
    assert "unknown" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("ground", "opposite"),
    [
        (on.HeldAtAck("parallel:2", 2), on.HeldAtAck("parallel:2", 3)),
        (on.HeldAtAck("serial-sync", 3, "both"), on.HeldAtAck("message:serial-sync", 1)),
        (on.Proved("no-stale-read"), on.Proved("no-stale-read:weakened")),
        (on.AckTime("serial-sync", "sum"), on.AckTime("serial-async", "sum")),
        (on.CheckTimes(("one", "all")), on.CheckTimes(("all", "one"))),
        (on.CheckTimes(("all", "one"), is_so=False), on.CheckTimes(("one", "all"), is_so=False)),
        (on.Uses("all", 3), on.Uses("all", 2)),
        (on.MostAtOnce("serial-async", 1), on.MostAtOnce("parallel:1", 1)),
        (on.MoreMessages("message:parallel:1", "parallel:1"), on.MoreMessages("parallel:1", "parallel:2")),
        (
            on.MoreOftenFresh("parallel:1", "all", "quorum", "ymmr"),
            on.MoreOftenFresh("serial-sync", "quorum", "one", "ymmr"),
        ),
        (on.Medians(("one", "quorum", "all"), "wan"), on.Medians(("one", "all", "quorum"), "wan")),
        (
            on.NoBetterIsFaster(("serial-sync", "all"), ("serial-async", "one")),
            on.NoBetterIsFaster(("parallel:2", "quorum"), ("serial-async", "one")),
        ),
    ],
)
def test_grounds_tell_what_is_so_from_what_is_not(ground: on.Ground, opposite: on.Ground) -> None:
    """Each kind of ground is so in one case and not in another."""
    grounds = Grounds([])
    assert grounds.found(ground).is_so
    assert not grounds.found(opposite).is_so
