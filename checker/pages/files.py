"""The files of ``spec/traces/``: written, and held against what the checker finds today."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from overbooked.checker.cells import Explored
from overbooked.checker.engine.search import Bounds
from overbooked.checker.matrix.evaluation import Evaluation
from overbooked.checker.pages.index import index, names
from overbooked.checker.pages.kinds import every_cell, kinds
from overbooked.checker.pages.page import page


class Pages:
    """The pages as they should be: by their files' names, once :meth:`run` has come to its end."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def run(self) -> Generator[Explored | str, None, None]:
        """Find every way in which strategies break, and write its page; yield how far it is."""
        judging = Evaluation(every_cell(), Bounds(), runs=True, until_broken=True)
        yield from judging.run()
        found = kinds(judging.verdicts)
        known = {verdict.cell: verdict for verdict in judging.verdicts}
        files = {"README.md": index(found, known), "names.csv": names(found)}
        for at, kind in enumerate(found, 1):
            files[f"{kind.name}.md"] = page(kind, known)
            yield f"page {at} of {len(found)}"
        self.files = files


def write(files: dict[str, str], folder: Path) -> list[str]:
    """Write the files, and remove the others of their kind; return the names of those that have changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale(files, folder)
    for name in changed:
        if name in files:
            (folder / name).write_text(files[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def stale(files: dict[str, str], folder: Path) -> list[str]:
    """Return the names of the files in a folder that are not as they should be, are missing, or should not be there."""
    there = {
        file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.*") if file.suffix in {".md", ".csv"}
    }
    return [name for name in sorted({*there, *files}) if there.get(name) != files.get(name)]
