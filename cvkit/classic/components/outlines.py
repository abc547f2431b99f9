"""Outlines of objects: rings, polygons with holes, and back to exactly the same pixels.

Coordinates are those of the corners of pixels: pixel (row, col) is the square from (row, col) to (row + 1, col + 1), so
that the area of a polygon is that of its pixels. Subtract 0.5 where the centres of pixels are to be whole numbers.
"""

from typing import Any

import numpy as np

from cvkit.arrays import MOST, Labels, Mask, as_labels, as_mask, as_shape, is_mask, shorten
from cvkit.classic.components.labelling import label
from cvkit.classic.components.rings import Rings, trace
from cvkit.classic.runs import Runs, paint, runs
from cvkit.errors import CvkitError, WrongType


def contours(objects: Labels | Mask) -> list[np.ndarray]:
    """Trace the outlines of all objects and of the holes in them.

    Parameters
    ----------
    objects : (H, W) integer or bool array

    Returns
    -------
    rings : list of (K, 2) integer arrays
        Row and column of each corner in turn, the first not repeated at the end; of each ring the uppermost edge comes
        first. On the screen outlines run clockwise, holes anticlockwise. Objects in the order of their numbers; parts
        that touch at a corner only have rings of their own, so that none crosses or meets itself.

    See Also
    --------
    polygons : with the holes of each part kept together.

    Examples
    --------
    >>> contours(np.array([[0, 1, 1]]))
    [array([[0, 1],
           [0, 3],
           [1, 3],
           [1, 1]])]
    """
    objects = as_mask(objects) if is_mask(objects) else as_labels(objects)
    return _split(trace(runs(objects), objects.shape))


def polygons(objects: Labels | Mask, *, connectivity: int = 8) -> dict[int, list[list[np.ndarray]]]:
    """Turn objects into polygons with holes.

    Parameters
    ----------
    objects : (H, W) integer or bool array
        Labels, or a mask whose connected components are the objects.
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    polygons : dict
        For the number of each object its parts; of each part a list of rings as of `contours`, the outline first, then
        the holes. They are valid simple features: rings do not meet themselves, the inside of each part hangs together.

    See Also
    --------
    fill_polygons : the way back, to the very same pixels.

    Examples
    --------
    >>> found = polygons(np.array([[7, 7, 7], [7, 0, 7], [7, 7, 7]]))
    >>> [ring.tolist() for ring in found[7][0]]
    [[[0, 0], [0, 3], [3, 3], [3, 0]], [[1, 2], [1, 1], [2, 1], [2, 2]]]
    """
    if is_mask(objects):
        mask = as_mask(objects)
        found = runs(mask)
        numbers = label(mask, connectivity=connectivity)[found.row, found.start]
        found = trace(found._replace(label=numbers), mask.shape)
    else:
        objects = as_labels(objects)
        found = trace(runs(objects), objects.shape)
    result: dict[int, list] = {number: [] for number in found.label.tolist()}
    parts = []
    for index, (ring, number, outer) in enumerate(
        zip(_split(found), found.label.tolist(), found.outer.tolist(), strict=True)
    ):
        if outer == index:
            parts.append([ring])
            result[number].append(parts[index])
        else:  # an outline comes before its holes
            parts.append(None)
            parts[outer].append(ring)
    return result


def fill_polygons(polygons: dict[int, list], shape: tuple[int, int]) -> np.ndarray:
    """Draw polygons: every pixel whose centre lies inside.

    Parameters
    ----------
    polygons : dict
        As of `polygons`: for the number of each object its parts, of each part its rings of (row, col). Corners may lie
        anywhere, between pixels and outside of the image too.
    shape : (int, int)
        Height and width.

    Returns
    -------
    labels : (H, W) int32 array
        Where objects overlap, the later one is on top.

    Examples
    --------
    >>> fill_polygons({3: [[[(0, 1), (0, 3), (1, 3), (1, 1)]]]}, (1, 4))
    array([[0, 3, 3, 0]], dtype=int32)
    """
    height, width = as_shape(shape)
    rings = [(order, ring) for order, parts in enumerate(polygons.values()) for part in parts for ring in part]
    labels = np.zeros((height, width), np.int32)
    if not rings:
        return labels
    edges = [_edges(ring) for _, ring in rings]
    owner = np.repeat([order for order, _ in rings], [len(edge) for edge in edges])
    row0, col0, row1, col1 = np.concatenate(edges).T
    # The centres of rows that an edge crosses, the upper end included; of pixels those right of the crossing.
    first = np.clip(np.ceil(np.minimum(row0, row1) - 0.5), 0, height).astype(np.int64)
    count = np.clip(np.ceil(np.maximum(row0, row1) - 0.5), 0, height).astype(np.int64) - first
    edge = np.repeat(np.arange(len(count)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count - first, count)
    slope = (col1 - col0)[edge] / (row1 - row0)[edge]
    col = np.clip(np.ceil(col0[edge] + (row + 0.5 - row0[edge]) * slope - 0.5), 0, width).astype(np.int64)
    order = np.lexsort((col, row, owner[edge]))
    start, stop = order[::2], order[1::2]
    numbers = np.array(list(polygons), np.int32)[owner[edge[start]]]
    return paint(Runs(row[start], col[start], col[stop], numbers), numbers, labels)


def _split(found: Rings) -> list[np.ndarray]:
    return [
        found.points[start:stop] for start, stop in zip([0, *found.ends.tolist()], found.ends.tolist(), strict=False)
    ]


def _edges(ring: Any) -> np.ndarray:
    """The edges of a ring that are not horizontal: from row and column to row and column."""
    try:
        ring = np.asarray(ring, np.float64)
    except (ValueError, TypeError):
        raise WrongType("polygon", "a ring must be at least 3 finite points (row, col)", came=shorten(ring)) from None
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3 or not (np.abs(ring) <= MOST).all():
        raise CvkitError("polygon", "a ring must be at least 3 finite points (row, col)", came=f"shape {ring.shape}")
    edges = np.concatenate([ring, np.roll(ring, -1, axis=0)], axis=1)
    return edges[edges[:, 0] != edges[:, 2]]
