"""Sauvola's threshold: Niblack's, weakened where the contrast is low.

    T = m * (1 + k * (s / r - 1))

J. Sauvola, M. Pietikainen, Pattern Recognition 33(2), 2000. doi:10.1016/S0031-3203(99)00055-2
As in scikit-image. In Doxa windows end at the border, ximgproc of OpenCV replicates it and rounds the threshold, ImageJ
takes discs for windows and 0.5 for `k`.
"""

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Linear, Surface
from cvkit.classic.windows import half_range, local, rounded_deviation
from cvkit.classic.ximgproc import local_of_opencv, scaled, single
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image,
    *,
    window: int = 15,
    k: float = 0.2,
    r: float | None = None,
    border: str = "reflect",
    compat: str | None = None,
) -> Surface | np.ndarray:
    """Sauvola's threshold at every pixel.

    Made for dark ink on light paper: there use ``foreground="dark"``. For bright objects on a dark ground a negative
    `k` lifts the threshold of flat regions above their values.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float
        How far the threshold drops below the mean where the contrast is low.
    r : float, optional
        The greatest standard deviation there can be, in the unit of the image. By default half the range of an
        integer dtype (127.5 for uint8), and half the range of the values of a float image.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"skimage", "doxa", "opencv"}, optional
        scikit-image takes `r` = 1 for float images unless it is given; Doxa takes 128 always, and its windows end at
        the border of the image; ximgproc of OpenCV takes uint8 and an `r` of 128 unless it is given, computes in
        float32, replicates the border and rounds the threshold.

    Returns
    -------
    threshold : (H, W) Surface, or with "opencv" an array of uint8

    Examples
    --------
    >>> np.asarray(threshold(np.array([[100, 100, 100]], np.uint8), window=3))
    array([[80., 80., 80.]])
    """
    number(k, "k")
    one_of(compat, "compat", (None, "skimage", "doxa", "opencv"))
    if compat == "doxa":
        r, border = 128, "truncate"
    if compat == "skimage" and image.dtype.kind == "f" and r is None:
        r = 1
    if compat == "opencv" and r is None:
        r = 128
    r = half_range(image) if r is None else number(r, "r", low=np.finfo(float).tiny)
    if compat == "opencv":
        return local_of_opencv(image, window, lambda m, v, q, s: m * scaled(s, single(k) / r, 1 - single(k)))
    if compat == "skimage":
        return local(image, window, lambda m, q: m * (1 + k * (rounded_deviation(m, q) / r - 1)), border=border)
    return local(image, window, Linear(b=1 - k, d=k / r), border=border)
