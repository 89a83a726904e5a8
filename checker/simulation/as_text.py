"""What was simulated, as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.console import Console

from overbooked.checker.console import has_signs, plain_table, show_paragraph, show_whole
from overbooked.checker.simulation.delays import Times
from overbooked.checker.simulation.estimates import Estimate
from overbooked.checker.simulation.simulated import KS, SHARES, VISIBLE, Simulated, Simulation, percentiles

_WIDE = 96
"""From this many columns on, the ways to write have a column of their own."""
_ALMOST_NEVER = 0.0005
_LONG = 1000
_ToCells = Callable[[Simulated], list[str]]


def show(console: Console, found: Sequence[Simulated], simulation: Simulation, at: Sequence[float]) -> None:
    """Print how long bookings and checks take, how fresh checks are, and how many bookings they may miss."""
    replicas = f"{simulation.network.replicas} replica{'s' * (simulation.network.replicas > 1)}"
    show_paragraph(
        console,
        f"{replicas}, delays {simulation.network.name}, {simulation.trials:,} trials with seed {simulation.seed}.\n",
    )
    for leg, spelled in simulation.network.legs():
        show_paragraph(console, f"{leg:9} {spelled}")
    show_paragraph(
        console, "\nHow long they take, in ms: at the median, and at most in 99 % and in 99.9 % of all cases\n"
    )
    _show_times(console, "booking", {each.write: each.booking for each in found})
    _show_times(console, "checking", {each.read: each.checking for each in found})
    show_paragraph(console, "How often a check sees the booking, if it is made so long after the acknowledgement\n")
    give = "±" if has_signs(console) else "+-"
    _show_rows(console, found, _fresh_headings(at), lambda each: [*_fresh(each, at, give), _visible(each)])
    told = "if each has reached as many replicas as its acknowledgement waits for, and no other"
    show_paragraph(console, f"How often a check sees none of the last k bookings, {told}\n")
    _show_rows(console, found, [f"k = {k}" for k in KS], lambda each: [_percent(p) for p in each.k_stale])
    for line in _legend(found, give):
        show_paragraph(console, line)


def _legend(found: Sequence[Simulated], give: str) -> Iterator[str]:
    if any(each.fresh.proved for each in found):
        yield "always    z3 proves that no such check is stale (overbooked prove WRITE/READ)"
    if not all(each.fresh.proved for each in found):
        yield f"{f'{give}, (a-b)':9} the true value is within, with a probability of 95 %; ?: too few trials to say"


def _show_times(console: Console, what: str, times: Mapping[str, Times]) -> None:
    table = plain_table(apart=2 if console.width >= _WIDE else 1)
    table.add_column(what, no_wrap=True, min_width=19)
    for share in SHARES:
        table.add_column("median" if share == SHARES[0] else f"{100 * share:g} %", no_wrap=True, min_width=18)
    for name, its in times.items():
        table.add_row(name, *(_between(each) for each in percentiles(its).values()))
    show_whole(console, table)
    console.print()


def _show_rows(console: Console, found: Sequence[Simulated], headings: Sequence[str], cells: _ToCells) -> None:
    wide = console.width >= _WIDE
    table = plain_table()
    for heading in ("write", "read") if wide else ("write\n  read",):
        table.add_column(heading, no_wrap=True)
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    before = None
    for each in found:
        if each.write != before and not wide:
            table.add_row(each.write)
        name = (each.write if each.write != before else "", each.read) if wide else (f"  {each.read}",)
        table.add_row(*name, *cells(each))
        before = each.write
    show_whole(console, table)
    console.print()


def _fresh_headings(at: Sequence[float]) -> list[str]:
    return [*(f"{t:g} ms" for t in at), f"{100 * VISIBLE:g} % from, ms"]


def _fresh(each: Simulated, at: Sequence[float], give: str) -> list[str]:
    return ["always"] * len(at) if each.fresh.proved else [_chance(each.fresh.at(t), give) for t in at]


def _visible(each: Simulated) -> str:
    return "at once" if each.fresh.proved else _between(each.fresh.visible())


def _chance(p: Estimate, give: str = "±") -> str:
    """Return a probability in percent, with half the width of its interval.

    >>> _chance(Estimate(0.4362, 0.4352, 0.4372)), _chance(Estimate(1.0, 0.999996, 1.0))
    ('43.6 ± 0.1 %', '100.00 ± 0.01 %')
    """
    half = 50 * (p.high - p.low)
    digits = min(max(math.ceil(-math.log10(half)) if half else 1, 0), 2)
    return f"{100 * p.value:.{digits}f} {give} {max(half, 0.01):.{digits}f} %"


def _percent(p: float) -> str:
    return f"{100 * p:.1f} %" if p == 0 or p >= _ALMOST_NEVER else f"{100 * p:.1g} %"


def _between(estimate: Estimate) -> str:
    """Return a time in ms with its interval.

    >>> _between(Estimate(59.69, 57.9, 61.8)), _between(Estimate(0.2461, 0.246, 0.2463))
    ('59.7 (57.9-61.8)', '0.246')
    """
    value, low, high = map(_short, estimate)
    return value if low == value == high else f"{value} ({low}-{high})"


def _short(time: float) -> str:
    """Return a time to three digits, or to as many as it has before the point."""
    if not math.isfinite(time):
        return "?"
    digits = max(2 - math.floor(math.log10(time)), 0) if time > 0 else 0
    return f"{time:,.{digits}f}" if time < _LONG else f"{time:,.0f}"
