"""Otsu's thresholds for several classes: they lie as far apart as they can.

    T = argmax  sum over the classes of  s**2 / n        s: sum of the values of a class, n: how many they are

P. S. Liao, T. S. Chen, P. C. Chung, Journal of Information Science and Engineering 17(5), 2001. Not by trying every set
of thresholds, as there, but by dynamic programming over them; the best start of a class never lies before that of one
that ends earlier, by which the search is divided. doi:10.32614/RJ-2011-015 (H. Wang, M. Song, The R Journal 3(2), 2011)
scikit-image sums in float32, which may miss the optimum, and its examples count a threshold to the class above.
"""

import numpy as np

from cvkit.arrays import whole
from cvkit.classic.histogram import Histogram
from cvkit.errors import CvkitError

DENSE = 512  # levels up to which trying every start of every class is faster than dividing the search


def threshold(histogram: Histogram, *, classes: int = 3) -> list[float]:
    """Otsu's thresholds for several classes.

    Parameters
    ----------
    histogram : Histogram
        Of at least so many levels.
    classes : int
        From 2.

    Returns
    -------
    thresholds : list of classes - 1 floats
        Ascending, the last value of each class but the brightest, in the unit of the image.

    Raises
    ------
    ValueError
        If there are not so many different values.

    Examples
    --------
    >>> threshold(Histogram.of(np.array([[1, 2, 3, 11, 12, 13, 30]], np.uint8)))
    [3.0, 13.0]
    """
    levels = histogram.populated()
    many = len(levels.counts)
    if not 2 <= whole(classes, "classes") <= min(many, 255):
        raise CvkitError(
            "parameter-range",
            f"`classes` must be 2 to 255 and at most the {many} different values",
            came=str(classes),
            remedy="ask for fewer",
        )
    size = np.append(0, np.cumsum(levels.counts))
    total = np.append(0, np.cumsum(levels.counts * (levels.values - np.average(levels.values, weights=levels.counts))))
    best, starts = total[1:] ** 2 / size[1:], []
    every = _every(size, total) if many <= DENSE else None
    for before in range(1, classes):
        best, start = _extend(best, before, size, total) if every is None else _extend_by(every, best)
        starts.append(start)
    cuts, end = [], many - 1
    for start in reversed(starts):
        end = int(start[end]) - 1
        cuts.append(float(levels.edges[end]))
    return cuts[::-1]


def _every(size: np.ndarray, total: np.ndarray) -> np.ndarray:
    """What a class adds to the sum, by its last level and by the level before its first; none where it is empty."""
    pixels = size[1:, None] - size[1:-1]
    apart = total[1:, None] - total[1:-1]
    apart *= apart
    return np.divide(apart, pixels, out=np.full(pixels.shape, -np.inf), where=pixels > 0)


def _extend_by(every: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `_extend`, by trying every start."""
    sums = every + best[:-1]
    start = np.argmax(sums, axis=1)
    return np.take_along_axis(sums, start[:, None], axis=1)[:, 0], start + 1


def _extend(best: np.ndarray, before: int, size: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add a class: for every last level the best sum, and the level that the class starts at.

    `best[j]` is that of `before` classes that end at level j; fewer than `before` levels cannot hold them.
    """
    ends = np.arange(before, len(best))
    # Every other last level is solved first, then those between, whose class starts between the starts of these.
    reached, start = np.empty(len(ends)), np.full(len(ends), before)
    step = 1 << (len(ends) - 1).bit_length()
    while step:
        now = np.arange(step - 1, len(ends), 2 * step)
        low = np.where(now >= step, start[now - step], before)
        known = now + step < len(ends)
        high = np.where(known, np.minimum(start[np.where(known, now + step, 0)], ends[now]), ends[now])
        if len(now):
            reached[now], start[now] = _greatest(best, size, total, low, high, ends[now])
        step //= 2
    return _filled(best, before, reached, start)


def _greatest(best, size, total, low, high, ends) -> tuple[np.ndarray, np.ndarray]:
    """For every end the greatest sum over the starts from low to high, and the first start that has it."""
    many = high - low + 1
    first = np.cumsum(many) - many
    starts = np.arange(many.sum()) - np.repeat(first - low, many)
    pixels = np.repeat(size[ends + 1], many) - size[starts]
    sums = best[starts - 1] + (np.repeat(total[ends + 1], many) - total[starts]) ** 2 / pixels
    greatest = np.maximum.reduceat(sums, first)
    hits = np.flatnonzero(sums == np.repeat(greatest, many))
    return greatest, starts[hits[np.searchsorted(hits, first)]]


def _filled(best: np.ndarray, before: int, reached: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    none = np.full(before, -np.inf)
    return np.append(none, reached), np.append(np.zeros(before, np.int64), start)
