"""Counts of values: the one pass over the image that every global threshold needs."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from cvkit.arrays import whole
from cvkit.classic import kernel

LEVELS = 65536
_PLACES = np.arange(LEVELS)
_ALL = {np.dtype(name): np.arange(levels, dtype=np.float64) for name, levels in (("u1", 256), ("u2", LEVELS))}
_FEW = 1 << 19  # pixels below which OpenCV spends more time on sharing 65,536 levels out to threads than on counting
_STRIP = 1 << 24  # OpenCV counts in float32, which is exact up to here


@dataclass(frozen=True)
class Extent:
    """What must be known of values before they can be counted: the least, the greatest, and whether all are whole.

    Two of parts of an image make that of both: ``one | other``.
    """

    low: int | float
    high: int | float
    whole: bool

    @classmethod
    def of(cls, image: np.ndarray) -> "Extent":
        """Look at a grey image, or a masked array whose masked pixels are left out."""
        counted = _counted(image)
        image = np.ma.getdata(image)
        low, high = _range(image, counted)
        return cls(low, high, high - low < LEVELS and _is_whole(image, counted))

    def __or__(self, other: "Extent") -> "Extent":
        return Extent(min(self.low, other.low), max(self.high, other.high), self.whole and other.whole)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often each level occurs.

    Attributes
    ----------
    counts : (L,) int64 array
        Not all levels need be populated.
    values : (L,) float64 array
        What a pixel of each level is worth, evenly spaced, ascending.
    edges : (L,) float64 array
        The threshold that parts each level from the next: no value of the level lies above. Of integers the
        values themselves.
    spaced : bool
        Whether the levels are evenly spaced. Those of `distinct` are not, and keep the dtype of the image.
    """

    counts: np.ndarray
    values: np.ndarray
    edges: np.ndarray
    spaced: bool = True

    @classmethod
    def of(cls, image: np.ndarray, extent: Extent | None = None) -> "Histogram":
        """Count the values of a grey image.

        Parameters
        ----------
        image : (H, W) array
            Finite, or a masked array whose masked pixels are left out. Integers, and floats that hold whole numbers,
            are counted one by one where they span at most 65,536 values; all else is rounded to one of 65,536
            levels between the least and the greatest value.
        extent : Extent, optional
            Of the whole of which `image` is a part. Parts that are counted by the same extent have the same levels, and
            ``one + other`` is the histogram of both.

        Returns
        -------
        histogram : Histogram
            Of uint8 and uint16 all levels that there can be, else those from the least to the greatest value.

        Examples
        --------
        >>> found = Histogram.of(np.array([[3, 3, 7]], np.uint8))
        >>> found.counts[3], found.counts[7], found.values[7]
        (np.int64(2), np.int64(1), np.float64(7.0))
        """
        given, counted, image = image, _counted(image), np.ma.getdata(image)
        if image.dtype == np.uint8 or image.dtype == np.uint16:
            values = _ALL[image.dtype]
            return cls(_count(image, counted, len(values)), values, values)
        extent = Extent.of(given) if extent is None else extent
        low, high = extent.low, extent.high
        if high - low < LEVELS and extent.whole:
            values = float(low) + np.arange(int(high - low) + 1)
            return cls(_count(image, counted, len(values), low), values, values)
        if high - low < np.finfo(np.float64).tiny * LEVELS:
            size = image.size if counted is None else np.count_nonzero(counted)
            return cls(np.array([size]), np.array([float(low)]), np.array([float(high)]))
        step = (float(high) - float(low)) / (LEVELS - 1)
        values = float(low) + step * np.arange(LEVELS)
        return cls(_count(image, counted, LEVELS, low, 1 / step), values, np.append(values[:-1] + step / 2, high))

    @classmethod
    def distinct(cls, image: np.ndarray) -> "Histogram":
        """Count every value of an image on its own, which takes a sort of all pixels.

        Examples
        --------
        >>> found = Histogram.distinct(np.array([[0.1, 7.5, 0.1]]))
        >>> found.counts.tolist(), found.values.tolist()
        ([2, 1], [0.1, 7.5])
        """
        seen = image.compressed() if isinstance(image, np.ma.MaskedArray) else image
        values, counts = np.unique(seen, return_counts=True)
        return cls(counts, values, values, spaced=False)

    def __add__(self, other: "Histogram") -> "Histogram":
        return Histogram(self.counts + other.counts, self.values, self.edges, self.spaced)

    def percentile(self, share: float) -> float:
        """Give the value below which `share` percent of the pixels lie, as `numpy.percentile` does.

        Examples
        --------
        >>> Histogram.of(np.array([[0, 50, 100]], np.uint8)).percentile(25)
        25.0
        """
        upto = np.cumsum(self.counts)
        place = (int(upto[-1]) - 1) * (share / 100)
        below, above = (self.values[np.searchsorted(upto, int(near), "right")] for near in (place, np.ceil(place)))
        part = place - int(place)  # from the nearer of the two, so that the end is met exactly
        return float(below + (above - below) * part if part < 0.5 else above - (above - below) * (1 - part))

    def of_skimage(self) -> "Histogram":
        """Count as scikit-image does: distinct values in 256 bins, which their centres stand for; integers as here."""
        if self.spaced:
            return self.trimmed()
        counts, ends = np.histogram(self.values, 256, weights=self.counts)
        centres = (ends[:-1] + ends[1:]) / 2
        return Histogram(counts, centres, centres)

    def of_imagej(self) -> tuple["Histogram", Callable[[float], float]]:
        """Count in the 256 levels to which ImageJ turns what is not of 8 bits: the least value is 0, the greatest 255.

        Returns
        -------
        levels : Histogram
        unit : callable
            Turns a threshold of these levels into one of the image that parts it in the same way.
        """
        used = self.populated()
        values = used.values.astype(np.float64)
        place = np.rint((values - values[0]) * (255 / (values[-1] - values[0] or 1))).astype(np.intp)
        counts = np.bincount(place, used.counts, 256).astype(np.int64)

        def unit(level: float) -> float:
            return float(used.edges[max(np.searchsorted(place, level, "right") - 1, 0)])

        return Histogram(counts, _ALL[np.dtype(np.uint8)], _ALL[np.dtype(np.uint8)]), unit

    @property
    def step(self) -> float:
        """What a place of `halves` is worth in the unit of the image."""
        levels = self.trimmed()
        return float(levels.values[1] - levels.values[0]) if self.spaced else 1.0

    def trimmed(self) -> "Histogram":
        """Leave out the empty levels at both ends."""
        found = self.counts > 0
        inner = slice(int(found.argmax()), len(found) - int(found[::-1].argmax()))
        return Histogram(self.counts[inner], self.values[inner], self.edges[inner], self.spaced)

    def populated(self) -> "Histogram":
        """Leave out all empty levels; the values are evenly spaced no more."""
        found = self.counts > 0
        return Histogram(self.counts[found], self.values[found], self.edges[found], self.spaced)

    def halves(self) -> tuple[np.ndarray, ...]:
        """Part the pixels after each level from the least to the greatest value, this one left out.

        Returns
        -------
        edges, dark, bright, dark_sum, bright_sum : (L,) float64 arrays
            The thresholds, how many pixels lie on either side, and the sums of their places: of a pixel of the least
            value 0, of the next level 1, and so on; of distinct values how much they exceed the least.
        """
        edges, dark, dark_sum = self.sums()
        return edges[:-1], dark[:-1], dark[-1] - dark[:-1], dark_sum[:-1], dark_sum[-1] - dark_sum[:-1]

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count the pixels up to each level from the least to the greatest value.

        Returns
        -------
        edges, dark, dark_sum : (L,) float64 arrays
            The thresholds, how many pixels lie at or below them, and the sums of their places, as of `halves`.
        """
        levels = self.trimmed()
        dark = np.cumsum(levels.counts)  # integers: exact, and summed ten times as fast
        if not levels.spaced:
            places = levels.values - levels.values[0]
            return levels.edges, dark.astype(np.float64), np.cumsum(levels.counts * places)
        dark_sum = levels.counts * _PLACES[: len(dark)] if len(dark) <= LEVELS else levels.counts * np.arange(len(dark))
        return levels.edges, dark.astype(np.float64), np.cumsum(dark_sum, out=dark_sum).astype(np.float64)

    def coarse(self, levels: int = 256) -> "Histogram":
        """Count in at most so many equal steps from the least to the greatest value.

        For methods that read the shape of the histogram, which thousands of hardly populated levels do not show.
        """
        trimmed, levels = self.trimmed(), whole(levels, "levels", 2)
        many = len(trimmed.counts)
        if not self.spaced:
            low, high = float(trimmed.values[0]), float(trimmed.values[-1])
            ends = low + (high - low) / levels * np.arange(1, levels + 1)
            ends[-1] = high
            counts = np.bincount(np.searchsorted(ends, trimmed.values), trimmed.counts, levels).astype(np.int64)
            return Histogram(counts, ends - (high - low) / levels / 2, ends)
        if many <= levels:
            return trimmed
        place = np.arange(many) * levels // many
        last = np.append(np.flatnonzero(np.diff(place)), many - 1)
        first = np.append(0, last[:-1] + 1)
        counts = np.add.reduceat(trimmed.counts, first)
        return Histogram(counts, (trimmed.values[first] + trimmed.values[last]) / 2, trimmed.edges[last])


def _counted(image: np.ndarray) -> np.ndarray | None:
    """Which pixels count, as uint8, if not all do."""
    return (~np.ma.getmaskarray(image)).view(np.uint8) if isinstance(image, np.ma.MaskedArray) else None


def _range(image: np.ndarray, counted: np.ndarray | None) -> tuple:
    if counted is not None:
        image = image[counted.view(bool)]
    low, high = (image.min(), image.max()) if image.size else (0, 0)
    return (int(low), int(high)) if image.dtype.kind in "ui" else (float(low), float(high))


def _is_whole(image: np.ndarray, counted: np.ndarray | None) -> bool:
    """Whether all counted values are whole numbers; the first row mostly tells."""
    if image.dtype.kind in "ui":
        return True
    for rows in (slice(1), slice(None)):
        whole = image[rows] == np.rint(image[rows])
        if not (whole if counted is None else whole | (counted[rows] == 0)).all():
            return False
    return True


def _count(
    image: np.ndarray, counted: np.ndarray | None, levels: int, low: float = 0, scale: float = 1.0
) -> np.ndarray:
    """Count the levels ``round((image - low) * scale)``, strip by strip unless they are compiled."""
    if counted is None and kernel.takes(image):
        return kernel.counts(np.ascontiguousarray(image))
    rows = max(1, _STRIP // image.shape[1])
    strips = [slice(row, row + rows) for row in range(0, image.shape[0], rows)]
    counts = [_count_strip(image[rows], None if counted is None else counted[rows], low, scale) for rows in strips]
    return sum(counts[1:], start=counts[0])[:levels]


def _count_strip(part: np.ndarray, counted: np.ndarray | None, low: float, scale: float) -> np.ndarray:
    if part.dtype != np.uint8 and part.dtype != np.uint16:
        part = _as_uint16(part, low, scale)
    inside = None if counted is None else np.ascontiguousarray(counted)
    part = np.ascontiguousarray(part)
    if counted is None and kernel.takes(part):
        return kernel.counts(part)
    if part.dtype == np.uint16 and part.size < _FEW:
        return np.bincount((part if counted is None else part[counted.view(bool)]).ravel(), minlength=LEVELS)
    span = 256 if part.dtype == np.uint8 else LEVELS  # OpenCV is fast for the full range of the dtype alone
    return cv2.calcHist([part], [0], inside, [span], [0, span]).ravel().astype(np.int64)


def _as_uint16(part: np.ndarray, low: float, scale: float) -> np.ndarray:
    """Give ``round((part - low) * scale)``, by OpenCV where it takes the dtype and loses nothing."""
    kind, size = part.dtype.kind, part.dtype.itemsize
    if kind == "i" and size <= 4 and scale == 1:
        return cv2.subtract(np.ascontiguousarray(part), low, dtype=cv2.CV_16U)
    if kind == "f" and (size == 8 or (size == 4 and abs(low) * scale < 2**20)):
        part = np.ascontiguousarray(part)
        return cv2.addWeighted(part, scale, part, 0, -low * scale, dtype=cv2.CV_16U)
    if kind in "ui" and scale == 1:
        return (part - part.dtype.type(low)).astype(np.uint16)
    return np.rint(np.subtract(part, low, dtype=np.float64) * scale).clip(0, LEVELS - 1).astype(np.uint16)
