"""What the scores mean: the only definitions in the project, with `objects`, `borders` and `documents` beside it.

The truth always comes first.

Two empty sides agree: every score is then 1. Where only one side is empty every score is 0, precision and recall
too, so that nothing is gained by predicting nothing.
"""

import numpy as np

from cvkit.arrays import MOST, VOID, Classes, Mask, Table, as_labels, as_mask, same_shape, whole
from cvkit.errors import CvkitError, WrongType

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
    which gives another number than the mean over images: add up `confusion` and take `class_scores`.

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
    values = class_scores(confusion(truth, prediction))["iou"]
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def confusion(truth: Classes, prediction: Classes) -> np.ndarray:
    """Count the pixels of each true class that were given each class; void pixels of the truth left out.

    Parameters
    ----------
    truth, prediction : (H, W) array of integers, 0..255

    Returns
    -------
    counts : (256, 256) int64 array
        Row: true class; column: predicted class, 255 of which is a wrong answer.

    Examples
    --------
    >>> confusion(np.array([[0, 0, 1, 255]], np.uint8), np.array([[0, 1, 1, 1]], np.uint8))[:2, :2]
    array([[1, 1],
           [0, 1]])
    """
    truth, prediction = as_labels(truth, "truth"), as_labels(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    if max(truth.max(), prediction.max()) > VOID:
        raise CvkitError(
            "array-range",
            "classes must lie in 0..255",
            came=f"{truth.max()} in the truth, {prediction.max()} in the prediction",
            remedy="numbers of objects are compared as int32 labels",
        )
    valid = truth != VOID
    return np.bincount(truth[valid] * 256 + prediction[valid], minlength=256 * 256).reshape(256, 256)


def class_scores(counts: np.ndarray) -> Table:
    """The scores of each class from a table of confusion, which may be the sum over many images.

    Parameters
    ----------
    counts : (256, 256) array
        As of `confusion`.

    Returns
    -------
    scores : dict of arrays, one entry a class, void left out
        ``iou``, ``precision``, ``recall``: 0..1, NaN where neither side holds the class; ``pixels`` of the truth.

    Examples
    --------
    >>> class_scores(confusion(np.array([[0, 0, 1]], np.uint8), np.array([[0, 1, 1]], np.uint8)))["iou"][:3]
    array([0.5, 0.5, nan])
    """
    hit = np.diagonal(counts)[:VOID].astype(float)
    true, found = counts.sum(axis=1)[:VOID], counts.sum(axis=0)[:VOID]
    either = true + found - hit
    hit[either == 0] = np.nan
    one = {"iou": hit / np.maximum(either, 1), "precision": hit / np.maximum(found, 1)}
    return one | {"recall": hit / np.maximum(true, 1), "pixels": true}


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
        raise CvkitError("parameter-range", "`level` must lie between 0 and 1", came=repr(level), remedy="use 0.95")
    if len(values) < 2 or np.isinf(values).any():
        return float("nan"), float("nan")
    low, high = np.quantile(_means(values, seed), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_bootstrap(gains: np.ndarray, *, seed: int = 0) -> dict[str, float]:
    """Say how surely the mean of differences is above 0.

    Parameters
    ----------
    gains : (N,) array
        By how much one method is better than another on each image.
    seed : int

    Returns
    -------
    row : dict
        ``difference``, its interval ``low`` to ``high``, ``wins``, ``ties``, ``losses``, and ``sure``: the share of
        resampled sets of images whose mean is above 0, half of those of just 0 added; NaN for less than two images.

    Examples
    --------
    >>> row = paired_bootstrap([0.1, 0.2, 0.1, 0.0])
    >>> row["wins"], row["ties"], row["sure"] > 0.98
    (3, 1, True)
    """
    gains = np.asarray(gains, float).ravel()
    low, high = bootstrap(gains, seed=seed)
    sure = float("nan")
    if len(gains) > 1:
        means = _means(gains, seed)
        sure = float(np.mean(means > 0) + np.mean(means == 0) / 2)
    row = {"difference": float(gains.mean()) if len(gains) else float("nan"), "low": low, "high": high}
    row |= {"wins": int((gains > 0).sum()), "ties": int((gains == 0).sum()), "losses": int((gains < 0).sum())}
    return row | {"sure": sure}


def _means(values: np.ndarray, seed: int) -> np.ndarray:
    """The means of images drawn with replacement."""
    random = np.random.default_rng(whole(seed, "seed", low=0))
    drawn = (random.integers(len(values), size=(RESAMPLES // 20, len(values))) for _ in range(20))
    return np.concatenate([values[index].mean(axis=1) for index in drawn])


def _counts(truth: Mask, prediction: Mask) -> tuple[int, int, int]:
    """Pixels that are hit, false alarms, missed."""
    truth, prediction = as_mask(truth, "truth"), as_mask(prediction, "prediction")
    same_shape(truth, prediction, "truth and prediction")
    hit = int(np.count_nonzero(truth & prediction))
    return hit, int(np.count_nonzero(prediction)) - hit, int(np.count_nonzero(truth)) - hit


def _share(part: int, whole: int, nothing: float = 1.0) -> float:
    return float(part / whole) if whole else nothing
