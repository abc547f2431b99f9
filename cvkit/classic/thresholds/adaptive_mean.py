"""Local mean: each pixel is compared with the mean of its surroundings.

    T = m - offset

P. D. Wellner, Xerox EuroPARC technical report EPC-1993-110, 1993; as OpenCV's ADAPTIVE_THRESH_MEAN_C, not rounded.
"""

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Linear, Surface
from cvkit.classic.windows import local
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image,
    *,
    window: int = 51,
    offset: float = 0.0,
    border: str = "reflect",
    compat: str | None = None,
) -> Surface:
    """Mean of the window around every pixel, less `offset`.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels; make it larger than the objects.
    offset : float
        In the unit of the image: positive for dark objects, which must then be darker than their surroundings by
        so much, negative for bright ones.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    compat : {"opencv"}, optional
        Take the conventions of OpenCV: the border is replicated, the mean of uint8 rounded, the offset rounded up.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[0, 3, 6]], np.uint8), window=3, offset=1))
    array([[1., 2., 3.]])
    """
    number(offset, "offset")
    one_of(compat, "compat", (None, "opencv"))
    if compat:
        return local(image, window, lambda m: np.rint(m) - np.ceil(offset), border="replicate")
    return local(image, window, Linear(a=-offset, b=1), border=border)
