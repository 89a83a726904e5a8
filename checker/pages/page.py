"""One page: a way to break guarantees, from what happens to who does not have it and what they pay."""

from __future__ import annotations

from collections.abc import Iterable

from overbooked.checker.cells import Cell, CellVerdict
from overbooked.checker.engine.search import Bounds, Exploration, until_broken
from overbooked.checker.engine.state_sets import size
from overbooked.checker.pages.cost import Cost, cost
from overbooked.checker.pages.kinds import Kind, Verdicts, pairs
from overbooked.checker.traces.as_markdown import diagram, steps, table
from overbooked.checker.traces.from_booking import trace_of
from overbooked.checker.traces.names import command_for
from overbooked.checker.traces.trace import Trace
from overbooked.spec.faults import fault_named
from overbooked.spec.guarantees import GUARANTEES, implied
from overbooked.spec.system import model
from overbooked.spec.wording import listed


def page(kind: Kind, known: Verdicts) -> str:
    """Return the page of a kind, in Markdown."""
    verdict = kind.verdicts[0]
    trace = trace_of(verdict)
    judged = verdict.cell.judged
    title = f"{judged.anomaly[0].upper()}{judged.anomaly[1:]} in {len(trace.moments)} steps"
    parts = [
        f"# {title}: {kind.name}",
        f"*{judged.question}*",
        f"## What was found\n\n{trace.why}",
        f"## The guarantee\n\n**{trace.guarantee}**: {trace.sentence}.{_also(kind)}",
        f"## The run\n\n{trace.setting[0].upper()}{trace.setting[1:]}. {_sentence(trace.users)}\n\n{diagram(trace)}",
        f"{steps(trace)}\n\n{_legend(trace)}",
        f"## What was told, and what would have been right\n\n{_answers(verdict, trace)}",
        f"## Why no shorter run does it\n\n{_no_shorter(verdict, trace)}",
        f"## See for yourself\n\n{_commands(kind, verdict.cell)}",
        f"## Which ways break it like this\n\n{_who_has_it(kind)}",
        f"## Which ways keep it, and what they pay\n\n{_who_does_not(verdict.cell, known)}",
    ]
    return "\n\n".join(parts) + "\n"


def _legend(trace: Trace) -> str:
    """Return what the signs mean that occur in the table of steps."""
    held = [it for moment in trace.moments for both in trace.changes(moment).values() for it in both]
    crashed = ["brackets hold what a crashed replica had"] if any("(" in it for it in held) else []
    waits = (
        ["square brackets hold what is in a replica's log and not shown yet"] if any("[" in it for it in held) else []
    )
    none = ["- is none"] if any("-" in it for it in held) else []
    meanings = [*([trace.bookings] if trace.bookings else []), *none, *waits, *crashed]
    return f"Here {listed(meanings)}." if meanings else ""


def _sentence(text: str) -> str:
    return f"{text[0].upper() if text[1] == ' ' else text[0]}{text[1:]}."


def _also(kind: Kind) -> str:
    """Return which other guarantees the same run breaks."""
    names = list(dict.fromkeys(verdict.cell.guarantee for verdict in kind.verdicts))
    follows = [name for name in GUARANTEES if names[0] in implied(name)]
    also = f" Whoever breaks it breaks {listed(follows)}, too." if follows else ""
    more = [name for name in names[1:] if name not in follows]
    return also + (f" A run of these steps also breaks {listed(more)}." if more else "")


def _answers(verdict: CellVerdict, trace: Trace) -> str:
    rows = [(call.user, f"`{call.spelled}`", trace.answers[call.name]) for call in verdict.cell.setting.calls]
    return f"{table(('user', 'call', 'was told'), rows)}\n\nRight would be: {trace.right}"


def _no_shorter(verdict: CellVerdict, trace: Trace) -> str:
    cell, length = verdict.cell, len(trace.moments)
    found = Exploration([model(cell.setting, cell.judged)])
    until_broken(found, cell.guarantee, Bounds())
    states = sum(size(level) for level in found.levels[:length])
    searched = f"All {states:,} states that fewer than {length} steps lead to were looked at, and in none is it broken."
    lost = zip(trace.moments, trace.without, strict=True)
    rows = [(f"{it.number}. {it.who} {it.what.split(':')[0]}", without) for it, without in lost]
    return f"{searched} And no step of this run can be left out:\n\n{table(('without', 'then'), rows)}"


def _commands(kind: Kind, cell: Cell) -> str:
    return f"```sh\n{command_for(cell)}\noverbooked replay {kind.name}\n```"


def _who_has_it(kind: Kind) -> str:
    """Return which ways to write and to read have it, for which guarantees and under which faults."""
    under: dict[tuple[str, str], list[Cell]] = {}
    for verdict in kind.verdicts:
        under.setdefault((verdict.cell.guarantee, verdict.cell.fault), []).append(verdict.cell)
    rows: dict[tuple[str, str], list[str]] = {}
    for (guarantee, fault), cells in under.items():
        rows.setdefault((guarantee, _pairs(cells)), []).append(fault)
    many = [(f"`{guarantee}`", _code(faults), who) for (guarantee, who), faults in rows.items()]
    return table(("breaks", "under", "ways to write: ways to read"), many)


def _pairs(cells: Iterable[Cell]) -> str:
    return "; ".join(f"{_code(writes)}: {_code(reads)}" for writes, reads in pairs(cells))


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _who_does_not(cell: Cell, known: Verdicts) -> str:
    """Return which ways to write and to read keep the guarantee under the same fault, and what each pays."""
    same = [it for it in known if (it.guarantee, it.fault) == (cell.guarantee, cell.fault)]
    kept = [it for it in same if known[it].verdict == "holds"]
    fault = fault_named(cell.fault)
    under = "with no fault" if fault.name == "none" else f"under `{fault.name}`"
    its = cost(cell.setting, known, cell)
    pays = (
        f"`{cell.write}` by `{cell.read}` waits for {its.booking} to book and for {its.check} to check; "
        f"when a replica crashes, {its.crash}."
    )
    if not kept:
        return f"None of the {len(same)} ways to write and to read does, {under}. {pays}"
    costs: dict[Cost, list[Cell]] = {}
    for it in kept:
        costs.setdefault(cost(it.setting, known, it), []).append(it)
    rows = [(_pairs(cells), *its) for its, cells in costs.items()]
    headings = ("ways to write: ways to read", "a booking waits for", "a check waits for", "when a replica crashes")
    some = f"{len(kept)} of the {len(same)} ways to write and to read keep `{cell.guarantee}` {under}."
    return f"{pays} {some}\n\n{table(headings, rows)}"
