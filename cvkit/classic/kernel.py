"""The compiled form of the sums around pixels; without a compiler NumPy gives the same to the last bit, only later."""

import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_FILES = [file for ending in ("so", "pyd") for file in sorted(Path(__file__).parent.glob(f"_windows*.{ending}"))]
_LIBRARY = ctypes.CDLL(str(_FILES[0])) if _FILES else None


def takes(image: np.ndarray) -> bool:
    """Tell whether there is a compiled form for these pixels."""
    return _LIBRARY is not None and image.dtype in (np.uint8, np.uint16)


def moments(
    image: np.ndarray, window: int, rows: np.ndarray, cols: np.ndarray, parts: list[slice], *, deviation: bool
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

    Yields
    ------
    rows : slice
    mean, deviation : (h, W) float64 arrays
        Overwritten by the next; None if it is not wanted.
    count : (h, W) array
        Pixels of a window.
    """
    width = image.shape[1]
    columns, squares = np.zeros((2, width + window - 1), np.uint64)
    scratch = np.empty(2 * width, np.uint64)
    call = _LIBRARY.moments8 if image.dtype == np.uint8 else _LIBRARY.moments16
    for part in parts:
        shape = part.stop - part.start, width
        mean, root = np.empty(shape), np.empty(shape) if deviation else None
        call(
            _at(image),
            *map(ctypes.c_ssize_t, (image.strides[0] // image.itemsize, width, window)),
            *map(_at, (rows, cols)),
            *map(ctypes.c_ssize_t, (parts[0].start, part.start, part.stop)),
            *map(_at, (columns, squares, scratch, mean, root)),
        )
        yield part, mean, root, np.broadcast_to(float(window * window), shape)


def _at(array: np.ndarray | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)
