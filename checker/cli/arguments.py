"""What a request asks for: the command, and the cells, strategies or run that it names."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from overbooked.checker.cells import DEFAULT_READS, DEFAULT_WRITES, Cell
from overbooked.checker.cli.options import parser
from overbooked.checker.cli.values import MOST_REPLICAS, MOST_USERS
from overbooked.checker.traces.names import USUAL_REPLICAS, Named, named
from overbooked.spec.faults import FAULTS
from overbooked.spec.guarantees import GUARANTEES, TABLE
from overbooked.spec.names import StrategyError, unknown
from overbooked.spec.read_strategies import read_strategies, read_strategy
from overbooked.spec.write_strategies import write_strategies, write_strategy

ALL_BUT_LINEARIZABILITY = tuple(name for name in TABLE if name != "linearizability")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the request; ``overbooked`` alone, or with options only, is ``overbooked check``."""
    given = list(arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given.insert(0, "check")
    return parser().parse_args(given)


def cells(
    request: argparse.Namespace, guarantees: Sequence[str] = TABLE, faults: Sequence[str] = ("none",)
) -> list[Cell]:
    """Return the cells that are asked for, in the order of the table.

    ``guarantees`` and ``faults`` are those when none is named.

    Raises :class:`overbooked.spec.names.StrategyError` when a strategy, guarantee or fault is unknown.
    """
    n = request.replicas
    writes, reads = strategies(request)
    chosen = _chosen(request.guarantee, tuple(guarantees), "all", GUARANTEES)
    faults = _chosen(request.fault, tuple(faults), "all", FAULTS)
    users = (request.bookings, request.checks) if "bookings" in request else ()
    asked = [Cell(w, r, n, f, g, *users) for f in faults for w in writes for r in reads for g in chosen]
    for cell in asked:
        known(cell)
    return asked


def strategies(request: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the ways to write and to read that are asked for.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such way.
    """
    n = request.replicas
    writes = _chosen(request.write, DEFAULT_WRITES, "all", write_strategies(n))
    reads = _chosen(request.read, DEFAULT_READS, "all-reads", read_strategies(n))
    for write in writes:
        write_strategy(write, n)
    for read in reads:
        read_strategy(read, n)
    return writes, reads


def asked(request: argparse.Namespace) -> Named:
    """Return the run that is asked for: by the strategies and the guarantee, or by its name alone.

    Raises :class:`overbooked.spec.names.StrategyError` when part of it is missing or unknown.
    """
    if request.guarantee is None:
        if request.read is not None:
            raise StrategyError(f"{request.write} {request.read}: should be WRITE READ GUARANTEE, or a trace's name")
        found = named(request.write)
        given = {"--fault": request.fault != "none", "--replicas": request.replicas != USUAL_REPLICAS}
        given |= {"--bookings": request.bookings is not None, "--checks": request.checks is not None}
        if said := [option for option, is_given in given.items() if is_given]:
            raise StrategyError(f"{request.write}: is the name of a trace, which says it all, so leave out {said[0]}")
        return found._replace(cell=known(found.cell))
    users = (request.bookings, request.checks)
    cell = Cell(request.write, request.read, request.replicas, request.fault, request.guarantee, *users)
    return Named(known(cell))


def known(cell: Cell) -> Cell:
    """Return the cell; raise :class:`overbooked.spec.names.StrategyError` when part of it is unknown."""
    if cell.replicas > MOST_REPLICAS or max(cell.bookings or 1, cell.checks or 1) > MOST_USERS:
        raise StrategyError(f"there may be up to {MOST_REPLICAS} replicas, and {MOST_USERS} users of a kind")
    write_strategy(cell.write, cell.replicas)
    read_strategy(cell.read, cell.replicas)
    for what, name, names in (("guarantee", cell.guarantee, GUARANTEES), ("fault", cell.fault, FAULTS)):
        if name not in names:
            raise unknown(what, name, names)
    return cell


def _chosen(given: list[str] | None, default: tuple[str, ...], every: str, names: Iterable[str]) -> list[str]:
    wanted = given or default
    return list(dict.fromkeys(name for each in wanted for name in (names if each == every else (each,))))
