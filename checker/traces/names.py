"""The names of traces: short enough to be typed, and they say which run is meant."""

from __future__ import annotations

import csv
import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from overbooked import spec
from overbooked.checker.cells import Cell
from overbooked.spec.names import StrategyError, shown
from overbooked.spec.wording import listed

USUAL_REPLICAS = 3
PAGES = Path(spec.__path__[0]) / "traces" / "names.csv"
"""The names of the pages of ``spec/traces/``."""
_SPELLED = (
    r"(?P<write>[^/@+,]+)/(?P<read>[^/@+,]+)/(?P<guarantee>[^/@+,]+)(@(?P<fault>[^/@+,]+(\+[a-z][^/@+,]*)*))?"
    r"(?P<more>(,each|,[nbc]=[1-9]\d?)*)(\+(?P<other>[1-9]\d{0,3}))?"
)


class Named(NamedTuple):
    """Which run is meant: the one that breaks the cell's guarantee, or so many runs after it another one."""

    cell: Cell
    other: int = 0


def trace_name(cell: Cell, other: int = 0) -> str:
    """Return the name of a run.

    >>> trace_name(Cell("parallel:1", "one", 3, "none", "read-after-write"))
    'parallel:1/one/read-after-write'
    >>> trace_name(Cell("serial-async", "quorum", 5, "both", "durability", 2), other=1)
    'serial-async/quorum/durability@both,n=5,b=2+1'
    >>> trace_name(Cell("parallel:1", "one", 3, "timeout", "durability", each_fault=True))
    'parallel:1/one/durability@timeout,each'
    """
    fault = "" if cell.fault == "none" else f"@{cell.fault}{',each' * cell.each_fault}"
    more = {"n": None if cell.replicas == USUAL_REPLICAS else cell.replicas, "b": cell.bookings, "c": cell.checks}
    numbers = "".join(f",{key}={value}" for key, value in more.items() if value is not None)
    return f"{cell.write}/{cell.read}/{cell.guarantee}{fault}{numbers}{f'+{other}' if other else ''}"


def named(name: str) -> Named:
    """Return which run a name means; raise :class:`overbooked.spec.names.StrategyError` when it is not the name of one.

    A page may be named by its file, and ``+1`` after a page's name is the run after its own.

    >>> named("serial-async/quorum/durability@both,n=5,b=2+1").cell.replicas
    5
    """
    page, plus, other = name.removeprefix("spec/traces/").removesuffix(".md").partition("+")
    found = re.fullmatch(_SPELLED, f"{pages()[page]}{plus}{other}" if page in pages() else name)
    if not found:
        usual = "WRITE/READ/GUARANTEE, as in parallel:1/one/read-after-write, or that of a page of spec/traces"
        alike = [each for each in pages() if each.rpartition("-")[0] == page]
        near = alike or get_close_matches(page, pages(), n=1, cutoff=0.5)
        hint = f"; did you mean {listed(near, last='or')}?" if near and "/" not in name else f", which is {usual}"
        raise StrategyError(f"{shown(name)}: is not the name of a trace{hint}")
    number = {key: int(value) for key, value in re.findall(r"([nbc])=(\d+)", found["more"])}
    setting = (
        found["write"],
        found["read"],
        number.get("n", USUAL_REPLICAS),
        found["fault"] or "none",
        found["guarantee"],
    )
    users = (number.get("b"), number.get("c"))
    return Named(Cell(*setting, *users, each_fault=",each" in found["more"]), int(found["other"] or 0))


@cache
def pages() -> dict[str, str]:
    """Return the names of the pages of ``spec/traces/``, each with the name of the run that stands there."""
    if not PAGES.is_file():
        return {}
    with PAGES.open(encoding="utf-8", newline="") as file:
        return {row["page"]: row["trace"] for row in csv.DictReader(file)}


def command_for(cell: Cell, other: int = 0) -> str:
    """Return the command that shows a run."""
    fault = "" if cell.fault == "none" else f" --fault {cell.fault}{' --with-fault' * cell.each_fault}"
    replicas = "" if cell.replicas == USUAL_REPLICAS else f" --replicas {cell.replicas}"
    bookings = "" if cell.bookings is None else f" --bookings {cell.bookings}"
    checks = "" if cell.checks is None else f" --checks {cell.checks}"
    after = " --next" * other
    return f"overbooked trace {cell.write} {cell.read} {cell.guarantee}{fault}{replicas}{bookings}{checks}{after}"
