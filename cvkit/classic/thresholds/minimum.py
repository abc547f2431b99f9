"""The minimum: the valley between the two peaks of the smoothed histogram.

    T = argmin of h(t) between peak0 and peak1

J. M. S. Prewitt, M. L. Mendelsohn, Annals of the New York Academy of Sciences 128(3), 1966.
doi:10.1111/j.1749-6632.1965.tb11715.x
Means of three neighbouring counts are taken until just two peaks are left. ImageJ smooths from 0 to 255 and this from
the least to the greatest value, which moves the peaks; scikit-image does so too, and mirrors the histogram there.
"""

import numpy as np

from cvkit.arrays import one_of
from cvkit.classic.histogram import Histogram
from cvkit.classic.modes import two_peaks, two_peaks_mirrored


def threshold(histogram: Histogram, *, levels: int = 256, compat: str | None = None) -> float:
    """Threshold in the valley between two peaks.

    Parameters
    ----------
    histogram : Histogram
        Of two levels or more.
    levels : int
        At most so many equal steps from the least to the greatest value.
    compat : {"imagej", "skimage"}, optional
        Smooth the whole range of uint8, as ImageJ does, to which all else is turned first; or mirror the histogram at
        its ends, as scikit-image does, which takes each integer for a level and counts floats in 256 bins.

    Returns
    -------
    threshold : float
        In the unit of the image.

    Raises
    ------
    ValueError
        If the histogram has no two peaks however it is smoothed.

    Examples
    --------
    >>> threshold(Histogram.of(np.repeat([2, 3, 4, 5, 6, 7, 8], [1, 9, 2, 1, 2, 7, 1])[None]))
    5.0
    """
    one_of(compat, "compat", (None, "imagej", "skimage"))
    if compat == "skimage":
        bins = histogram.of_skimage()
        smooth, first, second = two_peaks_mirrored(bins.counts)
        return float(bins.edges[first + np.argmin(smooth[first : second + 1])])
    coarse = histogram if compat and len(histogram.counts) <= levels else histogram.coarse(levels)
    smooth, first, second = two_peaks(coarse.counts, "minimum")
    valley = first + np.argmin(smooth[first : second + 1])
    if compat:  # the first dip, which may lie before the first peak
        valley = 1 + np.argmax((smooth[:-2] > smooth[1:-1]) & (smooth[2:] >= smooth[1:-1]))
    return float(coarse.edges[valley])
