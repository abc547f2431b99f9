"""Local Gaussian mean: each pixel is compared with its surroundings, the near ones weighing most.

    T = G * image - offset

As OpenCV's ADAPTIVE_THRESH_GAUSSIAN_C, not rounded to whole numbers.
"""

import cv2
import numpy as np

from cvkit.arrays import Image, number, odd, one_of
from cvkit.classic.windows import BORDERS, counted_pixels, places


def threshold(image: Image, *, window: int = 51, offset: float = 0.0, border: str = "reflect") -> np.ndarray:
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

    Returns
    -------
    threshold : (H, W) float64 array

    Examples
    --------
    >>> threshold(np.array([[0, 0, 8, 0, 0]], np.uint8), window=3).round(1)
    array([[0., 2., 4., 2., 0.]])
    """
    window = odd(window, "window")
    one_of(border, "border", BORDERS)
    counted = counted_pixels(image)
    values, weights = np.ma.getdata(image).astype(np.float64), None
    if counted is not None:
        values[~counted] = 0
    rows, cols = (places(length, window // 2, border) for length in image.shape)
    if counted is not None or border == "truncate":
        inside = np.ones(image.shape) if counted is None else counted.astype(np.float64)
        weights = _blurred(inside, window, rows, cols)
    blurred = _blurred(values, window, rows, cols)
    with np.errstate(invalid="ignore", divide="ignore"):  # no threshold where nothing was counted
        return (blurred if weights is None else blurred / weights) - number(offset, "offset")


def _blurred(values: np.ndarray, window: int, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Padded here, since a window may be wider than the image, which the blur's own border does not allow."""
    half = window // 2
    padded = values[rows][:, cols]
    padded[rows < 0] = 0
    padded[:, cols < 0] = 0
    return cv2.GaussianBlur(padded, (window, window), 0, borderType=cv2.BORDER_REPLICATE)[half:-half, half:-half]
