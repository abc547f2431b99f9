"""Threshold by Renyi's entropy: three orders of it, weighed by how well they agree.

    T = t1 * (P(t1) + w * b1 / 4) + t2 * w * b2 / 4 + t3 * (1 - P(t3) + w * b3 / 4)        w = P(t3) - P(t1)

t1 <= t2 <= t3 are the thresholds of the greatest entropy of order 1/2, 1 and 2.
P. K. Sahoo, C. Wilkins, J. Yeager, Pattern Recognition 30(1), 1997. doi:10.1016/S0031-3203(96)00065-9
As in ImageJ.
"""

import numpy as np

from cvkit.classic.histogram import Histogram
from cvkit.classic.thresholds import kapur


def threshold(histogram: Histogram, *, levels: int = 256) -> float:
    """Threshold by Renyi's entropy.

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
    >>> 3 <= threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8))) < 11
    True
    """
    coarse = histogram.coarse(levels)
    step = (coarse.edges[-1] - coarse.edges[0]) / max(1, len(coarse.edges) - 1)
    share = np.cumsum(coarse.counts) / coarse.counts.sum()
    found = np.sort([_greatest(coarse, 0.5), kapur.threshold(coarse), _greatest(coarse, 2.0)])
    places = np.rint((found - coarse.edges[0]) / step).astype(int)
    near = np.diff(places) <= 5
    weights = {(True, False): (0, 1, 3), (False, True): (3, 1, 0)}.get(tuple(near.tolist()), (1, 2, 1))
    between = (share[places[2]] - share[places[0]]) / 4
    parts = np.array([share[places[0]], 0, 1 - share[places[2]]]) + between * np.array(weights)
    return float(coarse.edges[int(places @ parts)])


def _greatest(coarse: Histogram, order: float) -> float:
    """Threshold of the greatest entropy of an order other than 1."""
    full = coarse.populated()
    dark = np.cumsum(full.counts)[:-1]
    bright = full.counts.sum() - dark
    powers = full.counts**order
    entropy0 = np.log(np.cumsum(powers)[:-1] / dark**order)
    entropy1 = np.log(np.cumsum(powers[::-1])[-2::-1] / bright**order)
    return float(full.edges[np.argmax((entropy0 + entropy1) / (1 - order))])
