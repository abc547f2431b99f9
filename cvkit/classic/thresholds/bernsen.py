"""Bernsen's threshold: halfway between the least and the greatest value nearby.

    T = (low + high) / 2, where high - low reaches `contrast`; elsewhere all is on the side of `level`

J. Bernsen, 8th International Conference on Pattern Recognition, 1986, pages 1251-1255.
ImageJ takes discs for windows.
"""

from collections.abc import Callable

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Surface
from cvkit.classic.windows import half_range, least, local
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image,
    *,
    window: int = 31,
    contrast: float | None = None,
    level: float | None = None,
    border: str = "reflect",
    compat: str | None = None,
) -> Surface:
    """Bernsen's threshold at every pixel.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    contrast : float, optional
        In the unit of the image; where there is less, all is foreground or all is not. By default 15 / 255 of the
        full range: that of an integer dtype, or of the values of a float image.
    level : float, optional
        Flat surroundings are bright if their middle is above it; the middle of the full range by default.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa"}, optional
        Take the conventions of Doxa: windows end at the border of the image, halves are cut off, there must be
        more than `contrast`, 25 by default, and elsewhere `level`, 100 by default, is the threshold; for uint8.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[0, 30, 200, 203]], np.uint8), window=3))
    array([[ 15. , 100. , 116.5,  -inf]])
    """
    one_of(compat, "compat", (None, "doxa"))
    if compat:
        contrast = 25 if contrast is None else number(contrast, "contrast", low=0)
        level = 100 if level is None else number(level, "level")
        return local(image, window, _of_doxa(contrast, level), border="truncate")
    full = 2 * half_range(image)
    contrast = full * 15 / 255 if contrast is None else number(contrast, "contrast", low=0)
    level = least(image) + full / 2 if level is None else number(level, "level")

    few = np.float32 if image.dtype.itemsize <= 2 else np.float64  # bits, which lose nothing

    def formula(low, high):
        middle = low.astype(few)
        middle += high
        flat = high.astype(few) - low < contrast
        middle /= 2
        middle[flat] = np.where(middle[flat] > level, -np.inf, np.inf)
        return middle

    return local(image, window, formula, border=border)


def _of_doxa(contrast: float, level: float) -> Callable:
    def formula(low, high):
        low, high = low.astype(np.float64), high.astype(np.float64)
        return np.where(high - low > contrast, (low + high) // 2, level)

    return formula
