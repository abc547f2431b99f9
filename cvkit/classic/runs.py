"""Runs: the unbroken stretches of one object within a row. What is true of runs need not be asked of every pixel."""

import itertools
from typing import NamedTuple

import numpy as np

STRIP = 1 << 18  # pixels that are compared at a time, so that what is compared stays in the cache
LONG = 200  # pixels of the mean run, above which a loop over runs is faster than to name every pixel
PIECE = 1 << 20  # pixels that are named at a time: names are longer than pixels
WORD = 8  # bytes that are looked at together


class Runs(NamedTuple):
    """Runs in the order in which rows meet them: equally long 1-D arrays."""

    row: np.ndarray
    start: np.ndarray  # column of the first pixel
    stop: np.ndarray  # column behind the last pixel
    label: np.ndarray  # of the object; 1 throughout if they are those of a mask

    @property
    def length(self) -> np.ndarray:
        """Pixels of each run."""
        return self.stop - self.start


def runs(objects: np.ndarray) -> Runs:
    """Find the runs of a mask or of labels; objects that touch have runs of their own.

    Parameters
    ----------
    objects : (H, W) bool or integer array
        Of at least one pixel; 0 is background.

    Returns
    -------
    runs : Runs
        ``row``, ``start``, ``stop`` as int64, ``label`` in the dtype of labels, int32 for a mask.

    Examples
    --------
    >>> found = runs(np.array([[1, 1, 2], [0, 3, 0]]))
    >>> found.row.tolist(), found.start.tolist(), found.stop.tolist(), found.label.tolist()
    ([0, 0, 1], [0, 2, 1], [2, 3, 2], [1, 2, 3])
    """
    height, width = objects.shape
    rows = max(1, STRIP // width)
    grid = np.zeros((min(rows, height), -(width + 1) // WORD * -WORD), bool)
    parts = [_strip(objects[row : row + rows], grid, row) for row in range(0, height, rows)]
    return Runs(*(np.concatenate(column) for column in zip(*parts, strict=True))) if len(parts) > 1 else parts[0]


def paint(found: Runs, values: np.ndarray | int, out: np.ndarray) -> np.ndarray:
    """Write one value per run, or the same into all, to the pixels of the runs of an array; give the array.

    Examples
    --------
    >>> paint(runs(np.array([[1, 1, 0, 2]])), np.array([7, 9]), np.zeros((1, 4), int))
    array([[7, 7, 0, 9]])
    """
    flat, length, several = out.reshape(-1), found.length, np.ndim(values) > 0
    pixels = int(length.sum())
    if pixels > LONG * len(length):
        starts = found.row * out.shape[1] + found.start
        each = values.tolist() if several else itertools.repeat(values)
        for start, stop, value in zip(starts.tolist(), (starts + length).tolist(), each, strict=False):
            flat[start:stop] = value
        return out
    cuts = np.searchsorted(np.cumsum(length), np.arange(PIECE, pixels, PIECE)).tolist() if pixels > PIECE else []
    for first, last in itertools.pairwise([0, *cuts, len(length)]):
        some = Runs(*(column[first:last] for column in found))
        flat[places(some, out.shape[1])] = np.repeat(values[first:last], length[first:last]) if several else values
    return out


def places(found: Runs, width: int) -> np.ndarray:
    """The flat places of all pixels of the runs in an image of so many columns.

    Examples
    --------
    >>> places(runs(np.array([[0, 1, 1], [1, 0, 0]])), 3)
    array([1, 2, 3])
    """
    length = found.length
    before = np.cumsum(length) - length
    return np.repeat(found.row * width + found.start - before, length) + np.arange(length.sum())


def _strip(objects: np.ndarray, grid: np.ndarray, row: int) -> Runs:
    """The runs of a few rows, of which `row` is the first; `grid` is room to mark changes in."""
    width = objects.shape[1]
    changes = grid[: len(objects)]
    np.not_equal(objects[:, 0], 0, out=changes[:, 0])
    np.not_equal(objects[:, 1:], objects[:, :-1], out=changes[:, 1:width])
    np.not_equal(objects[:, -1], 0, out=changes[:, width])
    found = nonzero(changes)
    if objects.dtype == bool:  # starts and stops take turns
        rows = found[::2] // grid.shape[1]
        shift = rows * grid.shape[1]
        return Runs(rows + row, found[::2] - shift, found[1::2] - shift, np.ones(len(rows), np.int32))
    rows = found // grid.shape[1]
    cols = found - rows * grid.shape[1]
    label = objects[rows, np.minimum(cols, width - 1)]
    starts = np.flatnonzero((label != 0) & (cols < width))
    return Runs(rows[starts] + row, cols[starts], cols[starts + 1], label[starts])


def nonzero(grid: np.ndarray) -> np.ndarray:
    """`np.flatnonzero` of few True among many: whole words are looked at first, which takes half the time."""
    words = grid.reshape(-1).view(np.uint64)
    some = np.flatnonzero(words != 0)
    within = np.flatnonzero(words[some].view(bool))
    return (some * WORD)[within >> 3] + (within & 7)
