"""Counts of values: the one pass over the image that every global threshold needs."""

import cv2
import numpy as np

LEVELS = 65536


def histogram(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the values of a grey image, NaN left out.

    Parameters
    ----------
    image : (H, W) array
        Integers are counted one by one where they span at most 65,536 values; wider ranges and floats are
        quantised to 65,536 equal steps between the least and the greatest value.

    Returns
    -------
    counts : (L,) float64 array
        Whole numbers.
    values : (L,) float64 array
        The greatest value that each level holds, ascending; not all levels need be populated.

    Examples
    --------
    >>> counts, values = histogram(np.array([[3, 3, 7]], np.uint8))
    >>> counts[3], counts[7], values[7]
    (np.float64(2.0), np.float64(1.0), np.float64(7.0))
    """
    if image.dtype == np.uint8 or image.dtype == np.uint16:
        levels = 256 if image.dtype == np.uint8 else LEVELS
        counts = cv2.calcHist([np.ascontiguousarray(image)], [0], None, [levels], [0, levels]).ravel()
        if image.size > 2**24:  # float32 counts are exact up to here only
            counts = np.bincount(image.ravel(), minlength=levels)
        return counts.astype(np.float64), np.arange(levels, dtype=np.float64)
    if image.dtype.kind == "f":
        image = image[~np.isnan(image)].astype(np.float64)
        if image.size == 0:
            return np.zeros(1), np.zeros(1)
    low, high = image.min(), image.max()
    if image.dtype.kind in "ui" and int(high) - int(low) < LEVELS:
        offsets = (image.astype(np.int64) - int(low)).ravel() if image.dtype != np.uint64 else (image - low).ravel()
        counts = np.bincount(offsets.astype(np.int64))
        return counts.astype(np.float64), float(low) + np.arange(len(counts))
    low, high = float(low), float(high)
    step = (high - low) / LEVELS
    if step == 0:
        return np.array([float(image.size)]), np.array([high])
    index = np.minimum((image.ravel() - low) / step, LEVELS - 1).astype(np.int64)
    counts = np.bincount(index, minlength=LEVELS)
    return counts.astype(np.float64), np.append(low + step * np.arange(1, LEVELS), high)
