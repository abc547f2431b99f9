"""Paper to draw on: figures that belong to no window system, and texts that stay within their place.

Every letter of the font is as wide as another, so that how much room a text takes is known before it is drawn.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cvkit.compare.notebook import png
from cvkit.compare.table import printable, wrap

WIDTH, EDGE, FOOT = 6.6, 0.25, 0.5  # of a chart, around it, below it for the axis: inches
SIZE = 7.5  # of letters, points
LETTER = 0.602 * SIZE / 72  # the width of a letter of DejaVu Sans Mono, bold or not: inches
LINE = 1.3 * SIZE / 72
LINES = 10  # of a text at most
BLUE, ORANGE, GREY, PALE = "#0072b2", "#e69f00", "#8a8f98", "#d5d8dc"  # two of Okabe and Ito's, and two greys
TEXT = {"family": "DejaVu Sans Mono", "fontsize": SIZE, "color": "black", "parse_math": False}


class Picture(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        return png(self)


def blank(width: float, height: float, layout: str = "none") -> Picture:
    """An empty white figure, its sides in inches."""
    figure = Picture(figsize=(width, height), dpi=120, facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def chart(height: float, *, left: float, right: float = EDGE, below: float = FOOT) -> tuple[Picture, Axes]:
    """A figure of the usual width with one Axes, so high and so far from its sides, in inches."""
    across, down = WIDTH + 2 * EDGE, EDGE + height + below
    figure = blank(across, down)
    axes = figure.add_axes((left / across, below / down, (across - left - right) / across, height / down))
    axes.tick_params(labelsize=SIZE)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def column(values: Sequence[float] | None, count: int) -> np.ndarray:
    """Numbers as floats; NaN for each where there are none."""
    return np.full(count, np.nan) if values is None else np.asarray(values, dtype=np.float64)


def letters(width: float) -> int:
    """How many letters fit in a line of so many inches; one is spared, for few pixels make letters wider."""
    return int(width / LETTER) - 1


def wrapped(text: str, room: int) -> str:
    """Break a text into lines of at most so many letters; a very long one loses its middle.

    Examples
    --------
    >>> print(wrapped("gaussian(sigma=1) | otsu", 20))
    gaussian(sigma=1) |
    otsu
    """
    lines = [part for line in text.split("\n") for part in wrap(printable(line), room)]
    if len(lines) > LINES:
        half = LINES // 2
        lines = [*lines[:half], "...", *lines[half - LINES + 1 :]]
    return "\n".join(lines)


def height_of(text: str) -> float:
    """The height of a text in inches."""
    return LINE * (text.count("\n") + 1)
