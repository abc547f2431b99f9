"""Clean a mask or labels object by object: small ones, large ones, holes, those at the border, those without a mark."""

from collections.abc import Callable

import cv2
import numpy as np

from cvkit.arrays import Mask, Objects, as_mask, is_mask, number, one_of, same_shape, whole
from cvkit.classic.components.labelling import as_objects, components, objects_of
from cvkit.classic.runs import Runs, paint, runs


def remove_small(objects: Objects, *, area: float = 64, connectivity: int = 8) -> Objects:
    """Remove objects of fewer than `area` pixels.

    Parameters
    ----------
    objects : (H, W) bool or integer array
        A mask, whose connected components are the objects, or labels.
    area : float
        In pixels; an object of just so many stays.
    connectivity : {8, 4}
        Of a mask's components; labels say themselves what belongs together.

    Returns
    -------
    objects : (H, W) bool or int32 array
        As given; labels are numbered anew without gaps.

    Examples
    --------
    >>> remove_small(np.array([[True, True, False, True]]), area=2)
    array([[ True,  True, False, False]])
    """
    number(area, "area", low=0)
    return choose(objects, connectivity, lambda found, values: areas(found, len(values)) >= area)


def remove_large(objects: Objects, *, area: float = 4096, connectivity: int = 8) -> Objects:
    """Remove objects of more than `area` pixels.

    Parameters
    ----------
    objects : (H, W) bool or integer array
        A mask, whose connected components are the objects, or labels.
    area : float
        In pixels; an object of just so many stays.
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    objects : (H, W) bool or int32 array
        As given; labels are numbered anew without gaps.

    Examples
    --------
    >>> remove_large(np.array([[True, True, False, True]]), area=1)
    array([[False, False, False,  True]])
    """
    number(area, "area", low=0)
    return choose(objects, connectivity, lambda found, values: areas(found, len(values)) <= area)


def largest(objects: Objects, *, count: int = 1, connectivity: int = 8) -> Objects:
    """Keep the `count` largest objects; of two equal ones the first.

    Parameters
    ----------
    objects : (H, W) bool or integer array
    count : int
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    objects : (H, W) bool or int32 array
        As given; labels are numbered anew without gaps.

    Examples
    --------
    >>> largest(np.array([[True, True, False, True]]))
    array([[ True,  True, False, False]])
    """
    wanted = whole(count, "count")

    def chosen(found, values):
        keep = np.zeros(len(values), bool)
        keep[np.argsort(-areas(found, len(values)), kind="stable")[:wanted]] = True
        return keep

    return choose(objects, connectivity, chosen)


def clear_border(objects: Objects, *, connectivity: int = 8) -> Objects:
    """Remove the objects that touch the border of the image: they are cut, and their size is not known.

    Parameters
    ----------
    objects : (H, W) bool or integer array
    connectivity : {8, 4}
        Of a mask's components.

    Returns
    -------
    objects : (H, W) bool or int32 array
        As given; labels are numbered anew without gaps.

    Examples
    --------
    >>> clear_border(np.pad([[True]], ((0, 2), (1, 1)))).any()
    np.False_
    """
    one_of(connectivity, "connectivity", (4, 8))
    objects = as_objects(objects)
    if is_mask(objects):
        # A ring of foreground joins all that touches the border into one component.
        return _flooded(as_mask(objects), ring=1, value=0, connectivity=connectivity).view(bool)

    def inside(found, values):
        height, width = np.shape(objects)
        cut = (found.row == 0) | (found.row == height - 1) | (found.start == 0) | (found.stop == width)
        keep = np.ones(len(values), bool)
        keep[found.label[cut] - 1] = False
        return keep

    return choose(objects, connectivity, inside)


def fill_holes(mask: Mask, *, area: float | None = None, connectivity: int = 8) -> Mask:
    """Fill the holes of a mask: background that the border of the image does not reach.

    Parameters
    ----------
    mask : (H, W) array
    area : float, optional
        Fill only holes of at most so many pixels; all by default.
    connectivity : {8, 4}
        Of the foreground; the background has the other one, so that a closed line has an inside.

    Returns
    -------
    mask : (H, W) bool array

    Examples
    --------
    >>> fill_holes(np.pad([[False]], 1, constant_values=True)).all()
    np.True_
    """
    one_of(connectivity, "connectivity", (4, 8))
    if area is not None:
        number(area, "area", low=0)
    mask = as_mask(mask)
    filled = _flooded(mask, ring=0, value=2, connectivity=12 - connectivity) != 2
    if area is not None:
        holes, count = components(filled & ~mask, 12 - connectivity)
        wide = areas(holes, count) > area
        paint(_of(holes, wide), False, filled)
    return filled


def hysteresis(low: np.ndarray, high: np.ndarray, *, connectivity: int = 8) -> np.ndarray:
    """Keep the components of one mask in which another one has a pixel.

    Parameters
    ----------
    low : (H, W) array
        The mask whose components are kept or left out as a whole: what may be foreground.
    high : (H, W) array
        The marks: what is surely foreground. Those outside of `low` do not count.
    connectivity : {8, 4}
        Of `low`.

    Returns
    -------
    mask : (H, W) bool array

    Notes
    -----
    With two thresholds of an image this is the linking of J. Canny, IEEE PAMI 8(6), 1986.
    doi:10.1109/TPAMI.1986.4767851

    Examples
    --------
    >>> low, high = np.array([[1, 1, 0, 1]]), np.array([[0, 1, 0, 0]])
    >>> hysteresis(low, high)
    array([[ True,  True, False, False]])
    """
    one_of(connectivity, "connectivity", (4, 8))
    low, high = as_mask(low, "low"), as_mask(high, "high")
    same_shape(low, high, "low and high")
    found, count = components(low, connectivity)
    marks = runs(low & high)
    width = low.shape[1]
    within = np.searchsorted(found.row * width + found.start, marks.row * width + marks.start, "right") - 1
    keep = np.zeros(count, bool)
    keep[found.label[within] - 1] = True
    return _kept(low, found, keep)


def choose(objects: np.ndarray, connectivity: int, chosen: Callable[[Runs, np.ndarray], np.ndarray]) -> np.ndarray:
    """Keep the objects that `chosen` picks: a bool for each of them, by their runs and labels."""
    objects = as_objects(objects)
    found, values = objects_of(objects, connectivity)
    keep = chosen(found, values)
    if is_mask(objects):
        return _kept(objects, found, keep)
    kept = _of(found, keep)
    return paint(kept, np.cumsum(keep, dtype=np.int32)[kept.label - 1], np.zeros(np.shape(objects), np.int32))


def areas(found: Runs, count: int) -> np.ndarray:
    """Pixels of each object."""
    return np.bincount(found.label, found.length, count + 1)[1:].astype(np.int64)


def _of(found: Runs, keep: np.ndarray) -> Runs:
    """The runs of the objects that are to be kept."""
    chosen = np.flatnonzero(keep[found.label - 1])
    return Runs(*(column[chosen] for column in found))


def _kept(mask: np.ndarray, found: Runs, keep: np.ndarray) -> np.ndarray:
    """The objects of a mask that are to be kept: painted, or the others erased, whichever are fewer pixels."""
    kept = keep[found.label - 1]
    length = found.length
    if 2 * length[kept].sum() < length.sum():
        return paint(_of(found, keep), True, np.zeros(mask.shape, bool))
    return paint(_of(found, ~keep), False, np.array(mask, order="C"))


def _flooded(mask: np.ndarray, *, ring: int, value: int, connectivity: int) -> np.ndarray:
    """A mask as 0 and 1 in which `value` has flooded all that is joined to a ring of pixels around the image."""
    room = cv2.copyMakeBorder(np.ascontiguousarray(mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=ring)
    cv2.floodFill(room, None, (0, 0), value, flags=connectivity)
    return np.ascontiguousarray(room[1:-1, 1:-1])
