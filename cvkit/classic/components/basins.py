"""Basins of a height: where water that runs down from each pixel ends, and how high the passes between basins are.

Heights lie in a frame of one pixel of infinite height, so that no neighbour has to be asked for; so do pixels outside.
"""

import cv2
import numpy as np

from cvkit.classic.runs import WORD, nonzero

STRIP = 1 << 16  # pixels that are compared at a time, so that they stay in the cache
STEPS = [(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)]  # their codes are in the order of places
LEVEL = 16  # added to the code where no neighbour is lower
BOTTOM = LEVEL + STEPS.index((0, 0))  # where no neighbour is lower, and none as low comes later


def framed(height: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """The heights of the pixels of a mask as floats, infinite elsewhere and in a frame of one pixel."""
    plain = height.dtype.kind in "uif" and (height.dtype.itemsize <= 2 or height.dtype == np.float32)
    room = np.full((height.shape[0] + 2, height.shape[1] + 2), np.inf, np.float32 if plain else np.float64)
    room[1:-1, 1:-1] = height if mask is None else np.where(mask, height, room.dtype.type(np.inf))
    return room


def ways(width: int, connectivity: int) -> dict[int, int]:
    """The codes of the neighbours and how far off they are in a flat image of so many columns."""
    reach = {4: 1, 8: 2}[connectivity]
    return {code: row * width + col for code, (row, col) in enumerate(STEPS) if abs(row) + abs(col) <= reach}


def offsets(width: int) -> np.ndarray:
    """How far off the pixel is that a code of `lowest_beside` leads to."""
    steps = np.zeros(2 * LEVEL, np.int64)
    steps[: len(STEPS)] = steps[LEVEL : LEVEL + len(STEPS)] = [row * width + col for row, col in STEPS]
    return steps


def lowest_beside(height: np.ndarray, connectivity: int) -> np.ndarray:
    """For each pixel the code of the lowest one among it and its neighbours; among equals the last.

    Parameters
    ----------
    height : (H, W) float array
        With its frame.
    connectivity : {8, 4}

    Returns
    -------
    codes : (H, W) uint8 array
        Index into `STEPS`, `LEVEL` more where no neighbour is lower. Of no meaning in the frame.
    """
    codes = np.zeros(height.shape, np.uint8)
    shape = cv2.MORPH_RECT if connectivity == 8 else cv2.MORPH_CROSS
    kernel = cv2.getStructuringElement(shape, (3, 3))
    known = ways(height.shape[1], connectivity)
    rows = max(1, STRIP // height.shape[1])
    for top in range(1, len(height) - 1, rows):
        end = min(top + rows, len(height) - 1)
        lowest = cv2.erode(height[top - 1 : end + 1], kernel)[1:-1, 1:-1]
        best = np.zeros(lowest.shape, np.uint8)
        for code, (row, col) in enumerate(STEPS):
            if code in known:
                beside = height[top + row : end + row, 1 + col : height.shape[1] - 1 + col]
                np.maximum(best, (beside == lowest).view(np.uint8) * np.uint8(code), out=best)
        best += (height[top:end, 1:-1] == lowest).view(np.uint8) * np.uint8(LEVEL)
        codes[top:end, 1:-1] = best
    return codes


def ends(to: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow every place to where its way ends; give the ends, and for each place the number of its end.

    Examples
    --------
    >>> ends(np.array([0, 0, 1, 3]))
    (array([0, 3]), array([0, 0, 0, 1]))
    """
    while not np.array_equal(to, further := np.take(to, to)):  # each round doubles how far every place has come
        to = further
    last = to == np.arange(len(to))
    return np.flatnonzero(last), np.take(np.cumsum(last) - 1, to)


def passes(basins: np.ndarray, height: np.ndarray, connectivity: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of neighbouring pixels that lie in different basins.

    Parameters
    ----------
    basins : (H, W) int32 array
        Number of the basin, with its frame; 0 = none.
    height : (H, W) float array
        With its frame.
    connectivity : {8, 4}

    Returns
    -------
    level, one, other : 1-D arrays
        The height of the higher pixel, and the two basins, the lower number first.
    """
    flat, levels = basins.reshape(-1), height.reshape(-1)
    size = STRIP // WORD * WORD
    found = []
    for step in (step for step in ways(basins.shape[1], connectivity).values() if step > 0):
        for first in range(0, len(flat) - step, size):
            beside = flat[first + step : first + step + size]
            differ = np.zeros(size, bool)
            np.not_equal(flat[first : first + len(beside)], beside, out=differ[: len(beside)])
            here = nonzero(differ) + first
            here = here[(flat[here] > 0) & (flat[here + step] > 0)]
            one, other = flat[here], flat[here + step]
            level = np.maximum(levels[here], levels[here + step])
            found.append((level, np.minimum(one, other), np.maximum(one, other)))
    if not found:
        return np.empty(0, height.dtype), np.empty(0, np.int32), np.empty(0, np.int32)
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def lowest_passes(level: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the passes between the same two basins the lowest only; in the order of their height."""
    order = np.lexsort((level, other, one))
    level, one, other = level[order], one[order], other[order]
    first = np.ones(len(level), bool)
    first[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    level, one, other = level[first], one[first], other[first]
    order = np.argsort(level, kind="stable")
    return level[order], one[order], other[order]
