"""Morphology of masks: dilation, erosion, opening, closing with discs and squares, and reconstruction.

J. Serra, Image Analysis and Mathematical Morphology, Academic Press, 1982. A disc is the union of the rectangles that
fit into it; what a rectangle does is done for 64 pixels at a time by moving bits.
"""

import functools
import math

import cv2
import numpy as np

from cvkit.arrays import Mask, as_mask, one_of, same_shape, whole
from cvkit.classic.components.bits import SIZE, WORD, left, pack, right, unpack
from cvkit.classic.components.clean import hysteresis
from cvkit.reach import reach

KERNEL = {"disk": 3, "square": 12}  # the largest radius for which OpenCV is faster than moving bits,
LARGE = 1 << 24  # unless there are so many pixels that memory is what limits both
CODES = {(0, 0): cv2.MORPH_DILATE, (1, 0): cv2.MORPH_ERODE, (0, 1): cv2.MORPH_CLOSE, (1, 1): cv2.MORPH_OPEN}
STRIP = 1 << 15  # words of a strip, so that a strip stays in the cache


@reach(lambda radius: radius)
def dilation(mask: Mask, *, radius: int = 1, shape: str = "disk") -> Mask:
    """Grow a mask: every pixel within `radius` of a foreground pixel.

    Parameters
    ----------
    mask : (H, W) array
    radius : int
        In pixels, at least 0.
    shape : {"disk", "square"}
        Offsets with ``row**2 + col**2 <= radius**2``, or the square of side ``2 * radius + 1``.

    Returns
    -------
    mask : (H, W) bool array

    Examples
    --------
    >>> dilation(np.array([[False, False, True]])).astype(int)
    array([[0, 1, 1]])
    """
    return _morphology(mask, radius, shape, False, False)


@reach(lambda radius: radius)
def erosion(mask: Mask, *, radius: int = 1, shape: str = "disk") -> Mask:
    """Shrink a mask: the pixels with no background within `radius`; what is outside of the image does not count.

    Parameters
    ----------
    mask : (H, W) array
    radius : int
        In pixels, at least 0.
    shape : {"disk", "square"}
        As of `dilation`.

    Returns
    -------
    mask : (H, W) bool array

    Examples
    --------
    >>> erosion(np.array([[False, True, True]])).astype(int)
    array([[0, 0, 1]])
    """
    return _morphology(mask, radius, shape, True, False)


@reach(lambda radius: 2 * radius)
def opening(mask: Mask, *, radius: int = 1, shape: str = "disk") -> Mask:
    """Remove what a disc or square does not fit into: specks, spurs, thin bridges.

    Parameters
    ----------
    mask : (H, W) array
    radius : int
        In pixels, at least 0.
    shape : {"disk", "square"}
        As of `dilation`.

    Returns
    -------
    mask : (H, W) bool array
        `erosion`, then `dilation`; objects are not cut at the border of the image.

    Notes
    -----
    The same as ``opening`` of scikit-image with ``disk(radius)`` and OpenCV's with that kernel.

    Examples
    --------
    >>> opening(np.array([[True, False, True, True, True, False]]), shape="square").astype(int)
    array([[0, 0, 1, 1, 1, 0]])
    """
    return _morphology(mask, radius, shape, True, True)


@reach(lambda radius: 2 * radius)
def closing(mask: Mask, *, radius: int = 1, shape: str = "disk") -> Mask:
    """Fill what a disc or square does not fit into: small holes, gaps, notches.

    Parameters
    ----------
    mask : (H, W) array
    radius : int
        In pixels, at least 0.
    shape : {"disk", "square"}
        As of `dilation`.

    Returns
    -------
    mask : (H, W) bool array
        `dilation`, then `erosion`; the border of the image erodes nothing.

    Notes
    -----
    The same as ``closing`` of scikit-image with ``disk(radius)`` and OpenCV's with that kernel.

    Examples
    --------
    >>> closing(np.array([[True, False, True, False, False, False]]), shape="square").astype(int)
    array([[1, 1, 1, 0, 0, 0]])
    """
    return _morphology(mask, radius, shape, False, True)


def reconstruct(marker: np.ndarray, mask: np.ndarray, *, connectivity: int = 8) -> np.ndarray:
    """Keep the objects of a mask that a marker touches, whole.

    Parameters
    ----------
    marker : (H, W) array
        Bool, or 0 and one other value; only where the mask is foreground does it count.
    mask : (H, W) array
    connectivity : {8, 4}
        Of the mask.

    Returns
    -------
    mask : (H, W) bool array
        What dilations of the marker within the mask end in.

    Examples
    --------
    >>> reconstruct(np.array([[0, 0, 1, 0]]), np.array([[1, 0, 1, 1]])).astype(int)
    array([[0, 0, 1, 1]])
    """
    marker, mask = as_mask(marker, "marker"), as_mask(mask)
    same_shape(marker, mask, "`marker` and `mask`")
    return hysteresis(mask, marker, connectivity=connectivity)


def _morphology(mask: np.ndarray, radius: int, shape: str, erode: bool, twice: bool) -> np.ndarray:
    """Erode if asked to, else dilate; then the other of the two if asked to."""
    whole(radius, "radius", 0)
    one_of(shape, "shape", ("disk", "square"))
    mask = as_mask(mask)
    if radius == 0:
        return mask.copy()
    radius = min(radius, 2 * max(mask.shape))  # a larger one reaches everything just so
    if radius <= KERNEL[shape] and mask.size < LARGE:
        small = np.ascontiguousarray(mask).view(np.uint8)
        return cv2.morphologyEx(small, CODES[erode, twice], _kernel(radius, shape)).view(bool)
    return _by_bits(mask, _rectangles(radius, shape), erode, twice)


@functools.cache
def _kernel(radius: int, shape: str) -> np.ndarray:
    steps = np.arange(-radius, radius + 1)
    inside = shape == "square" or steps[:, None] ** 2 + steps**2 <= radius**2
    return np.broadcast_to(inside, 2 * (2 * radius + 1,)).astype(np.uint8)


def _rectangles(radius: int, shape: str) -> list[tuple[int, int]]:
    """Half widths and half heights of the rectangles whose union is the shape, the narrowest first."""
    if shape == "square":
        return [(radius, radius)]
    return sorted({math.isqrt(radius**2 - row**2): row for row in range(radius + 1)}.items())


def _by_bits(mask: np.ndarray, boxes: list, erode: bool, twice: bool) -> np.ndarray:
    """Strip by strip; erosion is dilation of the background."""
    height, width = mask.shape
    reach = boxes[-1][0]
    halo = reach * (1 + twice)
    out = np.empty(mask.shape, bool)
    rows = max(STRIP * SIZE // (width + 2 * reach), 2 * halo, 1)
    for top in range(0, height, rows):
        start, stop = max(0, top - halo), min(height, top + rows + halo)
        words = pack(mask[start:stop], reach, 2 * reach)
        inside = pack(np.ones((1, width), bool), 0, 2 * reach)
        inner = words[reach : len(words) - reach]
        for invert in (erode, True) if twice else (erode,):
            if invert:
                np.bitwise_and(~inner, inside, out=inner)
            inner[:] = _grow(words, boxes) & inside
        chosen = unpack(inner[top - start : min(top + rows, height) - start], width)
        # two inversions of an opening cancel out, the one of a closing or an erosion does not
        np.not_equal(chosen, erode != twice, out=out[top : top + rows])
    return out


def _grow(words: np.ndarray, boxes: list) -> np.ndarray:
    """Dilate rows of bits by the union of rectangles; as many rows at the top and the bottom as they reach are lost."""
    reach = boxes[-1][0]
    rows = len(words) - 2 * reach
    grown = np.zeros((rows, words.shape[1]), WORD)
    run, length = words, 1  # each bit is that of itself and of those before it
    for wide, high in boxes:
        run, length = _lengthen(run, length, 2 * wide + 1, lambda run, step: run | right(run, step))
        column = left(run, wide)[reach - high : reach + high + rows]
        column, _ = _lengthen(column, 1, 2 * high + 1, lambda column, step: column[:-step] | column[step:])
        grown |= column
    return grown


def _lengthen(run: np.ndarray, length: int, wanted: int, join) -> tuple[np.ndarray, int]:
    """Lengthen what is known of stretches of bits, by joining two that overlap."""
    while length < wanted:
        step = min(length, wanted - length)
        run, length = join(run, step), length + step
    return run, length
