"""From stars to objects: choose the best of many that tell of the same object, and draw them.

A star is measured by its gauge: 0 at its centre, 1 on its outline, growing evenly along each ray and between two rays
as straight outlines want it. Where stars meet, a pixel belongs to the one in whose terms it lies further inside.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from cvkit.arrays import Labels, Mask, number
from cvkit.classic.components import relabel
from cvkit.classic.components.boxes import best_first
from cvkit.classic.components.overlaps import Boxes
from cvkit.deep.stars import GRID, UNIT, directions

MARGIN = 2.0  # pixels


class Stars(NamedTuple):
    """Star-shaped polygons: centres (N, 2) as whole rows and columns, distances (N, rays) in pixels, scores (N,)."""

    centres: np.ndarray
    distances: np.ndarray
    scores: np.ndarray

    def take(self, chosen: np.ndarray) -> "Stars":
        """Give some of the stars, by their indices."""
        return Stars(*(column[chosen] for column in self))


def star_objects(stars: np.ndarray, foreground: Mask, *, threshold: float = 0.5, overlap: float = 0.4) -> Labels:
    """Turn what a network says of stars into objects.

    Parameters
    ----------
    stars : (H, W, 1 + rays) float32 array
        Probability of a star, and its distances in units of 32 pixels; only what stands on the grid counts.
    foreground : (H, W) bool array
        The pixels that objects may have.
    threshold : float, 0..1
        A star is more probable than this.
    overlap : float, 0..1
        Of two stars the less probable goes if they have more than this share of the smaller one in common.

    Returns
    -------
    labels : (H, W) int32 array
    """
    found = candidates(stars[::GRID, ::GRID, 0], stars[::GRID, ::GRID, 1:] * np.float32(UNIT), threshold)
    found = found.take(suppress(found, overlap))
    return relabel(draw(found, foreground.shape, foreground, margin=MARGIN))


def candidates(chance: np.ndarray, distances: np.ndarray, threshold: float) -> Stars:
    """Take the stars that are as probable as any beside them, best first.

    Parameters
    ----------
    chance : (h, w) array
        Probability of a star at each point of the grid.
    distances : (h, w, rays) array
        In pixels.
    threshold : float, 0..1
        What is not more probable is none.
    """
    highest = cv2.dilate(chance, np.ones((3, 3)))
    rows, cols = np.nonzero((chance > threshold) & (chance == highest))
    scores = chance[rows, cols]
    stars = Stars(GRID * np.column_stack([rows, cols]), np.maximum(distances[rows, cols], 0.5), scores)
    return stars.take(best_first(scores))


def gauge(distances: np.ndarray, reach: int) -> np.ndarray:
    """Measure the pixels around a star: below 1 inside, 1 on the outline, more beyond.

    Parameters
    ----------
    distances : (rays,) array
    reach : int
        How many pixels around the centre to look at.

    Returns
    -------
    gauge : (2 reach + 1, 2 reach + 1) float32 array

    Examples
    --------
    >>> gauge(np.array([2, 2, 2, 1]), 1)
    array([[1.5, 1. , 1.5],
           [0.5, 0. , 0.5],
           [1. , 0.5, 1. ]], dtype=float32)
    """
    size = 1 << max(4, int(reach - 1).bit_length())
    ray, near, far = _sectors(len(distances), size)
    cut = slice(size - reach, size + reach + 1)
    inverse = 1 / np.asarray(distances, np.float32)
    ray = ray[cut, cut]
    return near[cut, cut] * inverse.take(ray) + far[cut, cut] * np.roll(inverse, -1).take(ray)


@lru_cache(maxsize=16)
def _sectors(rays: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel around a centre the ray before it, and how much of that ray and of the next one lead to it."""
    step = directions(rays)
    rows, cols = np.mgrid[-size : size + 1, -size : size + 1]
    ray = np.floor(np.arctan2(rows, cols) / (2 * np.pi) * rays + 1e-9).astype(np.intp) % rays
    (a, b), (c, d) = step[ray].transpose(2, 0, 1), step[(ray + 1) % rays].transpose(2, 0, 1)
    area = a * d - b * c
    near, far = (rows * d - cols * c) / area, (a * cols - b * rows) / area
    return ray, near.astype(np.float32), far.astype(np.float32)


def suppress(stars: Stars, overlap: float) -> np.ndarray:
    """Keep the best of stars that overlap: from the first down, each suppresses what shares too much with it.

    Parameters
    ----------
    stars : Stars
        Best first.
    overlap : float, 0..1
        A star goes if it and a better one that is kept have more than this share of the smaller one in common,
        counted in pixels.

    Returns
    -------
    kept : (K,) integer array
        Indices, in order.
    """
    number(overlap, "overlap", 0, 1)
    reach = np.ceil(stars.distances.max(axis=1, initial=0)).astype(np.int64)
    corners = np.column_stack([stars.centres - reach[:, None], stars.centres + reach[:, None] + 1])
    first, second, _ = Boxes(corners.astype(np.float64)).all_pairs(0.0) if len(reach) else (np.zeros(0, int),) * 3
    order = np.lexsort((second, first))
    gone, drawn = np.zeros(len(reach), bool), {}
    for one, other in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if not gone[one] and not gone[other]:
            for index in (one, other):
                if index not in drawn:
                    inside = gauge(stars.distances[index], int(reach[index])) <= 1
                    drawn[index] = *corners[index].tolist(), inside, np.count_nonzero(inside)
            gone[other] = _in_common(drawn[one], drawn[other]) > overlap
    return np.flatnonzero(~gone)


def _in_common(one: tuple, other: tuple) -> float:
    """How much of the smaller of two masks, given with their boxes and areas, the other covers."""
    row0, col0, row1, col1 = (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )
    if row0 >= row1 or col0 >= col1:
        return 0.0
    parts = (mask[row0 - top : row1 - top, col0 - left : col1 - left] for top, left, _, _, mask, _ in (one, other))
    return np.count_nonzero(np.logical_and(*parts)) / min(one[5], other[5])


def draw(stars: Stars, shape: tuple[int, int], foreground: Mask | None = None, *, margin: float = 0.0) -> Labels:
    """Draw stars as objects, each pixel given to the star in which it lies furthest inside.

    Parameters
    ----------
    stars : Stars
    shape : (int, int)
    foreground : (H, W) bool array, optional
        What the objects cover: the outlines come from here, and the stars say whose pixels these are.
    margin : float
        In pixels, how far beyond its outline a star takes pixels of the foreground.

    Returns
    -------
    labels : (H, W) int32 array
        Numbered in the order of the stars.
    """
    least = np.full(shape, np.inf, np.float32)
    labels = np.zeros(shape, np.int32)
    for index, (centre, distances) in enumerate(zip(stars.centres.tolist(), stars.distances, strict=True), 1):
        limit = 1 + margin / float(distances.mean())
        reach = int(np.ceil(distances.max() * limit))
        (row0, row1, row), (col0, col1, col) = (
            (max(0, at - reach), min(side, at + reach + 1), max(0, reach - at))
            for at, side in zip(centre, shape, strict=True)
        )
        here = gauge(distances, reach)[row : row + row1 - row0, col : col + col1 - col0]
        room, name = least[row0:row1, col0:col1], labels[row0:row1, col0:col1]
        inner = here < np.minimum(room, np.float32(limit))
        np.copyto(room, here, where=inner)
        name[inner] = index
    return labels if foreground is None else np.where(foreground, labels, 0)
