"""Exact sums around every pixel, at the same cost for every window."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from cvkit.arrays import odd, one_of
from cvkit.classic import kernel
from cvkit.classic.surface import Linear, Surface

BORDERS = ("reflect", "replicate", "truncate")
CHUNK = 1 << 16  # pixels that are worked on at a time, so that they stay in the cache


def local(image: np.ndarray, window: int, formula: Linear | Callable, *, border: str = "reflect") -> Surface:
    """Make a surface by a formula of what surrounds each pixel.

    The sums of integers are exact, and so is N * sum(x**2) - sum(x)**2 for images up to 16 bits: no bright flat
    region gets a deviation that it does not have. Floats are summed about the middle of their range.

    Parameters
    ----------
    image : (H, W) array
        Of any real dtype, finite; masked pixels of a masked array are not counted.
    window : int, odd
        Side of the square window in pixels; it may be larger than the image.
    formula : Linear or callable
        The names of its arguments say what it wants of some rows, as (h, W) arrays: `m` mean and `s` standard deviation
        of the window, `low` and `high` the least and the greatest value there, `n` how many pixels were counted, `x`
        the pixels themselves, `rows` the slice of rows.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image: its mirror without the edge pixel itself, the edge pixel again and again, or
        nothing, so that windows are smaller there.

    Returns
    -------
    surface : Surface

    Raises
    ------
    ValueError
        If the window is even or less than 3, or there is no such border.

    Examples
    --------
    >>> np.asarray(local(np.array([[0, 3, 6]], np.uint8), 3, lambda m: m))
    array([[2., 3., 4.]])
    """
    window = odd(window, "window")
    one_of(border, "border", BORDERS)
    linear = formula if isinstance(formula, Linear) else None
    wanted = ("m", "s") if linear else formula.__code__.co_varnames[: formula.__code__.co_argcount]
    deviation = linear.wants_deviation if linear else "s" in wanted
    data, counted = np.ma.getdata(image), counted_pixels(image)
    plain, origin = _plain(data, counted)
    tables = [places(length, window // 2, border) for length in data.shape]
    compiled = counted is None and border != "truncate" and kernel.takes(plain)

    def rows_of(first: int, last: int) -> Iterator:
        parts = chunks(first, last, data.shape[1])
        if not {"m", "s", "n"} & {*wanted}:
            found = ((rows, None, None, None) for rows in parts)
        elif compiled:
            found = kernel.moments(plain, window, *tables, parts, deviation=deviation)
        else:
            found = _moments(plain, window, *tables, parts, counted, deviation=deviation)
        for rows, mean, root, count in found:
            given = {"m": mean + origin if origin else mean, "s": root, "n": count, "x": data[rows], "rows": rows}
            for name in {"low", "high"} & {*wanted}:
                given[name] = _extreme(name, data, window, *tables, rows, counted)
            yield rows, formula(**{name: given[name] for name in wanted})

    if linear and compiled and not origin:
        factors = np.array([linear.a, linear.b, linear.c, linear.d])

        def compare_rows(rows: slice, mask: np.ndarray, foreground: str) -> None:
            kernel.compare(plain, window, *tables, rows, factors, mask, foreground)

        return Surface(image, rows_of, compare_rows)
    return Surface(image, rows_of)


def chunks(first: int, last: int, width: int) -> list[slice]:
    """Slices of some rows each."""
    most = max(8, CHUNK // width)
    return [slice(row, min(row + most, last)) for row in range(first, last, most)]


def places(length: int, half: int, border: str) -> np.ndarray:
    """For every place of a padded axis the place to take instead; -1 where there is nothing."""
    place = np.arange(-half, length + half)
    if border == "reflect" and length > 1:
        place = np.abs(place) % (2 * length - 2)
        return np.where(place < length, place, 2 * length - 2 - place).astype(np.int32)
    inside = (place >= 0) & (place < length)
    return np.where(inside | (border != "truncate"), place.clip(0, length - 1), -1).astype(np.int32)


def half_range(image: np.ndarray) -> float:
    """Half the range of an integer dtype, or of the values of a float image: no deviation can be greater."""
    if image.dtype.kind in "ui":
        info = np.iinfo(image.dtype)
        return (float(info.max) - float(info.min)) / 2
    return (float(image.max()) - float(image.min())) / 2 or 1.0


def counted_pixels(image: np.ndarray) -> np.ndarray | None:
    """Which pixels count, if not all do."""
    return ~np.ma.getmaskarray(image) if isinstance(image, np.ma.MaskedArray) else None


def _plain(image: np.ndarray, counted: np.ndarray | None) -> tuple[np.ndarray, float]:
    """A dtype that is summed without loss, and what to add to its means: uint8 and uint16, else float64."""
    kind, size = image.dtype.kind, image.dtype.itemsize
    if kind == "u" and size <= 2:
        return np.ascontiguousarray(image), 0.0
    if kind == "i" and size <= 2:
        least = np.iinfo(image.dtype).min
        return (image.astype(np.int32) - least).astype(np.uint16), float(least)
    if counted is not None:
        image = np.where(counted, image, image[counted][0] if counted.any() else 0)
    middle = float(image.min()) / 2 + float(image.max()) / 2
    return image.astype(np.float64) - middle, middle


def _moments(
    image: np.ndarray,
    window: int,
    rows: np.ndarray,
    cols: np.ndarray,
    parts: list[slice],
    counted: np.ndarray | None,
    *,
    deviation: bool,
) -> Iterator[tuple]:
    """Mean, deviation and number of pixels of some rows at a time, as `kernel.moments`, for whatever it does not do."""
    all_count = counted is None and rows[0] >= 0
    for part in parts:
        around = rows[part.start : part.stop + window - 1]
        strip = _padded(image, around, cols)
        count = float(window * window)
        if not all_count:
            inside = np.ones(strip.shape, bool) if counted is None else _padded(counted, around, cols)
            inside = inside.view(np.uint8)
            inside[around < 0] = 0
            inside[:, cols < 0] = 0
            strip = strip * inside
            count = _windows(cv2.integral(inside, sdepth=cv2.CV_64F), window)
        if strip.dtype == np.uint16:
            strip = strip.astype(np.float64)
        total, squares = cv2.integral2(strip, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
        sums = _windows(total, window)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = sums / count
            root = _deviation(sums, _windows(squares, window), count, image.dtype.kind == "u") if deviation else None
        yield part, mean, root, np.broadcast_to(count, mean.shape)


def _padded(image: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    return image[rows][:, cols]


def _windows(total: np.ndarray, window: int) -> np.ndarray:
    """Sums of every window from an integral image."""
    sums = total[window:, window:] - total[:-window, window:]
    sums -= total[window:, :-window]
    sums += total[:-window, :-window]
    return sums


def _deviation(sums: np.ndarray, squares: np.ndarray, count, whole: bool) -> np.ndarray:
    """Of whole numbers operation for operation what the kernel does."""
    if not whole:
        return np.sqrt(np.maximum(count * squares - sums * sums, 0)) / count
    sums, pixels = sums.astype(np.int64), np.asarray(count).astype(np.int64)
    square = (pixels * squares.astype(np.int64) - sums * sums).astype(np.float64)  # exact: what overflows cancels
    near = np.sqrt(square.astype(np.float32))
    slope = (np.float32(0.5) / (near + np.finfo(np.float32).tiny)).astype(np.float64)
    root = near.astype(np.float64)
    return (root + (square - root * root) * slope) * (1 / count)


def _extreme(
    name: str,
    image: np.ndarray,
    window: int,
    rows: np.ndarray,
    cols: np.ndarray,
    part: slice,
    counted: np.ndarray | None,
) -> np.ndarray:
    """Least or greatest value of every window of some rows."""
    half = window // 2
    around = rows[part.start : part.stop + window - 1]
    strip = _padded(image, around, cols)
    if strip.dtype not in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        strip = strip.astype(np.float64)
    info = np.finfo(strip.dtype) if strip.dtype.kind == "f" else np.iinfo(strip.dtype)
    nothing = info.max if name == "low" else info.min
    if counted is not None:
        strip[~_padded(counted, around, cols)] = nothing
    strip[around < 0] = nothing
    strip[:, cols < 0] = nothing
    square = np.ones((window, window), np.uint8)
    pick = cv2.erode if name == "low" else cv2.dilate
    return pick(strip, square, borderType=cv2.BORDER_REPLICATE)[half : len(strip) - half, half:-half]
