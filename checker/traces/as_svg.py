"""A trace as a picture: a sequence diagram in SVG, drawn here so that it needs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from overbooked.checker.traces.trace import Moment, Trace

_LANE, _ROW, _TOP, _MARGIN, _LETTER = 132, 30, 46, 92, 6.4
"""Pixels from one party to the next, and from one line to the next; above and beside them; and for a letter."""
_STYLE = (
    "text{font:12px ui-sans-serif,system-ui,sans-serif;fill:var(--ink,#1b1f24)}"
    ".name{font-weight:600}.number{fill:var(--faint,#6a737d)}.lane{stroke:var(--line,#d0d7de)}"
    ".said{stroke:var(--ink,#1b1f24);fill:none}.head{fill:var(--ink,#1b1f24)}"
    ".note{fill:var(--note,#ddf4ff);stroke:var(--edge,#54aeff)}.fault .note{fill:var(--bad,#ffebe9);stroke:#ff8182}"
    ".end text{font-weight:600;fill:var(--wrong,#cf222e)}"
)


class _Line(NamedTuple):
    """One line of the diagram: a message, or what somebody does alone."""

    sender: int
    receiver: int
    text: str


def as_svg(trace: Trace) -> str:
    """Return the trace as an SVG picture; everything of step 3 is in a group with ``data-step="3"``."""
    rows = [_lines(trace, moment) for moment in trace.moments]
    height = _TOP + _ROW * (sum(map(len, rows)) + 2)
    width = max([_x(len(trace.parties) - 1) + _MARGIN, *(_right(line) for lines in rows for line in lines)])
    parts = [_head(width, height, f"{trace.name} breaks {trace.guarantee}"), *_lanes(trace, height)]
    y = _TOP + _ROW
    for moment, lines in zip(trace.moments, rows, strict=True):
        parts.append(_step(moment, lines, y))
        y += _ROW * len(lines)
    end = _text(width / 2, y, f"breaks {trace.guarantee}", "middle")
    parts.append(f'<g class="end" data-step="{len(rows)}">{end}</g></svg>')
    return "\n".join(parts) + "\n"


def _head(width: float, height: float, title: str) -> str:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    named = f'role="img" aria-label="{escape(title)}"'
    arrow = (
        '<marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="head" d="M0 0 8 4 0 8z"/></marker>'
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named}><style>{_STYLE}</style><defs>{arrow}</defs>'


def _lanes(trace: Trace, height: float) -> Iterator[str]:
    for at, party in enumerate(trace.parties):
        yield _text(_x(at), _TOP - 16, party, "middle", "name")
        yield f'<line class="lane" x1="{_x(at)}" y1="{_TOP - 6}" x2="{_x(at)}" y2="{height - _ROW}"/>'


def _step(moment: Moment, lines: list[_Line], y: float) -> str:
    number = _text(12, y, str(moment.number), "start", "number")
    drawn = "".join(_drawn(line, y + _ROW * at) for at, line in enumerate(lines))
    fault = ' class="fault"' if moment.is_fault else ""
    title = f"<title>{escape(f'{moment.who} {moment.what}')}</title>"
    return f'<g data-step="{moment.number}"{fault}>{title}{number}{drawn}</g>'


def _lines(trace: Trace, moment: Moment) -> list[_Line]:
    lanes = {party: at for at, party in enumerate(trace.parties)}
    said = [_Line(lanes[sender], lanes[receiver], text) for sender, receiver, text in moment.messages]
    return said or [_Line(lanes[moment.who], lanes[moment.who], moment.what.split(":")[0])]


def _drawn(line: _Line, y: float) -> str:
    x, to = _x(line.sender), _x(line.receiver)
    if line.sender == line.receiver:
        width = _width(line)
        box = f'<rect class="note" x="{x - width / 2:g}" y="{y - 14:g}" width="{width:g}" height="20" rx="5"/>'
        return box + _text(x, y, line.text, "middle")
    towards = 1 if to > x else -1
    arrow = f'<path class="said" d="M{x} {y + 5:g}H{to - towards}" marker-end="url(#to)"/>'
    return arrow + _text(x + towards * _LANE / 2, y, line.text, "middle")


def _width(line: _Line) -> float:
    return len(line.text) * _LETTER + 14


def _right(line: _Line) -> float:
    """Return how far to the right what somebody does alone reaches."""
    return _x(line.receiver) + _width(line) / 2 + 4 if line.sender == line.receiver else 0


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{of}>{escape(text)}</text>'


def _x(lane: int) -> int:
    return _MARGIN + _LANE * lane
