"""Kittler's threshold: the least error if both classes are normally distributed.

    T = argmin_t  P0 * log(s0 / P0) + P1 * log(s1 / P1)        P, s: share and standard deviation of each class

J. Kittler, J. Illingworth, Pattern Recognition 19(1), 1986. doi:10.1016/0031-3203(86)90030-0
This is the minimum over all thresholds; ImageJ's MinError(I) iterates from the mean to another point.
"""

import math

import numpy as np

from cvkit.arrays import one_of
from cvkit.classic.histogram import LEVELS, Histogram


def threshold(histogram: Histogram, *, compat: str | None = None) -> float:
    """Threshold of the least error.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    compat : {"imagej"}, optional
        Iterate from the mean as ImageJ does, for which all but uint8 is turned into 256 levels first.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)))
    3.0
    """
    one_of(compat, "compat", (None, "imagej"))
    if not histogram.spaced:  # the least deviation that counts is that of a level
        histogram = histogram.coarse(LEVELS)
    edges, dark, bright, dark_sum, bright_sum = histogram.halves()
    levels = histogram.trimmed()
    squares = np.cumsum(levels.counts * np.arange(len(levels.counts)) ** 2).astype(np.float64)
    mean0, mean1 = dark_sum / dark, bright_sum / bright
    variance0, variance1 = squares[:-1] / dark - mean0**2, (squares[-1] - squares[:-1]) / bright - mean1**2
    if compat:
        return _iterate(levels, (dark, bright), (mean0, mean1), (variance0, variance1))
    # A class of one level has no deviation, and would win whatever it is: it gets that of values spread over a level.
    deviation0, deviation1 = np.sqrt(np.maximum(variance0, 1 / 12)), np.sqrt(np.maximum(variance1, 1 / 12))
    return float(edges[np.argmin(dark * np.log(deviation0 / dark) + bright * np.log(deviation1 / bright))])


def _iterate(levels: Histogram, sizes: tuple, means: tuple, variances: tuple) -> float:
    """Where both normal distributions are equally likely, from the classes that this point parts, until it stays."""
    origin, step = levels.values[0], levels.values[1] - levels.values[0]
    point, before = math.floor(levels.counts @ levels.values / levels.counts.sum()), -math.inf
    while point != before:
        place = int(np.clip((point - origin) // step, 0, len(sizes[0]) - 1))
        n0, n1, m0, m1, v0, v1 = (float(side[place]) for pair in (sizes, means, variances) for side in pair)
        if min(v0, v1) <= 0:
            break
        m0, m1, v0, v1 = m0 * step + origin, m1 * step + origin, v0 * step**2, v1 * step**2
        a, b = 1 / v0 - 1 / v1, m0 / v0 - m1 / v1
        c = m0**2 / v0 - m1**2 / v1 + math.log10(v0 * n1**2 / (v1 * n0**2))  # by 10, where the theory wants e
        if a == 0 or b * b < a * c:
            break
        before, point = point, math.floor((b + math.sqrt(b * b - a * c)) / a)
    return float(point)
