"""The command ``overbooked simulate``: how long, and how stale, by trials with random delays."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from overbooked.checker.cells import SOURCE_WRITES
from overbooked.checker.cli import arguments
from overbooked.checker.cli.exit_status import HOLDS, STOPPED, SenselessError
from overbooked.checker.cli.progress import watched
from overbooked.checker.simulation.as_json import as_csv, as_json
from overbooked.checker.simulation.as_text import show
from overbooked.checker.simulation.delays import DelayError
from overbooked.checker.simulation.networks import ALONE, LEGS, network
from overbooked.checker.simulation.simulated import Simulated, Simulation, simulate, why_not
from overbooked.checker.simulation.trade_off import Keeps, strongest_about_answers
from overbooked.spec.read_strategies import read_strategy
from overbooked.spec.write_strategies import write_strategy

_MOST_KEPT = 200_000_000
"""So many times are kept at most, 8 bytes each."""
_PICTURES = (".svg", ".png")


def run(request: argparse.Namespace, console: Console) -> int:
    """Simulate every one of these ways to write with every way to read; print it, and return the exit status.

    Raises :class:`overbooked.checker.cli.exit_status.SenselessError` when a delay makes no sense, or a picture cannot
    be written.
    """
    asked = arguments.pairs(request, SOURCE_WRITES)
    simulation = _simulation(request, *_simulated_ones(request, *asked))
    draw = _drawing(request.plot) if request.plot else None
    try:
        found, keeps = _simulated(simulation, told=request.format != "text" or draw is not None)
        if draw:
            draw(found, keeps, simulation)
    except KeyboardInterrupt:
        return STOPPED
    if request.format == "json":
        print(as_json(found, simulation, request.at, keeps))
    elif request.format == "csv":
        print(as_csv(found, request.at, keeps))
    else:
        show(console, found, simulation, request.at)
    return HOLDS


def _simulation(request: argparse.Namespace, writes: list[str], reads: list[str]) -> Simulation:
    n = request.replicas
    given = {leg: getattr(request, f"{leg}_delay") or () for leg in (*LEGS, *ALONE)}
    try:
        its = network(request.delays, n, given)
    except DelayError as error:
        raise SenselessError(str(error)) from None
    kept = request.trials * (len(writes) + len(reads) + len(writes) * len(reads))
    if kept > _MOST_KEPT:
        most = _MOST_KEPT * request.trials // kept
        raise SenselessError(f"--trials {request.trials}: for so many pairs there may be up to {most:,}")
    return Simulation(
        [write_strategy(w, n) for w in writes], [read_strategy(r, n) for r in reads], its, request.trials, request.seed
    )


def _simulated_ones(request: argparse.Namespace, writes: list[str], reads: list[str]) -> tuple[list[str], list[str]]:
    """Return the ways to write and to read that can be simulated.

    Raises :class:`SenselessError` where one that cannot is named.
    """
    n = request.replicas
    reasons = {name: why_not(write_strategy(name, n)) for name in writes}
    reasons |= {name: why_not(read_strategy(name, n)) for name in reads}
    for name, reason in reasons.items():
        if reason and name in {*(request.write or ()), *(request.read or ())}:
            raise SenselessError(reason)
    return [name for name in writes if not reasons[name]], [name for name in reads if not reasons[name]]


def _simulated(simulation: Simulation, *, told: bool) -> tuple[list[Simulated], Keeps]:
    """Simulate, and judge what is told of the pairs."""
    simulating = simulate(simulation)
    found: list[Simulated] = []

    def steps() -> Iterator[str]:
        found.extend((yield from simulating))

    for _ in watched(steps(), str):
        pass
    return found, strongest_about_answers(found) if told else {}


def _drawing(path: Path) -> Callable[[Sequence[Simulated], Keeps, Simulation], None]:
    """Return what draws the picture; whether it can be drawn is known before anything is simulated."""
    if path.suffix not in _PICTURES:
        raise SenselessError(f"{path}: should end with {' or '.join(_PICTURES)}")
    try:
        from overbooked.checker.simulation.plot import draw  # noqa: PLC0415 - pictures are an extra, and slow to import
    except ImportError as error:
        brings = "which pip install '.[plot]' brings, in this project's folder"
        raise SenselessError(f"--plot needs {error.name}, {brings}") from None
    is_new = not path.exists()
    try:
        path.touch()
        if is_new:
            path.unlink()
    except OSError as error:
        raise SenselessError(f"{path}: cannot be written ({error.strerror})") from error
    return partial(draw, path)
