"""What the scores mean: the only definitions in the project. The truth always comes first.

Two empty sides agree: every score is then 1. Where only one side is empty every score is 0, precision and recall
too, so that nothing is gained by predicting nothing.
"""

import numpy as np

from cvkit.arrays import MOST, VOID, Classes, Labels, Mask, Table, as_labels, as_mask, is_mask, same_shape, whole
from cvkit.errors import WrongType

RESAMPLES = 2000


def dice(truth: Mask, prediction: Mask) -> float:
    """Dice's coefficient, the same as F1: ``2 TP / (2 TP + FP + FN)`` over pixels.

    L. R. Dice, Ecology 26(3), 1945. doi:10.2307/1932409

    Parameters
    ----------
    truth, prediction : (H, W) bool array
        Numbers are taken too if there are two values at most, one of them 0.

    Returns
    -------
    dice : float, 0..1
        1 if both are empty.

    Raises
    ------
    ValueError, TypeError
        If one is not a mask or the shapes differ; so do all functions here.

    Examples
    --------
    >>> dice(np.array([[True, True, False, True]]), np.array([[True, False, True, True]]))
    0.6666666666666666
    """
    hit, false_alarm, missed = _counts(truth, prediction)
    return _share(2 * hit, 2 * hit + false_alarm + missed)


def iou(truth: Mask, prediction: Mask) -> float:
    """Intersection over union, Jaccard's index: ``TP / (TP + FP + FN)`` over pixels.

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    iou : float, 0..1
        1 if both are empty.

    Examples
    --------
    >>> iou(np.array([[True, True, False, True]]), np.array([[True, False, True, True]]))
    0.5
    """
    hit, false_alarm, missed = _counts(truth, prediction)
    return _share(hit, hit + false_alarm + missed)


def precision(truth: Mask, prediction: Mask) -> float:
    """The share of the predicted pixels that are right: ``TP / (TP + FP)``.

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    precision : float, 0..1
        1 if both are empty, 0 if only one is.

    Examples
    --------
    >>> precision(np.array([[True, True, False]]), np.array([[True, False, False]]))
    1.0
    """
    hit, false_alarm, missed = _counts(truth, prediction)
    return _share(hit, hit + false_alarm, nothing=float(missed == 0))


def recall(truth: Mask, prediction: Mask) -> float:
    """The share of the true pixels that are found: ``TP / (TP + FN)``.

    Parameters
    ----------
    truth, prediction : (H, W) bool array

    Returns
    -------
    recall : float, 0..1
        1 if both are empty, 0 if only one is.

    Examples
    --------
    >>> recall(np.array([[True, True, False]]), np.array([[True, False, False]]))
    0.5
    """
    hit, false_alarm, missed = _counts(truth, prediction)
    return _share(hit, hit + missed, nothing=float(false_alarm == 0))


def mean_iou(truth: Classes, prediction: Classes) -> float:
    """The IoU of each class, averaged over the classes that either side holds; void pixels of the truth left out.

    For one image. Published figures of a data set often add up the counts of all its images before they divide,
    which gives another number than the mean over images.

    Parameters
    ----------
    truth, prediction : (H, W) array of integers, 0..255
        255 in the truth is void; 255 in the prediction is a wrong answer.

    Returns
    -------
    mean_iou : float, 0..1
        NaN if the whole truth is void.

    Examples
    --------
    >>> mean_iou(np.array([[0, 0, 1, 255]], np.uint8), np.array([[0, 1, 1, 1]], np.uint8))
    0.5
    """
    truth, prediction = as_labels(truth, "truth"), as_labels(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    if max(truth.max(), prediction.max()) > VOID:
        raise ValueError(f"classes must lie in 0..255, got {truth.max()} in truth, {prediction.max()} in prediction.")
    valid = truth != VOID
    counts = np.bincount(truth[valid] * 256 + prediction[valid], minlength=256 * 256).reshape(256, 256)
    both = np.diagonal(counts)[:VOID]
    either = (counts.sum(axis=0) + counts.sum(axis=1))[:VOID] - both
    present = either > 0
    return float(np.mean(both[present] / either[present])) if present.any() else float("nan")


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
    truth, prediction = _objects(truth, "truth"), _objects(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    overlap = (truth > 0) & (prediction > 0)
    codes, shared = np.unique(truth[overlap].astype(np.int64) << 32 | prediction[overlap], return_counts=True)
    one, other = codes >> 32, codes & 0xFFFFFFFF
    union = _areas(truth, one) + _areas(prediction, other) - shared
    return {"truth": one, "prediction": other, "iou": shared / union}


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
        If the shapes differ or `iou` lies outside its range.

    Examples
    --------
    >>> average_precision(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 1, 0]]))
    0.5
    """
    if isinstance(iou, bool) or not isinstance(iou, (int, float, np.number)) or not 0.5 <= iou < 1:
        raise ValueError(f"`iou` must be a number of at least 0.5 and below 1, got {iou!r}.")
    pairs = match_objects(truth, prediction)
    found = pairs["iou"] >= iou
    # Above 0.5 an object has one partner at most. At 0.5 it may have two, its exact halves, and these have no other:
    # each group of partners counts as one match, and there are as many groups as objects less links.
    ends = len(np.unique(pairs["truth"][found])) + len(np.unique(pairs["prediction"][found]))
    hit = ends - np.count_nonzero(found)
    return _share(hit, _number(truth) + _number(prediction) - hit)


def bootstrap(values: np.ndarray, *, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """The interval in which the mean over images lies: percentiles of the means of images drawn with replacement.

    B. Efron, Annals of Statistics 7(1), 1979. doi:10.1214/aos/1176344552. It says how far the choice of these
    images matters; with fewer than ten of them it is too narrow.

    Parameters
    ----------
    values : (N,) array
        One score an image; NaN is left out.
    seed : int
    level : float, 0..1
        The share of the means that lie within.

    Returns
    -------
    low, high : float
        NaN if there are fewer than two values, or an infinite one.

    Examples
    --------
    >>> bootstrap([0.5, 0.5, 0.5]), bootstrap([0.5])
    ((0.5, 0.5), (nan, nan))
    """
    values = np.asarray(values)
    if values.dtype.kind not in "buif" or values.size > MOST:
        raise WrongType(
            "array-type", "`values` must be real numbers, one an image", came=f"{values.dtype} {values.shape}"
        )
    values = values.astype(float).ravel()
    values = values[~np.isnan(values)]
    if not 0 < level < 1:
        raise ValueError(f"`level` must lie between 0 and 1, got {level!r}.")
    if len(values) < 2 or np.isinf(values).any():
        return float("nan"), float("nan")
    random = np.random.default_rng(whole(seed, "seed", low=0))
    drawn = (random.integers(len(values), size=(RESAMPLES // 20, len(values))) for _ in range(20))
    means = np.concatenate([values[index].mean(axis=1) for index in drawn])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _counts(truth: Mask, prediction: Mask) -> tuple[int, int, int]:
    """Pixels that are hit, false alarms, missed."""
    truth, prediction = as_mask(truth, "truth"), as_mask(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    hit = int(np.count_nonzero(truth & prediction))
    return hit, int(np.count_nonzero(prediction)) - hit, int(np.count_nonzero(truth)) - hit


def _share(part: int, whole: int, nothing: float = 1.0) -> float:
    return float(part / whole) if whole else nothing


def _objects(labels: Labels, name: str) -> np.ndarray:
    if is_mask(labels):
        raise TypeError(f"`{name}` is a mask; number its objects first, with the step `label`.")
    return as_labels(labels, name)


def _areas(labels: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The area in pixels of each of these objects."""
    if labels.max() <= labels.size:
        return np.bincount(labels.ravel())[numbers]
    present, areas = np.unique(labels, return_counts=True)
    return areas[np.searchsorted(present, numbers)]


def _number(labels: Labels) -> int:
    """How many objects there are."""
    return int(np.count_nonzero(np.unique(labels)))
