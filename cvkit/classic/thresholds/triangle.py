"""The triangle threshold: where the histogram lies farthest below the line from its peak to its end.

    T = argmax_t  distance of (t, h(t)) from the line between the peak and the farther end

G. W. Zack, W. E. Rogers, S. A. Latt, Journal of Histochemistry and Cytochemistry 25(7), 1977. doi:10.1177/25.7.70454
The line ends one level beyond the end, where nothing is counted, and the threshold is one level on from the point
towards it. OpenCV and ImageJ do so except at 0 and 255 of uint8; scikit-image never does.
"""

import numpy as np

from cvkit.arrays import one_of
from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram, *, levels: int = 256, compat: str | None = None) -> float:
    """Triangle threshold, for one large peak with a long tail.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    levels : int
        At most so many equal steps from the least to the greatest value.
    compat : {"opencv", "imagej", "skimage"}, optional
        For uint8 the value of OpenCV, which is that of ImageJ, or of scikit-image. scikit-image takes each integer for
        a level and counts floats in 256 bins; for ImageJ all but uint8 is turned into 256 levels first.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.repeat([2, 3, 4, 5, 6, 9], [9, 60, 9, 2, 1, 1])[None]))
    5.0
    """
    one_of(compat, "compat", (None, "opencv", "imagej", "skimage"))
    coarse = histogram.of_skimage() if compat == "skimage" else histogram.coarse(levels)
    ends = coarse.values[[0, -1]] == (0, 255) if compat else (False, False)
    beyond = [0, 0] if compat == "skimage" else [int(not end) for end in ends]
    counts = np.zeros(len(coarse.counts) + sum(beyond), np.int64)
    counts[beyond[0] : beyond[0] + len(coarse.counts)] = coarse.counts
    peak, last = int(np.argmax(counts)), len(counts) - 1
    mirrored = peak < last - peak
    heights = counts[::-1][: last - peak + 1] if mirrored else counts[: peak + 1]
    top = len(heights) - 1
    best = int(np.argmax(heights[-1] * np.arange(top + 1) - top * heights)) - (compat != "skimage")
    best = (last - best if mirrored else best) - beyond[0]
    return float(coarse.edges[np.clip(best, 0, len(coarse.counts) - 1)])
