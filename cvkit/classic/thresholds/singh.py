"""Singh's threshold: the mean of the surroundings, moved by how far the pixel is from it.

    T = m * (1 + k * (d / (1 - d) - 1))        d = x - m, all in units of the full range

T. R. Singh, S. Roy, O. I. Singh, T. Sinam, K. M. Singh, International Journal of Computer Science Issues 8(6), 2011.
arXiv:1201.5227
Doxa takes `d` without its sign. The full range is that of an integer dtype, or of the values of a float image.
"""

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Surface
from cvkit.classic.windows import half_range, least, local, means_of_doxa
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image, *, window: int = 75, k: float = 0.06, border: str = "reflect", compat: str | None = None
) -> Surface:
    """Singh's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float
        How far the threshold drops.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa"}, optional
        Take the conventions of Doxa: windows end at the border of the image, and `d` loses its sign; for
        uint8.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[100, 100, 100]], np.uint8), window=3))
    array([[94., 94., 94.]])
    """
    one_of(compat, "compat", (None, "doxa"))
    number(k, "k")
    full, black = 2 * half_range(image), least(image)

    def formula(m, x):  # m * (1 - 2 * k + k * full / (full - d)), with `d` in the unit of the image
        share = np.subtract(full, x, dtype=np.float64)
        share += m
        with np.errstate(divide="ignore", invalid="ignore"):  # around what is left out
            np.divide(k * full, share, out=share)
        share += 1 - 2 * k
        if black:
            return black + (m - black) * share
        share *= m
        return share

    def formula_of_doxa(m, n, x):
        (m,) = means_of_doxa(n, m)
        apart = np.minimum(np.abs(x - m), 254)
        return m * (1 + k * (apart / (255 - apart) - 1))

    if compat:
        return local(image, window, formula_of_doxa, border="truncate")
    return local(image, window, formula, border=border)
