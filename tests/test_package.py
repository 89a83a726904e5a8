"""What is installed: ``overbooked`` and nothing else, whatever else there is of the same names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from linked import PARTS, ROOT
from overbooked.checker.cli.main import main

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
MINE = ("checker.py", "spec/__init__.py", "reference/__init__.py", "reference/app_server.py")
"""Files of one's own, of which each raises when it is imported."""


def run(folder: Path, *command: str | Path, status: int = 0) -> str:
    """Run Python in a folder; return what it prints, and fail if it ends otherwise."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(folder / "site"), "PIP_ROOT_USER_ACTION": "ignore"}
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy of the project."""
    folder = tmp_path_factory.mktemp("built")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, folder)
    run(folder, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "wheels", ".")
    (built,) = (folder / "wheels").iterdir()
    return built


@pytest.mark.long
def test_the_wheel_has_every_file_and_nothing_but_overbooked(wheel: Path) -> None:
    """Every module and every data file is in it, at its place under ``overbooked``; there is no other package."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"overbooked"}
    top = ROOT / "checker" / "overbooked"
    files = {
        (Path("overbooked") / path.relative_to(top if path.is_relative_to(top) else ROOT)).as_posix()
        for part in PARTS
        for path in (ROOT / part).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert names == files


@pytest.mark.long
def test_the_installed_command_does_not_meet_files_of_ones_own(wheel: Path, tmp_path: Path) -> None:
    """In a folder with a checker.py, a spec/ and a reference/ of one's own, all works, and is what was installed."""
    run(tmp_path, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", "site", wheel)
    for name in MINE:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise ImportError('mine')\n", encoding="utf-8")
    assert run(tmp_path, "-m", "overbooked", "--version") == f"overbooked {VERSION}\n"
    asked = ("--write", "parallel:1", "--read", "one", "--guarantee", "read-after-write")
    assert "✗ 7" in run(tmp_path, "-X", "utf8", "-m", "overbooked", "check", *asked, status=1)
    assert "told in spec/traces/" in run(tmp_path, "-X", "utf8", "-m", "overbooked", "trace", *asked[1::2], status=1)
    assert "✓ conforms" in run(tmp_path, "-X", "utf8", "-m", "overbooked", "conform", *asked)
    assert run(tmp_path, "-m", "overbooked", "report", *asked, "-o", "report.html")
    with pytest.raises(AssertionError, match="is installed; pages are written in a checkout"):
        run(tmp_path, "-m", "overbooked", "claims", "--write")
    where = "import overbooked.spec, overbooked.reference, overbooked.checker as it; print(it.__file__)"
    assert Path(run(tmp_path, "-c", where).strip()).is_relative_to(tmp_path / "site")


@pytest.mark.long
def test_what_uninstalling_removes_is_overbooked_alone(wheel: Path) -> None:
    """The list of installed files, which uninstalling goes by, names no file outside the package and its metadata."""
    with zipfile.ZipFile(wheel) as opened:
        (record,) = (name for name in opened.namelist() if name.endswith(".dist-info/RECORD"))
        files = [line.partition(",")[0] for line in opened.read(record).decode().splitlines()]
    assert all(name.startswith(("overbooked/", f"overbooked-{VERSION}.dist-info/")) for name in files)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """``overbooked --version`` prints it, and ends with 0."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"overbooked {VERSION}\n"
