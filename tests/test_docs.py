"""What the documentation says is so: commands print what is pasted, code runs, quoted code is the project's own."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from overbooked.checker.cli.main import main
from overbooked.spec import booking

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PASTED = re.compile(
    r"(?:<!-- the first (\d+) lines -->\n\n)?```console\n\$ overbooked([^\n]*)\n((?:(?!```).*\n)*)```\n"
)
CODE = re.compile(r"```python\n(.*?)```\n(?:\nIt prints:\n\n```text\n(.*?)```\n)?", re.DOTALL)
TAKEN = re.compile(r"\d+\.\d+ s\b|[\d,]+ MB\b")


def pasted() -> Iterator[object]:
    """Yield each pasted output, those of long commands marked."""
    for number, found in enumerate(PASTED.finditer(README.read_text(encoding="utf-8"))):
        marks = [pytest.mark.long] if found[2].split()[:1] in (["conform"], ["prove"]) or "--expect" in found[2] else []
        yield pytest.param(number, id=f"overbooked{found[2]}", marks=marks)


@pytest.mark.parametrize("number", list(pasted()))
def test_pasted_output_is_what_the_command_prints(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The README shows what its commands print today, but for time and memory; ``--write-docs`` makes it so."""
    monkeypatch.chdir(ROOT)
    text = README.read_text(encoding="utf-8")
    found = list(PASTED.finditer(text))[number]
    main(shlex.split(found[2]))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    if found[1]:
        lines = [*lines[: int(found[1])], "..."]
    now = "".join(f"{line}\n" for line in lines)
    if request.config.getoption("--write-docs"):
        README.write_text(text[: found.start(3)] + now + text[found.end(3) :], encoding="utf-8")
    else:
        assert TAKEN.sub("", found[3]) == TAKEN.sub("", now)


@pytest.mark.parametrize("number", [0, 1])
def test_code_in_the_readme_runs(
    number: int, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """The README's examples do what they assert, and print what stands there; the others are run by their own test."""
    text = README.read_text(encoding="utf-8")
    codes = [found for found in CODE.finditer(text) if not found[1].startswith("# test_")]
    assert len(codes) == 2
    exec(compile(codes[number][1], "README.md", "exec"), {"__name__": "readme"})  # noqa: S102 - our own page
    now = capsys.readouterr().out
    if request.config.getoption("--write-docs") and codes[number][2] is not None:
        README.write_text(text[: codes[number].start(2)] + now + text[codes[number].end(2) :], encoding="utf-8")
    else:
        assert (codes[number][2] or "") == now


def test_code_quoted_in_the_spec_is_the_specs_own() -> None:
    """The rule that the spec's README quotes is the one in the file."""
    text = (ROOT / "spec/README.md").read_text(encoding="utf-8")
    assert inspect.getsource(booking.apply) in text


@pytest.mark.parametrize("folder", ["spec", "tests"])
def test_every_file_is_in_its_folders_table(folder: str) -> None:
    """Whoever looks for something in the README of the spec, or of the tests, finds the file that has it."""
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / folder).glob("*.py")} - {"__init__.py", "names.py"}
    assert {name for name in files if f"`{name}`" not in text} == set()


def test_commands_that_are_typed_all_day_are_those_of_the_justfile() -> None:
    """Each command that the tests' README names is there."""
    named = re.findall(r"^just (\w+)", (ROOT / "tests/README.md").read_text(encoding="utf-8"), re.MULTILINE)
    there = re.findall(r"^(\w+)[^:\n]*:(?!=)", (ROOT / "justfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) == set(there) - {"default"}
