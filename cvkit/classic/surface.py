"""Thresholds at every pixel, made and compared some rows at a time, on all cores."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cvkit.classic import kernel
from cvkit.classic.share import share


class Surface:
    """A threshold at every pixel, computed some rows at a time when it is asked for, on all cores.

    ``numpy.asarray(surface)`` gives it as a (H, W) float64 array; `compare` never holds it as a whole.

    Parameters
    ----------
    image : (H, W) array
        What it belongs to.
    rows_of : callable
        Gives an iterator of (slice of rows, (h, W) array) for the rows from `first` to `last`.
    compare_rows : callable, optional
        Writes what `compare` gives for some rows into a mask: (slice of rows, mask, foreground).
    """

    def __init__(
        self, image: np.ndarray, rows_of: Callable[[int, int], Iterator], compare_rows: Callable | None = None
    ) -> None:
        self.image = np.ma.getdata(image)
        self.shape, self.ndim = image.shape, 2
        self._rows_of, self._compare_rows = rows_of, compare_rows

    def compare(self, foreground: str) -> np.ndarray:
        """Compare the image with the surface: above it is bright foreground, the rest is dark."""
        mask = np.empty(self.shape, bool)
        if self._compare_rows:
            share(lambda first, last: self._compare_rows(slice(first, last), mask, foreground), *self.shape)
            return mask
        beyond = np.greater if foreground == "bright" else np.less_equal
        compiled = kernel.comparing(self.image, mask, foreground)
        self.visit(compiled or (lambda rows, surface: beyond(self.image[rows], surface, out=mask[rows])))
        return mask

    def extremes(self) -> tuple[float, float]:
        """Give the least and the greatest value, NaN left out."""
        found = self.visit(
            lambda rows, surface: (np.fmin.reduce(surface, axis=None), np.fmax.reduce(surface, axis=None))
        )
        return float(min(low for low, _ in found)), float(max(high for _, high in found))

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        out = np.empty(self.shape, dtype or np.float64)
        self.visit(lambda rows, surface: np.copyto(out[rows], surface))
        return out

    def visit(self, look: Callable) -> list:
        """Let a function look at all rows with the surface there, in parts; give what it says of each, in order."""
        bands = share(lambda first, last: [look(*part) for part in self._rows_of(first, last)], *self.shape)
        return [said for band in bands for said in band]


@dataclass(frozen=True)
class Linear:
    """A threshold that is linear in mean and deviation, which is compared the fastest.

    T = (a + b * m) + (c + d * m) * sqrt(s**2 + lift * m**2)
    """

    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    lift: float = 0.0

    def __call__(self, m: np.ndarray, s: np.ndarray | None) -> np.ndarray:
        """Compute it in the order of the compiled form; `s` is the root."""
        return (self.a + self.b * m) + (self.c + self.d * m) * s if self.wants_deviation else self.a + self.b * m

    @property
    def wants_deviation(self) -> bool:
        """Whether it does not depend on the mean alone."""
        return bool(self.c or self.d)
