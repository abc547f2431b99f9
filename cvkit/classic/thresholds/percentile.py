"""The p-tile: as many pixels are dark as are known to be.

    T = argmin_t  |P0(t) - share|

W. Doyle, Journal of the ACM 9(2), 1962. doi:10.1145/321119.321123
As in ImageJ, where the share is always a half.
"""

import numpy as np

from cvkit.arrays import number
from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, share: float = 0.5) -> float:
    """Threshold that leaves a given share of the pixels dark.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    share : float, 0..1
        Of the pixels; the nearest that the values allow is taken, of two equally near ones the least.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)), share=1 / 3)
    2.0
    """
    number(share, "share", 0, 1)
    dark = np.cumsum(histogram.counts)
    return float(histogram.edges[np.argmin(np.abs(dark / dark[-1] - share))])
