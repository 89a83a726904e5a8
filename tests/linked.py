"""The package ``overbooked`` as a folder, made of the folders that it is installed from.

``python tests/linked.py FOLDER`` makes it there. For tools that look at files and not at what is installed, and for
copies of the code with a fault in them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = ("spec", "reference", "checker")


def link(folder: Path, *copied: str) -> Path:
    """Make the package in a folder, anew: links to its parts, and copies of those that are named; return its path."""
    package = folder / "overbooked"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "checker" / "overbooked", package)
    for part in PARTS:
        if part in copied:
            shutil.copytree(ROOT / part, package / part, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            (package / part).symlink_to(ROOT / part, target_is_directory=True)
    return package


if __name__ == "__main__":
    link(Path(sys.argv[1]))
