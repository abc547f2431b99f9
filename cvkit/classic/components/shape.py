"""Perimeter, Euler number and convex area of objects: what needs to know which pixels or runs are neighbours."""

import numpy as np

from cvkit.classic.runs import WORD, Runs, nonzero

PIECE = 1 << 18  # pixels of which the outline is followed at a time
AROUND = [(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1) if row or col]


def _step_lengths() -> np.ndarray:
    """The length that a pixel of the outline adds, by 1 + 2 * (neighbours beside it) + 10 * (across a corner)."""
    lengths = np.zeros(50)
    lengths[[5, 7, 15, 17, 25, 27]] = 1
    lengths[[21, 33]] = np.sqrt(2)
    lengths[[13, 23]] = (1 + np.sqrt(2)) / 2
    return lengths


def perimeters(objects: np.ndarray, found: Runs, index: np.ndarray, count: int) -> np.ndarray:
    """Length of the outline of each object, its holes' included.

    K. Benkrid, D. Crookes, A. Benkrid, Design and FPGA implementation of a perimeter estimator, 2000.

    Parameters
    ----------
    objects : (H, W) array
        Values that differ where objects touch, at corners too; 0 is background.
    found, index, count
        The runs of the same objects, their objects counted from 0, and how many there are.
    """
    height, width = objects.shape
    lengths, total = _step_lengths(), np.zeros(count)
    rows = max(1, PIECE // width)
    for row in range(0, height, rows):
        some = slice(*np.searchsorted(found.row, (row, row + rows)))
        strip = np.zeros((min(rows, height - row) + 4, width + 4), objects.dtype)  # two rows more tell what is outline
        top = max(0, row - 2)
        rest = objects[top : row + rows + 2]
        strip[top - row + 2 : top - row + 2 + len(rest), 2:-2] = rest
        pixels, codes = _outline(strip)
        ends = ((found.row[some] - row + 2) * (width + 4) + 2 + part[some] for part in (found.start, found.stop))
        first, last = (np.searchsorted(pixels, end) for end in ends)
        total += np.bincount(np.repeat(index[some], last - first), lengths[codes], count)
    return total


def _outline(strip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The flat places of the pixels of outlines, and the codes of their neighbours; not of the two outermost rings."""
    across, down = strip[:, 1:] != strip[:, :-1], strip[1:] != strip[:-1]
    border = np.zeros(-(-strip.size // WORD) * WORD, bool)
    image = border[: strip.size].reshape(strip.shape)
    inner = image[1:-1, 1:-1]
    np.logical_or(across[1:-1, :-1], across[1:-1, 1:], out=inner)
    inner |= down[:-1, 1:-1]
    inner |= down[1:, 1:-1]
    inner &= strip[1:-1, 1:-1] != 0
    width = strip.shape[1]
    pixels = nonzero(border)
    pixels = pixels[np.searchsorted(pixels, 2 * width) : np.searchsorted(pixels, strip.size - 2 * width)]
    values, codes = strip.reshape(-1), np.ones(len(pixels), np.int64)
    own = values[pixels]
    for row, col in AROUND:
        beside = pixels + (row * width + col)
        codes += (border[beside] & (values[beside] == own)) * (10 if row and col else 2)
    return pixels, codes


def euler_numbers(found: Runs, index: np.ndarray, count: int) -> np.ndarray:
    """Components less holes of each object, diagonal neighbours counting as joined: runs less contacts of runs."""
    order = np.argsort(index, kind="stable")
    index, row, start, stop = index[order], found.row[order], found.start[order], found.stop[order]
    wide, high = int(stop.max(initial=0)) + 2, int(row.max(initial=0)) + 2
    line = index * high + row  # in the order of which runs lie now
    after = (line + 1) * wide
    contacts = np.searchsorted(line * wide + start, after + stop, "right")
    contacts -= np.searchsorted(line * wide + stop, after + start, "left")
    return np.bincount(index, minlength=count) - np.bincount(index, contacts, count).astype(np.int64)


def convex_areas(found: Runs, index: np.ndarray, count: int) -> np.ndarray:
    """Pixels whose centre lies in the convex hull of the object's pixels, each a diamond that ends half a pixel off.

    All is counted in half pixels, so that it is exact.
    """
    row0, row1 = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(row0, index, found.row)
    np.maximum.at(row1, index, found.row + 1)
    slots = 2 * (row1 - row0) + 1  # the half rows from half a pixel above to half a pixel below
    first = np.cumsum(slots) - slots
    owner = np.repeat(np.arange(count), slots)
    place = first[index] + 2 * (found.row - row0[index]) + 1
    left = _hull(place, 2 * found.start, owner)
    right = -_hull(place, -2 * (found.stop - 1), owner)
    centres = (np.arange(len(owner)) - first[owner]) % 2 == 1
    width = right // 2 + (-left) // 2 + 1  # from the first whole pixel to the last
    return np.bincount(owner[centres], width[centres], count).astype(np.int64)


def _hull(place: np.ndarray, x: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The left side of the convex hull at every half row, rounded up to half a pixel at the rows of pixels."""
    far = np.iinfo(np.int64).max
    side = np.full(len(owner), far)
    for step, tip in ((-1, 0), (0, -1), (1, 0)):  # the four tips of a diamond, less the one on the other side
        np.minimum.at(side, place + step, x + tip)
    y = np.flatnonzero(side < far)
    x, whose = side[y], owner[y]
    while True:
        before, after = slice(None, -2), slice(2, None)
        inner = (whose[before] == whose[1:-1]) & (whose[after] == whose[1:-1])
        turn = (x[1:-1] - x[before]) * (y[after] - y[before]) - (x[after] - x[before]) * (y[1:-1] - y[before])
        drop = inner & (turn >= 0)  # not left of the line between its neighbours, which are points of the object
        if not drop.any():
            break
        keep = np.concatenate([[True], ~drop, [True]])
        x, y, whose = x[keep], y[keep], whose[keep]
    every = np.arange(len(owner))
    above = np.searchsorted(y, every, "right") - 1
    below = np.minimum(above + 1, len(y) - 1)
    rise, run = x[below] - x[above], np.maximum(y[below] - y[above], 1)
    last = whose[below] != owner  # the last half row of an object
    return x[above] + np.where(last, 0, -(-rise * (every - y[above]) // run))
