"""Weighted boxes fusion: boxes of several models that mean the same object become their weighted mean.

R. Solovyev, W. Wang, T. Gabruseva, Image and Vision Computing 107, 2021. doi:10.1016/j.imavis.2021.104117
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cvkit.arrays import number
from cvkit.classic.components.boxes import as_boxes, as_scores, best_first
from cvkit.errors import CvkitError


def fuse_boxes(
    boxes: Sequence,
    scores: Sequence,
    *,
    classes: Sequence | None = None,
    weights: Any = None,
    iou: float = 0.55,
    least: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fuse the boxes of several models.

    From the best down, each box joins the fused box that it overlaps most, if by more than `iou`, or else starts one. A
    fused box is the mean of its boxes, weighted by scores; its score is their mean, lower where models are missing.

    Parameters
    ----------
    boxes : sequence of (N, 4) array_like
        One for each model: ``(row0, col0, row1, col1)``.
    scores : sequence of (N,) array_like
        Of each box, above 0.
    classes : sequence of (N,) array_like of integers, optional
        Of each box; only boxes of one class are fused. All of class 0 by default.
    weights : (models,) array_like, optional
        How much each model counts, above 0; all 1 by default.
    iou : float, 0..1
    least : float
        Boxes of a lower score are left out.

    Returns
    -------
    boxes : (K, 4) float64 array
        Best first.
    scores : (K,) float64 array
        Mean of ``score * weight`` of the boxes fused, times ``min(boxes, weights) / weights``, where these are
        the number of boxes fused and the sum of all weights.
    classes : (K,) integer array

    Raises
    ------
    ValueError
        If the lengths do not fit, a number is not finite or a score or weight not above 0.

    Examples
    --------
    >>> boxes, scores, classes = fuse_boxes([[[0, 0, 10, 10]], [[0, 0, 10, 12]]], [[0.6], [0.2]])
    >>> boxes, scores
    (array([[ 0. ,  0. , 10. , 10.5]]), array([0.4]))
    """
    number(iou, "iou", 0, 1)
    number(least, "least")
    corners, values, kinds, total = _gather(boxes, scores, classes, weights, least)
    found = [_fuse(corners[kinds == kind], values[kinds == kind], iou) for kind in np.unique(kinds)]
    if not found:
        return np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64)
    fused, score, count = (np.concatenate(parts) for parts in zip(*found, strict=True))
    score *= np.minimum(count, total) / total
    kind = np.repeat(np.unique(kinds), [len(part[0]) for part in found])
    order = best_first(score)
    return fused[order], score[order], kind[order]


def _gather(boxes, scores, classes, weights, least) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The boxes of all models in one array, their weighted scores and classes, and the sum of the weights."""
    if (
        not len(boxes)
        == len(scores)
        == len(boxes if classes is None else classes)
        == len(boxes if weights is None else weights)
    ):
        raise CvkitError(
            "boxes-models",
            came="`boxes`, `scores`, `classes` and `weights` must have one entry for each model",
            remedy="make these lists equally long",
        )
    weights = np.ones(len(boxes)) if weights is None else np.asarray(weights, np.float64)
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise CvkitError(
            "parameter-range",
            "`weights` must be above 0",
            came=str(weights.tolist()),
            remedy="leave out models that are not to count",
        )
    corners = [as_boxes(one) for one in boxes]
    values = [as_scores(one, box) for one, box in zip(scores, corners, strict=True)]
    if any((one <= 0).any() for one in values):
        raise CvkitError("boxes-scores", came="`scores` must be above 0", remedy="leave out boxes that have none")
    kinds = [np.zeros(len(box), np.int64) for box in corners] if classes is None else [np.asarray(k) for k in classes]
    for kind, box in zip(kinds, corners, strict=True):
        if kind.shape != (len(box),) or (kind.size and kind.dtype.kind not in "ui"):
            raise CvkitError(
                "boxes-classes",
                f"`classes` must be one whole number for each of {len(box)} boxes",
                came=repr(kind),
                remedy="give as many as boxes",
            )
    keep = [one >= least for one in values]
    values = [one * weight for one, weight in zip(values, weights, strict=True)]
    parts = ([one[some] for one, some in zip(column, keep, strict=True)] for column in (corners, values, kinds))
    empty = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64))
    return *(np.concatenate([none, *part]) for none, part in zip(empty, parts, strict=True)), float(weights.sum())


def _fuse(boxes: np.ndarray, scores: np.ndarray, iou: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fuse boxes of one class: the fused, their mean scores, and of how many each is made."""
    fused, sums = np.empty_like(boxes.T), np.zeros(len(boxes))
    weighted, count, used = np.zeros_like(boxes), np.zeros(len(boxes), np.int64), 0
    for index in best_first(scores):
        box, score = boxes[index], scores[index]
        overlap = _overlap(box, fused[:, :used])
        chosen = int(overlap.argmax()) if used else 0
        if not used or not overlap[chosen] > iou:
            chosen, used = used, used + 1
        count[chosen] += 1
        sums[chosen] += score
        weighted[chosen] += score * box
        fused[:, chosen] = weighted[chosen] / sums[chosen] if count[chosen] > 1 else box
    return fused[:, :used].T, sums[:used] / count[:used], count[:used]


def _overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with others, (4, N)."""
    height = np.minimum(box[2], others[2]) - np.maximum(box[0], others[0])
    width = np.minimum(box[3], others[3]) - np.maximum(box[1], others[1])
    inside = np.maximum(height, 0) * np.maximum(width, 0)
    union = (box[2] - box[0]) * (box[3] - box[1]) + (others[2] - others[0]) * (others[3] - others[1]) - inside
    return np.divide(inside, union, out=np.zeros(len(union)), where=union > 0)
