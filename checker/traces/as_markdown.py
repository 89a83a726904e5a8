"""A trace in Markdown, and the parts of a page about it."""

from __future__ import annotations

from collections.abc import Sequence

from overbooked.checker.traces.as_mermaid import as_mermaid
from overbooked.checker.traces.trace import Moment, Trace


def as_markdown(trace: Trace) -> str:
    """Return the trace as Markdown, with a diagram that GitHub draws."""
    return "\n\n".join(
        [
            f"# {trace.name}",
            f"{trace.why}\n\nRight would be: {trace.right}",
            f"**{trace.guarantee}**: {trace.sentence}. {trace.setting[0].upper()}{trace.setting[1:]}; {trace.users}.",
            diagram(trace),
            steps(trace),
            f"`{trace.command}`\n",
        ]
    )


def diagram(trace: Trace) -> str:
    """Return the trace's sequence diagram."""
    return f"```mermaid\n{as_mermaid(trace)}```"


def steps(trace: Trace) -> str:
    """Return the steps as a table: who does what, and only what each changed."""
    return table(("", "who", "does what", "changes"), [_row(trace, moment) for moment in trace.moments])


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""Return a table in Markdown.

    >>> print(table(("a", "b"), [("1", "x|y")]))
    | a | b |
    | --- | --- |
    | 1 | x\|y |
    """
    lines = [headings, ["---"] * len(headings), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _row(trace: Trace, moment: Moment) -> Sequence[str]:
    held = [f"{who}: {was} → **{now}**" for who, (was, now) in trace.changes(moment).items()]
    return str(moment.number), moment.who, moment.what, ", ".join(held)
