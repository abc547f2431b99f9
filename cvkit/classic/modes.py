"""The two peaks of a histogram, which is smoothed until it has no more."""

import itertools

import numpy as np

from cvkit.errors import CvkitError

MOST = 10_000  # rounds of smoothing
_AT_ONCE = 32  # rounds after which the peaks are looked at, all of them together


def two_peaks(counts: np.ndarray, method: str) -> tuple[np.ndarray, int, int]:
    """Take means of three neighbours until two peaks are left; what lies beyond the ends counts as 0.

    Parameters
    ----------
    counts : (L,) float64 array
    method : str
        Who asks, for the error.

    Returns
    -------
    smooth : (L,) float64 array
    first, second : int
        Its peaks.

    Raises
    ------
    ValueError
        If there is one peak only, or there are more after 10,000 rounds.
    """
    if len(counts) == 2:
        return np.zeros(2), 0, 1
    rounds = np.zeros((_AT_ONCE + 1, len(counts) + 2))
    rounds[0, 1:-1] = counts
    views = [(before[:-2], before[1:-1], before[2:]) for before in rounds]
    inner = rounds[:, 1:-1]
    for _ in range(0, MOST, _AT_ONCE):
        for (left, middle, right), (_, after, _) in itertools.pairwise(views):
            np.add(left, middle, after)
            np.add(after, right, after)
            np.divide(after, 3, after)
        peaks = (inner[:, 1:-1] > inner[:, :-2]) & (inner[:, 1:-1] > inner[:, 2:])
        many = peaks.sum(axis=1)
        if (many == 2).any():
            chosen = int(np.argmax(many == 2))
            first, second = np.flatnonzero(peaks[chosen]) + 1
            return inner[chosen], int(first), int(second)
        if many[-1] < 2:
            break
        rounds[0] = rounds[-1]
    raise CvkitError(
        "image-modes",
        came=(
            f"{method} needs a histogram of two peaks, but this one has "
            f"{'one' if many[-1] < 2 else 'more'} however it is smoothed"
        ),
        remedy="try otsu, which needs none",
    )
