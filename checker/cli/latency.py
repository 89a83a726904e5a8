"""The command ``overbooked latency``: how long each strategy takes, exactly, and what it costs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from overbooked.checker.cli import arguments
from overbooked.checker.cli.exit_status import HOLDS, SenselessError
from overbooked.checker.console import counted, plain_table, show_paragraph, show_whole
from overbooked.checker.latency.latencies import Latency, as_csv, as_json, latencies
from overbooked.checker.latency.message_costs import MOST_EXPLORED, Traffic
from overbooked.checker.latency.waits import APPEND

_MANY_COLUMNS = 30


def run(request: argparse.Namespace, console: Console) -> int:
    """Print how long these strategies take, and what they cost; return the exit status.

    Raises :class:`overbooked.checker.cli.exit_status.SenselessError` when the times given are not as many as there are
    replicas.
    """
    times = _times(request)
    rows = latencies(*arguments.strategies(request), request.replicas, times)
    if request.format == "json":
        print(as_json(rows, request.replicas, times))
    elif request.format == "csv":
        print(as_csv(rows))
    else:
        _show(console, rows, times, request.replicas)
    return HOLDS


def _times(request: argparse.Namespace) -> dict[str, float]:
    """Return the time of each part, in seconds."""
    given = request.times or (1.0,)
    if len(given) not in {1, request.replicas}:
        spelled = ",".join(f"{each:g}" for each in given)
        raise SenselessError(f"--times {spelled}: should be one time, or one for each of {request.replicas} replicas")
    each = given * request.replicas if len(given) == 1 else given
    append = {} if request.append is None else {APPEND: request.append}
    return {f"db{i}": time for i, time in enumerate(each, 1)} | append


def _show(console: Console, rows: list[Latency], times: Mapping[str, float], replicas: int) -> None:
    show_paragraph(
        console,
        f"{counted(replicas, 'replica')}, and nothing fails. dbI stands for the time from sending replica I a write to "
        "its confirmation, or from asking it to its answer; append is what the log takes.\n",
    )
    for kind in ("write", "read"):
        if its := [row for row in rows if row.kind == kind]:
            show_whole(console, _table(kind, its, _heading(times)), may_wrap=_MANY_COLUMNS)
            console.print()
    legend = (
        "messages  between app server, log, consumer and replicas, for one call, until all is quiet\n"
        "at once   requests to replicas that are unanswered at the same time, at most\n"
        "left      requests that are yet to be sent or answered when the user is told"
    )
    if replicas <= MOST_EXPLORED:
        show_paragraph(console, f"{legend}\n\nCounted in every state that can be reached, with one call.")
    else:
        show_paragraph(console, f"Messages are counted over up to {MOST_EXPLORED} replicas.")


def _heading(times: Mapping[str, float]) -> str:
    replicas = {time for part, time in times.items() if part != APPEND}
    return f"at {replicas.pop():g} s each" if len(replicas) == 1 else "takes"


def _table(kind: str, rows: list[Latency], takes: str) -> Table:
    table = plain_table()
    table.add_column(kind, no_wrap=True, min_width=19)
    table.add_column("the user is told after", min_width=26)
    counts = ("messages", "at once", "left") if rows[0].traffic else ()
    for heading in (takes, *counts):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        takes = APPEND if row.seconds is None else f"{row.seconds:g} s"
        table.add_row(row.strategy, row.wait.words, takes, *(_costs(row.traffic) if row.traffic else ()))
    return table


def _costs(traffic: Traffic) -> tuple[str, str, str]:
    least, most = traffic.left
    return str(traffic.messages), str(traffic.at_once), str(most) if least == most else f"{least}-{most}"
