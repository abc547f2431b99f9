"""The compiled form of the sums around pixels; without a compiler NumPy gives the same to the last bit, only later."""

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

_FILES = [file for ending in ("so", "pyd") for file in sorted(Path(__file__).parent.glob(f"_windows*.{ending}"))]
_LIBRARY = ctypes.CDLL(str(_FILES[0])) if _FILES else None
if not hasattr(_LIBRARY, "counts8"):  # built of an older _windows.c, which is called otherwise
    _LIBRARY = None


def takes(image: np.ndarray, window: int = 1) -> bool:
    """Tell whether there is a compiled form for these pixels, and windows of that side."""
    return _LIBRARY is not None and image.dtype in (np.uint8, np.uint16) and fits(image.dtype, window)


def fits(dtype: np.dtype, window: int) -> bool:
    """Tell whether the square of pixels times deviation of any window fits into 63 bits."""
    return window**2 * int(np.iinfo(dtype).max) < 2**32.5


def moments(
    image: np.ndarray,
    window: int,
    rows: np.ndarray,
    cols: np.ndarray,
    parts: list[slice],
    *,
    deviation: bool,
    lift: float,
) -> Iterator[tuple]:
    """Compute mean and standard deviation of the window around every pixel, some rows at a time.

    Parameters
    ----------
    image : (H, W) uint8 or uint16 array
        With consecutive pixels.
    window : int, odd
    rows, cols : (H + window - 1,) and (W + window - 1,) int32 arrays
        The row and column to take for every place of the padded image.
    parts : list of slice
        Rows that follow one another.
    deviation : bool
        Whether to compute it, too.
    lift : float
        How much of the square of the mean is added to the variance before the root is taken.

    Yields
    ------
    rows : slice
    mean, deviation : (h, W) float64 arrays
        The deviation is None if it is not wanted.
    count : (h, W) array
        Pixels of a window.
    None
        In the place of the mean of squares.
    """
    call, linear = _band(image, window, rows, cols, parts[0].start, deviation), np.array([0, 0, 0, 0, lift], np.float64)
    for part in parts:
        shape = part.stop - part.start, image.shape[1]
        mean, root = np.empty(shape), np.empty(shape) if deviation else None
        call(part, mean, root, linear, None, True)
        yield part, mean, root, np.broadcast_to(float(window * window), shape), None


def compare(
    image: np.ndarray,
    window: int,
    rows: np.ndarray,
    cols: np.ndarray,
    part: slice,
    linear: np.ndarray,
    mask: np.ndarray,
    foreground: str,
) -> None:
    """Compare some rows with a linear threshold, which is never stored.

    Parameters
    ----------
    image, window, rows, cols
        As `moments`.
    part : slice
        The rows.
    linear : (5,) float64 array
        See `cvkit.classic.surface.Linear`.
    mask : (H, W) bool array
        Gets the answer.
    foreground : {"bright", "dark"}
    """
    deviation = bool(linear[2:4].any())
    call = _band(image, window, rows, cols, part.start, deviation)
    call(part, None, None, linear, mask[part], foreground == "bright")


def counts(image: np.ndarray) -> np.ndarray:
    """Count the values of an image with consecutive pixels.

    Parameters
    ----------
    image : (H, W) uint8 or uint16 array

    Returns
    -------
    counts : (256,) or (65536,) int64 array
    """
    height, width = image.shape
    small = image.dtype == np.uint8
    found = np.zeros((8, 256) if small else (1, 65536), np.uint32)
    count = _LIBRARY.counts8 if small else _LIBRARY.counts16
    count(_at(image), *map(ctypes.c_ssize_t, (image.strides[0] // image.itemsize, height, width)), _at(found))
    return found.sum(axis=0, dtype=np.int64)


def _band(image: np.ndarray, window: int, rows: np.ndarray, cols: np.ndarray, first: int, deviation: bool) -> Callable:
    """Bind what stays the same for all rows of a band."""
    width = image.shape[1]
    dtype = np.uint32 if image.dtype == np.uint8 else np.uint64
    columns = np.zeros(width + window, dtype)
    squares = np.zeros(width + window, dtype) if deviation else None
    scratch = np.empty(2 * width, np.uint64)
    function = _LIBRARY.moments8 if image.dtype == np.uint8 else _LIBRARY.moments16

    def call(part: slice, mean, root, linear, mask, bright: bool) -> None:
        function(
            _at(image),
            *map(ctypes.c_ssize_t, (image.strides[0] // image.itemsize, width, window)),
            *map(_at, (rows, cols)),
            *map(ctypes.c_ssize_t, (first, part.start, part.stop)),
            *map(_at, (columns, squares, scratch, mean, root, linear, mask)),
            ctypes.c_int(bright),
        )

    return call


def _at(array: np.ndarray | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.__array_interface__["data"][0])
