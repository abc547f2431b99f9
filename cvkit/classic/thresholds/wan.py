"""Wan's threshold: Sauvola's, from halfway between mean and greatest value.

    T = (m + high) / 2 * (1 + k * (s / r - 1))

W. A. Mustafa, M. M. M. Abdul Kader, Journal of Physics: Conference Series 1019, 2018.
doi:10.1088/1742-6596/1019/1/012042
As Doxa, but for the border and for `r`, which is 128 there.
"""

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Surface
from cvkit.classic.windows import half_range, local
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image,
    *,
    window: int = 75,
    k: float = 0.2,
    r: float | None = None,
    border: str = "reflect",
    compat: str | None = None,
) -> Surface:
    """Wan's threshold at every pixel, for faint ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float
        How far the threshold drops where the contrast is low.
    r : float, optional
        The greatest standard deviation there can be, in the unit of the image. By default half the range of an
        integer dtype (127.5 for uint8), and half the range of the values of a float image.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa"}, optional
        Take the conventions of Doxa: `r` is 128, and windows end at the border of the image.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[100, 100, 100]], np.uint8), window=3))
    array([[80., 80., 80.]])
    """
    number(k, "k")
    one_of(compat, "compat", (None, "doxa"))
    if compat:
        r, border = 128, "truncate"
    r = half_range(image) if r is None else number(r, "r", low=np.finfo(float).tiny)

    def formula(m, s, high):
        s *= k / (2 * r)
        s += (1 - k) / 2
        m += high
        m *= s
        return m

    return local(image, window, formula, border=border)
