"""The claims and their verdicts, in text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from overbooked.checker.claims.grounds import Found
from overbooked.checker.claims.judged import JudgedClaim
from overbooked.checker.console import plain_table, show_whole
from overbooked.checker.documents import json_document
from overbooked.checker.traces.as_markdown import table
from overbooked.spec.claims import SECTIONS

_STYLES = {"holds": "green", "measured": "green", "refuted": "bold red", "not judged": "dim", "unknown": "yellow"}
_FEW = 3
_HEAD = """# What the source claims, judged

Each claim of the worked example, in this project's words, with its verdict: it **holds**; it **holds when** the exact
condition does, and not otherwise; it is **refuted**, or **measured**, or **not judged**. A verdict is what the cells of
the table, the theorems, the times and the counts say that [`claims.py`](claims.py) names for the claim, and their
number is given. All of this is written by `overbooked claims --write`; three replicas, unless it says otherwise.
"""


def show_claims(console: Console, found: Sequence[JudgedClaim]) -> None:
    """Print each claim, its verdict, what is true exactly, and the first of the evidence."""
    for judged in found:
        style = _STYLES.get(judged.verdict, "cyan")
        rows = plain_table(has_header=False)
        rows.add_row(judged.claim.name, Text(_plain(judged.claim.text), style="bold"))
        rows.add_row("", Text(_plain(judged.brief), style=style))
        for line in _lines(judged):
            rows.add_row("", Text(_plain(line)))
        show_whole(console, rows, may_wrap=10_000)
        console.print()
    counts = Counter(judged.verdict for judged in found)
    console.print(", ".join(f"{count} {word}" for word, count in counts.items()), highlight=False)


def as_markdown(found: Sequence[JudgedClaim]) -> str:
    """Return the page about the claims."""
    by_name = {judged.claim.name: judged for judged in found}
    counts = Counter(judged.verdict for judged in found)
    parts = [_HEAD, ", ".join(f"{count} {word}" for word, count in counts.items()) + ".\n"]
    for heading, claims in SECTIONS.items():
        rows = [_row(by_name[claim.name]) for claim in claims]
        parts.append(f"## {heading}\n\n{table(('', 'claim', 'verdict', 'what is true, and what shows it'), rows)}\n")
    return "\n".join(parts)


def as_json(found: Sequence[JudgedClaim]) -> str:
    """Return the claims as one JSON document, a line each."""
    return json_document(claims=[_object(judged) for judged in found])


def _object(judged: JudgedClaim) -> dict[str, object]:
    claim = judged.claim
    return {
        "name": claim.name,
        "claim": claim.text,
        "verdict": judged.verdict,
        "when": claim.when if judged.verdict == "holds when" else None,
        "exact": claim.exact or None,
        "evidence": [found._asdict() for found in judged.evidence],
    }


def _lines(judged: JudgedClaim) -> list[str]:
    shown = [f"{found.words}{f' ({found.command})' if found.command else ''}" for found in judged.evidence[:_FEW]]
    more = len(judged.evidence) - _FEW
    return [*([judged.claim.exact] * bool(judged.claim.exact)), *shown, *([f"and {more} more"] * (more > 0))]


def _row(judged: JudgedClaim) -> tuple[str, str, str, str]:
    claim = judged.claim
    verdict = judged.brief.replace(judged.verdict, f"**{judged.verdict}**", 1)
    evidence = "; ".join(_linked(found) for found in judged.evidence[:_FEW])
    more = len(judged.evidence) - _FEW
    shown = f"{evidence}{f'; and {more} more' if more > 0 else ''}."
    return claim.name, claim.text, verdict, " ".join(filter(None, [claim.exact, shown if evidence else ""]))


def _linked(found: Found) -> str:
    return f"{found.words}{f' (`{found.command}`)' if found.command else ''}"


def _plain(text: str) -> str:
    return text.replace("`", "")
