"""NICK: Niblack's threshold, moved down for pages that are bright and empty.

    T = m + k * sqrt(s**2 + m**2 - m**2 / n)        n: pixels of the window

K. Khurshid, I. Siddiqi, C. Faure, N. Vincent, Document Recognition and Retrieval XVI, SPIE 7247, 2009.
doi:10.1117/12.805827
Doxa and ximgproc of OpenCV leave ``m**2 / n`` out; ximgproc rounds the threshold, too.
"""

import numpy as np

from cvkit.arrays import Image, number, odd, one_of
from cvkit.classic.surface import Linear, Surface
from cvkit.classic.windows import local
from cvkit.classic.ximgproc import local_of_opencv, scaled, single
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image, *, window: int = 75, k: float = -0.2, border: str = "reflect", compat: str | None = None
) -> Surface | np.ndarray:
    """NICK's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float
        -0.2 finds few specks, -0.1 finds thin strokes.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa", "opencv"}, optional
        Both leave ``m**2 / n`` out. In Doxa windows end at the border of the image; ximgproc of OpenCV takes uint8,
        computes in float32, replicates the border and rounds the threshold.

    Returns
    -------
    threshold : (H, W) Surface, or with "opencv" an array of uint8

    Examples
    --------
    >>> np.asarray(threshold(np.array([[9, 9, 9]], np.uint8), window=3))
    array([[7.30294373, 7.30294373, 7.30294373]])
    """
    one_of(compat, "compat", (None, "doxa", "opencv"))
    number(k, "k")
    if compat == "opencv":
        return local_of_opencv(image, window, lambda m, v, q, s: scaled(np.sqrt(v + q), single(k), m))
    if border == "truncate" and not compat:
        return local(image, window, lambda m, s, n: m + k * np.sqrt(s * s + m * m * (1 - 1 / n)), border=border)
    lift = 1.0 if compat else 1 - 1 / odd(window, "window") ** 2
    return local(image, window, Linear(b=1, c=k, lift=lift), border="truncate" if compat else border)
