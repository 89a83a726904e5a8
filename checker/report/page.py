"""The report as one HTML file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files


def page(data: Mapping[str, object]) -> str:
    """Return the HTML file that shows this; it refers to nothing outside itself."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    parts = {"css": _file("report.css"), "data": text, "js": _file("report.js")}
    whole = _file("report.html")
    for name, part in parts.items():
        before, _, after = whole.partition(f"{{{name}}}")
        whole = before + part + after
    return whole


def _file(name: str) -> str:
    return files("overbooked.checker.report").joinpath(name).read_text(encoding="utf-8")
