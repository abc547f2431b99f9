"""Gatos' binarisation: ink is so much darker than the paper, which is estimated behind it.

    B - I > d(B)        I: the image, smoothed by Wiener's filter, B: mean of the paper around, d: falls where B is dark

    d = q * e * ((1 - p2) / (1 + exp(-4 * B / (b * (1 - p1)) + 2 * (1 + p1) / (1 - p1))) + p2)

B. Gatos, I. Pratikakis, S. J. Perantonis, Pattern Recognition 39(3), 2006. doi:10.1016/j.patcog.2005.09.010
`e` is the mean depth B - I of the ink that Sauvola's threshold finds first, `b` the mean of the paper. The clean-up of
the paper is left to steps after it, as in Doxa, which rounds the smoothed image and the paper to bytes.
"""

import numpy as np

from cvkit.arrays import Image, Mask, number
from cvkit.classic.thresholds import sauvola
from cvkit.classic.windows import local
from cvkit.reach import reach


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
    left_out, data = np.ma.getmaskarray(image), np.ma.getdata(image).astype(np.float64)
    low, high = float(image.min()), float(image.max())
    depth = (data - low if foreground == "dark" else high - data) * (255 / (high - low))
    page = np.ma.masked_array(depth, left_out) if left_out.any() else depth
    smooth = np.where(left_out, 0, _wiener(page))
    first = np.ma.masked_array(smooth, left_out) if left_out.any() else smooth
    ink = sauvola.threshold(first, window=window, k=k, r=128).compare("dark") & ~left_out
    if not ink.any():
        return ink
    paper_only = np.ma.masked_array(smooth, ink | left_out)
    paper = np.asarray(local(paper_only, window, lambda m: m, border="truncate"))[ink]
    paper = np.where(~np.isfinite(paper), paper_only.mean() if paper_only.count() else 255.0, paper)
    below = paper - smooth[ink]
    fall = np.exp(-4 * paper / (max(paper.mean(), 1e-9) * (1 - p1)) + 2 * (1 + p1) / (1 - p1))
    ink[ink] = below > q * below.mean() * ((1 - p2) / (1 + fall) + p2)
    return ink


def _wiener(page: np.ndarray) -> np.ndarray:
    """Smooth where the deviation of 3 x 3 pixels is no more than that of noise, its mean over the page."""
    noise = float(np.mean(np.square(local(page, 3, lambda s: s))))

    def formula(m, s, x):
        variance = s * s
        share = np.divide(np.maximum(variance - noise, 0), variance, out=np.zeros(variance.shape), where=variance > 0)
        return m + share * (x - m)

    return np.asarray(local(page, 3, formula))
