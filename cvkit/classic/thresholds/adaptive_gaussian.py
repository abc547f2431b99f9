"""Local Gaussian mean: each pixel is compared with its surroundings, the near ones weighing most.

    T = G * image - offset

As OpenCV's ADAPTIVE_THRESH_GAUSSIAN_C, not rounded to whole numbers.
"""

import cv2
import numpy as np

from cvkit.arrays import Image, as_finite, number, odd, one_of
from cvkit.classic.windows import BORDERS


def threshold(image: Image, *, window: int = 51, offset: float = 0.0, border: str = "reflect") -> np.ndarray:
    """Gaussian mean of the window around every pixel, less `offset`.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the window in pixels; the Gaussian's standard deviation is 0.3 * ((window - 1) / 2 - 1) + 0.8.
    offset : float
        In the unit of the image: positive for dark objects, negative for bright ones.
    border : {"reflect", "replicate"}
        What lies beyond the image.

    Returns
    -------
    threshold : (H, W) float64 array

    Examples
    --------
    >>> threshold(np.array([[0, 0, 8, 0, 0]], np.uint8), window=3).round(1)
    array([[0., 2., 4., 2., 0.]])
    """
    window = odd(window, "window")
    one_of(border, "border", tuple(BORDERS))
    values = as_finite(image, "a local threshold").astype(np.float64)
    half = window // 2
    # Padded here, since a window may be wider than the image, which the blur's own border does not allow.
    padded = cv2.copyMakeBorder(values, half, half, half, half, BORDERS[border])
    blurred = cv2.GaussianBlur(padded, (window, window), 0, borderType=cv2.BORDER_REPLICATE)
    return blurred[half:-half, half:-half] - number(offset, "offset")
