"""Multiscale Sauvola: every stroke is found at the scale at which it fits into the window.

    T = Sauvola's threshold at the scale of the nearest stroke

G. Lazzara, T. Geraud, International Journal on Document Analysis and Recognition 17(2), 2014.
doi:10.1007/s10032-013-0209-0
A stroke belongs to the scale at which its area is at most 0.7 windows, and above that of the finer scale. Each scale
halves the one before it. Doxa's MultiScale is another method, of Moghaddam and Cheriet, which joins masks of
several windows.
"""

import cv2
import numpy as np

from cvkit.arrays import Image, whole
from cvkit.classic.components import remove_large, remove_small
from cvkit.classic.thresholds import sauvola
from cvkit.classic.windows import half_range
from cvkit.reach import reach

FULL = 0.7  # of a window's area that a stroke may fill


@reach("it looks at small copies of the whole image")
def threshold(
    image: Image,
    *,
    window: int = 51,
    k: float = 0.34,
    r: float | None = None,
    scales: int = 3,
    border: str = "reflect",
) -> np.ndarray:
    """Sauvola's threshold at the right scale, for dark ink of all sizes: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels, the same at all scales.
    k : float
        How far the threshold drops below the mean where the contrast is low.
    r : float, optional
        See `sauvola`.
    scales : int, up to 16
        The coarsest has pixels of side 2 to the power of `scales` - 1.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    Returns
    -------
    threshold : (H, W) float64 array

    Examples
    --------
    >>> page = np.full((60, 90), 200, np.uint8)
    >>> page[20:24, 10:80], page[35:55, 20:70] = 90, 90
    >>> thin = page <= np.asarray(sauvola.threshold(page, window=9, k=0.34))
    >>> fits = page <= threshold(page, window=9)
    >>> bool(thin[45, 45]), bool(fits[45, 45])
    (False, True)
    """
    r = half_range(image) if r is None else r
    left_out = np.ma.getmaskarray(image)
    plain = np.where(left_out, image.mean(), np.ma.getdata(image)).astype(np.float64)
    surfaces, scale_of = [], np.zeros(image.shape, np.uint8)
    for scale in range(whole(scales, "scales", high=16)):
        shape = tuple(max(1, length >> scale) for length in image.shape)
        small = cv2.resize(plain, shape[::-1], interpolation=cv2.INTER_AREA) if scale else plain
        hidden = cv2.resize(left_out.view(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        given = np.ma.masked_array(small, hidden) if hidden.any() else small
        surface = np.asarray(sauvola.threshold(given, window=window, k=k, r=r, border=border))
        strokes = (small <= surface) & ~hidden
        if scale < scales - 1:
            strokes = remove_large(strokes, area=FULL * window**2)
        if scale:
            strokes = remove_small(strokes, area=FULL * window**2 / 4)
        size = image.shape[::-1]
        surfaces.append(cv2.resize(surface, size, interpolation=cv2.INTER_LINEAR))
        scale_of[cv2.resize(strokes.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0] = scale + 1
    return np.choose(_nearest(scale_of), surfaces)


def _nearest(scale_of: np.ndarray) -> np.ndarray:
    """The scale, from 0, of the nearest stroke; the finest if there is none."""
    if not scale_of.any():
        return scale_of
    none = (scale_of == 0).view(np.uint8)
    _, place = cv2.distanceTransformWithLabels(none, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(place.max() + 1, np.uint8)
    owner[place[scale_of > 0]] = scale_of[scale_of > 0]
    return owner[place] - np.uint8(1)
