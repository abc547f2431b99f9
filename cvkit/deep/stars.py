"""Objects as stars: from a pixel inside, how far it is to the border along rays in all directions.

U. Schmidt, M. Weigert, C. Broaddus, G. Myers, MICCAI 2018. doi:10.1007/978-3-030-00934-2_30

Ray k of R leaves at the angle 2 pi k / R, from the columns to the rows. Stars stand on every second pixel of every
second row: they change slowly, and a network of half the size says them as well.
"""

from functools import lru_cache

import cv2
import numpy as np

GRID = 2  # stars stand on pixels whose row and column are multiples of this
UNIT = 32  # pixels; networks say distances in this unit, so that all that they say is of one magnitude
UNKNOWN = -1.0  # of a distance whose ray leaves what is known before the object ends
RAYS = 32


def directions(rays: int) -> np.ndarray:
    """Give the steps (row, col) of length 1 along each ray, (rays, 2).

    Examples
    --------
    >>> directions(4).round().astype(int).tolist()
    [[0, 1], [1, 0], [0, -1], [-1, 0]]
    """
    angles = 2 * np.pi * np.arange(rays) / rays
    return np.column_stack([np.sin(angles), np.cos(angles)])


def star_distances(labels: np.ndarray, rays: int = RAYS) -> np.ndarray:
    """Measure from every pixel of the grid how far its object goes along each ray.

    Along a ray, drawn as pixels, all pixels of an image are compared with the next at once; so the time does not depend
    on what the image holds. Rays of opposite directions share the lines.

    Parameters
    ----------
    labels : (H, W) int32 array
        0 = background, -1 = void.
    rays : int
        A multiple of 4.

    Returns
    -------
    distances : (ceil(H / 2), ceil(W / 2), rays) float32 array
        In pixels, to the edge between the last pixel of the object and the next; 0 outside of objects, -1 where the
        ray leaves the image or meets void first.

    Examples
    --------
    >>> star_distances(np.array([[0, 0, 0], [5, 5, 0], [5, 5, 0], [0, 0, 0]], np.int32), 4)[1, 0]
    array([ 1.5,  0.5, -1. ,  1.5], dtype=float32)
    """
    height, width = labels.shape
    distances = np.zeros((-(-height // GRID), -(-width // GRID), rays), np.float32)
    rows, cols = np.nonzero(labels[::GRID, ::GRID] > 0)
    found = np.empty((rays, len(rows)), np.float32)
    step = directions(rays)[: rays // 2]
    flat = np.abs(step[:, 1]) >= np.abs(step[:, 0])  # such lines take a pixel of every column
    for across, chosen in ((True, np.flatnonzero(flat)), (False, np.flatnonzero(~flat))):
        array, along, beside = (labels.T, cols, rows) if across else (labels, rows, cols)
        main, other = (step[chosen, 1], step[chosen, 0]) if across else step[chosen].T
        counts = _to_the_end(array, along * GRID, beside * GRID, tuple((other / main).tolist()))
        length = 1 / np.abs(main)[:, None].astype(np.float32)
        for count, back in zip(counts, (main < 0, main > 0), strict=True):
            found[chosen + rays // 2 * back] = np.where(count < 0, UNKNOWN, (count - np.float32(0.5)) * length)
    distances[rows, cols] = found.T
    return distances


def _to_the_end(labels: np.ndarray, rows: np.ndarray, cols: np.ndarray, slopes: tuple) -> tuple:
    """Count the steps from pixels to the first row where a line has left their object, down and up; -1 = unknown.

    Lines go down one row a step, and `slopes` columns aside; each array is (lines, pixels).
    """
    places, start = _sheared(*labels.shape, slopes)
    lines = np.append(labels, np.int32(-1)).take(places)  # (row, line, column), a row of void above and below
    known = (lines >= 0).reshape(-1)
    stride = lines[0].size
    here = (rows + 1) * stride + np.arange(len(slopes))[:, None] * lines.shape[2] + cols + start[:, rows]
    same = (lines[1:] == lines[:-1]).view(np.uint8)
    return tuple(_steps(same, here, stride, known, down) for down in (True, False))


def _steps(same: np.ndarray, here: np.ndarray, stride: int, known: np.ndarray, down: bool) -> np.ndarray:
    """Count, for all pixels, how many rows follow that are the same; give it for those that are asked for."""
    count = np.zeros((len(same) + 1, *same.shape[1:]), np.int16)
    for row in range(len(same) - 1, -1, -1) if down else range(1, len(count)):
        beside = count[row + 1 if down else row - 1]
        np.add(beside, 1, out=count[row])
        count[row] *= same[row if down else row - 1]
    count = count.reshape(-1).take(here).astype(np.int64) + 1
    return np.where(known.take(here + (count if down else -count) * stride), count, -1)


@lru_cache(maxsize=8)
def _sheared(height: int, width: int, slopes: tuple) -> tuple[np.ndarray, np.ndarray]:
    """The places of an image's pixels along lines, (height + 2, lines, columns), and by how much each row is moved."""
    moved = np.rint(np.arange(height) * np.array(slopes)[:, None]).astype(np.int64)  # (lines, height)
    start = moved.max(axis=1, keepdims=True) - moved
    cols = np.arange(width + start.max())[None, None, :] - start.T[:, :, None]
    inside = (cols >= 0) & (cols < width)
    places = np.where(inside, np.arange(height)[:, None, None] * width + cols, height * width)
    return np.pad(places, [(1, 1), (0, 0), (0, 0)], constant_values=height * width), start


def depths(labels: np.ndarray) -> np.ndarray:
    """Tell how deep in its object each pixel lies: 1 at the deepest, towards 0 at the border, 0 in the background.

    Parameters
    ----------
    labels : (H, W) int32 array
        0 = background, -1 = void, which is no border.

    Returns
    -------
    depths : (H, W) float32 array

    Examples
    --------
    >>> depths(np.array([[0, 3, 3, 3, 0]], np.int32))
    array([[0. , 0.5, 1. , 0.5, 0. ]], dtype=float32)
    """
    inside = labels > 0
    inner = labels != 0
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = (labels[one] != labels[other]) & (labels[one] >= 0) & (labels[other] >= 0)
        inner[one] &= ~differ
        inner[other] &= ~differ
    room = np.pad(inner.view(np.uint8), 1, constant_values=1)  # without a border to be seen, the depth is unknown
    distance = cv2.distanceTransform(room, cv2.DIST_L2, 5)[1:-1, 1:-1] + 1
    distance = np.where(inside, distance, 0)
    numbers, index = np.unique(labels[inside], return_inverse=True)
    deepest = np.zeros(len(numbers), np.float32)
    np.maximum.at(deepest, index, distance[inside])
    distance[inside] /= deepest[index]
    return distance
