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
    bright = 1 - dark
    below = np.append(0, dark[:-1])  # of each level: the share of pixels on the far side of it
    information = [
        abs(
            -shares[: t + 1] @ np.log1p(-below[: t + 1] / (2 * dark[t])) / dark[t]
            + shares[t + 1 :] @ np.log1p(-bright[t + 1 :] / (2 * bright[t])) / bright[t]
        )
        for t in range(len(shares) - 1)
    ]
    return float(coarse.edges[np.argmin(information)])
