"""How near a binarised page is to its truth: the measures of the DIBCO contests, besides `dice`, their F-measure.

Ink is True. As everywhere the truth comes first.
"""

import numpy as np

from cvkit.arrays import Mask, as_mask, same_shape
from cvkit.compare.metrics import precision

BLOCK = 8  # side of the blocks that DRD counts
REACH = 2  # how far DRD looks


def psnr(truth: Mask, prediction: Mask) -> float:
    """Peak signal-to-noise ratio of two masks: ``-10 log10(share of pixels that differ)``.

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    psnr : float, 0..inf
        In decibels; infinite if no pixel differs. More is better.

    Raises
    ------
    ValueError, TypeError
        If one is not a mask or the shapes differ; so do all functions here.

    Examples
    --------
    >>> psnr(np.zeros((2, 5), bool), np.arange(10).reshape(2, 5) == 3)
    10.0
    """
    truth, prediction = _masks(truth, prediction)
    wrong = np.count_nonzero(truth != prediction)
    return float(10 * np.log10(truth.size / wrong)) if wrong else float("inf")


def drd(truth: Mask, prediction: Mask) -> float:
    """Distance-reciprocal distortion: how visible the wrong pixels are, for each block that holds an edge.

    Every wrong pixel counts by the share of its 5 x 5 neighbours in the truth that differ from it, each weighted by
    the reciprocal of its distance; neighbours beyond the border count nothing. The sum is divided by the number of
    8 x 8 blocks of the truth that are neither all ink nor all paper; what is left at the right and lower border
    makes smaller blocks.
    H. Lu, A. C. Kot, Y. Q. Shi, IEEE Signal Processing Letters 11(2), 2004.

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    drd : float, at least 0
        Less is better. 0 if no pixel differs, infinite if one does and the truth is all ink or all paper.

    Examples
    --------
    >>> truth, prediction = np.zeros((2, 8, 16), bool)
    >>> truth[3, :2] = prediction[3, :2] = prediction[3, 10] = True
    >>> round(drd(truth, prediction), 6)
    1.0
    """
    truth, prediction = _masks(truth, prediction)
    wrong = np.argwhere(truth != prediction)
    if not len(wrong):
        return 0.0
    weights = _reciprocals()
    ink, inside = np.pad(truth, REACH), np.pad(np.ones(truth.shape, bool), REACH)
    answer = prediction[tuple(wrong.T)]
    total = 0.0
    for (row, col), weight in np.ndenumerate(weights):
        place = wrong[:, 0] + row, wrong[:, 1] + col
        total += weight * np.count_nonzero((ink[place] != answer) & inside[place])
    blocks = _uneven_blocks(truth)
    return float(total / blocks) if blocks else float("inf")


def pseudo_f(truth: Mask, prediction: Mask) -> float:
    """The pseudo F-measure of H-DIBCO 2010: of the truth only the skeleton must be found.

    ``2 P R / (P + R)`` with the usual precision P, and R the share of the skeleton of the truth that is predicted, so
    that strokes may be thinner than in the truth. The contests since 2013 weigh pixels by their distance instead (K.
    Ntirogiannis et al., doi:10.1109/TIP.2012.2219550), with a program that is not public; their figures are others.
    I. Pratikakis, B. Gatos, K. Ntirogiannis, ICFHR 2010. doi:10.1109/ICFHR.2010.118

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    pseudo_f : float, 0..1
        1 if both are empty, 0 if only one is.

    Examples
    --------
    >>> truth = np.zeros((5, 9), bool)
    >>> truth[1:4, 1:8] = True
    >>> thinner = np.zeros((5, 9), bool)
    >>> thinner[2, 1:8] = True
    >>> pseudo_f(truth, thinner)
    1.0
    """
    truth, prediction = _masks(truth, prediction)
    if not truth.any() or not prediction.any():
        return float(truth.any() == prediction.any())
    bones = thin(truth)
    recall = np.count_nonzero(bones & prediction) / np.count_nonzero(bones)
    exact = precision(truth, prediction)
    return float(2 * exact * recall / (exact + recall)) if recall else 0.0


def thin(mask: Mask) -> Mask:
    """Thin a mask to lines of one pixel, of the same connected parts and holes.

    Z. Guo, R. W. Hall, Communications of the ACM 32(3), 1989. doi:10.1145/62065.62074

    Parameters
    ----------
    mask : (H, W) bool array

    Returns
    -------
    lines : (H, W) bool array

    Examples
    --------
    >>> thin(np.ones((3, 5), bool)).astype(int)
    array([[0, 0, 0, 0, 0],
           [0, 1, 1, 1, 0],
           [0, 0, 0, 0, 0]])
    """
    mask = as_mask(mask)
    step = mask.shape[1] + 2
    around = np.array([1, 1 - step, -step, -1 - step, -1, step - 1, step, step + 1])  # from the right, anticlockwise
    flat = np.pad(mask, 1).ravel()
    ink = np.flatnonzero(flat)
    tables = _removable()
    goes_on = True
    while goes_on:
        goes_on = False
        for table in tables:
            code = np.zeros(len(ink), np.uint8)
            for bit, offset in enumerate(around):
                code |= flat[ink + offset].view(np.uint8) << np.uint8(bit)
            gone = table[code]
            flat[ink[gone]] = False
            ink = ink[~gone]
            goes_on |= bool(gone.any())
    return flat.reshape(-1, step)[1:-1, 1:-1].copy()


def _removable() -> tuple[np.ndarray, np.ndarray]:
    """Which of the 256 neighbourhoods lose their middle, in the one and the other half of an iteration."""
    x = (np.arange(256)[:, None] >> np.arange(9) % 8 & 1).astype(bool).T  # x[8] is the first neighbour again
    crossings = sum(~x[k] & (x[k + 1] | x[k + 2]) for k in (0, 2, 4, 6))
    one, other = (sum((x[k] | x[k + 1]).astype(int) for k in pairs) for pairs in ((0, 2, 4, 6), (1, 3, 5, 7)))
    few = np.minimum(one, other)
    simple = (crossings == 1) & (few >= 2) & (few <= 3)
    return simple & ~((x[1] | x[2] | ~x[7]) & x[0]), simple & ~((x[5] | x[6] | ~x[3]) & x[4])


def _reciprocals() -> np.ndarray:
    """The weights of DRD: one over the distance from the middle, 0 there, all together 1."""
    rows, cols = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
    distance = np.hypot(rows, cols)
    weights = np.where(distance > 0, 1 / np.maximum(distance, 1), 0)
    return weights / weights.sum()


def _uneven_blocks(mask: np.ndarray) -> int:
    """How many blocks hold both ink and paper."""
    starts = [np.arange(0, side, BLOCK) for side in mask.shape]
    ink = np.add.reduceat(np.add.reduceat(mask, starts[0], axis=0, dtype=int), starts[1], axis=1)
    heights, widths = (np.diff(start, append=side) for start, side in zip(starts, mask.shape, strict=True))
    return int(np.count_nonzero((ink > 0) & (ink < np.outer(heights, widths))))


def _masks(truth: Mask, prediction: Mask) -> tuple[np.ndarray, np.ndarray]:
    truth, prediction = as_mask(truth, "truth"), as_mask(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    return truth, prediction
