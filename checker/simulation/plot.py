"""What was simulated, as a picture: latency against staleness, and staleness over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from overbooked.checker.simulation.simulated import VISIBLE, Simulated, Simulation
from overbooked.checker.simulation.trade_off import Keeps, Point, points, stale_over

_SIZE = (14.0, 6.4)
_COLOURS = {
    "linearizability": "#1a7f37",
    "read-after-write": "#0550ae",
    "monotonic-reads": "#9a6700",
    "read-your-writes": "#9a6700",
}
_NONE = "#b3131c"
_TIMES = 120
_LABELLED = 24
"""Of more pairs than these, only those on the Pareto front have their names beside them."""


def draw(path: Path, found: Sequence[Simulated], keeps: Keeps, simulation: Simulation) -> None:
    """Write the picture; its name ends with ``.svg`` or ``.png``.

    Raises :class:`OSError` when that cannot be written.
    """
    mpl.rcParams.update({"svg.hashsalt": "overbooked", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    over = f"{simulation.network.replicas} replicas, delays {simulation.network.name}"
    figure.suptitle(f"{over}, {simulation.trials:,} trials with seed {simulation.seed}")
    _draw_points(left, points(found), keeps)
    _draw_curves(right, [each for each in found if not each.fresh.proved])
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else {})


def _draw_points(axes: Axes, every: Sequence[Point], keeps: Keeps) -> None:
    axes.set_title("Latency against staleness")
    axes.set_xlabel("a booking, then a check, each at the median, ms")
    axes.set_ylabel("checks made right after the acknowledgement that are stale, %")
    front = sorted((each.ms, 100 * each.stale) for each in every if each.on_front)
    axes.step(*zip(*front, strict=True), where="post", color="#8c959f", zorder=1, label="Pareto front")
    texts = []
    for each in every:
        kept = [name for name in _COLOURS if name in keeps.get(each.pair, ())]
        colour = _COLOURS[kept[0]] if kept else _NONE if each.stale else _COLOURS["read-after-write"]
        axes.plot(each.ms, 100 * each.stale, "o" if each.on_front else "x", color=colour)
        name = (
            f"{each.pair[0]} by {each.pair[1]}\n{', '.join(kept) or ('may be stale' if each.stale else 'never stale')}"
        )
        if each.on_front or len(every) <= _LABELLED:
            texts.append(axes.text(each.ms, 100 * each.stale, name, color=colour, fontsize=7.5))
    axes.margins(0.18, 0.1)
    adjust_text(texts, ax=axes, arrowprops={"arrowstyle": "-", "color": "#8c959f", "lw": 0.5})
    axes.legend(loc="best")


def _draw_curves(axes: Axes, stale: Sequence[Simulated]) -> None:
    axes.set_title("Staleness over time")
    axes.set_xlabel("made so long after the acknowledgement, ms")
    axes.set_ylabel("checks that are stale, %")
    axes.set_yscale("log")
    axes.set_ylim(50 * (1 - VISIBLE), 110)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.axhline(100 * (1 - VISIBLE), linestyle=":", color="#8c959f")
    longest = max((each.fresh.visible().value for each in stale), default=1.0)
    times = np.linspace(0, 1.02 * longest or 1.0, _TIMES).tolist()
    for each in stale:
        value, low, high = 100 * stale_over(each, times)
        (line,) = axes.plot(times, value, label=f"{each.write} by {each.read}")
        axes.fill_between(times, low, high, alpha=0.2, color=line.get_color())
    if stale:
        axes.legend(fontsize=8 if len(stale) <= _LABELLED else 4, ncols=1 + len(stale) // _LABELLED).set_in_layout(
            False
        )
    else:
        axes.text(0.5, 0.5, "no check is stale", transform=axes.transAxes, ha="center")
