"""The command ``overbooked claims``: the source's claims, judged."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from overbooked import spec
from overbooked.checker.claims.judged import JudgedClaim, judged
from overbooked.checker.claims.shown import as_json, as_markdown, show_claims
from overbooked.checker.progress_line import watched
from overbooked.checker.statuses import BOUNDED, HOLDS, STOPPED, VIOLATED

PAGE = Path(spec.__path__[0]) / "claims.md"


def run_claims(request: argparse.Namespace, console: Console) -> int:
    """Judge every claim; print them, write their page or compare it, and return the exit status."""
    found: list[JudgedClaim] = []
    try:
        found += watched(judged(), lambda it: f"claim {it.claim.name}")
    except KeyboardInterrupt:
        return STOPPED
    page = as_markdown(found)
    if request.check and (not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page):
        _say(console, f"{PAGE.name}: is not what the checker finds today (overbooked claims --write makes it so)")
        return VIOLATED
    if request.write:
        PAGE.write_text(page, encoding="utf-8")
    if request.write or request.check:
        _say(console, f"{PAGE}: {len(found)} claims")
    elif request.format == "json":
        print(as_json(found))
    else:
        show_claims(console, found)
    return BOUNDED if any(each.verdict == "unknown" for each in found) else HOLDS


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
