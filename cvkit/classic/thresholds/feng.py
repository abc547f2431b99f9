"""Feng's threshold: Wolf's, relative to the contrast of wider surroundings, and interpolated.

    T = (1 - a) * m + b * (s / r) * (m - low) + c * low        b, c = k1 * (s / r)**g, k2 * (s / r)**g

M. L. Feng, Y. P. Tan, IEICE Electronics Express 1(16), 2004. doi:10.1587/elex.1.501
Computed at the centres of windows side by side and linear between them, as in Doxa, which moves the windows by one
pixel less, takes the greatest deviation nearby for `r`, at least 10, and 0.025 and 0.2 for `k1`, `k2`.
`low` is the least value of the window, `r` the deviation of one of the same centre and of `wider` its side.
"""

from collections.abc import Iterator

import numpy as np

from cvkit.arrays import WIDEST, Image, number, odd, one_of, whole
from cvkit.classic import kernel
from cvkit.classic.surface import Surface
from cvkit.classic.windows import BORDERS, counted_pixels, framed
from cvkit.errors import CvkitError
from cvkit.reach import reach


@reach("its windows lie side by side, from the corner of the whole image on")
def threshold(
    image: Image,
    *,
    window: int = 15,
    wider: int = 3,
    a: float = 0.12,
    g: float = 2.0,
    k1: float = 0.25,
    k2: float = 0.04,
    border: str = "reflect",
) -> Surface:
    """Feng's threshold at every pixel, made for dark ink on paper: use ``foreground="dark"``.

    Parameters
    ----------
    image : (H, W) array
    window : int, odd
        Side of the square window in pixels.
    wider : int
        How many times as wide the wider window is, odd; of an even number the next.
    a, g, k1, k2 : float
        See the formula.
    border : {"reflect", "replicate", "truncate"}
        What lies beyond the image, see `cvkit.classic.windows.local`.

    Returns
    -------
    threshold : (H, W) Surface

    Examples
    --------
    >>> np.asarray(threshold(np.array([[9, 9, 9]], np.uint8), window=3))
    array([[7.92, 7.92, 7.92]])
    """
    for name, value in (("a", a), ("g", g), ("k1", k1), ("k2", k2)):
        number(value, name, *((-10, 10) if name == "g" else ()))
    window, wider = odd(window, "window"), whole(wider, "wider") // 2 * 2 + 1
    if window * wider > WIDEST:
        raise CvkitError(
            "parameter-range",
            f"`window` times `wider` must be at most {WIDEST}",
            came=f"{window} times {wider}",
            remedy="make one of them less",
        )
    one_of(border, "border", BORDERS)
    (m, s, low), r = _of_windows(image, window, wider, border)
    share = np.divide(s, r, out=np.zeros(s.shape), where=r > 0)
    power = share**g
    with np.errstate(invalid="ignore"):
        found = (1 - a) * m + k1 * power * share * (m - low) + k2 * power * low
    if (nothing := np.isnan(found)).any():
        found[nothing] = found[~nothing].mean()
    return _between(image, found, window)


def _of_windows(image: Image, window: int, wider: int, border: str) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Mean, deviation and least value of windows around every `window`-th pixel, and the deviation of the wider ones.

    Windows side by side: each pixel is looked at once, whatever their size. The first lies around the first pixel of
    the image, and so many around it as the wider ones want.
    """
    data, counted, half, beyond = np.ma.getdata(image), counted_pixels(image), window // 2, wider // 2
    if data.dtype not in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        data = data.astype(np.float64)
    lowest, highest = float(image.min()), float(image.max())
    middle = np.rint(lowest / 2 + highest / 2)  # about which the sums of whole numbers are exact and small
    data = data if counted is None else np.where(counted, data, data.dtype.type(middle))  # there may be NaN
    wide, inside = framed(np.ascontiguousarray(data), window * beyond + 2 * half, border, counted)
    many, across = ((length - 1 + half) // window + 1 + 2 * beyond for length in image.shape)
    starts = np.arange(half, half + across * window, window)

    def blocks(strip: np.ndarray, pick: np.ufunc) -> np.ndarray:
        columns = pick.reduce(strip, axis=0)[: half + across * window]
        return pick.reduceat(columns.astype(np.float64, copy=False), starts)

    found = np.empty((4, many, across))
    sums, squares, low, count = found
    count[:] = window * window
    few = np.float32 if data.dtype == np.uint8 and window < 1024 else np.float64  # bits, which lose nothing
    for place in range(many):
        rows = slice(half + place * window, half + (place + 1) * window)
        strip = np.subtract(wide[rows], middle, dtype=few)
        low[place] = blocks(wide[rows] if inside is None else np.where(inside[rows], wide[rows], np.inf), np.minimum)
        if inside is not None:
            strip *= inside[rows]
            count[place] = blocks(inside[rows].astype(np.float64), np.add)
        sums[place] = blocks(strip, np.add)
        squares[place] = blocks(np.square(strip, out=strip), np.add)
    inner = slice(beyond, many - beyond), slice(beyond, across - beyond)
    around = np.lib.stride_tricks.sliding_window_view(found, (wider, wider), (1, 2)).sum(axis=(3, 4))
    with np.errstate(invalid="ignore"):
        mean = middle + sums[inner] / count[inner]
        near, far = (_deviation(part[3], part[0], part[1]) for part in (found[:, *inner], around))
    return (mean, near, low[inner]), far


def _deviation(count: np.ndarray, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(count * squares - sums * sums, 0)) / count


def _between(image: Image, found: np.ndarray, window: int) -> Surface:
    """Thresholds of all pixels from those of every `window`-th, the last of which goes on."""
    image, (many, across), width = np.ma.getdata(image), found.shape, image.shape[1]
    col, right = np.divmod(np.arange(width), window)
    left, next_to = (found.take(np.minimum(col + one, across - 1), axis=1) for one in (0, 1))
    at = left + (next_to - left) * (right / window)
    step = np.diff(at, axis=0, append=at[-1:]) / window

    def ramps(first: int, last: int) -> Iterator[tuple]:
        for start in range(first // window * window, last, window):
            rows, row = slice(max(first, start), min(last, start + window)), min(start // window, many - 1)
            yield rows, at[row], step[row], rows.start - start

    def rows_of(first: int, last: int) -> Iterator[tuple]:
        for rows, base, more, times in ramps(first, last):
            down = np.arange(times, times + rows.stop - rows.start, dtype=np.float64)
            yield rows, down[:, None] * more + base

    def compare_rows(rows: slice, mask: np.ndarray, foreground: str) -> None:
        compare = kernel.comparing(image, mask, foreground)
        for ramp in ramps(rows.start, rows.stop):
            compare(*ramp)

    return Surface(image, rows_of, compare_rows if kernel.takes(image) and image.flags.c_contiguous else None)
