"""Exact sums around every pixel: mean and standard deviation of a window, at the same cost for every size."""

import cv2
import numpy as np

from cvkit.arrays import as_finite, odd, one_of

BORDERS = {"reflect": cv2.BORDER_REFLECT_101, "replicate": cv2.BORDER_REPLICATE}
STRIP = 1 << 20  # pixels of the padded image that are summed at a time


def mean(image: np.ndarray, window: int, border: str = "reflect") -> np.ndarray:
    """Mean of the square window around every pixel.

    Parameters
    ----------
    image : (H, W) array
        Any real dtype, without NaN.
    window : int, odd
        Side of the window in pixels.
    border : {"reflect", "replicate"}
        What lies beyond the image: its mirror without the edge pixel itself, or the edge pixel again and again.

    Returns
    -------
    mean : (H, W) float64 array

    Examples
    --------
    >>> mean(np.array([[0, 3, 6]], np.uint8), 3)
    array([[2., 3., 4.]])
    """
    return mean_and_deviation(image, window, border, deviation=False)[0]


def mean_and_deviation(
    image: np.ndarray, window: int, border: str = "reflect", *, deviation: bool = True
) -> tuple[np.ndarray, np.ndarray | None]:
    """Mean and standard deviation of the square window around every pixel.

    The sums of integers are exact, and so is N * sum(x**2) - sum(x)**2 for images up to 16 bits: no bright flat
    region gets a deviation that it does not have. Floats are summed about the middle of their range.

    Parameters
    ----------
    image, window, border
        As `mean`.
    deviation : bool
        Whether to compute it at all.

    Returns
    -------
    mean, deviation : (H, W) float64 arrays
        The deviation divides by the number of pixels; None if it is not wanted.

    Raises
    ------
    ValueError
        If the window is even or less than 3, or the image holds NaN.
    """
    window = odd(window, "window")
    one_of(border, "border", tuple(BORDERS))
    as_finite(image, "a local threshold")
    half, (height, width) = window // 2, image.shape
    middle = _middle(image)
    exact = image.dtype.kind in "ui" and image.dtype.itemsize <= 2
    means = np.empty(image.shape)
    deviations = np.empty(image.shape) if deviation else None
    rows_at_once = max(1, STRIP // (width + 2 * half) - 2 * half)
    padded = cv2.copyMakeBorder(_plain(image, middle), half, half, half, half, BORDERS[border])
    for row in range(0, height, rows_at_once):
        strip = padded[row : row + rows_at_once + 2 * half]
        rows = slice(row, min(row + rows_at_once, height))
        total, squares = cv2.integral2(strip, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
        sums = _windows(total, window)
        count = float(window * window)
        means[rows] = sums / count + middle
        if deviation:
            squared = _windows(squares, window)
            # As integers the difference is exact where float64 would round: 16 bits and large windows pass 2**53.
            spread = (
                (window * window * squared.astype(np.int64) - sums.astype(np.int64) ** 2).astype(np.float64)
                if exact
                else count * squared - sums * sums
            )
            deviations[rows] = np.sqrt(np.maximum(spread, 0)) / count
    return means, deviations


def _middle(image: np.ndarray) -> float:
    """What to subtract before summing, so that the sums of squares stay small."""
    if image.dtype.kind in "ui" and image.dtype.itemsize <= 2:
        return 0.0
    return float(image.min()) / 2 + float(image.max()) / 2


def _plain(image: np.ndarray, middle: float) -> np.ndarray:
    """A dtype that OpenCV sums without loss: uint8 as it is, all else in float64 about its middle."""
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image)
    return image.astype(np.float64) - middle


def _windows(total: np.ndarray, window: int) -> np.ndarray:
    """Sums of every window from an integral image."""
    return total[window:, window:] - total[:-window, window:] - total[window:, :-window] + total[:-window, :-window]
