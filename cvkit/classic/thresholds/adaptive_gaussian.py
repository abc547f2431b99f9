"""Local Gaussian mean: each pixel is compared with its surroundings, the near ones weighing most.

    T = G * image - offset

As OpenCV's ADAPTIVE_THRESH_GAUSSIAN_C, not rounded to whole numbers.
"""

import math

import cv2
import numpy as np

from cvkit.arrays import Image, number, odd, one_of
from cvkit.classic.windows import BORDERS, counted_pixels, padded
from cvkit.reach import reach


@reach(lambda window: window // 2)
def threshold(
    image: Image, *, window: int = 51, offset: float = 0.0, border: str = "reflect", compat: str | None = None
) -> np.ndarray:
    """Gaussian mean of the window around every pixel, less `offset`.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the window in pixels; the Gaussian's standard deviation is 0.3 * ((window - 1) / 2 - 1) + 0.8.
    offset : float
        In the unit of the image: positive for dark objects, negative for bright ones.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    compat : {"opencv"}, optional
        Take the conventions of OpenCV: the border is replicated, the mean of uint8 rounded, the offset rounded up.

    Returns
    -------
    threshold : (H, W) array
        float32 for images of up to 16 bits and float32, else float64.

    Examples
    --------
    >>> threshold(np.array([[0, 0, 8, 0, 0]]), window=3).round(1)
    array([[0., 2., 4., 2., 0.]])
    """
    window = odd(window, "window")
    one_of(border, "border", BORDERS)
    number(offset, "offset")
    one_of(compat, "compat", (None, "opencv"))
    if compat:
        plain = np.ma.getdata(image).astype(np.float32)
        return np.rint(cv2.GaussianBlur(plain, (window, window), 0, borderType=cv2.BORDER_REPLICATE)) - math.ceil(
            offset
        )
    values, counted = np.ma.getdata(image), counted_pixels(image)
    few = image.dtype in (np.uint8, np.uint16, np.int16, np.float32)  # bits, of which float32 loses none that count
    values = np.ascontiguousarray(values if few else values.astype(np.float64))
    if counted is not None:
        values = np.where(counted, values, np.zeros(1, values.dtype))
    blurred = _blurred(values, window, border)
    if counted is not None or border == "truncate":
        inside = np.ones(image.shape, np.uint8) if counted is None else counted.view(np.uint8)
        with np.errstate(invalid="ignore", divide="ignore"):  # no threshold where nothing was counted
            blurred = blurred / _blurred(inside, window, border)
    return blurred - np.float32(offset) if few else blurred - offset


def _blurred(values: np.ndarray, window: int, border: str) -> np.ndarray:
    """Padded here, since a window may be wider than the image, which a filter's own border does not allow."""
    half, depth = window // 2, cv2.CV_64F if values.dtype == np.float64 else cv2.CV_32F
    weights = cv2.getGaussianKernel(window, -1, depth)
    around = cv2.sepFilter2D(padded(values, half, border), depth, weights, weights, borderType=cv2.BORDER_REPLICATE)
    return around[half:-half, half:-half]
