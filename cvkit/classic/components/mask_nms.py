"""Non-maximum suppression of masks: as of boxes, but by the pixels that two have in common."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cvkit.arrays import as_mask, number
from cvkit.classic.components.boxes import as_classes, as_scores, best_first
from cvkit.classic.components.overlaps import Boxes
from cvkit.classic.components.rle import decode_rle
from cvkit.errors import CvkitError


class _Cut(NamedTuple):
    """A mask cut to its box."""

    row: int
    col: int
    inside: np.ndarray
    area: int


def mask_nms(masks: Sequence, scores: Any, *, iou: float = 0.5, classes: Any = None) -> np.ndarray:
    """Keep the best of masks that overlap: from the highest score down, each suppresses what overlaps it more.

    Parameters
    ----------
    masks : (N, H, W) bool array, or a sequence of (H, W) masks or of COCO run-length encodings
    scores : (N,) array_like
        The higher the better; of equal ones the first counts as better.
    iou : float, 0..1
        A mask goes if its intersection over union with a better one that is kept is above this.
    classes : (N,) array_like of integers, optional
        Masks of different classes do not suppress each other.

    Returns
    -------
    kept : (K,) integer array
        Indices of the masks that are left, best first. Empty masks suppress nothing and are kept.

    Raises
    ------
    ValueError
        If there is not one score for each mask, or the masks differ in shape.

    Examples
    --------
    >>> one = np.array([[1, 1, 0, 0]])
    >>> mask_nms([one > 0, one[:, ::-1] > 0, one >= 0], [0.5, 0.6, 0.7], iou=0.4)
    array([2])
    """
    number(iou, "iou", 0, 1)
    cuts, boxes = _cut(masks)
    scores = as_scores(scores, boxes)
    order = best_first(scores)
    classes = None if classes is None else as_classes(classes, boxes).take(order)
    first, second, _ = Boxes(boxes.take(order, 0), classes).all_pairs(0.0)
    area = np.array([cut.area for cut in cuts], np.float64)[order]
    # The smaller one inside of the other is the most that two can overlap.
    close = np.minimum(area[first], area[second]) > iou * np.maximum(area[first], area[second])
    first, second = first[close], second[close]
    ranked = np.lexsort((second, first))
    gone = np.zeros(len(order), bool)
    for one, other in zip(first[ranked].tolist(), second[ranked].tolist(), strict=True):
        if not gone[one] and not gone[other]:
            gone[other] = _iou(cuts[order[one]], cuts[order[other]]) > iou
    return order[~gone]


def _cut(masks: Sequence) -> tuple[list[_Cut], np.ndarray]:
    """Masks cut to their boxes, and these; of an empty mask the box has no area."""
    cuts, boxes, shapes = [], [], set()
    for mask in masks:
        mask = decode_rle(mask) if isinstance(mask, dict) else as_mask(mask)
        shapes.add(mask.shape)
        rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        row0, row1 = (rows[0], rows[-1] + 1) if len(rows) else (0, 0)
        col0, col1 = (cols[0], cols[-1] + 1) if len(cols) else (0, 0)
        inside = mask[row0:row1, col0:col1].copy()
        cuts.append(_Cut(row0, col0, inside, np.count_nonzero(inside)))
        boxes.append((row0, col0, row1, col1))
    if len(shapes) > 1:
        raise CvkitError(
            "masks-shape",
            "`masks` must have one shape",
            came=f"{', '.join(map(str, sorted(shapes)))}",
            remedy="make them all as large as the image",
        )
    return cuts, np.array(boxes, np.float64).reshape(-1, 4)


def _iou(one: _Cut, other: _Cut) -> float:
    """Intersection over union of two masks."""
    row0, col0 = max(one.row, other.row), max(one.col, other.col)
    row1 = min(one.row + one.inside.shape[0], other.row + other.inside.shape[0])
    col1 = min(one.col + one.inside.shape[1], other.col + other.inside.shape[1])
    parts = (cut.inside[row0 - cut.row : row1 - cut.row, col0 - cut.col : col1 - cut.col] for cut in (one, other))
    both = np.count_nonzero(np.logical_and(*parts))
    return both / (one.area + other.area - both)
