"""The report: what its data says is what the spec says, and in a real browser it is what a person needs."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interrupted import interrupted
from overbooked.checker.cells import Cell
from overbooked.checker.cli.main import main
from overbooked.checker.engine.search import Bounds
from overbooked.checker.engine.verdicts import check
from overbooked.checker.report.data import Report
from overbooked.checker.report.explorable import Explorable
from overbooked.checker.report.trees import Tree, tree_of
from overbooked.checker.traces.names import trace_name
from overbooked.spec.guarantees import GUARANTEES
from overbooked.spec.language import Field, Model, State, Value, part, step
from overbooked.spec.system import model
from overbooked.spec.telling import content, contents, event

if TYPE_CHECKING:
    from playwright.sync_api import Page

CELLS = [
    Cell(write, read, 3, fault, guarantee)
    for write in ("serial-async", "message:parallel:2")
    for read in ("one", "all")
    for fault in ("none", "both", "clock-skew")
    for guarantee in ("read-after-write", "no-double-booking", "convergence", "durability")
]
CELLS += [Cell("primary:2", "one", 3, "none", name) for name in ("convergence", "durability")]


def report_of(cells: list[Cell]) -> dict[str, Any]:
    """Return the data of a report."""
    report = Report(cells, Bounds())
    for _ in report.run():
        pass
    return json.loads(json.dumps(report.data))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """The data of a report of a few cells."""
    return report_of(CELLS)


class Explored:
    """A model out of a report's data, followed in the plainest way."""

    def __init__(self, data: dict[str, Any], number: int) -> None:
        self.data, self.model = data, data["models"][number]
        self.names = [data["fields"][field][0] for field in self.model["fields"]]
        self.domains = [data["fields"][field][1] for field in self.model["fields"]]

    def values(self, state: list[int]) -> dict[str, Value]:
        """Return a state's values, by field name."""
        return {name: domain[at] for name, domain, at in zip(self.names, self.domains, state, strict=True)}

    def row(self, number: int, state: list[int]) -> list[list[int]] | None:
        """Return what a part changes."""
        table, fields = self.data["parts"][number]
        key = ",".join(str(state[self.model["fields"].index(field)]) for field in fields)
        return self.data["tables"][table].get(key)  # type: ignore[no-any-return]

    def after(self, number: int, state: list[int]) -> list[int] | None:
        """Return the state after a step, if it is possible."""
        after = list(state)
        for each in self.data["steps"][number][2]:
            row = self.row(each, state)
            if row is None:
                return None
            for role, value in row:
                after[self.model["fields"].index(self.data["parts"][each][1][role])] = value
        return after

    def told(self, tree: int, state: list[int]) -> object:
        """Return what a tree tells of a state."""
        node = self.data["trees"][tree]
        while isinstance(node, list):
            node = self.data["trees"][node[1][state[self.model["fields"].index(node[0])]]]
        return node


@pytest.mark.xdist_group("report")
@pytest.mark.long
def test_the_data_has_the_steps_and_the_words_of_the_spec(data: dict[str, Any]) -> None:
    """Along random runs the tables allow the same steps, lead to the same states and tell them in the same words."""
    chance = random.Random(6)  # noqa: S311 - no secret
    for row in data["cells"]:
        cell = Cell(row["write"], row["read"], 3, row["fault"], row["guarantee"])
        setting, spec = cell.setting, model(cell.setting, cell.judged)
        explored = Explored(data, row["model"])
        here, state = explored.model["initial"], spec.initial
        while True:
            values = explored.values(here)
            assert {name: values[name] for name in state} == state
            assert {name: explored.told(tree, here) for name, tree in explored.model["holds"].items()} == contents(
                setting, state
            )
            ways = []
            for number, each in zip(explored.model["steps"], spec.steps, strict=True):
                after, expected = explored.after(number, here), each.on(state)
                assert (after is None) == (expected is None), each.label
                assert data["steps"][number][:2] == [each.label, each.owed]
                if after is not None and expected is not None:
                    it = event(setting, each, state, expected)
                    assert explored.told(data["steps"][number][3], here) == f"{it.who} {it.what}"
                    ways.append((after, expected))
            for prop in spec.properties:
                its = next(each for each in explored.model["properties"] if each["name"] == prop.name)
                seen = any(all(explored.row(each, here) is not None for each in parts) for parts in its["broken"])
                assert seen == any(case.on(state) for case in prop.broken)
            if not ways:
                break
            here, state = chance.choice(ways)


@pytest.mark.xdist_group("report")
@pytest.mark.long
def test_every_run_of_the_table_is_in_the_data(data: dict[str, Any]) -> None:
    """A cell that is violated has its own run, told as elsewhere; one that holds has none."""
    for row in data["cells"]:
        cell = Cell(row["write"], row["read"], 3, row["fault"], row["guarantee"])
        found = check(model(cell.setting, cell.judged)).judgements[cell.guarantee]
        assert (row["verdict"], row["length"]) == (found.verdict, found.length)
        assert (row["trace"] is None) == (found.verdict == "holds")
        if found.run:
            its = data["traces"][row["trace"]]
            assert len(its["steps"]) == found.length
            assert its["steps"][-1]["keeps"][cell.guarantee] is False


def test_what_a_replica_holds_is_asked_of_that_replica_alone() -> None:
    """A tree for three replicas at once would have a branch for all that they hold together: it would take minutes."""
    setting = Cell("primary:2", "one", 3, "failover", "convergence").setting
    fields = {field.name: field for field in setting.fields()}
    for replica in setting.numbers:
        asked = set(fields_of(tree_of(fields, lambda state: content(setting, state, replica))))  # noqa: B023 - in this turn alone
        assert f"stored r1 db{replica}" in asked
        assert {name for name in asked if "db" in name and not name.endswith(f"db{replica}")} == set()


def fields_of(tree: Tree) -> Iterator[str]:
    """Yield the fields that a tree asks for."""
    if isinstance(tree, tuple):
        yield tree[0]
        for branch in tree[1]:
            yield from fields_of(branch)


def test_a_tree_asks_only_for_what_is_looked_at() -> None:
    """What is told the same whatever a field's value is no question; a field that there is not is an error."""
    a, b = Field("a", (0, 1), 0), Field("b", ("x", "y"), "x")
    fields = {"a": a, "b": b}
    assert tree_of(fields, lambda state: "zero" if state["a"] == 0 else str(state["b"])) == (
        "a",
        ("zero", ("b", ("x", "y"))),
    )
    assert tree_of(fields, lambda state: "all" if state["b"] in {"x", "y"} else "") == "all"
    with pytest.raises(KeyError):
        tree_of(fields, lambda state: str(state["c"]))


def test_true_and_one_are_told_apart() -> None:
    """Two fields whose values are equal for Python, and not for others, are two fields."""
    lamp, count = Field("it", (False, True), initial=False), Field("it", (0, 1), 0)
    explorable = Explorable()

    def tell(_: object, __: State, after: State) -> str:
        return str(after["it"])

    for field, value in ((lamp, True), (count, 1)):
        on = step("on", part(lambda it, value=value: {"it": value} if it != value else None, it=field))
        explorable.model(Model("one", (field,), (on,), ()), tell, {}, field.domain[0] is False)
    assert explorable.lists["fields"] == [["it", [False, True]], ["it", [0, 1]]]
    assert json.dumps(explorable.lists["fields"]) == '[["it", [false, true]], ["it", [0, 1]]]'


def test_a_report_that_cannot_be_written_says_so_before_it_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One line, with status 2, and at once."""
    assert main(["report", "-o", str(tmp_path / "nowhere" / "report.html")]) == 2
    assert capsys.readouterr().err.endswith("report.html: cannot be written (No such file or directory)\n")


@pytest.mark.long
def test_a_report_that_is_stopped_leaves_no_file(tmp_path: Path) -> None:
    """Ctrl-C ends it with 130, says nothing, and leaves nothing behind; a file that was there stays as it was."""
    for before in (None, "mine"):
        path = tmp_path / "report.html"
        if before:
            path.write_text(before, encoding="utf-8")
        ended = interrupted("report", "--write", "every", "-o", str(path))
        assert (ended.status, ended.out) == (130, "")
        assert "Traceback" not in ended.shown
        assert (path.read_text(encoding="utf-8") if path.exists() else None) == before


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a few strategies, under all faults."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    asked = ["--write", "parallel:1", "--write", "message:serial-sync", "--read", "one", "--read", "all"]
    assert main(["report", *asked, "-o", str(path)]) == 0
    return path


@pytest.mark.xdist_group("report")
@pytest.mark.long
def test_the_file_refers_to_nothing_outside_itself(report: Path) -> None:
    """It has no address that a browser would fetch, and its data is JSON."""
    text = report.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"|url\(|@import|fetch\(", text.replace("url(#to)", ""))
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    assert json.loads(found[1])["replicas"] == 3


CHROMIUM = shutil.which("chromium")
PATIENCE = 600_000
"""Milliseconds that the browser may take for one thing: many times what a slow machine needs."""
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser, gone afterwards."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        yield started
        started.close()


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Page]:  # noqa: ANN401 - playwright may be missing
    """The report in a browser; at the end nothing went wrong in it, and nothing was fetched."""
    wrong: list[str] = []
    opened = browser.new_page(viewport={"width": 1000, "height": 900})
    opened.set_default_timeout(PATIENCE)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda request: wrong.append(request.url) if request.url[:5] != "file:" else None)
    opened.goto(report.as_uri())
    yield opened
    opened.close()
    assert wrong == []


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_a_click_on_a_cell_shows_its_run(page: Page) -> None:
    """The table has a sign in every cell; a click tells why, and draws the run, step by step under a slider."""
    cells = page.locator("#table button")
    assert cells.count() == 2 * 2 * 9
    assert all(re.fullmatch(r"✓|✗ \d+", text) for text in cells.all_inner_texts())
    page.locator('[data-name="parallel:1/one/read-after-write"]').click()
    assert "parallel:1 by one: read-after-write is broken" in page.locator("#run-heading").inner_text()
    assert "b1 was acknowledged to u1 when db1 had it" in page.locator(".why").inner_text()
    assert page.locator("#run svg [data-step]").count() == 8
    assert page.locator("output").inner_text() == "step 7 of 7"
    for _ in range(5):
        page.locator("#back").click()
    assert page.locator("output").inner_text() == "step 2 of 7"
    assert page.locator("#run .replicas li").all_inner_texts() == ["db1\nb1", "db2\n-", "db3\n-"]
    assert page.locator("#run .replicas .changed").all_inner_texts() == ["db1\nb1"]
    assert page.locator("#run svg .later").count() == 6
    assert "✓ read-after-write" in page.locator("#run .truths").inner_text()
    page.locator("#slider").focus()
    page.keyboard.press("End")
    assert "✗ read-after-write" in page.locator("#run .truths").inner_text()


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_faults_are_switched(page: Page) -> None:
    """Another fault setting shows its own table, and its sentence."""
    before = page.locator('[data-name="parallel:1/one/durability"]').inner_text()
    page.get_by_label("both").check()
    assert "one replica-crash and one app-restart" in page.locator("#fault-sentence").inner_text()
    after = page.locator('[data-name="parallel:1/one/durability@both"]').inner_text()
    assert (before, after) == ("✓", "✗ 6")
    assert page.url.endswith("#fault=both")


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_delays_are_switched(page: Page, report: Path) -> None:
    """Each set of delays has its pictures, with a point for each pair, and its table; the address keeps the choice."""
    text = report.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    sets = {each["name"]: each for each in json.loads(found[1])["numbers"]["delays"]}
    page.get_by_label("ymmr").check()
    assert page.url.endswith("#delays=ymmr")
    page.locator('[data-name="parallel:1/one/durability"]').click()
    page.reload()
    assert page.get_by_label("ymmr").is_checked()
    rows = [row.split("\t") for row in page.locator("#numbers-table tbody tr").all_inner_texts()]
    assert [row[:2] for row in rows] == [[pair["write"], pair["read"]] for pair in sets["ymmr"]["pairs"]]
    by_all = rows[1]
    assert by_all[6:] == ["always", "always", "always", "at once", "linearizability"]
    fresh = next(pair for pair in sets["ymmr"]["pairs"] if not pair["never_stale"])["fresh"][0]["p"]
    assert rows[0][6] == f"{100 * fresh:.1f} %"
    points = page.locator("#pictures [data-pair]")
    assert points.count() == len(rows)
    assert "parallel:1 by all: linearizability" in points.all_text_contents()[-1]
    curves = [pair for pair in sets["ymmr"]["pairs"] if pair["curve"]]
    assert page.locator("#pictures path.curve").count() == len(curves) == 3


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_what_answers_wait_for_is_shown(page: Page) -> None:
    """Each strategy has its wait, its time at a second each, and what it costs."""
    rows = [row.split("\t") for row in page.locator("#latencies tbody tr").all_inner_texts()]
    assert rows == [
        ["write", "parallel:1", "the first of db1, db2, db3", "1 s", "6", "3", "0-2"],
        ["write", "message:serial-sync", "append", "append", "9", "1", "0-3"],
        ["read", "one", "the first of db1, db2, db3", "1 s", "4", "3", "2"],
        ["read", "all", "the last of db1, db2, db3", "1 s", "6", "3", "0"],
    ]


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_the_address_keeps_what_is_looked_at(page: Page) -> None:
    """An address opened anew shows the same run at the same step, and the same way through a model; back goes back."""
    page.goto(f"{page.url}#run=parallel:1/one/durability@both&step=3")
    page.reload()
    assert page.locator("output").inner_text() == "step 3 of 6"
    page.get_by_text("Explore from the beginning").click()
    for _ in range(4):
        page.locator("#next button").first.click()
    taken = page.locator("#explore ol").inner_text()
    kept = page.url
    page.go_back()
    assert page.locator("#explore ol li").count() == 3
    page.goto(kept)
    page.reload()
    assert page.locator("#explore ol").inner_text() == taken
    page.goto(re.sub(r"steps=.*", "steps=0.0.0", kept))
    assert "is not possible there" in page.locator("#explore .why").inner_text()


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_one_explores_with_the_keyboard(page: Page) -> None:
    """Arrow keys move in the table, Enter opens, digits take a step, Backspace takes it back."""
    page.locator('[data-name="parallel:1/one/read-after-write"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "parallel:1 by all: read-your-writes holds" in page.locator("#run-heading").inner_text()
    page.get_by_text("Explore from the beginning").focus()
    page.keyboard.press("Enter")
    page.locator("#next button").first.wait_for()
    page.keyboard.press("1")
    assert page.locator("#explore ol li").all_inner_texts() == [
        "u1 calls bookRoom(u1, r1): b1, sent to db1, db2 and db3"
    ]
    page.keyboard.press("2")
    assert page.locator("#explore ol li").count() == 2
    page.keyboard.press("Backspace")
    assert page.locator("#explore ol li").count() == 1


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_a_run_taken_by_hand_breaks_what_it_should(page: Page) -> None:
    """The steps of the table's own run, taken one by one, break its guarantee at the last, and in the same words."""
    cell = Cell("parallel:1", "one", 3, "none", "read-after-write")
    run = check(model(cell.setting, GUARANTEES[cell.guarantee])).judgements[cell.guarantee].run
    assert run is not None
    page.goto(f"{page.url}#explore={trace_name(cell)}")
    for each in run.steps:
        assert "✗" not in page.locator("#explore .truths").inner_text()
        page.locator(f'#next button[data-step="{each.label}"]').click()
    assert "✗ read-after-write" in page.locator("#explore .truths").inner_text()


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
def test_the_browser_follows_the_spec(page: Page) -> None:
    """Along random runs the page allows the steps that the spec allows, and tells and judges them as Python does."""
    chance = random.Random(8)  # noqa: S311 - no secret
    for cell in (
        Cell("message:serial-sync", "all", 3, "both", "no-double-booking"),
        Cell("parallel:1", "one", 3, "app-restart", "linearizability"),
        Cell("message:serial-sync", "one", 3, "clock-skew", "convergence"),
    ):
        spec = model(cell.setting, cell.judged)
        state, taken = spec.initial, list[int]()
        while True:
            seen = page.evaluate(SEEN, [trace_name(cell), taken])
            ways = [(at, each, after) for at, each in enumerate(spec.steps) if (after := each.on(state)) is not None]
            words = [event(cell.setting, each, state, after) for _, each, after in ways]
            assert seen["next"] == [[at, f"{it.who} {it.what}"] for (at, _, _), it in zip(ways, words, strict=True)]
            assert seen["held"] == contents(cell.setting, state)
            assert seen["keeps"][cell.guarantee] in {None, not is_broken(spec, cell.guarantee, state)}
            if not ways:
                assert seen["keeps"][cell.guarantee] is not None
                break
            at, _, state = chance.choice(ways)
            taken.append(at)


SEEN = """([name, taken]) => {
    const model = loaded(CELLS[name]);
    let state = model.initial;
    for (const at of taken) state = after(model, model.steps[at], state);
    return {
        next: possible(model, state).map(([at]) => [at, told(model, D.steps[model.steps[at]][3], state)]),
        held: held(model, state),
        keeps: Object.fromEntries(model.properties.map((each) => [each.name, keeps(model, each, state)])),
    };
}"""


def is_broken(spec: Model, guarantee: str, state: Mapping[str, Value]) -> bool:
    """Return whether a case of the guarantee is so."""
    prop = next(prop for prop in spec.properties if prop.name == guarantee)
    return any(case.on(state) for case in prop.broken)


@pytest.mark.xdist_group("report")
@pytest.mark.long
@in_a_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_screens_and_dark_mode(browser: Any, report: Path, scheme: str) -> None:  # noqa: ANN401 - likewise
    """On a phone nothing but the table and the diagram scrolls sideways; in the dark the page is dark, and readable."""
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{report.as_uri()}#run=parallel:1/one/durability@both")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    colours = page.evaluate(COLOURS)
    assert all(ratio >= 4.5 for ratio in colours.values()), colours
    assert (page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") == (
        scheme == "light"
    )
    page.close()


COLOURS = """() => {
    const parse = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const light = (colour) => colour.map((each) => each / 255)
        .map((each) => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
    const under = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (!/rgba\\(.*, 0\\)/.test(colour)) return parse(colour);
        }
    };
    const found = {};
    const all = "h1, p, th, td button, .truths li, a, .legend span, label, output";
    for (const element of document.querySelectorAll(all)) {
        if (!element.offsetParent) continue;
        const [one, other] = [light(parse(getComputedStyle(element).color)), light(under(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        found[`${element.tagName} ${element.className}`] = ratio;
    }
    return found;
}"""


def test_a_report_of_a_failover_opens(tmp_path: Path) -> None:
    """Also of a model whose fields allow for more than can be: that nobody is the primary."""
    file = tmp_path / "report.html"
    asked = ["--write", "primary:1", "--read", "one:primary", "--fault", "failover", "--guarantee", "durability"]
    assert main(["report", *asked, "-o", str(file)]) == 0
    assert "becomes the primary" in file.read_text(encoding="utf-8")
