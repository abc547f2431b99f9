"""Outlines of objects along the edges of their pixels, traced for all objects at once.

Where the runs of two neighbouring rows differ, an outline has its corners. Sorted by row they are the ends of
horizontal edges, sorted by column of vertical ones, and the two together say how to go on from each corner.
"""

from typing import NamedTuple

import numpy as np

from cvkit.classic.runs import Runs


class Rings(NamedTuple):
    """Closed outlines, object by object. No corner comes twice in a ring; what touches only at corners is apart."""

    points: np.ndarray  # (P, 2) integers: row and column of each corner; pixel (0, 0) lies between (0, 0) and (1, 1)
    ends: np.ndarray  # where the points of each ring end
    label: np.ndarray  # of each ring's object
    outer: np.ndarray  # index of the outline that a hole lies in; of an outline its own


def trace(found: Runs, shape: tuple[int, int]) -> Rings:
    """Trace the outlines of runs.

    With rows down and columns to the right, outlines run clockwise, holes anticlockwise.

    Examples
    --------
    >>> from cvkit.classic.runs import runs
    >>> trace(runs(np.array([[1, 1]])), (1, 2)).points.tolist()
    [[0, 0], [0, 2], [1, 2], [1, 0]]
    """
    if not len(found.row):
        nothing = np.zeros(0, np.int64)
        return Rings(np.zeros((0, 2), np.int64), nothing, nothing, nothing)
    labels, index = np.unique(found.label, return_inverse=True)
    corners = _Corners(found, index, shape)
    after = corners.follow()
    ring, place, sizes = _cycles(after)
    if corners.part(ring):
        ring, place, sizes = _cycles(corners.follow())
    ends = np.cumsum(sizes)
    place += (ends - sizes)[ring]
    ordered = np.empty((len(ring), 2), np.int64)
    ordered[place] = np.stack([corners.source, corners.target], axis=1)
    ordered = ordered.ravel()
    points = np.stack([corners.row.take(ordered), corners.col.take(ordered)], axis=1)
    first = ordered[2 * (ends - sizes)]
    outer = _outer(corners, found, index, ring, first)
    return Rings(points, 2 * ends, labels[corners.label[first]], outer)


class _Corners:
    """The corners of all objects, ordered by object, row and column: two by two the ends of horizontal edges."""

    def __init__(self, found: Runs, index: np.ndarray, shape: tuple[int, int]) -> None:
        self.height, self.width = shape[0] + 1, shape[1] + 1
        head = (index * self.height + found.row) * self.width
        # Two bits tell the ends of runs apart: whether the run lies below the corner, and whether it stops there.
        ends = [4 * (head + found.start) + 2, 4 * (head + found.stop) + 3]
        ends = np.sort(np.concatenate([*ends, *(end + (4 * self.width - 2) for end in ends)]))
        twice = (ends[1:] >> 2) == (ends[:-1] >> 2)
        straight = np.flatnonzero(twice & ((ends[1:] ^ ends[:-1]) & 1 == 0))  # an edge goes on from row to row
        kept = np.ones(len(ends), bool)
        kept[straight] = kept[straight + 1] = False
        ends = ends[kept]
        line, self.col = np.divmod(ends >> 2, self.width)
        self.label, self.row = np.divmod(line, self.height)
        self.twin = np.flatnonzero(np.diff(ends >> 2) == 0)  # two pixels of the object that touch there alone
        self._columns(ends)
        first = np.arange(0, len(ends), 2)
        top = (ends[first] >> 1 & 1) != (ends[first] & 1)  # the object lies below the edge
        self.source, self.target = np.where(top, first, first + 1), np.where(top, first + 1, first)

    def _columns(self, ends: np.ndarray) -> None:
        """Order the corners by object, column and row: two by two the ends of vertical edges."""
        later = np.zeros(len(ends), np.int64)
        falling = (ends[self.twin] >> 1 & 1) != (ends[self.twin] & 1)  # one pixel is left above, the other right below
        later[self.twin], later[self.twin + 1] = ~falling, falling  # so each pixel keeps its own corner
        self.keys = (self.label * self.width + self.col) * self.height + self.row
        self.column = np.argsort(2 * self.keys + later)

    def follow(self) -> np.ndarray:
        """For each horizontal edge the one that follows it along the outline."""
        partner = np.empty_like(self.column)
        partner[self.column[::2]], partner[self.column[1::2]] = self.column[1::2], self.column[::2]
        return partner[self.target] >> 1

    def part(self, ring: np.ndarray) -> bool:
        """Turn the other way where a ring meets itself, so that it becomes two; tell whether there was such a place."""
        twin = self.twin[ring[self.twin >> 1] == ring[(self.twin + 1) >> 1]]
        where = np.empty_like(self.column)
        where[self.column] = np.arange(len(where))
        one, other = where[twin], where[twin + 1]
        self.column[one], self.column[other] = twin + 1, twin
        return len(twin) > 0


def _cycles(after: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cycles of a permutation by their least members: the cycle of each member, its place in it, all sizes."""
    least, ahead = np.arange(len(after)), after
    while True:  # each round looks twice as far ahead
        further = np.minimum(least, least.take(ahead))
        if np.array_equal(further, least):
            break
        least, ahead = further, ahead.take(ahead)
    heads = np.flatnonzero(least == np.arange(len(least)))
    cycle = np.searchsorted(heads, least)
    sizes = np.bincount(cycle)
    ahead, steps = after.copy(), np.ones(len(after), np.int64)
    ahead[heads], steps[heads] = heads, 0
    for _ in range(int(sizes.max(initial=1)).bit_length()):
        steps += steps.take(ahead)
        ahead = ahead.take(ahead)
    place = sizes[cycle] - steps
    place[heads] = 0
    return cycle, place, sizes


def _outer(corners: _Corners, found: Runs, index: np.ndarray, ring: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The outline around each ring: from a hole go left to the end of the run above it, whose edge is one of the
    outline or of another hole in it."""
    outer = np.arange(len(first))
    hole = np.flatnonzero(first & 1)  # at its highest edge a hole has the object above, and its ring runs to the left
    row, col = corners.row[first[hole]] - 1, corners.col[first[hole] - 1]
    at = np.searchsorted(found.row * corners.width + found.start, row * corners.width + col, side="right") - 1
    key = (index[at] * corners.width + found.start[at]) * corners.height + row
    edge = corners.column[np.searchsorted(corners.keys[corners.column], key, side="right") - 1]
    outer[hole] = ring[edge >> 1]
    while not np.array_equal(further := outer[outer], outer):
        outer = further
    return outer
