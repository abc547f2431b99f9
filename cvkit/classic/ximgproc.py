"""Local thresholds as ximgproc of OpenCV computes them: in float32, with the border replicated, rounded to uint8."""

from collections.abc import Callable

import cv2
import numpy as np

from cvkit.arrays import odd
from cvkit.errors import WrongType


def local_of_opencv(image: np.ndarray, window: int, formula: Callable) -> np.ndarray:
    """Make a surface by a formula of what surrounds each pixel.

    Parameters
    ----------
    image : (H, W) uint8 array
        Of a masked array all pixels count.
    window : int, odd
    formula : callable
        Of mean, variance, mean of squares and deviation, (H, W) float32 arrays.

    Returns
    -------
    surface : (H, W) uint8 array
        0 where the variance falls below 0 by rounding, as where all is equal.

    Raises
    ------
    TypeError
        If the image has another dtype, as there.

    Examples
    --------
    >>> local_of_opencv(np.array([[0, 3, 6]], np.uint8), 3, lambda m, v, q, s: m + s / 2)
    array([[2, 4, 6]], dtype=uint8)
    """
    image, window = np.ascontiguousarray(np.ma.getdata(image)), odd(window, "window")
    if image.dtype != np.uint8:
        raise WrongType(
            "array-type", "`compat='opencv'` needs uint8", came=f"{image.dtype}", remedy="leave `compat` out"
        )
    size, border = (window, window), cv2.BORDER_REPLICATE
    mean = cv2.boxFilter(image, cv2.CV_32F, size, borderType=border)
    square = cv2.sqrBoxFilter(image, cv2.CV_32F, size, borderType=border)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = square - mean * mean
        surface = formula(mean, variance, square, np.sqrt(variance))
    return np.nan_to_num(surface, nan=0).round().clip(0, 255).astype(np.uint8)


def scaled(values: np.ndarray, factor: float, offset: float | np.ndarray) -> np.ndarray:
    """Give ``values * factor + offset``, rounded once."""
    return (values.astype(np.float64) * factor + offset).astype(np.float32)


def single(number: float) -> float:
    """Round to the digits of float32."""
    return float(np.float32(number))
