"""Su's threshold: ink is as dark as the high-contrast pixels around it, which outline the strokes.

    T = m + s / 2        m, s: mean and deviation of the high-contrast pixels of the window; none if they are few

B. Su, S. Lu, C. L. Tan, 9th IAPR International Workshop on Document Analysis Systems, 2010. doi:10.1145/1815330.1815351
The contrast is (high - low) / (high + low) of 3 x 3 pixels, and high above Otsu's threshold of it. Up to 2026 Doxa took
0 for the deviation.
"""

import cv2
import numpy as np

from cvkit.arrays import Image, whole
from cvkit.classic.histogram import Histogram
from cvkit.classic.runs import runs
from cvkit.classic.surface import Surface
from cvkit.classic.thresholds import otsu
from cvkit.classic.windows import local
from cvkit.reach import reach


@reach("the contrast and the strokes of the whole image are in its formula")
def threshold(image: Image, *, window: int | None = None, few: int | None = None) -> Surface:
    """Su's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd, optional
        Side of the square window in pixels; by default the least odd number above twice the width of a stroke, which
        is taken to be the commonest length of dark stretches of rows and columns.
    few : int, optional
        High-contrast pixels that a window must hold, or there is no ink; as many as `window` is wide by default.

    Returns
    -------
    threshold : (H, W) Surface
        Minus infinity where there is no ink.

    Examples
    --------
    >>> page = np.full((9, 12), 200, np.uint8)
    >>> page[3:6, 2:10] = 90
    >>> found = np.asarray(threshold(page, window=7))
    >>> np.array_equal(page <= found, page < 100)
    True
    """
    window = 2 * stroke_width(image) // 2 * 2 + 1 if window is None else window
    edges = high_contrast(image)
    few = window if few is None else whole(few, "few")
    outline = np.ma.masked_array(np.ma.getdata(image), ~edges)

    def formula(m, s, n):
        s /= 2
        s += m
        np.putmask(s, n < few, -np.inf)
        return s

    return local(outline, window, formula, border="truncate")


def high_contrast(image: Image) -> np.ndarray:
    """Tell which pixels have a high contrast to their neighbours for their brightness."""
    black = min(0.0, float(image.min()))  # of images that count from elsewhere
    few = np.float32 if image.dtype.itemsize <= 2 else np.float64  # bits, which are more than enough for a share

    def formula(low, high):
        low, high = low.astype(few), high.astype(few)
        if black:
            low, high = low - black, high - black
        apart = high - low
        high += low
        high += few(1e-6)
        apart /= high
        return apart

    contrast = local(image, 3, formula).__array__(few)
    if np.ma.isMaskedArray(image):
        contrast = np.ma.masked_array(contrast, np.ma.getmask(image))
    levels = Histogram.of(contrast)
    if np.count_nonzero(levels.counts) < 2:
        return np.zeros(image.shape, bool)
    return np.ma.filled(contrast > otsu.threshold(levels), False)


def stroke_width(image: Image) -> int:
    """Give the commonest length, from 2 pixels on, of what is dark by Otsu's threshold along rows and columns."""
    dark = np.ma.filled(image <= otsu.threshold(Histogram.of(image)), False)
    turned = cv2.transpose(dark.view(np.uint8)).view(bool)
    lengths = np.concatenate([runs(dark).length, runs(turned).length])
    lengths = lengths[(lengths >= 2) & (lengths < max(image.shape) // 2)]
    return int(np.bincount(lengths).argmax()) if len(lengths) else 3
