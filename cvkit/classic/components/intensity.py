"""The values of an image within objects: mean, spread, extremes."""

import numpy as np

from cvkit.classic.runs import Runs, places

PIECE = 1 << 20  # pixels that are looked at a time


def intensities(found: Runs, index: np.ndarray, count: int, image: np.ndarray, spread: bool) -> dict[str, np.ndarray]:
    """Total, mean, least and greatest value of each object, and the standard deviation if `spread`."""
    area, total, squares = np.zeros((3, count))
    low, high = np.zeros((2, count), image.dtype)
    rows = max(1, PIECE // image.shape[1])
    for row in range(0, len(image), rows):
        some = slice(*np.searchsorted(found.row, (row, row + rows)))
        if some.start == some.stop:
            continue
        here, starts, values = _gathered(Runs(*(column[some] for column in found)), index[some], image, row, rows)
        pixels = np.diff(starts, append=len(values))
        known = area[here] > 0
        least, most = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        low[here] = np.where(known, np.minimum(least, low[here]), least)
        high[here] = np.where(known, np.maximum(most, high[here]), most)
        values = values.astype(np.float64)
        added = np.add.reduceat(values, starts)
        if spread:
            mean = added / pixels
            values -= np.repeat(mean, pixels)
            gap = mean - total[here] / np.maximum(area[here], 1)  # what both parts say of the mean
            squares[here] += np.add.reduceat(values * values, starts)
            squares[here] += gap * gap * area[here] * pixels / (area[here] + pixels)
        area[here] += pixels
        total[here] += added
    table = {"mean": total / area, "min": low, "max": high, "total": total}
    return table | {"std": np.sqrt(squares / area)} if spread else table


def _gathered(found: Runs, index: np.ndarray, image: np.ndarray, row: int, rows: int) -> tuple[np.ndarray, ...]:
    """The objects in some rows, where the values of each start, and the values, object by object."""
    order = np.argsort(index, kind="stable")
    index = index[order]
    found = Runs(*(column[order] for column in found._replace(row=found.row - row)))
    values = image[row : row + rows].reshape(-1)[places(found, image.shape[1])]
    first = np.flatnonzero(np.diff(index, prepend=-1))
    length = found.length
    return index[first], (np.cumsum(length) - length)[first], values
