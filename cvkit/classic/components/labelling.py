"""Number the connected components of a mask, in an image or, where that is enough, run by run."""

import cv2
import numpy as np

from cvkit.arrays import Labels, Mask, as_labels, as_mask, is_mask, one_of
from cvkit.classic.runs import Runs, paint, runs

PIECE = 1 << 20  # pixels that are labelled at a time where no image of labels is wanted


def label(mask: Mask, *, connectivity: int = 8) -> Labels:
    """Number the connected components of a mask from 1, in the order in which rows meet them.

    Parameters
    ----------
    mask : (H, W) array
        bool, or 0 and one other value; of fewer than 2**31 pixels.
    connectivity : {8, 4}
        Whether pixels that touch at a corner belong together.

    Returns
    -------
    labels : (H, W) int32 array
        0 = background.

    Examples
    --------
    >>> label(np.array([[True, False, True]]))
    array([[1, 0, 2]], dtype=int32)
    """
    one_of(connectivity, "connectivity", (4, 8))
    return _label(as_mask(mask), connectivity)[1]


def relabel(labels: Labels) -> Labels:
    """Number the objects 1..N without gaps, their order kept.

    Parameters
    ----------
    labels : (H, W) array of integers
        Not negative; however large, where all other steps take int32 at most.

    Returns
    -------
    labels : (H, W) int32 array

    Examples
    --------
    >>> relabel(np.array([[0, 7, 3]]))
    array([[0, 2, 1]], dtype=int32)
    >>> relabel(np.array([[0, 2**60, 3]]))
    array([[0, 2, 1]], dtype=int32)
    """
    labels = as_objects(labels)
    whole = isinstance(labels, np.ndarray) and labels.dtype.kind in "ui" and labels.ndim == 2 and labels.size
    if whole and labels.min() >= 0 and labels.max() > np.iinfo(np.int32).max:
        values, index = np.unique(labels, return_inverse=True)
        return (index.reshape(labels.shape) + int(values[0] > 0)).astype(np.int32)
    labels = as_labels(labels)
    found, _ = numbered(labels)
    return paint(found, found.label, np.zeros(labels.shape, np.int32))


def as_objects(objects: np.ndarray) -> np.ndarray:
    """Lists as arrays, so that one of booleans counts as a mask."""
    return np.asarray(objects) if isinstance(objects, (list, tuple)) else objects


def objects_of(objects: np.ndarray, connectivity: int = 8) -> tuple[Runs, np.ndarray]:
    """Accept a mask or labels; give the runs of its objects, numbered 1..N, and the label of each number.

    A mask has the labels of its components; labels keep theirs, gaps included.
    """
    one_of(connectivity, "connectivity", (4, 8))
    if not is_mask(objects):
        return numbered(as_labels(objects))
    found, count = components(as_mask(objects), connectivity)
    return found, np.arange(1, count + 1, dtype=np.int32)


def numbered(labels: np.ndarray) -> tuple[Runs, np.ndarray]:
    """The runs of labels, numbered 1..N without gaps in the order of the labels, and the label of each number."""
    found = runs(labels)
    top = int(found.label.max(initial=0))
    if top > max(1 << 16, 4 * len(found.label)):
        values, index = np.unique(found.label, return_inverse=True)
        return found._replace(label=(index + 1).astype(np.int32)), values
    present = np.zeros(top + 1, bool)
    present[found.label] = True
    values = np.flatnonzero(present).astype(np.int32)
    if len(values) == top:
        return found, values
    return found._replace(label=np.cumsum(present, dtype=np.int32)[found.label]), values


def components(mask: np.ndarray, connectivity: int) -> tuple[Runs, int]:
    """The runs of a mask, each with the number of its component, and how many there are.

    The numbers are those of `label`. The mask is labelled piece by piece and the pieces are joined at their seams, so
    that no image of labels is made: for large images making it takes longer than computing it.
    """
    height, width = mask.shape
    rows = max(1, PIECE // width)
    room = np.empty((min(rows, height), width), np.int32)
    parts, seams, count, above = [], [], 0, None
    for row in range(0, height, rows):
        strip = mask[row : row + rows]
        new, labels = _label(strip, connectivity, room[: len(strip)])
        part = runs(strip)
        number = labels.reshape(-1)[part.row * width + part.start]
        parts.append(part._replace(row=part.row + row, label=number + count))
        if above is not None:
            seams.append(touching(above, _shifted(labels[0], count), connectivity))
        above = _shifted(labels[-1], count)
        count += new
    if len(parts) == 1:
        return parts[0], count
    found = Runs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    root = joined(count + 1, *np.concatenate(seams, axis=1))
    number = np.cumsum(root == np.arange(count + 1), dtype=np.int32) - 1
    return found._replace(label=number[root][found.label]), int(number[-1])


def joined(count: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each of `count` numbers the least one that the pairs `one`, `other` connect it with.

    Examples
    --------
    >>> joined(5, np.array([3, 1]), np.array([4, 3]))
    array([0, 1, 2, 1, 1])
    """
    root = np.arange(count)
    while True:
        low, high = np.minimum(root[one], root[other]), np.maximum(root[one], root[other])
        if np.array_equal(low, high):
            return root
        np.minimum.at(root, high, low)
        while not np.array_equal(root, further := root[root]):
            root = further


def _label(mask: np.ndarray, connectivity: int, room: np.ndarray | None = None) -> tuple[int, np.ndarray]:
    """How many components there are, and their labels, in `room` if given."""
    # SAUF numbers in raster order and is the fastest of OpenCV's ways where no statistics are wanted.
    mask = np.ascontiguousarray(mask).view(np.uint8)
    count, labels = cv2.connectedComponentsWithAlgorithm(mask, connectivity, cv2.CV_32S, cv2.CCL_SAUF, room)
    return count - 1, labels


def _shifted(labels: np.ndarray, offset: int) -> np.ndarray:
    return np.where(labels, labels + offset, 0)


def touching(above: np.ndarray, below: np.ndarray, connectivity: int) -> np.ndarray:
    """The pairs of labels, (2, n), that touch between two rows."""
    pairs = [np.stack([above, below])]
    if connectivity == 8:
        pairs += [np.stack([above[1:], below[:-1]]), np.stack([above[:-1], below[1:]])]
    pairs = np.concatenate(pairs, axis=1)
    return pairs[:, (pairs > 0).all(axis=0)]
