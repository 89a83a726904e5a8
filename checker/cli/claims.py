"""The command ``overbooked claims``: the source's claims, judged."""

from __future__ import annotations

import argparse

from rich.console import Console

from overbooked.checker.claims.as_text import as_json, as_markdown, show_claims
from overbooked.checker.claims.judged import JudgedClaim, judged
from overbooked.checker.cli.checkout import SPEC, refuse_elsewhere
from overbooked.checker.cli.exit_status import BOUNDED, HOLDS, STOPPED, VIOLATED
from overbooked.checker.cli.progress import watched
from overbooked.checker.console import show_line

PAGE = SPEC / "claims.md"


def run(request: argparse.Namespace, console: Console) -> int:
    """Judge every claim; print them, write their page or compare it, and return the exit status."""
    if request.write:
        refuse_elsewhere()
    found: list[JudgedClaim] = []
    try:
        found += watched(judged(), lambda it: f"claim {it.claim.name}")
    except KeyboardInterrupt:
        return STOPPED
    page = as_markdown(found)
    if request.check and (not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page):
        show_line(console, f"{PAGE.name}: is not what the checker finds today (overbooked claims --write makes it so)")
        return VIOLATED
    if request.write:
        PAGE.write_text(page, encoding="utf-8")
    if request.write or request.check:
        show_line(console, f"{PAGE}: {len(found)} claims")
    elif request.format == "json":
        print(as_json(found))
    else:
        show_claims(console, found)
    return BOUNDED if any(each.verdict == "unknown" for each in found) else HOLDS
