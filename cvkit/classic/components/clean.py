"""Clean a mask or labels object by object: small ones, holes, those at the border, all but the largest."""

import cv2
import numpy as np

from cvkit.arrays import Mask, Objects, as_labels, as_mask, is_mask, number, one_of, whole
from cvkit.classic.components.labelling import label, relabel


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
    return _keep(objects, connectivity, lambda areas: areas >= area)


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
    whole(count, "count")

    def chosen(areas):
        keep = np.zeros(len(areas), bool)
        keep[np.argsort(-areas, kind="stable")[:count]] = True
        return keep & (areas > 0)

    return _keep(objects, connectivity, chosen)


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
    labels, is_mask = _labels(objects, connectivity)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    keep = np.ones(labels.max() + 1, bool)
    keep[edge] = keep[0] = False
    return _chosen(labels, keep, is_mask)


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
    mask = as_mask(mask)
    outside = cv2.copyMakeBorder(np.ascontiguousarray(mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), 2, flags=12 - connectivity)
    holes = outside[1:-1, 1:-1] == 0
    if area is not None:
        number(area, "area", low=0)
        holes &= ~remove_small(holes, area=area + 1, connectivity=12 - connectivity)
    return mask | holes


def _keep(objects: np.ndarray, connectivity: int, choose) -> np.ndarray:
    """Keep the objects that `choose` picks by their areas in pixels."""
    labels, is_mask = _labels(objects, connectivity)
    keep = choose(np.bincount(labels.ravel())[1:])
    return _chosen(labels, np.concatenate([[False], keep]), is_mask)


def _labels(objects: np.ndarray, connectivity: int) -> tuple[np.ndarray, bool]:
    """Labels without gaps, and whether a mask was given."""
    one_of(connectivity, "connectivity", (4, 8))
    if is_mask(objects):
        return label(as_mask(objects), connectivity=connectivity), True
    return relabel(as_labels(objects)), False


def _chosen(labels: np.ndarray, keep: np.ndarray, is_mask: bool) -> np.ndarray:
    return keep[labels] if is_mask else np.where(keep, np.cumsum(keep), 0).astype(np.int32)[labels]
