"""Delays: distributions of one-way times in milliseconds, as users type them and as trials draw them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overbooked.spec.names import shown

Times: TypeAlias = NDArray[np.float64]
"""Milliseconds."""
Draw: TypeAlias = Callable[[np.random.Generator, int], Times]
"""Draws so many delays."""
FORMS = "const:MS, exp:RATE, pareto:XM,ALPHA, lognormal:MU,SIGMA, mix:P*...+Q*..., file:PATH"
_ROUNDING = 1e-6
_LEAST_EXPONENT = 0.1
_MOST_SPREAD = 50.0
_MOST = 1e12
"""With delays that differ by more than these, some would be too long for a number."""


class DelayError(ValueError):
    """A delay that makes no sense; its message is one line that says where, and what would be right."""


class Delay(NamedTuple):
    """A distribution of delays.

    spelled
        As it is typed.
    draw
        Draws so many delays with a random generator.
    is_anything
        Whether a delay may be any time from 0 on, so that messages may overtake each other in every way.
    """

    spelled: str
    draw: Draw
    is_anything: bool = False


def delay(text: str) -> Delay:
    """Return the distribution that is spelled so.

    ``exp:0.1`` is a rate of 0.1 per ms, ``pareto:3,3.5`` has 3 ms as its least value and the exponent 3.5,
    ``lognormal:1,0.5`` is e to the power of a normal variable with mean 1 and standard deviation 0.5, in ms, and a file
    has one measured time in ms in each line.

    Raises :class:`DelayError` when that makes no sense.

    >>> delay("mix:0.5*const:2+0.5*const:2").draw(np.random.default_rng(1), 3)
    array([2., 2., 2.])
    """
    kind, _, rest = text.partition(":")
    makers = {"const": _const, "exp": _exp, "pareto": _pareto, "lognormal": _lognormal, "mix": _mix, "file": _file}
    if kind not in makers:
        raise DelayError(f"{shown(text)}: no such distribution; there are {FORMS}")
    return makers[kind](text, rest)


def one_after_the_other(delays: Sequence[Delay]) -> Delay:
    """Return the delay that is all of these together."""

    def draw(random: np.random.Generator, count: int) -> Times:
        times = np.zeros(count)
        for each in delays:
            times += each.draw(random, count)
        return times

    return Delay(" then ".join(each.spelled for each in delays), draw, all(each.is_anything for each in delays))


def _const(text: str, rest: str) -> Delay:
    (value,) = _numbers(text, rest, "const:MS")
    return Delay(text, lambda _, count: np.full(count, value))


def _exp(text: str, rest: str) -> Delay:
    (rate,) = _numbers(text, rest, "exp:RATE", above=0)
    return Delay(text, lambda random, count: random.standard_exponential(count) / rate, is_anything=True)


def _pareto(text: str, rest: str) -> Delay:
    least, exponent = _numbers(text, rest, "pareto:XM,ALPHA", above=0)
    if exponent < _LEAST_EXPONENT:
        raise DelayError(f"{shown(text)}: the exponent should be {_LEAST_EXPONENT} or more")
    return Delay(text, lambda random, count: least * np.exp(random.standard_exponential(count) / exponent))


def _lognormal(text: str, rest: str) -> Delay:
    mean, spread = _numbers(text, rest, "lognormal:MU,SIGMA", least=-_MOST_SPREAD)
    if not 0 < spread <= _MOST_SPREAD >= mean:
        raise DelayError(
            f"{shown(text)}: it is lognormal:MU,SIGMA, with SIGMA above 0, and neither above {_MOST_SPREAD:g}"
        )
    return Delay(text, lambda random, count: random.lognormal(mean, spread, count), is_anything=True)


def _mix(text: str, rest: str) -> Delay:
    parts = [re.fullmatch(r"([^*]+)\*(?!mix:)(\w+:.*)", each) for each in re.split(r"\+(?=[^+*]*\*\w+:)", rest)]
    if not all(parts):
        raise DelayError(f"{shown(text)}: should be mix:P*...+Q*..., as in mix:0.9*exp:1+0.1*const:20")
    found = [(_numbers(text, part[1], "mix:P*...")[0], delay(part[2])) for part in parts if part]
    shares = np.array([share for share, _ in found])
    if abs(shares.sum() - 1) > _ROUNDING:
        raise DelayError(f"{shown(text)}: the shares add up to {shares.sum():g}, and should to 1")
    bounds = np.cumsum(shares)[:-1]

    def draw(random: np.random.Generator, count: int) -> Times:
        which = np.searchsorted(bounds, random.random(count), side="right")
        times = np.empty(count)
        for at, (_, each) in enumerate(found):
            chosen = np.flatnonzero(which == at)
            times[chosen] = each.draw(random, len(chosen))
        return times

    return Delay(text, draw, any(share > 0 and each.is_anything for share, each in found))


def _file(text: str, rest: str) -> Delay:
    path = Path(rest)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DelayError(f"{path}: cannot be read as text ({getattr(error, 'strerror', None) or error})") from error
    samples = np.array([_sample(path, at, line) for at, line in enumerate(lines, 1) if line.strip()])
    if not len(samples):
        raise DelayError(f"{path}: has no samples; there should be one in each line, in ms")
    return Delay(text, lambda random, count: random.choice(samples, count))


def _sample(path: Path, number: int, line: str) -> float:
    try:
        value = float(line)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _MOST:
        raise DelayError(f"{path}, line {number}: {shown(line.strip())} is not a delay in ms, a number from 0 on")
    return value


def _numbers(text: str, rest: str, form: str, *, least: float = 0, above: float | None = None) -> list[float]:
    """Return the numbers of a distribution, as many as its form has, each at least ``least`` or ``above`` that."""
    values = [_number(text, each) for each in rest.split(",")]
    if len(values) != form.count(",") + 1:
        raise DelayError(f"{shown(text)}: should be {form}")
    for value in values:
        if value < least or (above is not None and value <= above):
            bound = f"{least:g} or more" if above is None else f"above {above:g}"
            raise DelayError(f"{shown(text)}: {value:g} should be {bound}")
    return values


def _number(text: str, spelled: str) -> float:
    try:
        value = float(spelled)
    except ValueError:
        value = float("nan")
    if not abs(value) <= _MOST:
        raise DelayError(f"{shown(text)}: {shown(spelled)} is not a number up to {_MOST:g}")
    return value
