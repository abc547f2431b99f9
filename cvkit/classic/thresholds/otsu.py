"""Otsu's threshold: the two classes lie as far apart as they can.

    T = argmax_t  w0(t) * w1(t) * (m0(t) - m1(t))**2

N. Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9(1), 1979. doi:10.1109/TSMC.1979.4310076
"""

import numpy as np

from cvkit.arrays import Image
from cvkit.classic.histogram import histogram


def threshold(image: Image) -> float:
    """Otsu's threshold, the last value of the dark class.

    Parameters
    ----------
    image : (H, W) array
        Any real dtype; NaN is left out. Floats are quantised to 65,536 steps.

    Returns
    -------
    threshold : float
        In the unit of the image. NaN, which no pixel exceeds or falls below, where all values are equal: there is
        nothing to tell apart.

    Examples
    --------
    >>> threshold(np.array([[1, 2, 3, 11, 12, 13]], np.uint8))
    3.0
    """
    counts, values = histogram(image)
    populated = np.flatnonzero(counts)
    if len(populated) < 2:
        return float("nan")
    counts, values = counts[populated], values[populated]
    dark = np.cumsum(counts)[:-1]
    bright = counts.sum() - dark
    moment = counts * (values - values[0])
    apart = np.cumsum(moment)[:-1] / dark - np.cumsum(moment[::-1])[-2::-1] / bright
    return float(values[np.argmax(dark * bright * apart**2)])
