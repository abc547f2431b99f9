"""Phansalkar's threshold: Sauvola's, lifted where the surroundings are dark.

    T = m * (1 + p * exp(-q * m) + k * (s / r - 1))        m, s: in units of the full range

N. Phansalkar, S. More, A. Sabale, M. Joshi, International Conference on Communications and Signal Processing, 2011.
doi:10.1109/ICCSP.2011.5739305
The full range is that of an integer dtype, or of the values of a float image; ImageJ stretches the contrast first.
"""

from collections.abc import Callable

import numpy as np

from cvkit.arrays import Image, number, one_of
from cvkit.classic.surface import Surface
from cvkit.classic.windows import half_range, least, local, means_of_doxa
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image,
    *,
    window: int = 15,
    k: float = 0.25,
    r: float = 0.5,
    p: float = 2.0,
    q: float = 10.0,
    border: str = "reflect",
    compat: str | None = None,
) -> Surface:
    """Phansalkar's threshold at every pixel, for stained cells, or ink in dark corners.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    k : float
        How far the threshold drops where the contrast is low.
    r : float
        The greatest standard deviation there can be, as a share of the full range.
    p, q : float
        How far dark surroundings lift it, and how dark they must be.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.
    compat : {"doxa"}, optional
        Take the conventions of Doxa: windows end at the border of the image, and `r` is 128 / 255 whatever is
        given; for uint8. Its defaults are a `k` of 0.2 and a `p` of 3.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[100, 100, 100]], np.uint8), window=3))
    array([[78.96199917, 78.96199917, 78.96199917]])
    """
    one_of(compat, "compat", (None, "doxa"))
    for name, value in (("k", k), ("p", p), ("q", q)):
        number(value, name)
    number(r, "r", low=np.finfo(float).tiny)
    full, black = 2 * half_range(image), least(image)

    def formula(m, s):
        above = m - black if black else m
        lift = above * (-q / full)
        np.exp(lift, out=lift)
        lift *= p
        s *= k / (full * r)
        lift += s
        lift += 1 - k
        lift *= above
        return black + lift if black else lift

    if compat:
        return local(image, window, _of_doxa(k, p, q / 255), border="truncate")
    return local(image, window, formula, border=border)


def _of_doxa(k: float, p: float, decay: float) -> Callable:
    """The formula in the unit of uint8, where a variance below 0 makes a pixel bright."""

    def formula(m, q, n):
        m, q = means_of_doxa(n, m, q)
        with np.errstate(invalid="ignore"):
            surface = m * (1 + p * np.exp(-decay * m) + k * (np.sqrt(q - m * m) / 128 - 1))
            return np.nan_to_num(surface, nan=-np.inf)

    return formula
