"""Soft non-maximum suppression: what overlaps a better box loses score instead of going.

N. Bodla, B. Singh, R. Chellappa, L. S. Davis, ICCV 2017. doi:10.1109/ICCV.2017.593
"""

from typing import Any

import numpy as np

from cvkit.arrays import number, one_of
from cvkit.classic.components.boxes import as_boxes, as_classes, as_scores, best_first
from cvkit.classic.components.overlaps import Boxes
from cvkit.errors import CvkitError


def soft_nms(
    boxes: Any,
    scores: Any,
    *,
    method: str = "gaussian",
    sigma: float = 0.5,
    iou: float = 0.3,
    least: float = 0.001,
    classes: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Lower the scores of boxes that overlap better ones, from the best of what is left down.

    Parameters
    ----------
    boxes : (N, 4) array_like
        ``(row0, col0, row1, col1)``, half-open.
    scores : (N,) array_like
        Not negative; the higher the better, of equal ones the first counts as better.
    method : {"gaussian", "linear"}
        The score of a box of overlap o with a better one is multiplied by ``exp(-o * o / sigma)``, or by ``1 - o`` if o
        is above `iou`.
    sigma : float, above 0
        Of "gaussian".
    iou : float, 0..1
        Of "linear".
    least : float
        Boxes whose score falls below this go.
    classes : (N,) array_like of integers, optional
        Boxes of different classes leave each other alone.

    Returns
    -------
    kept : (K,) integer array
        Indices of the boxes that are left, best first.
    scores : (K,) float64 array
        Their lowered scores.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, a score is negative, or a box ends before it starts.

    Notes
    -----
    The same as OpenCV's ``softNMSBoxes``, which computes in float32.

    Examples
    --------
    >>> kept, scores = soft_nms([[0, 0, 10, 10], [0, 0, 10, 5], [20, 20, 30, 30]], [0.9, 0.8, 0.7], method="linear")
    >>> kept, scores
    (array([0, 2, 1]), array([0.9, 0.7, 0.4]))
    """
    one_of(method, "method", ("gaussian", "linear"))
    number(sigma, "sigma", 1e-12)
    number(iou, "iou", 0, 1)
    number(least, "least")
    boxes = as_boxes(boxes)
    scores = as_scores(scores, boxes)
    if (scores < 0).any():
        raise CvkitError(
            "boxes-scores", "`scores` must not be negative", came=str(scores.min()), remedy="pass probabilities"
        )
    order = np.arange(len(boxes))[scores >= least]
    if not len(order):
        return order, np.zeros(0)
    classes = None if classes is None else as_classes(classes, boxes)[order]
    first, second, ious = Boxes(boxes[order], classes).all_pairs(0.0 if method == "gaussian" else iou)
    factor = np.exp(-ious * ious / sigma) if method == "gaussian" else 1 - ious
    lowered = _lower(scores[order], first, second, factor, least)
    kept = np.flatnonzero(lowered >= least)
    kept = kept[best_first(lowered[kept])]
    return order[kept], lowered[kept]


def _lower(scores: np.ndarray, one: np.ndarray, other: np.ndarray, factor: np.ndarray, least: float) -> np.ndarray:
    """Lower the scores in rounds: a box that has no better neighbour left is settled, and lowers its neighbours.

    Scores only fall, so that boxes which are better than all around them may be settled all at once.
    """
    scores = scores.copy()
    while len(one):
        ahead = scores.take(one) >= scores.take(other)  # one < other: the first of equals is the better
        better, worse = np.where(ahead, one, other), np.where(ahead, other, one)
        open_ = np.zeros(len(scores), bool)
        open_[worse] = True
        settled = ~open_.take(better)
        np.multiply.at(scores, worse[settled], factor[settled])
        left = np.flatnonzero(~settled)
        # Neither who is settled nor who fell below the least has a say any more.
        silent = np.zeros(len(scores), bool)
        silent[better[settled]] = True
        silent |= scores < least
        left = left[~(silent.take(one[left]) | silent.take(other[left]))]
        one, other, factor = one.take(left), other.take(left), factor.take(left)
    return scores
