"""What the documentation says is so: commands print what is pasted, code runs, quoted code is the project's own."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from overbooked.checker.cli import arguments
from overbooked.checker.cli.main import main
from overbooked.spec import booking
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = (
    "README.md",
    "reference/README.md",
    *(f"checker/{room}/README.md" for room in ("engine", "theorems", "simulation", "conformance", "schemas")),
)
PASTED = re.compile(
    r"(?:<!-- the first (\d+) lines -->\n\n)?```console\n\$ overbooked([^\n]*)\n((?:(?!```).*\n)*)```\n"
)
CODE = re.compile(r"```python\n(.*?)```\n(?:\nIt prints:\n\n```text\n(.*?)```\n)?", re.DOTALL)
TAKEN = re.compile(r"\d+\.\d+ s\b|[\d,]+ MB\b")


def pasted() -> Iterator[object]:
    """Yield each pasted output by page and number, those of long commands marked; not what runs code of one's own."""
    for page in PAGES:
        for number, found in enumerate(PASTED.finditer((ROOT / page).read_text(encoding="utf-8"))):
            is_long = found[2].split()[:1] in (["conform"], ["prove"]) or "--expect" in found[2]
            if "--app" not in found[2]:
                marks = [pytest.mark.long] if is_long else []
                yield pytest.param(page, number, id=f"{page}:overbooked{found[2]}", marks=marks)


@pytest.mark.parametrize(("page", "number"), list(pasted()))
def test_pasted_output_is_what_the_command_prints(
    page: str,
    number: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Pages show what commands print today, but for time and memory; ``--write-docs`` makes it so."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / page).read_text(encoding="utf-8")
    found = list(PASTED.finditer(text))[number]
    main(shlex.split(found[2]))
    lines = capsys.readouterr().out.splitlines()
    if found[1]:
        lines = [*lines[: int(found[1])], "..."]
    now = "".join(f"{line}\n" for line in lines)
    if request.config.getoption("--write-docs"):
        (ROOT / page).write_text(text[: found.start(3)] + now + text[found.end(3) :], encoding="utf-8")
    else:
        assert TAKEN.sub("", found[3]) == TAKEN.sub("", now)


def test_every_pasted_command_makes_sense() -> None:
    """Also those that take long are commands today, of strategies, guarantees and faults that there are."""
    for page in PAGES:
        for found in PASTED.finditer((ROOT / page).read_text(encoding="utf-8")):
            request = arguments.parse(shlex.split(found[2]))
            if request.command in {"check", "conform", "report"}:
                assert arguments.cells(request)
            if request.command in {"trace", "replay"}:
                assert arguments.asked(request)


@pytest.mark.parametrize("page", ["README.md", "reference/README.md", "checker/engine/README.md"])
def test_code_on_a_page_runs(page: str, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> None:
    """Its example does what it asserts, and prints what stands there; that of a test is run by a test of its own."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (code,) = [found for found in CODE.finditer(text) if not found[1].startswith("# test_")]
    exec(compile(code[1], page, "exec"), {"__name__": "readme"})  # noqa: S102 - our own page
    now = capsys.readouterr().out
    if request.config.getoption("--write-docs") and code[2] is not None:
        (ROOT / page).write_text(text[: code.start(2)] + now + text[code.end(2) :], encoding="utf-8")
    else:
        assert (code[2] or "") == now


def test_the_readme_says_what_each_word_means() -> None:
    """Each guarantee and each fault stands there with the sentence that defines it."""
    text = README.read_text(encoding="utf-8")
    for each in GUARANTEES.values():
        assert f"| `{each.name}` | {each.sentence} | {each.question} |" in text
    for fault in FAULTS.values():
        assert f"| `{fault.name}` | {fault.sentence} |" in text


def test_the_readme_has_the_last_line_of_conform() -> None:
    """How much ``conform`` covers is what its page shows in full, but for the time it took."""
    (line,) = re.findall(r"```text\n(.* transitions covered .*)\n```", README.read_text(encoding="utf-8"))
    page = (ROOT / "checker/conformance/README.md").read_text(encoding="utf-8")
    assert TAKEN.sub("", line) in TAKEN.sub("", page)


def test_links_lead_somewhere() -> None:
    """Each link from a page to a file of the project is to one that is there."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert ((ROOT / page).parent / link).exists(), f"{page}: {link}"


def test_code_quoted_in_the_spec_is_the_specs_own() -> None:
    """The rule that the spec's README quotes is the one in the file."""
    text = (ROOT / "spec/README.md").read_text(encoding="utf-8")
    assert inspect.getsource(booking.apply) in text


@pytest.mark.parametrize("folder", ["spec", "reference", "tests"])
def test_every_file_is_in_its_folders_table(folder: str) -> None:
    """Whoever looks for something in a folder's README finds the file that has it."""
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / folder).glob("*.py")} - {"__init__.py", "names.py"}
    assert {name for name in files if f"`{name}`" not in text} == set()


def test_commands_that_are_typed_all_day_are_those_of_the_justfile() -> None:
    """Each command that the tests' README names is there."""
    named = re.findall(r"^just (\w+)", (ROOT / "tests/README.md").read_text(encoding="utf-8"), re.MULTILINE)
    there = re.findall(r"^(\w+)[^:\n]*:(?!=)", (ROOT / "justfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) == set(there) - {"default"}
