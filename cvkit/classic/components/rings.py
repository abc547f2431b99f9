"""Outlines of objects along the edges of their pixels, traced for all objects at once.

Where the runs of two neighbouring rows differ, an outline has its corners. Sorted by row they are the ends of
horizontal edges, sorted by column of vertical ones, and the two together say how to go on from each corner.
"""

import itertools
from typing import NamedTuple

import numpy as np

from cvkit.classic.runs import Runs

CHUNK = 1 << 14  # runs


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
    if found.label[0] != found.label[-1] or found.label.min() != found.label.max():
        order = np.argsort(found.label, kind="stable")
        found = Runs(*(column.take(order) for column in found))
    begins = np.flatnonzero(np.diff(found.label, prepend=0))
    # Some objects at a time, so that all that is derived from them stays in the cache.
    cuts = begins[np.unique(np.searchsorted(begins, np.arange(CHUNK, len(found.row), CHUNK), side="right") - 1)]
    cuts = [0, *cuts[cuts > 0].tolist(), len(found.row)]
    parts = [Runs(*(column[start:stop] for column in found)) for start, stop in itertools.pairwise(cuts)]
    return _join([_trace(part, shape) for part in parts])


def _join(parts: list[Rings]) -> Rings:
    if len(parts) == 1:
        return parts[0]
    rings = np.cumsum([0, *(len(part.ends) for part in parts)])
    points = np.cumsum([0, *(len(part.points) for part in parts)])
    return Rings(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.ends + shift for part, shift in zip(parts, points, strict=False)]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.outer + shift for part, shift in zip(parts, rings, strict=False)]),
    )


def _trace(found: Runs, shape: tuple[int, int]) -> Rings:
    """Trace the outlines of runs that are ordered by object."""
    index = np.cumsum(np.diff(found.label, prepend=found.label[0]) != 0)
    corners = _Corners(found, index, shape)
    after = corners.follow()
    ring = _least(after)
    if corners.part(ring):
        after = corners.follow()
        ring = _least(after)
    ring, place, sizes = _places(after, ring)
    ends = np.cumsum(sizes)
    place += (ends - sizes).take(ring)
    order = np.empty_like(place)
    order[place] = np.arange(len(place))
    ordered = np.empty(2 * len(order), np.int64)
    ordered[::2], ordered[1::2] = corners.source.take(order), corners.target.take(order)
    points = np.empty((len(ordered), 2), np.int64)
    points[:, 0], points[:, 1] = corners.row.take(ordered), corners.col.take(ordered)
    first = ordered[2 * (ends - sizes)]
    label = found.label[np.searchsorted(index, corners.label[first])]
    return Rings(points, 2 * ends, label, _outer(corners, found, index, ring, first))


class _Corners:
    """The corners of all objects, ordered by object, row and column: two by two the ends of horizontal edges."""

    def __init__(self, found: Runs, index: np.ndarray, shape: tuple[int, int]) -> None:
        self.height, self.width = shape[0] + 1, shape[1] + 1
        head = (index * self.height + found.row) * self.width
        # Two bits tell the ends of runs apart: whether the run lies below the corner, and whether it stops there.
        ends = np.empty((2, len(head), 2), np.int64)
        ends[0, :, 0], ends[0, :, 1] = 4 * (head + found.start) + 2, 4 * (head + found.stop) + 3
        ends[1] = ends[0] + (4 * self.width - 2)
        ends = ends.ravel()
        ends.sort(kind="stable")  # which merges the two halves
        twice = np.flatnonzero((ends[1:] >> 2) == (ends[:-1] >> 2))
        straight = twice[(ends[twice + 1] ^ ends[twice]) & 1 == 0]  # an edge goes on from row to row
        kept = np.ones(len(ends), bool)
        kept[straight] = kept[straight + 1] = False
        ends = ends[kept]
        line, self.col = np.divmod(ends >> 2, self.width)
        self.label, self.row = np.divmod(line, self.height)
        self.twin = np.flatnonzero((ends[1:] >> 2) == (ends[:-1] >> 2))  # two pixels that touch there alone
        self.column = _stable(self.label, _stable(self.col, None))
        self.turned = (ends & 1) != (ends >> 1 & 1)  # the object lies below an edge that begins here
        self._swap(self.twin[~self.turned[self.twin]])  # so that each of the two keeps its own corner
        first = np.arange(0, len(ends), 2)
        top = self.turned[::2]
        self.source, self.target = first + ~top, first + top

    def _swap(self, twin: np.ndarray) -> None:
        """Turn the other way at some of the corners where two pixels touch."""
        where = np.empty_like(self.column)
        where[self.column] = np.arange(len(where))
        one, other = where[twin], where[twin + 1]
        self.column[one], self.column[other] = twin + 1, twin

    def follow(self) -> np.ndarray:
        """For each horizontal edge the one that follows it along the outline."""
        partner = np.empty_like(self.column)
        partner[self.column[::2]], partner[self.column[1::2]] = self.column[1::2], self.column[::2]
        return partner[self.target] >> 1

    def part(self, ring: np.ndarray) -> bool:
        """Turn the other way where a ring meets itself, so that it becomes two; tell whether there was such a place."""
        twin = self.twin[ring[self.twin >> 1] == ring[(self.twin + 1) >> 1]]
        if len(twin):
            self._swap(twin)
        return len(twin) > 0


def _stable(values: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    """Sort an order further by small whole numbers, what is equal staying as it is."""
    if values[-1] == values[0] and values.max() == values.min():
        return np.arange(len(values)) if order is None else order
    if values.max() < 1 << 16:
        values = values.astype(np.uint16)  # for which numpy sorts by radix, in a quarter of the time
    if order is None:
        return np.argsort(values, kind="stable")
    return order.take(np.argsort(values.take(order), kind="stable"))


def _least(after: np.ndarray) -> np.ndarray:
    """For each member of a permutation the least of its cycle."""
    least, ahead = np.arange(len(after)), after
    while True:  # each round looks twice as far ahead
        further = np.minimum(least, least.take(ahead))
        if np.array_equal(further, least):
            return least
        least, ahead = further, ahead.take(ahead)


def _places(after: np.ndarray, least: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cycles of a permutation by their least members: the cycle of each member, its place in it, all sizes."""
    head = least == np.arange(len(least))
    cycle = (np.cumsum(head) - 1).take(least)
    sizes = np.bincount(cycle)
    ahead = np.where(head, least, after)
    steps = (~head).astype(np.int64)  # to the head, as far as it is seen
    for _ in range(int(sizes.max()).bit_length()):
        steps += steps.take(ahead)
        ahead = ahead.take(ahead)
    place = sizes.take(cycle) - steps
    place[head] = 0
    return cycle, place, sizes


def _outer(corners: _Corners, found: Runs, index: np.ndarray, ring: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The outline around each ring: from a hole go left to the end of the run above it, whose edge is one of the
    outline or of another hole in it."""
    outer = np.arange(len(first))
    hole = np.flatnonzero(first & 1)  # at its highest edge a hole has the object above, and its ring runs to the left
    row, col = corners.row[first[hole]] - 1, corners.col[first[hole] - 1]
    starts = (index * corners.height + found.row) * corners.width + found.start
    at = (corners.label[first[hole]] * corners.height + row) * corners.width + col
    at = np.searchsorted(starts, at, side="right") - 1
    key = (index[at] * corners.width + found.start[at]) * corners.height + row
    keys = ((corners.label * corners.width + corners.col) * corners.height + corners.row).take(corners.column)
    edge = corners.column[np.searchsorted(keys, key, side="right") - 1]
    outer[hole] = ring[edge >> 1]
    while not np.array_equal(further := outer[outer], outer):
        outer = further
    return outer
