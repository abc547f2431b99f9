"""Li's threshold: the image of two levels that has the least cross entropy to the image.

    T = argmin_t  -s0(t) * log(m0(t)) - s1(t) * log(m1(t))        s, m: sum and mean of each class

C. H. Li, C. K. Lee, Pattern Recognition 26(4), 1993. doi:10.1016/0031-3203(93)90115-D
The least value counts as 0, so that adding a constant to an image changes nothing. This is the minimum over all
thresholds; scikit-image and ImageJ iterate to a nearby one (C. H. Li, P. K. S. Tam, Pattern Recognition Letters
19(8), 1998. doi:10.1016/S0167-8655(98)00057-9), ImageJ with values counted from black.
"""

import math

import numpy as np

from cvkit.arrays import one_of
from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, compat: str | None = None) -> float:
    """Threshold of least cross entropy.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    compat : {"skimage", "imagej"}, optional
        Iterate from the mean as scikit-image or ImageJ do. Floats are not quantised for scikit-image; for ImageJ all
        but uint8 is turned into 256 levels first.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)))
    3.0
    """
    one_of(compat, "compat", (None, "skimage", "imagej"))
    if compat:
        return _iterate(histogram, compat)
    edges, dark, bright, dark_sum, bright_sum = histogram.halves()
    some = np.maximum(dark_sum, np.finfo(np.float64).tiny)  # 0 * log(0) is 0
    entropy = -dark_sum * np.log(some / dark) - bright_sum * np.log(bright_sum / bright)
    return float(edges[np.argmin(entropy)])


def _iterate(histogram: Histogram, compat: str) -> float:
    levels = histogram.populated()
    counts, origin = levels.counts, levels.values[0] if compat == "skimage" else 0.0
    values = levels.values - origin
    near = 0.5 if histogram.spaced else float(np.diff(values).min()) / 2
    new, old = float(counts @ values / counts.sum()), math.inf
    while abs(new - old) > near:
        old = math.floor(new + 0.5) if compat == "imagej" else new
        bright = values > old
        if not bright.any() or bright.all():
            break
        m0 = counts[~bright] @ values[~bright] / counts[~bright].sum()
        m1 = counts[bright] @ values[bright] / counts[bright].sum()
        if m0 <= 0:
            break
        new = (m0 - m1) / (math.log(m0) - math.log(m1))
        if compat == "imagej":
            new = math.floor(new + 0.5)
    return float(new + origin)
