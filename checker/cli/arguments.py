"""What a request asks for: the command, and the cells, strategies or run that it names."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from overbooked.checker.cells import DEFAULT_READS, DEFAULT_WRITES, Cell
from overbooked.checker.cli.options import parser
from overbooked.checker.cli.values import MOST_REPLICAS, MOST_USERS
from overbooked.checker.conformance.exercises import EXERCISES
from overbooked.checker.traces.names import USUAL_REPLICAS, Named, named
from overbooked.spec.everyday_words import read_called, write_called
from overbooked.spec.faults import FAULTS, fault_named
from overbooked.spec.faulty_runs import can_happen
from overbooked.spec.guarantees import GUARANTEES, TABLE
from overbooked.spec.names import StrategyError, shown, unknown
from overbooked.spec.read_strategies import read_strategies, read_strategy
from overbooked.spec.write_strategies import write_strategies, write_strategy

EVERY = "every"
"""Stands for every name that an option may have."""
ALL_BUT_LINEARIZABILITY = tuple(name for name in TABLE if name != "linearizability")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the request; ``overbooked`` alone, or with options only, is ``overbooked check``."""
    given = list(arguments)
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given.insert(0, "check")
    return parser().parse_args(given)


def cells(
    request: argparse.Namespace,
    guarantees: Sequence[str] = TABLE,
    faults: Sequence[str] = ("none",),
    writes: Sequence[str] = DEFAULT_WRITES,
) -> list[Cell]:
    """Return the cells that are asked for and whose parts go together, in the order of the table.

    ``guarantees``, ``faults`` and ``writes`` are those when none is named.

    Raises :class:`overbooked.spec.names.StrategyError` when a strategy, guarantee or fault is unknown, or goes with
    none of the others.
    """
    names = chosen("guarantee", request.guarantee, tuple(guarantees), GUARANTEES)
    users = (request.bookings, request.checks) if "bookings" in request else ()
    fitting = settings(request, faults, writes)
    return [known(Cell(*cell[:4], name, *users)) for cell in fitting for name in names]


def settings(request: argparse.Namespace, faults: Sequence[str], writes: Sequence[str]) -> list[Cell]:
    """Return one cell for each setting that is asked for and whose parts go together, whatever its guarantee is.

    Raises :class:`overbooked.spec.names.StrategyError` when a strategy or fault is unknown, or goes with none of the
    others.
    """
    asked, reads = strategies(request, writes)
    its_faults = chosen_faults(request.fault, tuple(faults))
    every = [Cell(w, r, request.replicas, f, TABLE[0]) for f in its_faults for w in asked for r in reads]
    fitting = [cell for cell in every if not cell.misfit]
    _refuse_misfits(request, every, fitting)
    return fitting


def strategies(request: argparse.Namespace, writes: Sequence[str] = DEFAULT_WRITES) -> tuple[list[str], list[str]]:
    """Return the ways to write and to read that are asked for; ``writes`` are those to write when none is named.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such way.
    """
    n = request.replicas
    every_write, every_read = write_strategies(n), read_strategies(n)
    asked_writes, asked_reads = _called(request)
    its_writes = _chosen(asked_writes, tuple(name for name in writes if name in every_write), every_write)
    reads = _chosen(asked_reads, tuple(name for name in DEFAULT_READS if name in every_read), every_read)
    for write in its_writes:
        write_strategy(write, n)
    for read in reads:
        read_strategy(read, n)
    return its_writes, reads


def _called(request: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Return the names of the ways to write and to read that are typed, be it in everyday words."""
    n, writes, reads = request.replicas, request.write or (), request.read or ()
    return [write_called(word, n) for word in writes], [read_called(word, n) for word in reads]


def pairs(request: argparse.Namespace, writes: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the same, where each must go with one of the others.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such way, or it goes with none of the others.
    """
    its_writes, reads = strategies(request, writes)
    every = [Cell(w, r, request.replicas, "none", TABLE[0]) for w in its_writes for r in reads]
    fitting = [cell for cell in every if not cell.misfit]
    _refuse_misfits(request, every, fitting)
    kept = {name for cell in fitting for name in (cell.write, cell.read)}
    return [name for name in its_writes if name in kept], [name for name in reads if name in kept]


def chosen(what: str, given: list[str] | None, default: tuple[str, ...], names: Iterable[str]) -> list[str]:
    """Return the guarantees or faults that are given, or else the default ones; ``every`` is every one.

    Raises :class:`overbooked.spec.names.StrategyError` when one is none of the ``names``.
    """
    _refuse_all(given)
    found = _chosen(given, default, names)
    for name in found:
        _refuse_unknown(what, name, names)
    return found


def chosen_faults(given: list[str] | None, default: tuple[str, ...]) -> list[str]:
    """Return the fault settings that are given, or else the default ones; ``every`` is every one that has a name.

    Raises :class:`overbooked.spec.names.StrategyError` when there is no such fault.
    """
    _refuse_all(given)
    found = _chosen(given, default, FAULTS)
    for name in found:
        fault_named(name)
    return found


def _refuse_misfits(request: argparse.Namespace, every: Iterable[Cell], fitting: Iterable[Cell]) -> None:
    """Raise :class:`StrategyError` where something that is named goes with nothing else that is asked for."""
    writes, reads = _called(request)
    named = {*writes, *reads, *(getattr(request, "fault", None) or ())}
    lost = named - {name for cell in fitting for name in (cell.write, cell.read, cell.fault)}
    for cell in every:
        if cell.misfit and lost & {cell.write, cell.read, cell.fault}:
            raise StrategyError(cell.misfit)


def left_out(request: argparse.Namespace, cells: Sequence[Cell]) -> list[str]:
    """Return the faults that were asked for, be it as one of every one, and that none of the cells has."""
    return [fault for fault in chosen_faults(request.fault, ()) if fault not in {cell.fault for cell in cells}]


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
        given |= {"--with-fault": request.with_fault}
        if said := [option for option, is_given in given.items() if is_given]:
            raise StrategyError(f"{request.write}: is the name of a trace, which says it all, so leave out {said[0]}")
        write, read, n = found.cell[:3]
        cell = found.cell._replace(write=write_called(write, n), read=read_called(read, n))
        return found._replace(cell=known(cell))
    users, n = (request.bookings, request.checks), request.replicas
    write, read = write_called(request.write, n), read_called(request.read, n)
    cell = Cell(write, read, n, request.fault, request.guarantee, *users, each_fault=request.with_fault)
    return Named(known(cell))


def known(cell: Cell) -> Cell:
    """Return the cell; raise :class:`overbooked.spec.names.StrategyError` where it makes no sense."""
    if cell.replicas > MOST_REPLICAS or max(cell.bookings or 1, cell.checks or 1) > MOST_USERS:
        raise StrategyError(f"there may be up to {MOST_REPLICAS} replicas, and {MOST_USERS} users of a kind")
    write_strategy(cell.write, cell.replicas)
    read_strategy(cell.read, cell.replicas)
    _refuse_unknown("guarantee", cell.guarantee, GUARANTEES)
    fault_named(cell.fault)
    if cell.misfit:
        raise StrategyError(cell.misfit)
    if cell.each_fault and not can_happen(cell.setting):
        why = "names no fault" if cell.fault == "none" else "is how clocks are, and happens in no step"
        raise StrategyError(f"{cell.fault}: {why}; --with-fault wants one that happens, such as replica-crash")
    return cell


def _refuse_unknown(what: str, name: str, names: Iterable[str]) -> None:
    if name not in names and name in EXERCISES:
        raise StrategyError(f"{name}: is no {what}, but an exercise: overbooked conform --guarantee {name}")
    if name not in names:
        raise unknown(what, name, names)


def _refuse_all(given: list[str] | None) -> None:
    if "all" in (given or ()):
        raise StrategyError(f"all: should be {EVERY}, which stands for all there are")


def _chosen(given: list[str] | None, default: tuple[str, ...], names: Iterable[str]) -> list[str]:
    wanted = given or default
    for several in (each for each in wanted if "," in each):
        raise StrategyError(f"{shown(several)}: is one word; to name several, repeat the option before each")
    return list(dict.fromkeys(name for each in wanted for name in (names if each == EVERY else (each,))))
