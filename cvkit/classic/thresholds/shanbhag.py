"""Shanbhag's threshold: what the two classes say of a pixel's membership carries equal information.

    T = argmin_t  |I0(t) - I1(t)|        I: mean of -log(membership), which is 1/2 at the threshold

A. G. Shanbhag, CVGIP: Graphical Models and Image Processing 56(5), 1994. doi:10.1006/cgip.1994.1037
As in ImageJ.
"""

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, levels: int = 256) -> float:
    """Threshold of equal information.

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
    shares = coarse.counts / coarse.counts.sum()
    dark = np.cumsum(shares)
    bright = 1 - dark[:-1]
    below = np.append(0, dark[:-2])  # of each level: the share of pixels on the far side of it
    # Row by row the thresholds, column by column the levels that lie on one side of them.
    darker = np.tril(np.log(1 - np.minimum(below / (2 * dark[:-1, None]), 0.5))) @ shares[:-1] / -dark[:-1]
    above = np.append(bright[1:], 0)
    brighter = np.triu(np.log(1 - np.minimum(above / (2 * bright[:, None]), 0.5))) @ shares[1:] / -bright
    return float(coarse.edges[np.argmin(np.abs(darker - brighter))])
