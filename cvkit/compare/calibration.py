"""Whether probabilities mean what they say: of what is called 0.8 sure, is 80 % right?"""

import numpy as np

from cvkit.arrays import VOID, Classes, Probabilities, same_shape, whole


def calibration_error(truth: Classes, probabilities: Probabilities, *, bins: int = 15) -> float:
    """The expected calibration error: how far confidence and accuracy lie apart, on average over pixels.

    Pixels are sorted into bins by the probability of their most probable class; of each bin the mean of that
    probability is compared with the share of pixels whose most probable class is the true one.
    C. Guo et al., ICML 2017. arXiv:1706.04599

    Parameters
    ----------
    truth : (H, W) array of integers, 0..255
        255 = void, left out. A bool mask counts as classes 0 and 1.
    probabilities : (H, W, C) array
        Sum to 1 over C.
    bins : int
        Of equal width, from 0 to 1.

    Returns
    -------
    error : float, 0..1
        NaN if the whole truth is void.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> calibration_error(np.array([[0, 0, 0, 1]], np.uint8), np.array([[[0.75, 0.25]] * 4]))
    0.0
    >>> calibration_error(np.array([[0, 0, 0, 1]], np.uint8), np.array([[[1.0, 0.0]] * 4]))
    0.25
    """
    truth, probabilities = np.asarray(truth), np.asarray(probabilities)
    same_shape(truth, probabilities, "truth and probabilities")
    known = truth != VOID
    if not known.any():
        return float("nan")
    confidence = probabilities.max(axis=-1)[known].astype(np.float64)
    right = probabilities.argmax(axis=-1)[known] == truth[known]
    place = np.minimum((confidence * whole(bins, "bins")).astype(np.int64), bins - 1)
    gaps = np.bincount(place, right - confidence, bins)
    return float(np.abs(gaps).sum() / len(place))
