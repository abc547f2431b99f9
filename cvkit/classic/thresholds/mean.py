"""The mean of the image.

    T = m

C. A. Glasbey, CVGIP: Graphical Models and Image Processing 55(6), 1993. doi:10.1006/cgip.1993.1040
As in scikit-image and ImageJ.
"""

import numpy as np

from cvkit.classic.histogram import Histogram


def threshold(histogram: Histogram) -> float:
    """Mean of the values.

    Parameters
    ----------
    histogram : Histogram

    Returns
    -------
    threshold : float
        In the unit of the image.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13]], np.uint8)))
    7.0
    """
    return float(np.average(histogram.values, weights=histogram.counts))
