"""Convex hulls of objects, exact in whole numbers, of all objects at once."""

import numpy as np

from cvkit.arrays import Objects, as_labels, as_mask, is_mask
from cvkit.classic.components.labelling import label
from cvkit.classic.runs import Runs, paint, runs
from cvkit.reach import reach


@reach("a hull may reach through the whole image")
def convex_hull(objects: Objects, *, each: bool = True, connectivity: int = 8) -> Objects:
    """Fill each object up to its convex hull.

    Parameters
    ----------
    objects : (H, W) bool or integer array
        A mask, whose connected components are the objects, or labels.
    each : bool
        The hull of each object; else one hull around all that is foreground.
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    objects : (H, W) bool or int32 array
        As given. Where hulls of labels overlap, pixels of an object stay its own, others go to the lower number; one
        hull around all labels has the number 1.

    Notes
    -----
    The hull of the middles of the edges of pixels; a pixel is inside if its centre is, or is on the border. The same
    as scikit-image's ``convex_hull_object`` and, for ``each=False``, ``convex_hull_image``.

    Examples
    --------
    >>> convex_hull(np.array([[1, 0, 0], [1, 0, 0], [1, 1, 1]])).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    masked = is_mask(objects)
    if not each:
        whole = as_mask(objects) if masked else as_labels(objects) > 0
        hull = spans(runs(whole))
        return paint(hull, 1, np.zeros(whole.shape, bool if masked else np.int32))
    labels = label(as_mask(objects), connectivity=connectivity) if masked else as_labels(objects)
    hull = spans(runs(labels))
    if masked:
        return paint(hull, True, np.zeros(labels.shape, bool))
    hull = Runs(*(column[::-1] for column in hull))  # what is painted later is on top
    filled = paint(hull, hull.label, np.zeros(labels.shape, np.int32))
    return np.where(labels > 0, labels, filled)


def spans(found: Runs) -> Runs:
    """The rows of the convex hull of each object, object by object.

    Examples
    --------
    >>> spans(runs(np.array([[1, 0, 0], [1, 0, 0], [1, 1, 1]]))).stop.tolist()
    [1, 2, 3]
    """
    if not len(found.row):
        return found
    order = np.argsort(found.label, kind="stable")
    row, start, stop, number = (column.take(order) for column in found)
    head = np.flatnonzero((np.diff(number, prepend=number[0] - 1) != 0) | (np.diff(row, prepend=-1) != 0))
    left, right = np.minimum.reduceat(start, head), np.maximum.reduceat(stop, head) - 1
    row, number = row[head], number[head]
    first = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
    last = np.append(first[1:], len(number)) - 1
    count = row[last] - row[first] + 1
    owner = np.repeat(np.arange(len(first)), count)
    rows = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - row[first], count)
    of = np.repeat(np.arange(len(first)), last - first + 1)
    start = _edge(of, row, left, owner, rows)
    stop = 1 - _edge(of, row, -right, owner, rows)
    return Runs(rows, start, stop, number[first][owner])


def _edge(of: np.ndarray, row: np.ndarray, left: np.ndarray, owner: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The leftmost column of the hull in each of the rows, by the leftmost columns of the objects' own."""
    # In half pixels, where the middles of edges are whole numbers: one to the left, one above, one below.
    of = np.repeat(of, 3)
    y = (2 * row[:, None] + [-1, 0, 1]).ravel()
    x = (2 * left[:, None] - [0, 1, 0]).ravel()
    new = np.flatnonzero((np.diff(y, prepend=y[0] - 1) != 0) | (np.diff(of, prepend=-1) != 0))
    of, y, x = of[new], y[new], np.minimum.reduceat(x, new)
    while True:  # whatever lies behind the line between its neighbours is no corner, and may go at once with others
        inner = np.flatnonzero((of[1:-1] == of[:-2]) & (of[1:-1] == of[2:])) + 1
        turn = (x[inner] - x[inner - 1]) * (y[inner + 1] - y[inner - 1])
        behind = inner[turn >= (x[inner + 1] - x[inner - 1]) * (y[inner] - y[inner - 1])]
        if not len(behind):
            break
        of, y, x = (np.delete(values, behind) for values in (of, y, x))
    tall = 2 * int(rows.max()) + 4
    after = np.searchsorted(of * tall + y + 1, owner * tall + 2 * rows + 1)
    before = after - 1
    high = y[after] - y[before]
    reach = x[before] * high + (x[after] - x[before]) * (2 * rows - y[before])
    return -(-reach // (2 * high))
