"""Yen's threshold: the greatest correlation within the two classes.

    T = argmax_t  2 * log(P0(t) * P1(t)) - log(sum p**2 of the dark) - log(sum p**2 of the bright)

J. C. Yen, F. J. Chang, S. Chang, IEEE Transactions on Image Processing 4(3), 1995. doi:10.1109/83.366472
As in scikit-image and ImageJ.
"""

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, levels: int = 256) -> float:
    """Threshold of the greatest correlation.

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
    >>> threshold(Histogram.of(np.array([[1, 1, 2, 3, 11, 12, 13, 13]], np.uint8)))
    3.0
    """
    coarse = histogram.coarse(levels).populated()
    shares = coarse.counts / coarse.counts.sum()
    dark, squares = np.cumsum(shares)[:-1], shares**2
    bright = np.cumsum(shares[::-1])[-2::-1]
    dark_squares, bright_squares = np.cumsum(squares)[:-1], np.cumsum(squares[::-1])[-2::-1]
    return float(coarse.edges[np.argmax(2 * np.log(dark * bright) - np.log(dark_squares * bright_squares))])
