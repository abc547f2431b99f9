"""Gatos' binarisation: ink is so much darker than the paper, which is estimated behind it.

    B - I > d(B)        I: the image, smoothed by Wiener's filter, B: mean of the paper around, d: falls where B is dark

    d = q * e * ((1 - p2) / (1 + exp(-4 * B / (b * (1 - p1)) + 2 * (1 + p1) / (1 - p1))) + p2)

B. Gatos, I. Pratikakis, S. J. Perantonis, Pattern Recognition 39(3), 2006. doi:10.1016/j.patcog.2005.09.010
`e` is the mean depth B - I of the ink that Sauvola's threshold finds first, `b` the mean of the paper. The smoothed
counts from 0 to 255 times 256, in whole numbers, where Doxa rounds it and the paper to bytes. The clean-up of the paper
is left to steps after it, as there.
"""

import numpy as np

from cvkit.arrays import Image, Mask, number
from cvkit.classic.thresholds import sauvola
from cvkit.classic.windows import local
from cvkit.reach import reach

UNIT = 256  # levels of the smoothed page for each of 255


@reach("the mean noise and depth of the whole image are in its formula")
def segment(
    image: Image,
    *,
    foreground: str = "bright",
    window: int = 75,
    k: float = 0.2,
    q: float = 0.6,
    p1: float = 0.5,
    p2: float = 0.8,
) -> Mask:
    """Segment ink by its depth below the paper, made for dark ink: ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    foreground : {"bright", "dark"}
        Light ink on dark ground or dark ink on light ground.
    window : int, odd
        Side of the square window, in pixels, of Sauvola's threshold and of the mean of the paper.
    k : float
        Of Sauvola's threshold.
    q : float, at least 0
        The share of the mean depth that ink must have.
    p1, p2 : float, 0..1
        Where that falls, and how far: see the formula.

    Returns
    -------
    mask : (H, W) bool array

    Examples
    --------
    >>> page = np.full((9, 12), 200, np.uint8)
    >>> page[3:6, 2:10] = 90
    >>> np.array_equal(segment(page, foreground="dark", window=7), page < 100)
    True
    """
    for name, value in (("q", q), ("p1", p1), ("p2", p2)):
        number(value, name, low=0, high=np.inf if name == "q" else 1 - 1e-9)
    left_out = np.ma.getmaskarray(image) if np.ma.isMaskedArray(image) else None
    smooth = _smooth(image, foreground == "dark")
    first = smooth if left_out is None else np.ma.masked_array(smooth, left_out)
    ink = sauvola.threshold(first, window=window, k=k, r=128 * UNIT).compare("dark")
    if left_out is not None:
        ink &= ~left_out
    places = np.flatnonzero(ink)
    if not len(places):
        return ink
    paper_only = np.ma.masked_array(smooth, ink if left_out is None else ink | left_out)
    around = local(paper_only, window, lambda m: m, border="truncate")
    paper = np.concatenate(around.visit(lambda rows, mean: mean[ink[rows]]))
    if (unknown := np.isnan(paper)).any():
        paper[unknown] = paper_only.mean() if paper_only.count() else 255.0 * UNIT
    below = paper - smooth.ravel()[places]
    paper *= -4 / (max(paper.mean(), 1e-9) * (1 - p1))
    paper += 2 * (1 + p1) / (1 - p1)
    fall = np.exp(paper, out=paper)
    fall += 1
    least = np.divide(1 - p2, fall, out=fall)
    least += p2
    least *= q * below.mean()
    ink.ravel()[places] = below > least
    return ink


def _smooth(image: Image, dark: bool) -> np.ndarray:
    """Wiener's filter of 3 x 3 pixels, as uint16: black ink is 0, the paper up to 255 times `UNIT`.

    It smooths where the deviation is no more than that of noise, its mean over the page.
    """
    data, left_out = np.ma.getdata(image), np.ma.getmaskarray(image) if np.ma.isMaskedArray(image) else None
    low, high = float(image.min()), float(image.max())
    black, scale = (low, 255 * UNIT / (high - low)) if dark else (high, -255 * UNIT / (high - low))

    def powers(rows: slice, s: np.ndarray) -> np.ndarray:
        s *= s
        return s.sum(axis=1) if left_out is None else s.sum(axis=1, where=~left_out[rows])

    noise = np.concatenate(local(image, 3, lambda s: s).visit(powers)).sum()
    noise /= data.size if left_out is None else np.count_nonzero(~left_out)

    def formula(m, s, x):  # x + (m - x) * the share of noise in the variance, which is no more than 1
        s *= s
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.divide(noise, s, out=s)
        m -= x
        m *= np.fmin(share, 1, out=share)
        m += x
        m -= black
        m *= scale
        return np.rint(m, out=m)

    smooth = np.empty(data.shape, np.uint16)

    def keep(rows: slice, levels: np.ndarray) -> None:
        smooth[rows] = levels if left_out is None else np.where(left_out[rows], 0, levels)

    local(image, 3, formula).visit(keep)
    return smooth
