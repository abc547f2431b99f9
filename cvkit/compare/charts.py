"""Numbers as pictures: scores with their intervals, and thresholds on a histogram.

Every name has a row of its own, so that nothing overlaps however many there are. What is best is told by a colour and
by bold letters and ``*``, so that it is seen in grey as well.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvkit.arrays import Image, as_gray
from cvkit.compare.canvas import BLUE, EDGE, GREY, ORANGE, SIZE, TEXT, WIDTH, chart, column, height_of, letters, wrapped
from cvkit.errors import CvkitError

VALUE = 0.75  # room for a number: inches
BAR, GAP = 0.13, 0.12
PLOT = 3.0  # height of the histogram
NAMES = 2.2  # width of the names beside a histogram


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    *,
    title: str = "",
    best: Sequence[int] = (),
) -> Figure:
    """Draw a score of each method with its interval.

    Parameters
    ----------
    labels : sequence of str
        However long: each stands above its bar.
    values, low, high : sequences of float
        NaN where there is none.
    title : str
        What the score is called.
    best : sequence of int
        The places of those to be marked.

    Returns
    -------
    figure : matplotlib.figure.Figure
        One Axes, ``figure.axes[0]``; bars in the order given.

    Examples
    --------
    >>> figure = bars(["otsu", "nuclei"], [0.75, 0.92], [0.7, 0.9], [0.8, 0.94], title="Dice", best=[1])
    >>> figure.axes[0].get_xlabel()
    'Dice'
    """
    values, low, high = (column(part, len(labels)) for part in (values, low, high))
    texts = [wrapped(f"{label} *" if n in best else label, letters(WIDTH)) for n, label in enumerate(labels)]
    tops = np.cumsum([0.0, *(height_of(text) + BAR + GAP for text in texts)])
    figure, axes = chart(tops[-1], left=EDGE)
    least, most = _span(values, low, high)
    axes.set(xlim=(least, least + (most - least) * WIDTH / (WIDTH - VALUE)), ylim=(tops[-1], 0), yticks=[])
    axes.set_xlabel(title, fontsize=SIZE + 1)
    axes.set_xticks([tick for tick in axes.get_xticks() if least <= tick <= most])
    for n, (text, value, top) in enumerate(zip(texts, values, tops[:-1], strict=True)):
        weight = "bold" if n in best else "normal"
        across = axes.get_yaxis_transform()
        axes.text(0, top, text, va="top", linespacing=1.2, fontweight=weight, transform=across, **TEXT)
        middle = top + height_of(text) + BAR / 2
        if np.isfinite(value):
            axes.barh(middle, value - least, BAR, left=least, color=BLUE if n in best else GREY)
        if np.isfinite([low[n], high[n]]).all():
            _whisker(axes, low[n], high[n], middle)
        shown = f"{value:.3f}" if np.isfinite(value) else "-"
        axes.text(1, middle, shown, ha="right", va="center", fontweight=weight, transform=across, **TEXT)
    return figure


def histogram(image: Image, thresholds: Mapping[str, float | Sequence[float] | np.ndarray]) -> Figure:
    """Draw how often each value occurs, and below it where thresholds lie.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        RGB is turned to grey, as thresholds do; NaN is left out.
    thresholds : dict of name -> float, list of float or (H, W) array
        As `cvkit.classic.threshold` gives them. Of a surface its median is marked and the span of nine tenths of it.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Its first Axes holds the histogram, its second a row for each threshold, in the order given.

    Raises
    ------
    ValueError
        If the image holds no number.

    Examples
    --------
    >>> image = np.array([[10, 12, 200]], np.uint8)
    >>> figure = histogram(image, {"otsu": 12.0, "multi_otsu": [10.0, 12.0]})
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['otsu', '12', 'multi_otsu', '10, 12']
    """
    gray = as_gray(image).astype(np.float64)
    gray = gray[np.isfinite(gray)]
    if not gray.size:
        raise CvkitError("image-empty", came="no value of `image` is a number", remedy="give an image that has some")
    texts = [wrapped(name, letters(NAMES)) for name in thresholds]
    tops = np.cumsum([0.06, *(height_of(text) + 0.06 for text in texts)])
    figure, axes = chart(PLOT + tops[-1], left=EDGE + NAMES, right=EDGE + VALUE)
    box = axes.get_position()
    share = tops[-1] / (PLOT + tops[-1])
    axes.set_position((box.x0, box.y0 + box.height * share, box.width, box.height * (1 - share)))
    rows = figure.add_axes((box.x0, box.y0, box.width, box.height * share), sharex=axes)
    counts, ends = np.histogram(gray, _bins(gray))
    axes.stairs(counts, ends, fill=True, color=GREY)
    axes.set(yticks=[], xlim=(ends[0], ends[-1]))
    axes.set_ylabel("pixels", fontsize=SIZE + 1)
    axes.tick_params(labelbottom=False, bottom=False)
    rows.set(ylim=(tops[-1], 0), yticks=[])
    rows.set_xlabel("value", fontsize=SIZE + 1)
    rows.tick_params(labelsize=SIZE)
    for text, found, top in zip(texts, thresholds.values(), tops[:-1], strict=True):
        middle = top + height_of(text) / 2
        shown = _marked(axes, rows, np.asarray(found, dtype=np.float64), middle)
        across = rows.get_yaxis_transform()
        rows.text(-0.02, middle, text, ha="right", va="center", linespacing=1.2, transform=across, **TEXT)
        rows.text(1.02, middle, shown, va="center", transform=across, **TEXT)
    return figure


def _span(*arrays: np.ndarray) -> tuple[float, float]:
    """From 0 to 1, or as far as the values go."""
    known = np.concatenate(arrays)
    known = known[np.isfinite(known)]
    least, most = min(0.0, known.min(initial=0)), known.max(initial=0)
    return least, (1.0 if 0.05 < most <= 1 else most * 1.02) or 1.0


def _whisker(axes: Axes, low: float, high: float, middle: float) -> None:
    for ends, rows in (
        ((low, high), (middle, middle)),
        *(((x, x), (middle - 0.03, middle + 0.03)) for x in (low, high)),
    ):
        axes.plot(ends, rows, color="black", linewidth=1, clip_on=False)


def _bins(values: np.ndarray) -> np.ndarray:
    """A bin for each whole number where there are few, else 256."""
    low, high = values.min(), values.max()
    if high - low < 256 and (values == np.rint(values)).all():
        return np.arange(low - 0.5, high + 1)
    return np.linspace(low, high if high > low else low + 1, 257)


def _marked(axes: Axes, rows: Axes, found: np.ndarray, middle: float) -> str:
    """Mark thresholds in their row, and in the histogram; say what they are."""
    known = found[np.isfinite(found)]
    if not known.size:
        return "none"
    if found.ndim < 2:
        for value in known.ravel():
            axes.axvline(value, color=ORANGE, linewidth=0.8)
        rows.plot(known.ravel(), np.full(known.size, middle), "D", markersize=4, color=BLUE, clip_on=False)
        shown = ", ".join(f"{value:.4g}" for value in known.ravel())
        return shown if len(shown) <= letters(EDGE + VALUE) else f"{known.size} values"
    ends = np.quantile(known, [0.05, 0.5, 0.95])
    rows.plot(ends[[0, 2]], [middle, middle], color=GREY, linewidth=2)
    rows.plot(ends[1], middle, "D", markersize=4, color=BLUE)
    return f"{ends[0]:.3g}-{ends[2]:.3g}"
