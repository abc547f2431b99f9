"""Scores of borders, in pixels: how far the outline of a mask lies from the true one. The truth always comes first.

The border of a mask are its pixels that have a side in common with the background or with the edge of the image.
Two empty masks agree; where only one is empty a score is 0, and a distance the diagonal of the image.
"""

import numpy as np
from scipy import ndimage

from cvkit.arrays import Mask, as_mask, number, same_shape


def boundary_f(truth: Mask, prediction: Mask, *, tolerance: float = 2) -> float:
    """F1 of borders: which share of each lies within so many pixels of the other.

    G. Csurka et al., BMVC 2013. doi:10.5244/C.27.32

    Parameters
    ----------
    truth, prediction : (H, W) bool array
    tolerance : float
        Pixels.

    Returns
    -------
    boundary_f : float, 0..1

    Raises
    ------
    ValueError, TypeError
        If one is not a mask or the shapes differ; so do all functions here.

    Examples
    --------
    >>> truth = np.zeros((9, 9), bool)
    >>> truth[2:5, 2:5] = True
    >>> boundary_f(truth, np.roll(truth, 2)), boundary_f(truth, np.roll(truth, 4), tolerance=1)
    (1.0, 0.0)
    """
    near, far = _within(truth, prediction, tolerance)
    if near is None:
        return far
    recall, precision = near.mean(), far.mean()
    return float(2 * precision * recall / (precision + recall)) if precision + recall else 0.0


def surface_dice(truth: Mask, prediction: Mask, *, tolerance: float = 1) -> float:
    """Normalised surface distance: the share of both borders that lies within so many pixels of the other.

    S. Nikolov et al., JMIR 23(7), 2021. doi:10.2196/26151. Here each border pixel counts the same.

    Parameters
    ----------
    truth, prediction : (H, W) bool array
    tolerance : float
        Pixels.

    Returns
    -------
    surface_dice : float, 0..1

    Examples
    --------
    >>> truth = np.zeros((9, 9), bool)
    >>> truth[2:5, 2:5] = True
    >>> surface_dice(truth, np.roll(truth, 1))
    1.0
    """
    near, far = _within(truth, prediction, tolerance)
    return far if near is None else float(np.concatenate([near, far]).mean())


def hausdorff95(truth: Mask, prediction: Mask) -> float:
    """Hausdorff distance without its outliers: 95 % of either border lie at most so far from the other.

    D. Huttenlocher et al., IEEE PAMI 15(9), 1993. doi:10.1109/34.232073. The larger of the two percentiles.

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    hausdorff95 : float
        In pixels; 0 is best.

    Examples
    --------
    >>> truth = np.zeros((9, 9), bool)
    >>> truth[2:5, 2:5] = True
    >>> hausdorff95(truth, np.roll(truth, 3, axis=1))
    3.0
    """
    near, far = _distances(truth, prediction)
    if near is None:
        return far
    return float(max(np.percentile(near, 95), np.percentile(far, 95)))


def _within(truth: Mask, prediction: Mask, tolerance: float) -> tuple:
    near, far = _distances(truth, prediction)
    number(tolerance, "tolerance", 0)
    return (None, float(far == 0)) if near is None else (near <= tolerance, far <= tolerance)


def _distances(truth: Mask, prediction: Mask) -> tuple:
    """How far each border's pixels are from the other border; None and one number for both where one is not there."""
    truth, prediction = as_mask(truth, "truth"), as_mask(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    if not truth.any() or not prediction.any():
        return None, 0.0 if truth.any() == prediction.any() else float(np.hypot(*truth.shape))
    one, other = (mask & ~ndimage.binary_erosion(mask) for mask in (truth, prediction))
    return ndimage.distance_transform_edt(~other)[one], ndimage.distance_transform_edt(~one)[other]
