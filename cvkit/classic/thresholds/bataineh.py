"""Bataineh's threshold: below the mean by what the contrast of page and surroundings allows.

    T = m - (m**2 + s) / ((g + s) * (a + s))        a = (s - least s) / (greatest s - least s)

B. Bataineh, S. N. H. S. Abdullah, K. Omar, Pattern Recognition Letters 32(14), 2011. doi:10.1016/j.patrec.2011.08.001
`g` is the mean of the image, `a` counts in units of 255, as all values do: those of other dtypes are brought to
0..255 for the formula, and the threshold back. The windows of the paper, whose sizes follow the page by rules that
leave much open, are replaced by one size; Doxa sizes the window from the page, pixel group by pixel group, and so
gives other masks.
"""

import numpy as np

from cvkit.arrays import Image
from cvkit.classic.surface import Surface
from cvkit.classic.windows import half_range, least, local
from cvkit.reach import reach


@reach("the least and the greatest deviation of the whole image are in its formula")
def threshold(image: Image, *, window: int = 51, border: str = "reflect") -> Surface:
    """Bataineh's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

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
    >>> np.asarray(threshold(np.array([[0, 90, 180]], np.uint8), window=3))
    array([[ 59.35169415,  89.84779987, 117.42943071]])
    """
    black, unit = least(image), 2 * half_range(image) / 255
    smallest, greatest = (s / unit for s in local(image, window, lambda s: s, border=border).extremes())
    page = (float(image.mean(dtype=np.float64)) - black) / unit

    def formula(m, s):
        m, s = (m - black) / unit, s / unit
        a = 255 * (s - smallest) / (greatest - smallest) if greatest > smallest else s
        below = (page + s) * (a + s)
        return black + unit * (m - np.divide(m * m + s, below, out=np.full(m.shape, np.inf), where=below > 0))

    return local(image, window, formula, border=border)
