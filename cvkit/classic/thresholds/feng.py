"""Feng's threshold: Wolf's, relative to the contrast of wider surroundings.

    T = (1 - a) * m + b * (s / r) * (m - low) + c * low        b, c = k1 * (s / r)**g, k2 * (s / r)**g

M. L. Feng, Y. P. Tan, IEICE Electronics Express 1(16), 2004. doi:10.1587/elex.1.501
Computed at every pixel; Doxa does so at one pixel of each window and interpolates, with 0.025 and 0.2 for `k1`, `k2`.
`low` is the least value of the window, `r` the deviation of one of the same centre and of `wider` its side.
"""

import numpy as np

from cvkit.arrays import WIDEST, Image, number, odd, whole
from cvkit.classic.surface import Surface
from cvkit.classic.windows import local
from cvkit.errors import CvkitError
from cvkit.reach import reach


@reach(lambda window, wider: window * (wider // 2 * 2 + 1) // 2)
def threshold(
    image: Image,
    *,
    window: int = 15,
    wider: int = 3,
    a: float = 0.12,
    g: float = 2.0,
    k1: float = 0.25,
    k2: float = 0.04,
    border: str = "reflect",
) -> Surface:
    """Feng's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    wider : int
        How many times as wide the wider window is, odd; of an even number the next.
    a, g, k1, k2 : float
        See the formula.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[9, 9, 9]], np.uint8), window=3))
    array([[7.92, 7.92, 7.92]])
    """
    for name, value in (("a", a), ("g", g), ("k1", k1), ("k2", k2)):
        number(value, name, *((-10, 10) if name == "g" else ()))
    window, wider = odd(window, "window"), whole(wider, "wider") // 2 * 2 + 1
    if window * wider > WIDEST:
        raise CvkitError(
            "parameter-range",
            f"`window` times `wider` must be at most {WIDEST}",
            came=f"{window} times {wider}",
            remedy="make one of them less",
        )
    around = np.asarray(local(image, window * wider, lambda s: s, border=border))

    def formula(m, s, low, rows):
        r = around[rows]
        share = np.divide(s, r, out=np.zeros(s.shape), where=r > 0)
        power = share**g
        return (1 - a) * m + k1 * power * share * (m - low) + k2 * power * low

    return local(image, window, formula, border=border)
