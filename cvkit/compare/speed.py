"""Speed against quality: which method is worth its time."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvkit.compare.canvas import (
    BLUE,
    EDGE,
    FOOT,
    GREY,
    PALE,
    SIZE,
    TEXT,
    WIDTH,
    chart,
    column,
    height_of,
    letters,
    wrapped,
)
from cvkit.compare.table import duration

PLOT = 3.0  # height of the part with the points, inches
MARK = 0.19  # side of the box of a number at a point


def tradeoff(
    labels: Sequence[str],
    seconds: Sequence[float],
    values: Sequence[float],
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    *,
    title: str = "",
    best_is_low: bool = False,
) -> Figure:
    """Draw speed against quality; those that nothing else beats in both lie on the line.

    Parameters
    ----------
    labels : sequence of str
        However long: at the points stand numbers, below them what the numbers mean, the best first.
    seconds : sequence of float
        Of one call, more than 0.
    values, low, high : sequences of float
        The score and its interval.
    title : str
        What the score is called.
    best_is_low : bool
        Whether less is better.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Its first Axes holds the points, its second the names. Methods without time or score have a name only.

    Examples
    --------
    >>> figure = tradeoff(["otsu", "nuclei"], [0.001, 0.1], [0.75, 0.92], title="Dice")
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['1', 'nuclei *\\n0.920, 100 ms', '2', 'otsu *\\n0.750, 1.0 ms']
    """
    seconds, values, low, high = (column(part, len(labels)) for part in (seconds, values, low, high))
    known = np.isfinite(values) & np.isfinite(seconds) & (seconds > 0)
    order = np.lexsort((seconds, values if best_is_low else -values, ~known))
    front = _front(order[: known.sum()], seconds)
    texts = [
        wrapped(f"{labels[n]} *" if n in front else labels[n], letters(WIDTH) - 4)
        + (f"\n{values[n]:.3f}, {duration(seconds[n])}" if known[n] else "\nno score or time")
        for n in order
    ]
    tops = np.cumsum([0.0, *(height_of(text) + 0.07 for text in texts)])
    down = EDGE + PLOT + FOOT + tops[-1] + EDGE
    figure, axes = chart(PLOT, left=EDGE + 0.35, below=down - EDGE - PLOT)
    names = figure.add_axes((EDGE / (WIDTH + 2 * EDGE), EDGE / down, WIDTH / (WIDTH + 2 * EDGE), tops[-1] / down))
    names.set(xlim=(0, WIDTH), ylim=(tops[-1], 0))
    names.axis("off")
    for place, (n, text, top) in enumerate(zip(order, texts, tops[:-1], strict=True), 1):
        weight = "bold" if n in front else "normal"
        names.text(0.2, top, str(place), ha="right", va="top", fontweight=weight, **TEXT)
        names.text(0.3, top, text, va="top", linespacing=1.2, fontweight=weight, **TEXT)
    if known.any():
        _points(axes, order[: known.sum()], (seconds, values, low, high), front)
    axes.set_xlabel("time of one call", fontsize=SIZE + 1)
    axes.set_ylabel(title, fontsize=SIZE + 1)
    return figure


def _front(order: np.ndarray, seconds: np.ndarray) -> list[int]:
    """Those that no better one is as fast as; `order` begins with the best."""
    front, fastest = [], math.inf
    for n in order:
        if seconds[n] < fastest:
            front.append(int(n))
            fastest = seconds[n]
    return front


def _points(axes: Axes, order: np.ndarray, columns: tuple, front: list[int]) -> None:
    """Points with their intervals, and a number beside each where nothing else is."""
    seconds, values, low, high = columns
    axes.set(xscale="log", xlim=(seconds[order].min() / 2, seconds[order].max() * 2))
    known = np.concatenate([array[order] for array in (values, low, high)])
    known = known[np.isfinite(known)]
    margin = 0.12 * (np.ptp(known) or abs(known[0]) or 1)
    axes.set_ylim(known.min() - margin, known.max() + margin)
    axes.grid(color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(lambda value, _: duration(value))
    axes.xaxis.set_minor_formatter("")
    axes.vlines(seconds[order], low[order], high[order], color=PALE, linewidth=2)
    axes.plot(seconds[front], values[front], color=BLUE, linewidth=1, zorder=2)
    for n in order:
        mark = {"marker": "o", "color": BLUE} if n in front else {"marker": "s", "color": GREY}
        axes.plot(seconds[n], values[n], markersize=5, linestyle="", **mark)
    box = axes.get_window_extent().size / axes.figure.dpi
    places = axes.transAxes.inverted().transform(axes.transData.transform(np.c_[seconds, values][order])) * box
    for place, (n, (x, y)) in enumerate(zip(order, _apart(places, box), strict=True), 1):
        beside = (x / box[0], y / box[1])
        line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 4, "shrinkB": 2}
        axes.annotate("", (seconds[n], values[n]), beside, textcoords="axes fraction", arrowprops=line)
        weight = "bold" if n in front else "normal"
        axes.text(*beside, str(place), ha="center", va="center", fontweight=weight, transform=axes.transAxes, **TEXT)


def _apart(points: np.ndarray, box: np.ndarray) -> list[np.ndarray]:
    """Places near points, in inches, for small boxes that overlap neither each other nor any point."""
    taken = []
    for point in points:
        for step in range(4000):  # a spiral outwards
            distance, angle = MARK * (0.85 + step / 60), 0.9 + 0.55 * step
            place = point + distance * np.array([math.cos(angle), math.sin(angle)])
            inside = (place > MARK / 2).all() and (place < box - MARK / 2).all()
            free = all(np.abs(place - other).max() > MARK for other in taken)
            if inside and free and np.abs(points - place).max(axis=1).min() > 0.75 * MARK:
                break
        taken.append(place)
    return taken
