"""The isodata threshold: halfway between the means of the classes that it makes.

    T = (m0(T) + m1(T)) / 2

T. W. Ridler, S. Calvard, IEEE Transactions on Systems, Man, and Cybernetics 8(8), 1978. doi:10.1109/TSMC.1978.4310039
Iterated from the mean of the image, as published; scikit-image and ImageJ take the least value that is near enough.
"""

import math

import numpy as np

from cvkit.arrays import one_of
from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, compat: str | None = None) -> float:
    """Threshold halfway between the means of the classes.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    compat : {"skimage", "imagej", "imagej-default"}, optional
        Take that of scikit-image, of ImageJ's IsoData, or of ImageJ's Default, which leaves out what is 0 or 255.
        Floats are counted in 256 bins for scikit-image; for ImageJ all but uint8 is turned into 256 levels first.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)))
    7.0
    """
    one_of(compat, "compat", (None, "skimage", "imagej", "imagej-default"))
    if compat in ("imagej", "imagej-default"):
        return (_imagej if compat == "imagej" else _imagej_default)(histogram)
    if compat == "skimage":
        histogram = histogram.of_skimage()
    edges, dark, bright, dark_sum, bright_sum = histogram.halves()
    levels = histogram.trimmed()
    origin, step = levels.values[0], histogram.step
    halfway = (dark_sum / dark + bright_sum / bright) / 2 * step + origin
    if compat == "skimage":
        return _skimage(histogram, edges, halfway)
    point, before = origin + step * (dark_sum[-1] + bright_sum[-1]) / (dark[-1] + bright[-1]), math.nan
    while point != before:
        before, point = point, halfway[np.clip(np.searchsorted(edges, point, "right") - 1, 0, len(edges) - 1)]
    return float(point)


def _skimage(histogram: Histogram, edges: np.ndarray, halfway: np.ndarray) -> float:
    """The least level, populated or not, that its classes' means lie around."""
    inner = (histogram.edges >= edges[0]) & (histogram.edges <= edges[-1])
    levels = histogram.edges[inner]
    gap = halfway[np.searchsorted(edges, levels, "right") - 1] - levels
    return float(levels[np.argmax((gap >= 0) & (gap < histogram.edges[1] - histogram.edges[0]))])


def _imagej(histogram: Histogram) -> float:
    """The least level around which the means lie; it is in no class, and the dark mean is cut to an integer."""
    counts, values = histogram.counts, histogram.values
    size, total = np.cumsum(counts), np.cumsum(counts * values)
    place = np.arange(np.argmax(counts > 0) + 1, np.flatnonzero(counts)[-1])
    dark = np.floor(total[place - 1] / size[place - 1])
    bright = (total[-1] - total[place]) / (size[-1] - size[place])
    found = np.floor((dark + bright) / 2 + 0.5) == values[place]
    return float(values[place[np.argmax(found)]]) if found.any() else float(values[-1])


def _imagej_default(histogram: Histogram) -> float:
    """The first level from below that is past halfway, rounded; what is 0 or 255 counts for nothing."""
    counts, values = histogram.counts * ~np.isin(histogram.values, (0, 255)), histogram.values
    found = np.flatnonzero(counts)
    if len(found) < 2:
        return float(values[len(values) // 2])
    size, total = np.cumsum(counts), np.cumsum(counts * values)
    place = np.arange(found[0], max(found[-1] - 1, found[0] + 1))
    halfway = (total[place] / size[place] + (total[-1] - total[place]) / (size[-1] - size[place])) / 2
    past = values[place] + 2 > halfway
    return float(np.floor(halfway[np.argmax(past) if past.any() else -1] + 0.5))
