"""Grow objects into the background around them."""

import math

import cv2
import numpy as np

from cvkit.arrays import Labels, as_labels, is_mask, number
from cvkit.classic.components.labelling import as_objects, label
from cvkit.reach import reach


@reach("it deals with labels, which in a tile are not those of the whole")
def expand(objects: Labels, *, distance: float = 1) -> Labels:
    """Let every object grow into the background by a distance, none into another one.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or a mask whose 8-connected components are the objects.
    distance : float
        In pixels, between centres. A pixel goes to the nearest object, of two as near to either.

    Returns
    -------
    labels : (H, W) int32 array

    Notes
    -----
    As scikit-image's ``expand_labels``, but for which of two equally near objects gets a pixel.

    Examples
    --------
    >>> expand(np.array([[1, 0, 0, 0, 0, 2]]), distance=2)
    array([[1, 1, 1, 2, 2, 2]], dtype=int32)
    """
    number(distance, "distance", low=0)
    objects = as_objects(objects)
    labels = np.ascontiguousarray(label(objects) if is_mask(objects) else as_labels(objects))
    if not labels.any():
        return labels.copy()
    background = np.ascontiguousarray(labels == 0).view(np.uint8)
    far = cv2.distanceTransform(background, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rows, cols = np.nonzero((far <= distance) & (labels == 0))
    squared = np.rint(far[rows, cols].astype(np.float64) ** 2).astype(np.int64)
    # OpenCV's way to the nearest pixel may be 2.5 % longer than the shortest; where it is, all that are as near count.
    _, place = cv2.distanceTransformWithLabels(background, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    pixels = np.zeros(place.max() + 1, np.int64)
    pixels[place[labels > 0]] = np.flatnonzero(labels)
    nearest = pixels[place[rows, cols]]
    row, col = np.divmod(nearest, labels.shape[1])
    found = labels.reshape(-1)[nearest]
    longer = (row - rows) ** 2 + (col - cols) ** 2 > squared
    if longer.any():
        found[longer] = _nearest(labels, rows[longer], cols[longer], squared[longer])
    grown = labels.copy()
    grown[rows, cols] = found
    return grown


def _nearest(labels: np.ndarray, rows: np.ndarray, cols: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """The least label at exactly the distance of each pixel."""
    found = np.full(len(rows), np.iinfo(np.int32).max, np.int32)
    order = np.argsort(squared, kind="stable")
    values, starts = np.unique(squared[order], return_index=True)
    for value, some in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
        for row, col in _steps(value):
            r, c = rows[some] + row, cols[some] + col
            inside = (r >= 0) & (r < labels.shape[0]) & (c >= 0) & (c < labels.shape[1])
            beside = labels[r[inside], c[inside]]
            found[some[inside]] = np.minimum(found[some[inside]], np.where(beside > 0, beside, found[some[inside]]))
    return found


def _steps(squared: int) -> list[tuple[int, int]]:
    """All steps of a squared length."""
    reach = range(-math.isqrt(squared), math.isqrt(squared) + 1)
    rest = ((row, squared - row * row) for row in reach)
    return [(row, side) for row, left in rest if (one := math.isqrt(left)) ** 2 == left for side in {one, -one}]
