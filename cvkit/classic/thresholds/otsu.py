"""Otsu's threshold: the two classes lie as far apart as they can.

    T = argmax_t  w0(t) * w1(t) * (m0(t) - m1(t))**2

N. Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9(1), 1979. doi:10.1109/TSMC.1979.4310076
As in OpenCV, scikit-image, ImageJ and Doxa. SimpleITK counts in 128 bins unless told otherwise, DIPlib gives centres of
bins, CellProfiler takes ``>=`` for foreground.
"""

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram) -> float:
    """Otsu's threshold, the last value of the dark class; of equally good ones the least.

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
    edges, dark, dark_sum = histogram.sums()
    apart = dark_sum[:-1] * dark[-1]  # which comes to (m0 - m1) * w0 * w1 without the sum of the bright
    apart -= dark[:-1] * dark_sum[-1]
    apart *= apart
    weights = dark[-1] - dark[:-1]
    weights *= dark[:-1]
    apart /= weights
    return float(edges[np.argmax(apart)])
