"""Tsai's threshold: the image of two levels has the first three moments of the image.

    T = the least t with P0(t) >= p0,       p0: share of the dark level that keeps the moments

W. H. Tsai, Computer Vision, Graphics, and Image Processing 29(3), 1985. doi:10.1016/0734-189X(85)90133-1
As in ImageJ.
"""

import math

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram) -> float:
    """Threshold that keeps the moments.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)))
    3.0
    """
    levels = histogram.populated()
    shares = levels.counts / levels.counts.sum()
    values = levels.values - shares @ levels.values  # about the mean, where the formulas are short
    second, third = shares @ values**2, shares @ values**3
    # The two levels z are the roots of z**2 - (third / second) * z - second; their shares balance about 0.
    half = third / second / 2
    root = math.sqrt(half**2 + second)
    dark = (half + root) / (2 * root)
    return float(levels.edges[min(np.searchsorted(np.cumsum(shares), dark * (1 - 1e-12)), len(shares) - 2)])
