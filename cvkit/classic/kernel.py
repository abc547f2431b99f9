"""The compiled form of the sums around pixels; without a compiler NumPy gives the same to the last bit, only later."""

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

_FILES = [file for ending in ("so", "pyd") for file in sorted(Path(__file__).parent.glob(f"_windows*.{ending}"))]
_LIBRARY = ctypes.CDLL(str(_FILES[0])) if _FILES else None
if not hasattr(_LIBRARY, "moments8_of"):  # built of an older _windows.c, which is called otherwise
    _LIBRARY = None
else:
    at, many = ctypes.c_void_p, ctypes.c_ssize_t
    for name in ("moments8_of", "moments16_of"):
        getattr(_LIBRARY, name).argtypes = [
            at,
            many,
            many,
            many,
            *[at] * 3,
            *[many] * 3,
            *[at] * 3,
            many,
            *[at] * 5,
            many,
        ]
    for name in ("above8_32", "above8_64", "above16_32", "above16_64"):
        getattr(_LIBRARY, name).argtypes = [at, at, many, at, many]
    for name in ("ramp8", "ramp16"):
        getattr(_LIBRARY, name).argtypes = [at, at, at, many, many, many, at, many]
    for name in ("counts8", "counts16"):
        getattr(_LIBRARY, name).argtypes = [at, many, many, many, at]
NARROW = 257  # the widest window in which the squares of uint8 sum up to less than 2**32


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
    mean: bool = True,
    deviation: bool,
    lift: float,
    inside: np.ndarray | None = None,
) -> Iterator[tuple]:
    """Compute mean and standard deviation of the window around every pixel, some rows at a time.

    Parameters
    ----------
    image : (H, W) uint8 or uint16 array
        With consecutive pixels.
    window : int, odd
    rows, cols : (H + window - 1,) and (W + window - 1,) int32 arrays
        The row and column to take for every place of the padded image, -1 where there is nothing to be counted.
    parts : list of slice
        Rows that follow one another.
    mean, deviation : bool
        Whether to compute them.
    lift : float
        How much of the square of the mean is added to the variance before the root is taken.
    inside : (H, W) uint8 array, optional
        1 where pixels count and 0 where they do not, and `image` is 0. Needed if there is a -1 in the tables.

    Yields
    ------
    rows : slice
    mean, deviation : (h, W) float64 arrays
        None if not wanted.
    count : (h, W) float64 array
        Pixels of a window.
    None
        In the place of the mean of squares.
    """
    first, height, linear = parts[0].start, parts[0].stop - parts[0].start, np.array([0, 0, 0, 0, lift], np.float64)
    shape = height, image.shape[1]
    means, roots = np.empty(shape) if mean else None, np.empty(shape) if deviation else None
    count = np.full(shape, float(window * window)) if inside is None else np.empty(shape)
    fill = _band(image, window, rows, cols, first, linear, deviation, None if inside is None else count, means, roots)
    if inside is not None:
        number = _band(inside, window, rows, cols, first, linear, False, None, count, None, pixels=1)
    for part in parts:
        if inside is not None:
            number(part, None, True)
        fill(part, None, True)
        here = slice(part.stop - part.start)
        yield part, means[here] if mean else None, roots[here] if deviation else None, count[here], None


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
        As `moments`, but for the -1.
    part : slice
        The rows.
    linear : (5,) float64 array
        See `cvkit.classic.surface.Linear`.
    mask : (H, W) bool array
        Gets the answer.
    foreground : {"bright", "dark"}
    """
    fill = _band(image, window, rows, cols, part.start, linear, bool(linear[2:4].any()))
    fill(part, mask[part], foreground == "bright")


def comparing(image: np.ndarray, mask: np.ndarray, foreground: str) -> Callable | None:
    """Bind an image and the mask that gets the answer: gives what compares some rows with their thresholds.

    Parameters
    ----------
    image : (H, W) array
    mask : (H, W) bool array
    foreground : {"bright", "dark"}

    Returns
    -------
    compare : callable, or None if there is no compiled form
        Takes a slice of rows and an (h, W) array of thresholds; or the row of thresholds that is in the place of the
        first one, a second row that is added for each row further on, and how many times to begin with.
    """
    if not (takes(image) and image.flags.c_contiguous):
        return None
    bits, width, dark = 8 * image.itemsize, image.shape[1], foreground == "dark"
    pixels, answers = _at(image), _at(mask)

    def compare(rows: slice, surface: np.ndarray, step: np.ndarray | None = None, times: int = 0) -> None:
        surface = np.ascontiguousarray(surface, surface.dtype if surface.dtype == np.float32 else np.float64)
        start = rows.start * width
        where, answer = pixels + start * image.itemsize, answers + start
        if step is None:
            above = getattr(_LIBRARY, f"above{bits}_{8 * surface.itemsize}")
            above(where, _at(surface), surface.size, answer, dark)
        else:
            ramp = getattr(_LIBRARY, f"ramp{bits}")
            ramp(where, _at(surface), _at(step), width, times, times + rows.stop - rows.start, answer, dark)

    return compare


def counts(image: np.ndarray) -> np.ndarray:
    """Count the values of an image with consecutive pixels.

    Parameters
    ----------
    image : (H, W) uint8 or uint16 array

    Returns
    -------
    counts : (256,) or (65536,) int64 array
    """
    small = image.dtype == np.uint8
    found = np.zeros(256 if small else 65536, np.int64 if small else np.uint32)
    count = _LIBRARY.counts8 if small else _LIBRARY.counts16
    count(_at(image), image.strides[0] // image.itemsize, *image.shape, _at(found))
    return found.astype(np.int64, copy=False)


def _band(
    image: np.ndarray,
    window: int,
    rows: np.ndarray,
    cols: np.ndarray,
    first: int,
    linear: np.ndarray,
    deviation: bool,
    *found: np.ndarray | None,
    pixels: int | None = None,
) -> Callable:
    """Bind what stays the same for all rows of a band; a window counts for so many `pixels`, its own by default."""
    if window > NARROW and image.dtype == np.uint8:
        image = image.astype(np.uint16)
    width, small = image.shape[1], image.dtype == np.uint8
    columns = np.zeros((2, width + window), np.uint32 if small else np.uint64)
    nothing, sums = np.zeros(width, image.dtype), np.empty(2 * width, np.uint64)
    function = _LIBRARY.moments8_of if small else _LIBRARY.moments16_of
    where = _at(image), image.strides[0] // image.itemsize, width, window, _at(rows), _at(cols), _at(nothing), first
    work = _at(columns), _at(columns[1]) if deviation else None, _at(sums), pixels or window * window
    counts, mean, root = map(_at, found or (None, None, None))
    bound = image, columns, nothing, sums  # which must not be freed before

    def fill(part: slice, mask: np.ndarray | None, bright: bool, _=bound) -> None:
        function(*where, part.start, part.stop, *work, counts, mean, root, _at(linear), _at(mask), bright)

    return fill


def _at(array: np.ndarray | None) -> int | None:
    return None if array is None else array.__array_interface__["data"][0]
