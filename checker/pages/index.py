"""The index of the pages, which is found by question."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.pages.kinds import Kind, Verdicts, pairs
from overbooked.checker.traces.as_markdown import table
from overbooked.checker.traces.names import named, trace_name
from overbooked.spec.because import because
from overbooked.spec.guarantees import GUARANTEES, Guarantee
from overbooked.spec.questions import QUESTIONS, Question
from overbooked.spec.wording import listed

_HEAD = """# What can go wrong

Every way to read over three replicas, every guarantee, every fault, and the ways to write: all in which the app server
writes to every replica, and of those in which the database replicates by itself `primary:1`, `primary:2`,
`primary:2:received` and `primary:1:unique`. Of what repairs it, and of `node-crash`, `lost-write` and `amnesia`, a part
is here; of the rest these are all the ways in which a guarantee breaks. Runs that take the same kinds of step, by
whoever plays the same role, are one way, and have one page. All of this is written by `overbooked traces --write`, from
what the checker finds.
"""


def index(kinds: Sequence[Kind], known: Verdicts) -> str:
    """Return the index of these pages, in Markdown."""
    asked = [
        (guarantee, [kind for kind in kinds if _breaks(kind, guarantee.name)]) for guarantee in GUARANTEES.values()
    ]
    contents = "\n".join(f"- [{each.question}](#{_anchor(each.question)})" for each, _ in asked)
    heading = "\n## As people ask when it has happened to them\n"
    people = table(("people ask", "in short", "how it happens"), [_asked(each, kinds, known) for each in QUESTIONS])
    sections = (_section(guarantee, pages, known) for guarantee, pages in asked)
    return "\n".join([_HEAD, contents, heading, people, *sections])


def names(kinds: Sequence[Kind]) -> str:
    """Return the names of the pages as CSV, each with the name of the run that stands there."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([("page", "trace"), *((kind.name, trace_name(kind.verdicts[0].cell)) for kind in kinds)])
    return out.getvalue()


def _asked(question: Question, kinds: Sequence[Kind], known: Verdicts) -> tuple[str, str, str]:
    """Return a question with its answer and its page; raise :class:`ValueError` where what it says is not so."""
    if question.trace is None:
        timeouts = {cell: it.verdict for cell, it in known.items() if cell.fault == "timeout"}
        if any(known[cell._replace(fault="none")].verdict != verdict for cell, verdict in timeouts.items()):
            raise ValueError(f"{question.words}: a timeout makes a difference to some verdict")
        return question.words, question.answer, "breaks nothing"
    cell = named(question.trace).cell
    pages = [kind.name for kind in kinds if any(verdict.cell == cell for verdict in kind.verdicts)]
    if not pages:
        raise ValueError(f"{question.words}: {question.trace} breaks nothing, or has no page")
    return question.words, question.answer, f"[{pages[0]}]({pages[0]}.md)"


def _section(guarantee: Guarantee, kinds: Sequence[Kind], known: Verdicts) -> str:
    rows = sorted((_row(kind, guarantee.name) for kind in kinds), key=lambda row: (row[1] != "none", int(row[2])))
    heading = f"\n## {guarantee.question}\n\nNot if **{guarantee.name}** holds: {guarantee.sentence}. "
    return heading + _answer(guarantee, known) + "\n\n" + table(("page", "at least under", "steps", "why"), rows)


def _row(kind: Kind, guarantee: str) -> tuple[str, str, str, str]:
    its = [verdict for verdict in kind.verdicts if verdict.cell.guarantee == guarantee]
    faults = list(dict.fromkeys(verdict.cell.fault for verdict in its))
    least = (
        "none" if "none" in faults else ", ".join(fault for fault in faults if fault != "both" or faults == ["both"])
    )
    run = its[0].run
    why = because(its[0].cell.setting, guarantee, run.states).why if run else ""
    return f"[{kind.name}]({kind.name}.md)", least, str(its[0].length), why


def _answer(guarantee: Guarantee, known: Verdicts) -> str:
    """Return who keeps it while nothing fails."""
    judged = [it for cell, it in known.items() if _is_of(cell, guarantee.name)]
    kept = [it for it in judged if it.verdict == "holds"]
    if len(kept) == len(judged):
        return "While nothing fails, every way to write and to read keeps it."
    if not kept:
        return "No way to write and to read keeps it, even while nothing fails."
    return (
        f"While nothing fails, {len(kept)} of {len(judged)} ways to write and to read keep it: {'; '.join(_who(kept))}."
    )


def _who(kept: Sequence[CellVerdict]) -> Iterator[str]:
    for writes, reads in pairs(it.cell for it in kept):
        yield f"{listed(_code(writes))} with {listed(_code(reads), last='or')}"


def _code(names: Sequence[str]) -> list[str]:
    return [f"`{name}`" for name in names]


def _is_of(cell: Cell, guarantee: str) -> bool:
    return cell.guarantee == guarantee and cell.fault == "none"


def _breaks(kind: Kind, guarantee: str) -> bool:
    return any(verdict.cell.guarantee == guarantee for verdict in kind.verdicts)


def _anchor(question: str) -> str:
    """Return the anchor that GitHub gives a heading.

    >>> _anchor("May I wait, for ever?")
    'may-i-wait-for-ever'
    """
    kept = "".join(letter for letter in question.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")
