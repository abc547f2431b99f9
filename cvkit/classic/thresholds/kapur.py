"""Kapur's threshold: the two classes have the greatest entropy together.

    T = argmax_t  H0(t) + H1(t)        H: entropy of the values of each class

J. N. Kapur, P. K. Sahoo, A. K. C. Wong, Computer Vision, Graphics, and Image Processing 29(3), 1985.
doi:10.1016/0734-189X(85)90125-2
As ImageJ's MaxEntropy.
"""

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, levels: int = 256) -> float:
    """Threshold of the greatest entropy.

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
    dark = np.cumsum(coarse.counts)[:-1]
    bright = coarse.counts.sum() - dark
    logs = coarse.counts * np.log(coarse.counts)
    entropy0 = np.log(dark) - np.cumsum(logs)[:-1] / dark
    entropy1 = np.log(bright) - np.cumsum(logs[::-1])[-2::-1] / bright
    return float(coarse.edges[np.argmax(entropy0 + entropy1)])
