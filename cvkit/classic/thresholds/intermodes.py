"""Intermodes: halfway between the two peaks of the smoothed histogram.

    T = (peak0 + peak1) / 2

J. M. S. Prewitt, M. L. Mendelsohn, Annals of the New York Academy of Sciences 128(3), 1966.
doi:10.1111/j.1749-6632.1965.tb11715.x
As in ImageJ: means of three neighbouring counts are taken until just two peaks are left.
"""

from cvkit.classic.histogram import Histogram
from cvkit.classic.modes import two_peaks


def threshold(histogram: Histogram, *, levels: int = 256) -> float:
    """Threshold halfway between two peaks.

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

    Raises
    ------
    ValueError
        If the histogram has no two peaks however it is smoothed.

    Examples
    --------
    >>> import numpy as np
    >>> threshold(Histogram.of(np.repeat([2, 3, 4, 5, 6, 7, 8], [1, 9, 2, 1, 2, 7, 1])[None]))
    5.0
    """
    coarse = histogram.coarse(levels)
    _, first, second = two_peaks(coarse.counts, "intermodes")
    return float(coarse.edges[(first + second) // 2])
