"""Niblack's threshold: the mean of the surroundings, moved by a share of their deviation.

    T = m + k * s

W. Niblack, An Introduction to Digital Image Processing, Prentice-Hall, 1986, pages 115-116.
scikit-image writes ``m - k * s``, ImageJ takes discs for windows; ximgproc of OpenCV rounds the threshold.
"""

from collections.abc import Callable

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Linear, Surface
from cvkit.classic.windows import local, means_of_doxa, rounded_deviation
from cvkit.classic.ximgproc import local_of_opencv, scaled, single
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image, *, window: int = 15, k: float | None = None, border: str = "reflect", compat: str | None = None
) -> Surface | np.ndarray:
    """Niblack's threshold at every pixel.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float, optional
        Negative for dark objects, positive for bright ones. By default -0.2, and 0.2 with ``compat="skimage"``, which
        is the same threshold.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"skimage", "doxa", "opencv"}, optional
        scikit-image has the other sign of `k`; in Doxa windows end at the border of the image; ximgproc of OpenCV takes
        uint8, computes in float32, replicates the border and rounds the threshold.

    Returns
    -------
    threshold : (H, W) Surface, or with "opencv" an array of uint8

    Examples
    --------
    >>> np.asarray(threshold(np.array([[0, 3, 6]], np.uint8), window=3, k=1))
    array([[3.41421356, 5.44948974, 5.41421356]])
    """
    one_of(compat, "compat", (None, "skimage", "doxa", "opencv"))
    k = (0.2 if compat == "skimage" else -0.2) if k is None else number(k, "k")
    if compat == "opencv":
        return local_of_opencv(image, window, lambda m, v, q, s: scaled(s, single(k), m))
    if compat == "skimage":
        return local(image, window, lambda m, q: m - k * rounded_deviation(m, q), border=border)
    if compat == "doxa":
        return local(image, window, _of_doxa(k), border="truncate")
    return local(image, window, Linear(b=1, c=k), border=border)


def _of_doxa(k: float) -> Callable:
    """Where all is equal rounding decides, and a variance below 0 makes a pixel bright."""

    def formula(m, q, n):
        m, q = means_of_doxa(n, m, q)
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(m + k * np.sqrt(q - m * m), nan=-np.inf)

    return formula
