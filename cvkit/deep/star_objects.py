"""From stars to objects: choose the best of many that tell of the same object, and part by them what hangs together.

A star is measured by its gauge: 0 at its centre, 1 on its outline, growing evenly along each ray and between two rays
as straight outlines want it. Where stars meet, a pixel belongs to the one in whose terms it lies further inside.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from cvkit.arrays import Labels, number
from cvkit.classic.components import relabel
from cvkit.classic.components.boxes import best_first
from cvkit.classic.components.overlaps import Boxes
from cvkit.deep.stars import GRID, UNIT, directions

STAR, OVERLAP = 0.5, 0.3  # where the card does not say what validation chose


class Stars(NamedTuple):
    """Star-shaped polygons: centres (N, 2) as whole rows and columns, distances (N, rays) in pixels, scores (N,)."""

    centres: np.ndarray
    distances: np.ndarray
    scores: np.ndarray

    def take(self, chosen: np.ndarray) -> "Stars":
        """Give some of the stars, by their indices."""
        return Stars(*(column[chosen] for column in self))


def star_objects(stars: np.ndarray, parts: Labels, *, star: float = STAR, overlap: float = OVERLAP) -> Labels:
    """Part objects that hang together by the stars that a network sees in them.

    Parameters
    ----------
    stars : (H, W, 1 + rays) float32 array
        Probability of a star, and its distances in units of 32 pixels; only what stands on the grid counts.
    parts : (H, W) int32 array
        What pixels alone say; one with several stars is divided among them, the others stay as they are.
    star : float, 0..1
        A star is more probable than this.
    overlap : float, 0..1
        Of two stars the less probable goes if they have more than this share of the smaller one in common.

    Returns
    -------
    labels : (H, W) int32 array
    """
    chance = np.where(parts[::GRID, ::GRID] > 0, stars[::GRID, ::GRID, 0], 0)
    found = candidates(chance, stars[::GRID, ::GRID, 1:] * np.float32(UNIT), star)
    return relabel(divide(parts, found.take(suppress(found, overlap))))


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
    >>> gauge(np.array([2, 2, 2, 1]), 1)[:, 2]  # the pixels to the right
    array([1.5, 0.5, 1. ], dtype=float32)
    """
    size = 1 << max(4, int(reach - 1).bit_length())
    cut = slice(size - reach, size + reach + 1)
    return _measure(distances, *(table[cut, cut] for table in _sectors(len(distances), size)))


@lru_cache(maxsize=8)
def _sectors(rays: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those of all pixels around a centre."""
    return _sector(rays, *np.mgrid[-size : size + 1, -size : size + 1])


def _sector(rays: int, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For steps from a centre the ray before each, and how much of that ray and of the next one lead there."""
    step = directions(rays)
    ray = np.floor(np.arctan2(rows, cols) * (rays / (2 * np.pi)) + 1e-9).astype(np.intp) % rays
    (a, b), (c, d) = (np.moveaxis(step[index], -1, 0) for index in (ray, (ray + 1) % rays))
    area = a * d - b * c
    near, far = (rows * d - cols * c) / area, (a * cols - b * rows) / area
    return ray, near.astype(np.float32), far.astype(np.float32)


def _measure(distances: np.ndarray, ray: np.ndarray, near: np.ndarray, far: np.ndarray) -> np.ndarray:
    inverse = 1 / np.asarray(distances, np.float32)
    return near * inverse.take(ray) + far * np.roll(inverse, -1).take(ray)


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


def divide(parts: Labels, stars: Stars) -> Labels:
    """Divide each part that holds several stars among them, each pixel to the one in which it lies furthest inside.

    Parameters
    ----------
    parts : (H, W) int32 array
    stars : Stars
        Centres within the image.

    Returns
    -------
    labels : (H, W) int32 array
        Parts keep their numbers; those that are divided get new ones, above.
    """
    whose = parts[tuple(stars.centres.T)]
    several = np.bincount(whose[whose > 0], minlength=int(parts.max()) + 1) > 1
    flat = parts.reshape(-1).copy()
    pixels = np.flatnonzero(several[flat])
    pixels = pixels[np.argsort(flat[pixels], kind="stable")]
    values, starts = np.unique(flat[pixels], return_index=True)
    groups = dict(zip(values.tolist(), np.split(pixels, starts[1:]), strict=True) if len(values) else ())
    new = len(several)
    for value, places in groups.items():
        members = np.flatnonzero(whose == value)
        rows, cols = np.divmod(places, parts.shape[1])
        gauges = [
            _measure(stars.distances[star], *_sector(stars.distances.shape[1], rows - row, cols - col))
            for star, (row, col) in zip(members.tolist(), stars.centres[members].tolist(), strict=True)
        ]
        flat[places] = new + np.argmin(gauges, axis=0)
        new += len(members)
    return flat.reshape(parts.shape)
