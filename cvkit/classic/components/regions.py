"""Measure objects: a table with one row for each."""

import numpy as np

from cvkit.arrays import Labels, Mask, Table, as_gray, as_labels, is_mask, same_shape
from cvkit.classic.components.labelling import label


def regions(objects: Labels | Mask, image: np.ndarray | None = None) -> Table:
    """Measure each object.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or a mask whose 8-connected components are the objects.
    image : (H, W) or (H, W, 3) array, optional
        Adds the mean, least and greatest value of each object in it (RGB as grey).

    Returns
    -------
    table : dict of arrays, one entry an object
        ``label``; ``area`` in pixels; ``row``, ``col``: the centroid; ``row0 col0 row1 col1``: the bounding box,
        half-open; ``diameter`` of the circle of that area; ``major``, ``minor``: the axes of the ellipse of the same
        second moments; ``eccentricity`` of it (0 = circle, 1 = line); ``orientation``: the angle from the row axis to
        its major axis, in radians, anticlockwise, -pi/2..pi/2. With an image ``mean``, ``min`` and ``max``.

    Notes
    -----
    The same definitions as scikit-image's ``regionprops``: pixels are points, so that one pixel has no axes.

    Examples
    --------
    >>> table = regions(np.array([[1, 1, 0, 2]]))
    >>> table["area"], table["col"]
    (array([2, 1]), array([0.5, 3. ]))
    """
    labels = label(objects) if is_mask(objects) else as_labels(objects)
    rows, cols = np.nonzero(labels)
    numbers, index, area = np.unique(labels[rows, cols], return_inverse=True, return_counts=True)
    count = len(numbers)

    def per_object(values):
        return np.bincount(index, values, minlength=count)

    row, col = per_object(rows) / area, per_object(cols) / area
    y, x = rows - row[index], cols - col[index]  # about the centroid, where nothing cancels
    yy, xx, yx = (per_object(product) / area for product in (y * y, x * x, y * x))
    root = np.sqrt((yy - xx) ** 2 + 4 * yx**2)
    major, minor = yy + xx + root, np.maximum(yy + xx - root, 0)  # twice the eigenvalues of the moments
    table = {"label": numbers, "area": area, "row": row, "col": col}
    table |= _boxes(rows, cols, index, count)
    table |= {
        "diameter": np.sqrt(4 * area / np.pi),
        "major": np.sqrt(8 * major),
        "minor": np.sqrt(8 * minor),
        "eccentricity": np.sqrt(1 - np.divide(minor, major, out=np.ones(count), where=major > 0)),
        "orientation": np.where(yy == xx, np.where(yx > 0, np.pi / 4, -np.pi / 4), 0.5 * np.arctan2(2 * yx, yy - xx)),
    }
    if image is not None:
        same_shape(labels, as_gray(image), "objects and image")
        values = as_gray(image)[rows, cols]
        table["mean"] = per_object(values.astype(np.float64)) / area
        table["min"], table["max"] = _extremes(values, index, count, values.dtype)
    return table


def _boxes(rows: np.ndarray, cols: np.ndarray, index: np.ndarray, count: int) -> dict:
    row0, row1 = _extremes(rows, index, count, np.int64)
    col0, col1 = _extremes(cols, index, count, np.int64)
    return {"row0": row0, "col0": col0, "row1": row1 + 1, "col1": col1 + 1}


def _extremes(values: np.ndarray, index: np.ndarray, count: int, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest value of each object."""
    order = np.argsort(index, kind="stable")
    starts = np.searchsorted(index[order], np.arange(count))
    if count == 0:
        return np.empty(0, dtype), np.empty(0, dtype)
    return np.minimum.reduceat(values[order], starts), np.maximum.reduceat(values[order], starts)
