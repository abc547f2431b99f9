"""What the runs of objects say in closed form: area, place, box and ellipse, no pixel being looked at."""

import numpy as np

from cvkit.classic.runs import Runs


def sums(index: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """The sum of the values of each object, in float64, which is exact for whole numbers below 2**53."""
    return np.bincount(index, values, count)


def boxes(found: Runs, index: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """The half-open bounding boxes."""
    row0, row1 = np.empty((2, count), np.int64)
    row0[index[::-1]] = found.row[::-1]  # rows ascend: what is written last is the first row, and below the last one
    row1[index] = found.row + 1
    col0, col1 = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(col0, index, found.start)
    np.maximum.at(col1, index, found.stop)
    return {"row0": row0, "col0": col0, "row1": row1, "col1": col1}


def ellipses(found: Runs, index: np.ndarray, area: np.ndarray) -> dict[str, np.ndarray]:
    """Centroids, and the ellipses of the same second moments."""
    count, length = len(area), found.length
    middle = [
        np.rint(sums(index, doubled * length, count) / (2 * area)).astype(np.int64)
        for doubled in (2 * found.row, found.start + found.stop - 1)
    ]
    # About a point near the centroid the sums are small, so that nothing cancels when the moments are taken from them.
    y, x = found.row - middle[0][index], found.start - middle[1][index]
    along = length * (2 * x + length - 1) // 2
    squares = length * x * x + x * length * (length - 1) + (length - 1) * length * (2 * length - 1) // 6
    moments = (y * length, along, y * y * length, squares, y * along)
    return ellipses_about(middle, area, *(sums(index, of, count) for of in moments))


def ellipses_about(middle: list[np.ndarray], area: np.ndarray, *moments: np.ndarray) -> dict[str, np.ndarray]:
    """Centroids and ellipses from the sums of y, x, y * y, x * x and y * x of the pixels' places from a point."""
    row, col, yy, xx, yx = (of / area for of in moments)
    axes = _axes(yy - row * row, xx - col * col, yx - row * col)
    return {"row": middle[0] + row, "col": middle[1] + col} | axes


def _axes(yy: np.ndarray, xx: np.ndarray, yx: np.ndarray) -> dict[str, np.ndarray]:
    """The ellipse of central second moments."""
    root = np.sqrt((yy - xx) ** 2 + 4 * yx**2)
    major, minor = yy + xx + root, np.maximum(yy + xx - root, 0)  # twice the eigenvalues of the moments
    round_ = np.where(yx > 0, np.pi / 4, -np.pi / 4)
    return {
        "major": np.sqrt(8 * np.maximum(major, 0)),
        "minor": np.sqrt(8 * minor),
        "eccentricity": np.sqrt(1 - np.divide(minor, major, out=np.ones(len(major)), where=major > 0)),
        "orientation": np.where(yy == xx, round_, 0.5 * np.arctan2(2 * yx, yy - xx)),
    }
