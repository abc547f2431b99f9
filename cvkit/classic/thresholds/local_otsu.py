"""Otsu's threshold of the surroundings of every pixel.

    T = argmax_t  w0(t) * w1(t) * (m0(t) - m1(t))**2        over the pixels of the window

N. Otsu, IEEE Transactions on Systems, Man, and Cybernetics 9(1), 1979. doi:10.1109/TSMC.1979.4310076
As scikit-image's rank.otsu, which takes uint8 and all its levels, ends windows at the border and has `>=` for `>`.
"""

import cv2
import numpy as np

from cvkit.arrays import Image, odd, one_of, whole
from cvkit.classic.surface import Surface
from cvkit.classic.windows import BORDERS, chunks, framed
from cvkit.errors import CvkitError
from cvkit.reach import reach


@reach("its levels are spread from the least to the greatest value of the whole image")
def threshold(image: Image, *, window: int = 51, levels: int = 64, border: str = "reflect") -> Surface:
    """Otsu's threshold in the window around every pixel.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    levels : int, 2..256
        Equal steps from the least to the greatest value; the time is proportional to them.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    Returns
    -------
    threshold : (H, W) Surface
        The least of the best; where all is of one level that level, so that nothing exceeds it.

    Examples
    --------
    >>> np.asarray(threshold(np.array([[0, 0, 9, 9]], np.uint8), window=3, levels=10))
    array([[0., 0., 0., 9.]])
    """
    window = odd(window, "window")
    one_of(border, "border", BORDERS)
    if whole(levels, "levels", low=2) > 256:
        raise CvkitError("parameter-range", "`levels` must be at most 256", came=str(levels), remedy="use 256")
    low, high = float(image.min()), float(image.max())
    step = (high - low) / (levels - 1)
    data, counted = np.ma.getdata(image), None
    if isinstance(image, np.ma.MaskedArray):
        counted = ~np.ma.getmaskarray(image)
        data = np.where(counted, data, image.min())
    steps = np.rint((data - low) / step).astype(np.uint8) if step else np.zeros(image.shape, np.uint8)
    steps, inside = framed(steps, window // 2, border, counted)
    edges = low + step * (np.arange(levels) + 0.5)
    if image.dtype.kind in "ui":
        edges = np.floor(edges)
    edges[-1] = high

    def rows_of(first, last):
        for rows in chunks(first, last, image.shape[1]):
            around = slice(rows.start, rows.stop + window - 1)
            yield rows, edges[_best(steps[around], None if inside is None else inside[around], window, levels)]

    return Surface(image, rows_of)


def _best(steps: np.ndarray, inside: np.ndarray | None, window: int, levels: int) -> np.ndarray:
    """The level of the best threshold for every window."""

    def sums(values):
        half = window // 2
        found = cv2.boxFilter(values, cv2.CV_32F, (window, window), normalize=False, borderType=cv2.BORDER_REPLICATE)
        return found[half : len(found) - half, half : found.shape[1] - half]

    every = np.ones(steps.shape, np.float32) if inside is None else inside.astype(np.float32)
    count, total = sums(every), sums(steps * every)
    dark, dark_sum = np.zeros_like(count), np.zeros_like(count)
    greatest, best = np.full(count.shape, -1.0, np.float32), np.full(count.shape, levels - 1, np.intp)
    for level in range(levels - 1):
        here = sums((steps == level) * every)
        dark += here
        dark_sum += level * here
        bright = count - dark
        apart = dark_sum * count - dark * total
        np.divide(apart, count, out=apart, where=count > 0)
        share = dark * bright
        spread = np.divide(apart * apart, share, out=np.zeros_like(share), where=share > 0)
        better = (spread > greatest) & (share > 0)
        greatest[better], best[better] = spread[better], level
    alone = greatest < 0  # all of one level
    best[alone] = np.rint(np.divide(total, count, out=np.zeros_like(total), where=count > 0))[alone].astype(np.intp)
    return best
