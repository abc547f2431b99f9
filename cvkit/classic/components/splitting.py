"""Part touching objects where they are narrow: watershed of the distance to the background, basins merged by neck.

S. Beucher, C. Lantuejoul, Use of watersheds in contour detection, CCETT/IRISA workshop, Rennes, 1979. Which basins
belong together is decided by the ratio of the neck between them to their own width, so that no size has to be known.
"""

import cv2
import numpy as np

from cvkit.arrays import Labels, Mask, as_mask, number, one_of

ADJACENT = {4: (1,), 8: (1, 2)}  # how many of row and column change in one step


def split(mask: Mask, *, neck: float = 0.85, connectivity: int = 8) -> Labels:
    """Label a mask and part objects that touch.

    Every pixel climbs the distance to the background to a summit; the pixels of a summit are a basin. Two basins
    are one object if the highest pass between them is at least `neck` of the lower summit.

    Parameters
    ----------
    mask : (H, W) array
    neck : float, 0..1
        Objects are parted where they are narrower than this share of the smaller one's width. 0 parts nothing;
        towards 1 ever slighter waists are cut.
    connectivity : {8, 4}
        Of the mask.

    Returns
    -------
    labels : (H, W) int32 array
        Numbered in the order in which rows meet them.

    Examples
    --------
    >>> rows, cols = np.mgrid[:21, :36]
    >>> two = (np.hypot(rows - 10, cols - 10) < 9) | (np.hypot(rows - 10, cols - 25) < 9)
    >>> split(two).max(), split(two, neck=0).max()
    (np.int32(2), np.int32(1))
    """
    number(neck, "neck", 0, 1)
    one_of(connectivity, "connectivity", (4, 8))
    mask = as_mask(mask)
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    distance = cv2.distanceTransform(np.ascontiguousarray(mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # A light blur takes away the summits that the pixel grid makes; a ring of background saves asking for borders.
    height = np.pad(np.where(mask, cv2.GaussianBlur(distance, (0, 0), 1.0), 0), 1)
    pixels = np.flatnonzero(height)
    width = height.shape[1]
    steps = [
        row * width + col for row in (-1, 0, 1) for col in (-1, 0, 1) if abs(row) + abs(col) in ADJACENT[connectivity]
    ]
    basins = _climb(height.ravel(), pixels, steps)
    objects = _join(basins, height.ravel(), pixels, steps, neck)
    labels = np.zeros(height.size, np.int32)
    labels[pixels] = objects
    return np.ascontiguousarray(labels.reshape(height.shape)[1:-1, 1:-1])


def _climb(height: np.ndarray, pixels: np.ndarray, steps: list[int]) -> np.ndarray:
    """For every place the summit that the steepest way up from it ends at; equal heights go to the later place."""
    upper, best = pixels.copy(), height[pixels]
    for step in steps:
        beside = height[pixels + step]
        higher = (beside > best) | ((beside == best) & (pixels + step > upper))
        upper = np.where(higher, pixels + step, upper)
        best = np.where(higher, beside, best)
    summit = np.arange(height.size)
    summit[pixels] = upper
    while True:  # each round doubles how far every pixel has climbed
        further = summit[summit]
        if np.array_equal(further, summit):
            return summit
        summit = further


def _join(summit: np.ndarray, height: np.ndarray, pixels: np.ndarray, steps: list[int], neck: float) -> np.ndarray:
    """Number the objects that the basins make, highest passes first; give the number of each pixel."""
    passes = _passes(summit, height, pixels, steps)
    parent = {}

    def root(place):
        while place in parent:
            place = parent[place]
        return place

    for level, one, other in passes:
        low, high = sorted((root(one), root(other)), key=lambda place: (height[place], place))
        if low != high and level >= neck * height[low]:
            parent[low] = high
    summits, index = np.unique(summit[pixels], return_inverse=True)
    roots = np.array([root(place) for place in summits.tolist()])[index]
    found, first, index = np.unique(roots, return_index=True, return_inverse=True)
    number = np.empty(len(found), np.int32)
    number[np.argsort(first)] = np.arange(1, len(found) + 1)
    return number[index]


def _passes(summit: np.ndarray, height: np.ndarray, pixels: np.ndarray, steps: list[int]) -> list[tuple]:
    """The highest pass between every two basins that touch: (height, summit, summit), highest first."""
    found = []
    for step in (step for step in steps if step > 0):
        beside = pixels + step
        border = (height[beside] > 0) & (summit[beside] != summit[pixels])
        here, there = pixels[border], beside[border]
        ends = np.sort(np.stack([summit[here], summit[there]]), axis=0)
        found.append((np.minimum(height[here], height[there]), *ends))
    level, one, other = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((-level, other, one))
    level, one, other = level[order], one[order], other[order]
    highest = np.ones(len(level), bool)
    highest[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    level, one, other = level[highest], one[highest], other[highest]
    order = np.argsort(-level, kind="stable")
    return list(zip(level[order].tolist(), one[order].tolist(), other[order].tolist(), strict=True))
