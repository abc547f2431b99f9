"""Huang's fuzzy threshold: every pixel belongs to its class as clearly as it can.

    T = argmin_t  sum of S(1 / (1 + |x - m(t)| / c))        m: mean of the pixel's class, c: range of the values

S(u) = -u log(u) - (1 - u) log(1 - u) is Shannon's function.
L. K. Huang, M. J. J. Wang, Pattern Recognition 28(1), 1995. doi:10.1016/0031-3203(94)E0043-K
As in ImageJ; SimpleITK finds others.
"""

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, levels: int = 256) -> float:
    """Threshold of the least fuzziness.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    levels : int
        At most so many equal steps from the least to the greatest value.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)))
    3.0
    """
    coarse = histogram.coarse(levels).populated()
    values = coarse.values - coarse.values[0]
    dark, dark_sum = np.cumsum(coarse.counts), np.cumsum(coarse.counts * values)
    edges, bright, bright_sum = coarse.edges[:-1], dark[-1] - dark[:-1], dark_sum[-1] - dark_sum[:-1]
    means = np.where(coarse.edges <= edges[:, None], (dark_sum / dark)[:-1, None], (bright_sum / bright)[:, None])
    far = np.abs(values - means) / values[-1]  # (thresholds, levels)
    # With u = 1 / (1 + far) Shannon's function is log(1 + far) - far / (1 + far) * log(far).
    fuzzy = np.log1p(far) - far / (1 + far) * np.log(np.maximum(far, np.finfo(np.float64).tiny))
    return float(edges[np.argmin(fuzzy @ coarse.counts)])
