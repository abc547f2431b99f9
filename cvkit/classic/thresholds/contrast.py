"""Contrast: what is nearer to the greatest value around it than to the least is bright.

    T = (low + high) / 2

P. Soille, Morphological Image Analysis, Springer, 2004, pages 259-261. doi:10.1007/978-3-662-05088-0
ImageJ takes discs for windows, and what is halfway for bright.
"""

import numpy as np

from cvkit.arrays import Image
from cvkit.classic.surface import Surface
from cvkit.classic.windows import local
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(image: Image, *, window: int = 31, border: str = "reflect") -> Surface:
    """Middle of the values around every pixel; of flat surroundings nothing is bright.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[0, 30, 200, 203]], np.uint8), window=3))
    array([[ 15. , 100. , 116.5, 201.5]])
    """
    few = np.float32 if image.dtype.itemsize <= 2 else np.float64  # bits, which lose nothing

    def formula(low, high):
        middle = low.astype(few)
        middle += high
        middle /= 2
        return middle

    return local(image, window, formula, border=border)
