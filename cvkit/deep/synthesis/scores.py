"""How good a made pair is: does a segmentation see in it what was wanted, and is its texture that of real ones."""

from itertools import pairwise

import cv2
import numpy as np

from cvkit.arrays import VOID, as_gray
from cvkit.compare import metrics

BANDS = (1.0, 2.0, 4.0)  # standard deviations of the blurs between which texture is measured, pixels
LEAST = 16  # pixels of a class that say something of it


def texture(image: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """Describe an image class by class: how bright, how uneven, how much of it coarse and how much fine.

    Parameters
    ----------
    image : (H, W, C) float array in 0..1
    classes : (H, W) uint8 array
        255 = void.
    count : int
        Of the classes.

    Returns
    -------
    numbers : (5 * count,) float array
        Of each class mean, standard deviation, and the logarithm of the standard deviation in three bands of
        frequency; NaN for a class of a few pixels.
    """
    grey = as_gray(np.ascontiguousarray(image, np.float32))
    blurred = [grey, *(cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in BANDS)]
    bands = [fine - coarse for fine, coarse in pairwise(blurred)]
    found = np.full((count, 2 + len(bands)), np.nan)
    for number in range(count):
        here = classes == number
        if np.count_nonzero(here) >= LEAST:
            spread = [np.log(band[here].std() + 1e-3) for band in bands]
            found[number] = [grey[here].mean(), grey[here].std(), *spread]
    return found.reshape(-1)


def remoteness(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Measure how far descriptions lie from the nearest real one, by how far real ones do from each other.

    Parameters
    ----------
    made, real : (N, D) and (M, D) arrays
        Of `texture`; M at least 2.

    Returns
    -------
    ratios : (N,) array
        1: as near as half of the real ones are to their nearest; more is stranger, near 0 is a copy.

    Examples
    --------
    >>> remoteness(np.array([[0.0], [8.0]]), np.array([[0.0], [2.0], [4.0]])).tolist()
    [0.0, 2.0]
    """
    scale = np.ma.masked_invalid(real).std(axis=0).filled(0)
    scale = np.where(scale > 0, scale, 1.0)
    own = _apart(real, real, scale)
    np.fill_diagonal(own, np.inf)
    return _apart(made, real, scale).min(axis=1) / max(float(np.median(own.min(axis=1))), 1e-9)


def _apart(first: np.ndarray, second: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Root mean squared difference (N, M), over what is known of both; far if nothing is."""
    squares = ((first[:, None] - second[None]) / scale) ** 2
    known = np.isfinite(squares)
    mean = np.where(known, squares, 0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)
    return np.where(known.any(axis=2), np.sqrt(mean), 1e9)


def agreement(answer: np.ndarray, truth: np.ndarray) -> float:
    """Tell how far what a segmentation sees is what was wanted: Dice of the foreground, or mean IoU of classes."""
    if answer.dtype == truth.dtype == np.uint8:
        return metrics.mean_iou(truth, answer)
    return metrics.dice((truth > 0) & (truth != VOID) if truth.dtype == np.uint8 else truth > 0, answer > 0)
