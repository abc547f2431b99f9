"""Pairs of boxes that overlap, found without asking every box about every other.

An intersection over union above t bounds how far two centres may lie apart in each direction, less than
r = (1 - t) / (1 + t) times the mean of the two sizes, and how much two sizes may differ, by a factor of 1 / t. So boxes
are sorted into cells by their centres, and a box asks only the cells within its reach.
"""

import numpy as np

FINE = 8  # columns of cells within the reach of the widest box, and cells for each box at most
SPREAD = 6  # where the tallest is that much above the mean, boxes are sorted by height too


class Boxes:
    """Boxes as 1-D arrays, among which pairs can be found; the lower index is called the first of a pair."""

    def __init__(self, boxes: np.ndarray, classes: np.ndarray | None = None) -> None:
        row0, col0, row1, col1 = np.ascontiguousarray(boxes.T)
        self.corners = boxes * np.array([1.0, 1.0, -1.0, -1.0])  # so that one maximum gives an intersection
        self.heights, self.widths = row1 - row0, col1 - col0
        self.areas = self.heights * self.widths
        self.rows, self.cols = (row0 + row1) / 2, (col0 + col1) / 2
        self.classes = classes  # whole numbers from 0 without gaps

    def __len__(self) -> int:
        return len(self.areas)

    def take(self, chosen: np.ndarray) -> "Boxes":
        """Give some of the boxes, by their indices."""
        taken = object.__new__(Boxes)
        taken.__dict__ = {name: v if v is None else v.take(chosen, 0) for name, v in self.__dict__.items()}
        return taken

    def pairs(self, iou: float, count: int, most: int = 1 << 20) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Find the pairs of an intersection over union above `iou` whose first is among the first `count` boxes.

        Returns
        -------
        first, second : 1-D integer arrays
            ``first < second``; boxes of different classes are no pair.
        ious : 1-D float64 array
        count : int
            For so many boxes the pairs were found: fewer than asked for where more than `most` would have to be
            looked at, which bounds the memory whatever the boxes are.
        """
        first, second, count = _near(_Cells(self, iou), count, most)
        ious = self.ious(first, second)
        found = np.flatnonzero(ious > iou)
        return first.take(found), second.take(found), ious.take(found), count

    def all_pairs(self, iou: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find all pairs of an intersection over union above `iou`: first, second, ious as of `pairs`."""
        found, done, left = [], 0, self
        while len(left):
            first, second, ious, count = left.pairs(iou, len(left))
            found.append((first + done, second + done, ious))
            done, left = done + count, left.take(np.arange(count, len(left)))
        if not found:
            return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0)
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))

    def ious(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Intersection over union of each pair; NaN for two boxes without area."""
        # All the time goes here: take is ten times as fast as indexing, and what is done in place stays in the cache.
        corners = self.corners.take(first, 0)
        np.maximum(corners, self.corners.take(second, 0), out=corners)
        inside = np.minimum(corners[:, 0] + corners[:, 2], 0)
        inside *= np.minimum(corners[:, 1] + corners[:, 3], 0)
        union = self.areas.take(first)
        union += self.areas.take(second)
        union -= inside
        with np.errstate(invalid="ignore"):
            inside /= union
        return inside


def _near(cells: "_Cells", count: int, most: int) -> tuple[np.ndarray, np.ndarray, int]:
    """All pairs of the first boxes that may overlap enough, as `Boxes.pairs`."""
    start, length = cells.ranges(count)
    total = np.cumsum(length.sum(0))
    if total[-1] > most:
        count = max(1, int(np.searchsorted(total, most)))
        start, length = start[:, :count], length[:, :count]
    start, length = start.ravel(), length.ravel()
    ends = np.cumsum(length)
    member = np.repeat(start - ends + length, length)
    member += np.arange(ends[-1])
    second = cells.members.take(member)
    first = np.repeat(np.tile(np.arange(count), len(length) // count), length)
    ordered = np.flatnonzero(first < second)
    return first.take(ordered), second.take(ordered), count


class _Cells:
    """Boxes sorted into cells: by class, level of height, row and column of the centre."""

    def __init__(self, boxes: Boxes, iou: float) -> None:
        self.iou = max(iou, 1e-9)
        self.reach = (1 - iou) / (1 + iou) * (1 + 1e-6)  # rounding must not lose a pair
        self.widths, self.widest = boxes.widths, boxes.widths.max()
        kinds = 1 if boxes.classes is None else int(boxes.classes.max()) + 1
        self.y = boxes.rows - boxes.rows.min()
        pitch = self._levels(boxes.heights)
        pitch = np.maximum(pitch, max(self.y.max() / (4 * np.sqrt(len(boxes) / kinds)), 1e-300))
        self.scale = 1 / pitch
        rows = np.tile((self.y.max() * self.scale).astype(np.int64) + 3, kinds)  # a free row on either side
        self.above = np.cumsum(rows) - rows
        self.band = self.level if kinds == 1 else self.level + boxes.classes * self.levels
        self._sort(boxes.cols - boxes.cols.min(), int(rows.sum()))

    def _levels(self, heights: np.ndarray) -> np.ndarray:
        """Sort boxes by height, so that pairs are of the same or of neighbouring levels; give the rows' heights."""
        tallest = heights.max()
        if tallest <= SPREAD * heights.mean() or self.iou < 0.01:
            self.level, self.levels = np.zeros(len(heights), np.int64), 1
            return np.array([self.reach * tallest])
        factor = max(2, 1 / self.iou) * (1 + 1e-6)
        with np.errstate(divide="ignore"):
            self.level = np.minimum(np.log(tallest / heights) / np.log(factor), 15).astype(np.int64)
        self.levels = int(self.level.max()) + 1
        return self.reach * tallest * (factor + 1) / 2 / factor ** np.arange(self.levels)

    def _sort(self, x: np.ndarray, rows: int) -> None:
        most = max(1, FINE * len(x) // rows)
        self.across = 1 / max(self.reach * self.widest / FINE, x.max() / most, 1e-300)
        self.x = x * self.across
        self.columns = int(self.x.max()) + 1
        place = self._row(slice(None), 0) * self.columns + self.x.astype(np.int64)
        self.members = np.argsort(place)
        self.start = np.zeros(rows * self.columns + 1, np.int64)
        np.cumsum(np.bincount(place, minlength=rows * self.columns), out=self.start[1:])

    def _row(self, chosen: slice, step: int) -> np.ndarray:
        """The row of cells of each box among those of its own level, or of one that many further."""
        level = np.clip(self.level[chosen] + step, 0, self.levels - 1)
        band = self.band[chosen] - self.level[chosen] + level
        return self.above.take(band) + (self.y[chosen] * self.scale.take(level)).astype(np.int64) + 1

    def ranges(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Start and length of the ranges of members that may pair with each of the first boxes, (K, count) each."""
        width = self.widths[:count]
        half = np.minimum(width / self.iou, self.widest)
        half += width
        half *= self.reach / 2 * self.across
        x = self.x[:count]
        left = np.maximum(x - half, 0).astype(np.int64)
        right = np.minimum(x + half, self.columns - 1).astype(np.int64) + 1
        starts, lengths = [], []
        for step in (0,) if self.levels == 1 else (-1, 0, 1):
            level = self.level[:count] + step
            row = (self._row(slice(count), step) + np.array([[-1], [0], [1]])) * self.columns
            start = self.start.take(row + left)
            starts.append(start)
            lengths.append((self.start.take(row + right) - start) * ((level >= 0) & (level < self.levels)))
        return np.concatenate(starts), np.concatenate(lengths)
