"""The checkers that are measured: each is given a model, and says what it has found and what that took."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeAlias

from measured import measured
from promela import over_channels, over_globals
from sizes import Size

HERE = Path(__file__).parent
_DIGITS = 10**8


class Found(NamedTuple):
    """What a checker says of a model, and what that took.

    states, transitions
        How many it counts (no transitions, where it does not say).
    holds
        Whether read-after-write holds.
    cold, search
        Seconds from a cold start to the verdict, and of these the search alone.
    cpu, search_cpu
        CPU seconds, likewise.
    memory
        Bytes at the peak of the search.
    """

    states: int
    transitions: int | None
    holds: bool
    cold: float
    search: float
    cpu: float
    search_cpu: float
    memory: int

    @property
    def verdict(self) -> str:
        """What it says of read-after-write."""
        return "holds" if self.holds else "violated"


class Checker(NamedTuple):
    """A checker: how it is run, and what for.

    It is asked for models of up to ``most`` states of the spec, and with ``restarts`` for those with a restart, too.
    With ``same_states`` its states are the spec's, one for one. It ``needs`` these commands, or modules.
    """

    name: str
    run: Callable[[Size, int], Found]
    most: int
    same_states: bool
    needs: tuple[str, ...] = ()
    restarts: bool = True

    @property
    def missing(self) -> list[str]:
        """What it needs and this machine has not."""
        return [each for each in self.needs if not shutil.which(each) and not find_spec(each)]

    def takes(self, size: Size, states: int) -> bool:
        """Return whether it is asked for this model, of so many states."""
        return states <= self.most and (self.restarts or not size.restarts)


def in_python(script: str, options: Sequence[str], size: Size, _: int) -> Found:
    """Run one of the scripts beside this one, in a process of its own."""
    took = measured([sys.executable, HERE / script, *map(str, size), *options], Path.cwd())
    return Found(**json.loads(took.out), cold=took.seconds, cpu=took.cpu, memory=took.memory)


def in_spin(
    write: Callable[[Size], str], compiler: Sequence[str], flags: Sequence[str], size: Size, states: int
) -> Found:
    """Have SPIN make a search, compile it, and run it over all ``states``, for which its table gets enough room."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.pml").write_text(write(size), encoding="utf-8")
        made = measured(["spin", "-a", "model.pml"], folder)
        built = measured([*compiler, "-w", "-o", "pan", "pan.c", "-DSAFETY", *flags], folder)
        ran = measured([folder / "pan", "-c0", "-E", "-m100000", f"-w{max(18, states.bit_length())}"], folder)
    stored, transitions, errors = (_number(what, ran.out) for what in ("states, stored", "transitions", "errors"))
    return Found(
        states=stored,
        transitions=transitions - 1,  # to be in the initial state is one to SPIN
        holds=not errors,
        cold=made.seconds + built.seconds + ran.seconds,
        search=ran.seconds,
        cpu=made.cpu + built.cpu + ran.cpu,
        search_cpu=ran.cpu,
        memory=ran.memory,
    )


def _number(what: str, out: str) -> int:
    found = re.search(rf"^\s*(\d\S*) {what}\b|\b{what}: (\d+)", out, re.MULTILINE)
    if not found:
        raise ValueError(f"SPIN's search says nothing of {what}: {out[-300:]}")
    return round(float(found[1] or found[2]))


_Spin: TypeAlias = tuple[str, Callable[[Size], str], Sequence[str], Sequence[str], int]
_GCC, _TCC, _ALL = ("gcc", "-O2"), ("tcc",), ("-DNOREDUCE",)
_SOME, _MANY, _EVERY = 150_000, 2_000_000, 10**9
_SPINS: list[_Spin] = [
    ("SPIN, gcc", over_globals, _GCC, _ALL, _EVERY),
    ("SPIN, gcc, reduced", over_globals, _GCC, (), _MANY),
    ("SPIN, tcc", over_globals, _TCC, _ALL, _MANY),
    ("SPIN, channels", over_channels, _GCC, _ALL, _SOME),
    ("SPIN, channels, reduced", over_channels, _GCC, (), _SOME),
]
CHECKERS = [
    Checker("overbooked", partial(in_python, "ours.py", ()), _EVERY, same_states=True),
    Checker("overbooked, reduced", partial(in_python, "ours.py", ("reduce",)), _EVERY, same_states=False),
    *(
        Checker(
            name,
            partial(in_spin, write, cc, flags),
            most,
            same_states=write is over_globals and flags == _ALL,
            needs=("spin", cc[0]),
            restarts=write is over_globals,
        )
        for name, write, cc, flags, most in _SPINS
    ),
    Checker("minicheck", partial(in_python, "minichecked.py", ()), _SOME, same_states=True, needs=("minicheck",)),
]


def _agree(its: int | None, ours: int | None) -> bool:
    """Return whether two counts are the same; of more than 1e8, SPIN prints eight digits."""
    return its == ours or (its is not None and ours is not None and abs(its - ours) <= ours * 1e-7 and ours > _DIGITS)


def disagreements(checkers: Iterable[Checker], found: dict[str, Found]) -> list[str]:
    """Return in what each checker differs from this one, which must come first in ``found``."""
    ours = next(iter(found.values()))
    differs = []
    for checker in (checker for checker in checkers if checker.name in found):
        its = found[checker.name]
        if its.holds != ours.holds:
            differs.append(f"{checker.name} says {its.verdict}, and overbooked says {ours.verdict}")
        counts = (its.states, ours.transitions if its.transitions is None else its.transitions)
        if checker.same_states and not all(map(_agree, counts, (ours.states, ours.transitions))):
            differs.append(
                f"{checker.name} has {counts}, overbooked {(ours.states, ours.transitions)} states, transitions"
            )
    return differs
