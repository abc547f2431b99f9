"""Scores of objects: which true object is which predicted one, and what that says. The truth always comes first.

Two sides without objects agree: every score is then 1. A mask has no numbered objects; `evaluate` numbers its
components.
"""

from typing import NamedTuple

import numpy as np

from cvkit.arrays import Labels, Table, as_labels, is_mask, same_shape
from cvkit.errors import CvkitError, WrongType

TABLE = 1 << 22  # entries of a table of all pairs, up to which counting into it is faster than sorting


def match_objects(truth: Labels, prediction: Labels) -> Table:
    """The IoU of every two objects that overlap.

    Parameters
    ----------
    truth, prediction : (H, W) int32 array
        0 = background; the numbers need not be without gaps.

    Returns
    -------
    pairs : dict of arrays, one entry a pair
        ``truth``, ``prediction``: the numbers of the two; ``iou``: 0..1.

    Examples
    --------
    >>> match_objects(np.array([[1, 1, 0, 7]]), np.array([[3, 3, 3, 0]]))["iou"]
    array([0.66666667])
    """
    found = _overlaps(truth, prediction)
    return {"truth": found.truth, "prediction": found.prediction, "iou": found.shared / found.union}


def average_precision(truth: Labels, prediction: Labels, *, iou: float = 0.5) -> float:
    """The score of the Data Science Bowl 2018: ``TP / (TP + FP + FN)`` over objects.

    A true object is found (TP) if a predicted one overlaps it with an IoU of at least `iou`; each is used once.
    Caicedo et al., Nature Methods 16, 2019. doi:10.1038/s41592-019-0612-7. The name is that of the contest and of
    StarDist; it is no area under a curve.

    Parameters
    ----------
    truth, prediction : (H, W) int32 array
        0 = background.
    iou : float, 0.5 <= iou < 1
        An IoU of just so much is a match.

    Returns
    -------
    average_precision : float, 0..1
        1 if neither side holds an object.

    Raises
    ------
    TypeError
        If one is a mask: number its objects first.
    ValueError
        If the shapes differ or `iou` lies outside its range; so do all functions here.

    Examples
    --------
    >>> average_precision(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 1, 0]]))
    0.5
    """
    hit, false_alarm, missed = _hits(_overlaps(truth, prediction), _least(iou))
    return hit / (hit + false_alarm + missed) if hit + false_alarm + missed else 1.0


def object_f1(truth: Labels, prediction: Labels, *, iou: float = 0.5) -> float:
    """Dice's coefficient over objects: ``2 TP / (2 TP + FP + FN)``, matched as by `average_precision`.

    Parameters
    ----------
    truth, prediction : (H, W) int32 array
    iou : float, 0.5 <= iou < 1

    Returns
    -------
    f1 : float, 0..1

    Examples
    --------
    >>> object_f1(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 1, 0]]))
    0.6666666666666666
    """
    hit, false_alarm, missed = _hits(_overlaps(truth, prediction), _least(iou))
    return 2 * hit / (2 * hit + false_alarm + missed) if hit + false_alarm + missed else 1.0


def panoptic_quality(truth: Labels, prediction: Labels) -> float:
    """How many objects are found times how well: the IoUs of matches over ``TP + FP / 2 + FN / 2``.

    A match has an IoU above 0.5, so that no object has two. A. Kirillov et al., CVPR 2019.
    doi:10.1109/CVPR.2019.00963

    Parameters
    ----------
    truth, prediction : (H, W) int32 array

    Returns
    -------
    panoptic_quality : float, 0..1

    Examples
    --------
    >>> panoptic_quality(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 1, 0]]))
    0.4444444444444444
    """
    found = _overlaps(truth, prediction)
    quality = found.shared / found.union
    whole = (found.true_objects + found.objects) / 2  # TP + FP / 2 + FN / 2
    return float(quality[quality > 0.5].sum() / whole) if whole else 1.0


def aggregated_jaccard(truth: Labels, prediction: Labels) -> float:
    """Intersection over union with every true object paired with what overlaps it best; all that is unpaired counts.

    N. Kumar et al., IEEE TMI 36(7), 2017. doi:10.1109/TMI.2017.2677499. A predicted object may be paired more than
    once, as published.

    Parameters
    ----------
    truth, prediction : (H, W) int32 array

    Returns
    -------
    aggregated_jaccard : float, 0..1

    Examples
    --------
    >>> aggregated_jaccard(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 1, 0]]))
    0.5
    """
    found = _overlaps(truth, prediction)
    if not found.true_objects + found.objects:
        return 1.0
    best = np.lexsort((-found.shared / found.union, found.truth))
    best = best[np.flatnonzero(np.diff(found.truth[best], prepend=-1))]
    used = np.unique(found.prediction[best])
    alone_true = found.true_area - found.area_of(found.truth[best], found.true_areas)
    alone = found.area - found.area_of(used, found.areas)
    return float(found.shared[best].sum() / (found.union[best].sum() + alone_true + alone))


def count_error(truth: Labels, prediction: Labels) -> float:
    """How far the number of objects is off: the difference of the two counts, without sign.

    Parameters
    ----------
    truth, prediction : (H, W) int32 array

    Returns
    -------
    count_error : float
        0 is best.

    Examples
    --------
    >>> count_error(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 1, 0]]))
    1.0
    """
    found = _overlaps(truth, prediction)
    return float(abs(found.true_objects - found.objects))


class _Overlaps(NamedTuple):
    """Every pair of objects that overlap: their numbers, shared pixels and union; the areas of all objects."""

    truth: np.ndarray
    prediction: np.ndarray
    shared: np.ndarray
    union: np.ndarray
    true_areas: tuple[np.ndarray, np.ndarray]  # numbers, ascending, and pixels
    areas: tuple[np.ndarray, np.ndarray]

    @property
    def true_objects(self) -> int:
        return len(self.true_areas[0])

    @property
    def objects(self) -> int:
        return len(self.areas[0])

    @property
    def true_area(self) -> int:
        return int(self.true_areas[1].sum())

    @property
    def area(self) -> int:
        return int(self.areas[1].sum())

    @staticmethod
    def area_of(numbers: np.ndarray, areas: tuple[np.ndarray, np.ndarray]) -> int:
        return int(areas[1][np.searchsorted(areas[0], numbers)].sum())


def _overlaps(truth: Labels, prediction: Labels) -> _Overlaps:
    truth, prediction = _objects(truth, "truth"), _objects(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    rows, cols = int(truth.max()) + 1, int(prediction.max()) + 1
    if rows * cols <= TABLE:
        one, other = truth.ravel(), prediction.ravel()
        last = np.empty(one.size, bool)  # of a run of a pair; there are far fewer runs than pixels
        last[-1] = True
        np.not_equal(one[1:], one[:-1], out=last[:-1])
        last[:-1] |= other[1:] != other[:-1]
        ends = np.flatnonzero(last)
        table = np.bincount(one[ends] * cols + other[ends], weights=np.diff(ends, prepend=-1))
        pairs = np.flatnonzero(table != 0)  # of booleans it is five times as fast
        one, other = np.divmod(pairs, cols)
        shared = table[pairs].astype(np.int64)
        areas = [_present(np.bincount(numbers, shared)) for numbers in (one, other)]
        both = (one > 0) & (other > 0)
        one, other, shared = one[both], other[both], shared[both]
    else:
        both = (truth > 0) & (prediction > 0)
        codes, shared = np.unique(truth[both].astype(np.int64) << 32 | prediction[both], return_counts=True)
        one, other = codes >> 32, codes & 0xFFFFFFFF
        areas = [tuple(np.unique(labels[labels > 0], return_counts=True)) for labels in (truth, prediction)]
    sizes = [
        pixels[np.searchsorted(numbers, those)] for (numbers, pixels), those in zip(areas, (one, other), strict=True)
    ]
    return _Overlaps(one, other, shared, sizes[0] + sizes[1] - shared, *areas)


def _present(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.flatnonzero(counts[1:]) + 1
    return numbers, counts[numbers].astype(np.int64)


def _hits(found: _Overlaps, iou: float) -> tuple[int, int, int]:
    """Objects that are hit, false alarms, missed."""
    close = found.shared >= iou * found.union
    # Above 0.5 an object has one partner at most. At 0.5 it may have two, its exact halves, and these have no other:
    # each group of partners counts as one match, and there are as many groups as objects less links.
    ends = sum(len(set(side[close].tolist())) for side in (found.truth, found.prediction))
    hit = int(ends - np.count_nonzero(close))
    return hit, found.objects - hit, found.true_objects - hit


def _least(iou: float) -> float:
    if isinstance(iou, bool) or not isinstance(iou, (int, float, np.number)) or not 0.5 <= iou < 1:
        raise CvkitError("parameter-range", "`iou` must be a number of at least 0.5 and below 1", came=repr(iou))
    return iou


def _objects(labels: Labels, name: str) -> np.ndarray:
    if is_mask(labels):
        raise WrongType(
            "array-kind", came=f"`{name}` is a mask", remedy="number its objects first, with the step `label`"
        )
    return as_labels(labels, name)
