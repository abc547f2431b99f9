"""Non-maximum suppression: of boxes that overlap, keep the best.

Greedy suppression as everyone defines it, by rounds: whatever has no better neighbour left is kept, its neighbours go.
"""

from typing import Any

import numpy as np

from cvkit.arrays import MOST, number
from cvkit.classic.components.overlaps import Boxes
from cvkit.errors import CvkitError, WrongType

# The best boxes first, and a bound on the pairs that are looked at: where many boxes lie upon each other, few are left
# to look at after these.
BLOCKS = ((256, 1 << 16), (512, 1 << 18))
LAST = 1 << 20
ROUNDS = 32
FARTHEST = 1e100  # of a corner, so that areas are finite


def nms(boxes: Any, scores: Any, *, iou: float = 0.5, classes: Any = None) -> np.ndarray:
    """Keep the best of boxes that overlap: from the highest score down, each box suppresses what overlaps it more.

    Parameters
    ----------
    boxes : (N, 4) array_like
        ``(row0, col0, row1, col1)``, half-open, in any unit; N may be 0.
    scores : (N,) array_like
        The higher the better; of equal ones the first counts as better.
    iou : float, 0..1
        A box goes if its intersection over union with a better one that is kept is above this.
    classes : (N,) array_like of integers, optional
        Boxes of different classes do not suppress each other.

    Returns
    -------
    kept : (K,) integer array
        Indices of the boxes that are left, best first.

    Raises
    ------
    ValueError
        If the shapes do not fit, a number is not finite, or a box ends before it starts.

    Notes
    -----
    The answer of greedy suppression with intersection over union in float64, so that OpenCV's NMSBoxes and
    torchvision's ``nms`` give the same but for their float32. Time grows with the number of boxes and of the
    pairs that overlap.

    Examples
    --------
    >>> nms([[0, 0, 10, 10], [0, 1, 10, 11], [20, 20, 30, 30]], [0.8, 0.9, 0.5])
    array([1, 2])
    """
    number(iou, "iou", 0, 1)
    boxes, scores = as_boxes(boxes), as_scores(scores, boxes)
    order = best_first(scores)
    classes = None if classes is None else as_classes(classes, boxes).take(order)
    left, kept = Boxes(boxes.take(order, 0), classes), []
    blocks = iter(BLOCKS)
    while len(order):
        count, most = next(blocks, (len(order), LAST))
        first, second, _, count = left.pairs(iou, min(count, len(order)), most)
        gone = suppressed(len(order), first, second)
        kept.append(order[:count][~gone[:count]])
        gone[:count] = True
        rest = np.flatnonzero(~gone)
        order, left = order.take(rest), left.take(rest)
    return np.concatenate(kept) if kept else np.zeros(0, np.intp)


def suppressed(count: int, better: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """Tell which of so many boxes greedy suppression removes, by the pairs of which the better removes the worse.

    Examples
    --------
    >>> suppressed(4, np.array([0, 1]), np.array([1, 2]))
    array([False,  True, False, False])
    """
    gone = np.zeros(count, bool)
    for _ in range(ROUNDS):
        blocked = np.zeros(count, bool)
        blocked[worse] = True
        gone[worse[~blocked.take(better)]] = True
        left = np.flatnonzero(~(gone.take(better) | gone.take(worse)))
        better, worse = better.take(left), worse.take(left)
        if not len(better):
            return gone
    return _one_by_one(gone, better, worse)


def _one_by_one(gone: np.ndarray, better: np.ndarray, worse: np.ndarray) -> np.ndarray:
    """The same for long chains, each box of which waits for the one before."""
    order = np.argsort(better, kind="stable")
    better, worse = better.take(order), worse.take(order)
    starts = np.flatnonzero(np.diff(better, prepend=-1))
    stops = np.append(starts[1:], len(better))
    for box, start, stop in zip(better[starts].tolist(), starts.tolist(), stops.tolist(), strict=True):
        if not gone[box]:
            gone[worse[start:stop]] = True
    return gone


def best_first(scores: np.ndarray) -> np.ndarray:
    """The order of scores from the highest down, equal ones in the order in which they stand."""
    order = np.argsort(-scores)  # not stable, but several times as fast
    ranked = scores.take(order)
    return np.argsort(-scores, kind="stable") if (ranked[1:] == ranked[:-1]).any() else order


def as_boxes(boxes: Any) -> np.ndarray:
    """Accept boxes (row0, col0, row1, col1) that end where they start or behind; give them as float64."""
    boxes = _finite(boxes, "boxes")
    if boxes.size == 0 and (boxes.ndim == 1 or boxes.shape[0] == 0):
        return np.zeros((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise CvkitError(
            "boxes-shape",
            "`boxes` must have shape (N, 4)",
            came=str(boxes.shape),
            remedy="give each box as (row0, col0, row1, col1)",
        )
    if (bad := (boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])).any():
        raise CvkitError(
            "boxes-order",
            came=(
                "`boxes` must be (row0, col0, row1, col1) with row0 <= row1 and col0 <= col1, but "
                f"{bad.sum()} of {len(bad)} are not, the first of them {boxes[bad.argmax()].tolist()}"
            ),
            remedy="swap their corners",
        )
    return boxes


def as_scores(scores: Any, boxes: np.ndarray) -> np.ndarray:
    """Accept one finite number for each box; give them as float64."""
    scores = _finite(scores, "scores")
    if scores.shape != (len(boxes),):
        raise CvkitError(
            "boxes-scores",
            f"`scores` must have shape ({len(boxes)},), one for each box",
            came=str(scores.shape),
            remedy="give as many as boxes",
        )
    return scores


def as_classes(classes: Any, boxes: np.ndarray) -> np.ndarray:
    """Accept one whole number for each box; give them numbered from 0 without gaps."""
    classes = np.asarray(classes)
    if classes.shape != (len(boxes),):
        raise CvkitError(
            "boxes-classes",
            f"`classes` must have shape ({len(boxes)},), one for each box",
            came=str(classes.shape),
            remedy="give as many as boxes",
        )
    if classes.dtype.kind not in "ui" and classes.size:
        raise WrongType(
            "boxes-classes", "`classes` must be whole numbers", came=f"dtype {classes.dtype}", remedy="use .astype(int)"
        )
    return np.unique(classes, return_inverse=True)[1]


def _finite(values: Any, name: str) -> np.ndarray:
    try:
        values = np.asanyarray(values)
    except ValueError:
        raise WrongType("array-type", f"`{name}` must be real numbers", came="rows of different length") from None
    if isinstance(values, np.ma.MaskedArray):
        raise WrongType("array-type", f"`{name}` must be a plain array", came="a masked one")
    if values.dtype.kind not in "buif":
        raise WrongType("array-type", f"`{name}` must be real numbers", came=f"dtype {values.dtype}")
    if values.ndim > 2 or values.size > MOST:
        raise CvkitError("array-shape", f"`{name}` must have at most two dimensions", came=f"shape {values.shape}")
    values = np.asarray(values, np.float64)
    if missing := values.size - np.isfinite(values).sum():
        raise CvkitError("array-infinite", f"`{name}` must be finite", came=f"{missing} of {values.size} that are not")
    if values.size and np.abs(values).max() > FARTHEST:
        raise CvkitError("array-range", f"`{name}` must lie within {FARTHEST}", came=str(np.abs(values).max()))
    return values
