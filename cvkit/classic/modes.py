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
    raise _none(method, int(many[-1]))


def two_peaks_mirrored(counts: np.ndarray) -> tuple[np.ndarray, int, int]:
    """As `two_peaks`, but as scikit-image has it: in float32, mirrored at the ends, flat tops counted at their end."""
    smooth = np.empty(len(counts) + 2, np.float32)
    smooth[1:-1] = counts
    for _ in range(MOST - 1):
        smooth[0], smooth[-1] = smooth[1], smooth[-2]
        smooth[1:-1] = _means_of_three(smooth)
        step = np.diff(smooth[1:-1])
        moves = np.flatnonzero(step)
        falls = step[moves] < 0
        peaks = moves[falls & np.append(True, ~falls[:-1])]
        if len(peaks) < 3:
            break
    if len(peaks) != 2:
        raise _none("minimum", len(peaks))
    return smooth[1:-1], int(peaks[0]), int(peaks[1])


def _means_of_three(padded: np.ndarray) -> np.ndarray:
    """By a running sum in float64, whose rounding is that of scipy.ndimage.uniform_filter1d."""
    padded = padded.astype(np.float64)
    changes = padded[3:] - padded[:-3]
    return np.cumsum(np.append(padded[0] + padded[1] + padded[2], changes)) / 3


def _none(method: str, many: int) -> CvkitError:
    how = "one" if many < 2 else "more"
    return CvkitError(
        "image-modes",
        came=f"{method} needs a histogram of two peaks, but this one has {how} however it is smoothed",
        remedy="try otsu, which needs none",
    )
