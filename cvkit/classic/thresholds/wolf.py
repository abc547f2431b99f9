"""Wolf's threshold: Sauvola's, relative to the contrast and the blackness of this image.

    T = m - k * (1 - s / r) * (m - low)        r: greatest deviation, low: least value of the image

C. Wolf, J. M. Jolion, Pattern Analysis and Applications 6(4), 2004. doi:10.1007/s10044-003-0197-7
As Doxa, but for the border.
"""

from collections.abc import Callable

import cv2
import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Linear, Surface
from cvkit.classic.windows import local
from cvkit.classic.ximgproc import local_of_opencv, single
from cvkit.reach import reach


@reach("the least value and the greatest deviation of the whole image are in its formula")
def threshold(
    image: Image, *, window: int = 75, k: float = 0.5, border: str = "reflect", compat: str | None = None
) -> Surface | np.ndarray:
    """Wolf's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float
        How far the threshold drops where the contrast is low.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa", "opencv"}, optional
        In Doxa windows end at the border of the image; ximgproc of OpenCV takes uint8, computes in float32, replicates
        the border and rounds the threshold.

    Returns
    -------
    threshold : (H, W) Surface, or with "opencv" an array of uint8

    Examples
    --------
    >>> np.asarray(threshold(np.array([[0, 3, 6]], np.uint8), window=3))
    array([[1.57735027, 3.        , 3.15470054]])
    """
    one_of(compat, "compat", (None, "doxa", "opencv"))
    number(k, "k")
    if compat == "opencv":
        return local_of_opencv(image, window, _of_opencv(np.float32(image.min()), single(k)))
    border = "truncate" if compat else border
    low, (_, r) = float(image.min()), local(image, window, lambda s: s, border=border).extremes()
    return local(image, window, Linear(a=k * low, b=1 - k, c=-k * low / r, d=k / r), border=border)


def _of_opencv(low: np.float32, k: float) -> Callable:
    def formula(m, v, q, s):
        above, greatest = m - low, cv2.minMaxLoc(s)[1]
        return m - (above - s * above * np.float32(np.divide(1, greatest))) * np.float32(k)

    return formula
