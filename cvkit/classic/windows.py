"""Exact sums around every pixel, at the same cost for every window."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from cvkit.arrays import odd, one_of
from cvkit.classic import kernel
from cvkit.classic.surface import Linear, Surface

BORDERS = ("reflect", "replicate", "truncate")
CHUNK = 90_000  # pixels that are worked on at a time: they stay in the cache, and calls of NumPy do not count for much
STRIP = 1 << 17  # pixels that are summed at a time
BLOCK = 128  # rows of which the least and greatest values are found at a time


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
        of the window, `q` the mean of the squares, `low` and `high` the least and the greatest
        value there, `n` how many pixels were counted, `x` the pixels themselves, `rows` the slice of rows.
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
    data, counted = np.ma.getdata(image), counted_pixels(image)
    plain, origin = _plain(data, counted)
    lift = linear.lift if linear and not origin else 0.0
    deviation = linear.wants_deviation if linear else bool({"s", "q"} & {*wanted})
    tables = [places(length, window // 2, border) for length in data.shape]
    compiled = "q" not in wanted and kernel.takes(plain, window)
    if compiled:
        summed, inside = _inside(plain, border, counted)
    else:
        summed, inside = framed(plain, window // 2, border, counted)
    extremes = {name: _extreme(name, data, window, border, counted) for name in {"low", "high"} & {*wanted}}

    def rows_of(first: int, last: int) -> Iterator:
        parts = chunks(first, last, data.shape[1])
        running = {name: extreme(parts) for name, extreme in extremes.items()}
        if not {"m", "s", "n", "q"} & {*wanted}:
            found = ((rows, None, None, None, None) for rows in parts)
        elif compiled:
            given = {"mean": "m" in wanted, "deviation": deviation, "lift": lift, "inside": inside}
            found = kernel.moments(summed, window, *tables, parts, **given)
        else:
            found = _moments(summed, window, inside, parts, deviation=deviation, lift=lift)
        for rows, mean, root, count, power in found:
            if origin and mean is not None:
                mean = mean + origin
                root = np.sqrt(root**2 + linear.lift * mean**2) if linear and linear.lift else root
            power = root**2 + mean**2 if origin and "q" in wanted else power
            given = {"m": mean, "s": root, "n": count, "q": power, "x": data[rows], "rows": rows}
            given |= {name: next(extreme) for name, extreme in running.items()}
            yield rows, formula(**{name: given[name] for name in wanted})

    if linear and compiled and inside is None and not origin:
        factors = np.array([linear.a, linear.b, linear.c, linear.d, linear.lift])

        def compare_rows(rows: slice, mask: np.ndarray, foreground: str) -> None:
            kernel.compare(plain, window, *tables, rows, factors, mask, foreground)

        return Surface(image, rows_of, compare_rows)
    return Surface(image, rows_of)


def chunks(first: int, last: int, width: int) -> list[slice]:
    """Slices of some rows each."""
    most = max(8, CHUNK // width)
    return [slice(row, min(row + most, last)) for row in range(first, last, most)]


def places(length: int, half: int, border: str) -> np.ndarray:
    """For every place of a padded axis the place to take instead; -1 for none."""
    place = np.arange(-half, length + half, dtype=np.int32)
    if border == "truncate":
        return np.where((place >= 0) & (place < length), place, np.int32(-1))
    if border == "reflect" and length > 1:
        place = np.abs(place) % (2 * length - 2)
        return np.minimum(place, 2 * length - 2 - place)
    return place.clip(0, length - 1)


def half_range(image: np.ndarray) -> float:
    """Half the range of an integer dtype, or of the values of a float image: no deviation can be greater."""
    if image.dtype.kind in "ui":
        info = np.iinfo(image.dtype)
        return (float(info.max) - float(info.min)) / 2
    return (float(image.max()) - float(image.min())) / 2 or 1.0


def rounded_deviation(m: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Compute the deviation as scikit-image does, whose rounding decides where a pixel equals its threshold."""
    return np.sqrt(np.maximum(q - m * m, 0))


def means_of_doxa(n: np.ndarray, *means: np.ndarray) -> list[np.ndarray]:
    """Round means of whole numbers as Doxa does, which multiplies by one over the pixels of the window."""
    return [np.rint(mean * n) * (1.0 / n) for mean in means]


def least(image: np.ndarray) -> float:
    """What counts as black: 0 or, of signed dtypes, the least that there can be; of a float image its least value."""
    return float(np.iinfo(image.dtype).min if image.dtype.kind in "ui" else image.min())


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


def padded(image: np.ndarray, half: int, border: str) -> np.ndarray:
    """Add `half` pixels on every side; with "truncate" these are 0."""
    flags = {"reflect": cv2.BORDER_REFLECT_101, "replicate": cv2.BORDER_REPLICATE, "truncate": cv2.BORDER_CONSTANT}
    return cv2.copyMakeBorder(image, half, half, half, half, flags[border], value=0)


def _inside(image: np.ndarray, border: str, counted: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    """The image, 0 where nothing is counted, and 1 where something is; None if that is everywhere."""
    if counted is None:
        return image, np.ones(image.shape, np.uint8) if border == "truncate" else None
    inside = np.ascontiguousarray(counted).view(np.uint8)
    return image * inside, inside


def framed(
    image: np.ndarray, half: int, border: str, counted: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The padded image, 0 where nothing is counted, and 1 where something is; None if that is everywhere."""
    if counted is None and border != "truncate":
        return padded(image, half, border), None
    inside = np.ones(image.shape, np.uint8) if counted is None else np.ascontiguousarray(counted).view(np.uint8)
    return padded(image * inside, half, border), padded(inside, half, border)


def _moments(
    image: np.ndarray, window: int, inside: np.ndarray | None, parts: list[slice], *, deviation: bool, lift: float
) -> Iterator[tuple]:
    """Do what `kernel.moments` does, for whatever that does not do; the image is padded, and 0 where not `inside`."""
    count = float(window * window)
    per_strip = max(1, max(STRIP // image.shape[1], window) // (parts[0].stop - parts[0].start))
    for first in range(0, len(parts), per_strip):
        some = parts[first : first + per_strip]
        around = slice(some[0].start, some[-1].stop + window - 1)
        total, squares = _integrals(image[around], window)
        counts = None if inside is None else cv2.integral(inside[around], sdepth=cv2.CV_64F)
        for part in some:
            place = slice(part.start - around.start, part.stop - around.start + window)
            sums = _windows(total[place], window)
            if counts is not None:
                count = _windows(counts[place], window)
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = sums / count
                square = _windows(squares[place], window) if deviation else None
                root = _deviation(sums, square, count, image.dtype, lift, window) if deviation else None
                power = square / count if deviation else None
            yield part, mean, root, np.broadcast_to(count, mean.shape), power


def _integrals(strip: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums up to every pixel. Those of uint8 wrap round and are right again in the end if the sum of a window fits."""
    if strip.dtype == np.uint8 and window**2 * 255 < 2**31:
        return cv2.integral2(strip, sdepth=cv2.CV_32S, sqdepth=cv2.CV_64F)
    return cv2.integral2(strip.astype(np.float64, copy=False), sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)


def _windows(total: np.ndarray, window: int) -> np.ndarray:
    """Sums of every window from those up to every pixel, as float64."""
    sums = total[window:, window:] - total[:-window, window:]
    sums -= total[window:, :-window]
    sums += total[:-window, :-window]
    return sums.astype(np.float64, copy=False)


def _deviation(sums: np.ndarray, squares: np.ndarray, count, dtype: np.dtype, lift: float, window: int) -> np.ndarray:
    """Of whole numbers operation for operation what the kernel does."""
    if dtype.kind == "f":
        return np.sqrt(np.maximum(count * squares - sums * sums, 0) + lift * (sums * sums)) / count
    sums, pixels = sums.astype(np.int64), np.asarray(count).astype(np.int64)
    square = squares.astype(np.int64)
    if kernel.fits(dtype, window):
        square *= pixels
        square -= sums * sums  # exact: what overflows cancels
        square = square.astype(np.float64)
    else:  # about a whole number near the mean, where the sums are small and nothing cancels
        middle = np.rint(sums / np.maximum(pixels, 1)).astype(np.int64)
        rest = sums - middle * pixels
        square -= middle * (sums + rest)
        square = np.maximum(square * pixels.astype(np.float64) - rest.astype(np.float64) ** 2, 0)
    if lift:
        total = sums.astype(np.float64)
        square += lift * (total * total)
    near = np.sqrt(square.astype(np.float32))
    root = near.astype(np.float64)
    square -= root * root
    near += np.finfo(np.float32).tiny
    square *= np.divide(np.float32(0.5), near, out=near)
    root += square
    root *= 1 / count
    return root


def _extreme(
    name: str, image: np.ndarray, window: int, border: str, counted: np.ndarray | None
) -> Callable[[list[slice]], Iterator[np.ndarray]]:
    """Give a function of parts of rows that gives the least or greatest value of every window in each."""
    if image.dtype not in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        image = image.astype(np.float64)
    pick = np.minimum if name == "low" else np.maximum
    wide, inside = framed(np.ascontiguousarray(image), window // 2, border, counted)
    if inside is not None:
        info = np.finfo(image.dtype) if image.dtype.kind == "f" else np.iinfo(image.dtype)
        wide[inside == 0] = info.max if name == "low" else info.min

    def of(parts: list[slice]) -> Iterator[np.ndarray]:
        # Windows overlap by all but a row, so that many rows at a time are faster than few.
        per_block = max(1, BLOCK // (parts[0].stop - parts[0].start))
        spare = np.empty((2, (per_block * (parts[0].stop - parts[0].start) + window) * wide.shape[1]), image.dtype)
        for first in range(0, len(parts), per_block):
            some = parts[first : first + per_block]
            found = _extremes(wide[some[0].start : some[-1].stop + window - 1], window, pick, spare)
            yield from (found[part.start - some[0].start : part.stop - some[0].start] for part in some)

    return of


def _extremes(strip: np.ndarray, window: int, pick: np.ufunc, spare: np.ndarray) -> np.ndarray:
    """The least or greatest value of every window: of two places, then of two such pairs, and so on.

    All rows are one line, whose ends meet: what comes of that lies beyond the last window of each row.
    """
    height, width = strip.shape
    line, free = strip.reshape(-1), 0
    for step in (width, 1):
        reach = 1
        while reach < window:
            far = min(reach, window - reach)
            line = pick(line[: -far * step], line[far * step :], out=spare[free, : len(line) - far * step])
            reach, free = reach + far, 1 - free
    return spare[1 - free, : (height - window + 1) * width].reshape(-1, width)[:, : width - window + 1]
