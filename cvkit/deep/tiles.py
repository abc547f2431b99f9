"""Run a network over an image in tiles: memory for one tile, and the answer that the whole image would get.

A network of convolutions sees each pixel's neighbourhood alone, so far and no farther: its halo. Tiles that overlap by
that, and begin on the grid of the network's smallest map, are answered in their middle as the whole image is, bit for
bit where the engine adds in the same order at any size (ONNX Runtime and OpenVINO do for convolutions). A network that
looks at the whole image at once, by a mean over it or by attention, has no halo: its tiles overlap by a quarter and are
blended, each weighing less towards its edge, and the answer is that of tiles, not of the whole.
"""

from collections.abc import Callable
from itertools import product
from math import ceil

import numpy as np

from cvkit.arrays import Image, Probabilities

SMALL, LARGE = 3 * 2**16, 2**20  # pixels of a tile: at least, and at most
NARROW = 128  # no tile is narrower
SHARE = 8  # between the two, one part in so many of the image
WHOLE = 2**20  # pixels; an image of so many is run as a whole where tiles would not be exact
BLENDED = 768  # side of the tiles of larger ones


def tiled(
    run: Callable[[np.ndarray], np.ndarray],
    image: Image,
    card: dict,
    decide: Callable[[Probabilities], np.ndarray] = np.asarray,
) -> np.ndarray:
    """Run a network over an image, in tiles if it is large.

    Parameters
    ----------
    run : function
        float32 (1, H, W, C) to float32 (1, H, W, K), of any H and W; or of one size alone, if it has an attribute
        ``side``: tiles of that side are blended then.
    image : (H, W, C) float32 array
    card : dict
        ``halo``: how far the network looks, None if everywhere or too far for exact tiles; ``stride``: the grid that it
        shrinks images by.
    decide : function
        What is kept of the answer (h, w, K) to a part of the image: an array (h, w, ...), by default all.

    Returns
    -------
    answer : (H, W, ...) array
        What `decide` gives, of the whole image.
    """
    height, width = image.shape[:2]
    side = getattr(run, "side", None)
    parts = []
    if side is not None:
        parts = _blended(run, _grown(image, side), side, side // 4)
    elif card["halo"] is not None:
        parts = _exact(run, image, _halo(card), card["stride"])
    elif height * width <= WHOLE:
        parts = [((slice(0, height), slice(0, width)), run(image[None])[0])]
    else:
        side = ceil(BLENDED / card["stride"]) * card["stride"]
        parts = _blended(run, _grown(image, side), side, side // 4)
    out = None
    for where, answer in parts:
        rows, cols = (slice(part.start, min(part.stop, most)) for part, most in zip(where, image.shape, strict=False))
        answer = answer[: rows.stop - rows.start, : cols.stop - cols.start]
        kept = decide(answer if answer.shape[2] > 1 else np.concatenate([1 - answer, answer], axis=2))
        if out is None:
            out = np.empty((height, width, *kept.shape[2:]), kept.dtype)
        out[rows, cols] = kept
    return out


def plan(height: int, width: int, halo: int, stride: int) -> tuple[list, list]:
    """Cut both sides so that the least is computed twice, by tiles that are not too large.

    A tile holds at most an eighth of the image, but 196,608 pixels if that is less and 2**20 if it is more; and it may
    be four halos wide, lest most of the work be done twice.

    Parameters
    ----------
    height, width : int
    halo : int
        A multiple of `stride`.
    stride : int

    Returns
    -------
    rows, cols : list of (seen, kept)
        Slices of each side: what a tile sees, and what is kept of its answer.

    Examples
    --------
    >>> rows, cols = plan(520, 696, 96, 16)
    >>> [(seen.start, seen.stop) for seen, kept in cols]
    [(0, 368), (176, 544), (352, 696)]
    """
    most = max(SMALL, min(LARGE, height * width // SHARE), (4 * halo) ** 2)
    ways = product(_ways(height, halo, stride), _ways(width, halo, stride))
    rows, cols = min(ways, key=lambda way: (max(way[0][0] * way[1][0], most), way[0][1] * way[1][1]))
    return rows[2], cols[2]


def _ways(side: int, halo: int, stride: int) -> list[tuple[int, int, list]]:
    """A side cut into 1, 2, ... tiles: the longest, their sum, the slices; none narrower than three halos."""
    ways = [(side, side, [(slice(0, side), slice(0, side))])]
    for count in range(2, side // NARROW + 1):
        length = ceil((side + 2 * halo * (count - 1)) / count / stride) * stride
        if length < max(3 * halo, NARROW):
            break
        cuts = list(_cuts(side, length, halo))
        ways.append((length, sum(seen.stop - seen.start for seen, _ in cuts), cuts))
    return ways


def _cuts(side: int, length: int, halo: int):
    """Tiles of one length, whose answers are kept up to a halo from where they are cut."""
    start = 0
    while True:
        seen = slice(start, min(start + length, side))
        last = seen.stop == side
        yield seen, slice(start + (halo if start else 0), side if last else seen.stop - halo)
        if last:
            return
        start = seen.stop - 2 * halo


def _exact(run, image: np.ndarray, halo: int, stride: int):
    """The answer of each tile, without what its edges spoil."""
    rows, cols = plan(*image.shape[:2], halo, stride)
    for (seen_rows, kept_rows), (seen_cols, kept_cols) in product(rows, cols):
        answer = run(np.ascontiguousarray(image[seen_rows, seen_cols])[None])[0]
        row, col = kept_rows.start - seen_rows.start, kept_cols.start - seen_cols.start
        high, wide = kept_rows.stop - kept_rows.start, kept_cols.stop - kept_cols.start
        yield (kept_rows, kept_cols), answer[row : row + high, col : col + wide]


def _grown(image: np.ndarray, side: int) -> np.ndarray:
    """Repeat the last row and column of an image that is smaller than a tile."""
    return np.pad(image, [(0, max(0, side - length)) for length in image.shape[:2]] + [(0, 0)], mode="edge")


def _blended(run, image: np.ndarray, side: int, overlap: int):
    """The answers of a row of tiles at a time, where no later tile adds to them."""
    height, width = image.shape[:2]
    rows, cols = _places(height, side, overlap), _places(width, side, overlap)
    weights = [_weights(places, side) for places in (rows, cols)]
    band = None
    for number, row in enumerate(rows):
        for col, across in zip(cols, weights[1], strict=True):
            answer = run(np.ascontiguousarray(image[row : row + side, col : col + side])[None])[0]
            if band is None:
                band = np.zeros((side, width, answer.shape[2]), np.float32)
            band[:, col : col + side] += answer * (weights[0][number][:, None, None] * across[:, None])
        done = (rows[number + 1] if number + 1 < len(rows) else height) - row
        yield (slice(row, row + done), slice(0, width)), band[:done].copy()
        band = np.concatenate([band[done:], np.zeros_like(band[:done])])


def _places(length: int, side: int, overlap: int) -> list[int]:
    """Where tiles begin: evenly, none beyond the end, neighbours overlapping by at least so much."""
    count = ceil(max(0, length - side) / (side - overlap)) + 1
    return [round(number * (length - side) / max(1, count - 1)) for number in range(count)]


def _weights(places: list[int], side: int) -> list[np.ndarray]:
    """How much each tile weighs along a side: falling to its edges as a cosine, together 1 everywhere."""
    centres = np.abs(np.arange(side) + 0.5 - side / 2) * 2 / side
    bump = (1 + np.cos(np.pi * centres)) / 2 + 1e-3
    total = np.zeros(places[-1] + side)
    for place in places:
        total[place : place + side] += bump
    return [(bump / total[place : place + side]).astype(np.float32) for place in places]


def _halo(card: dict) -> int:
    """How far the network looks, rounded up to its grid."""
    return ceil(card["halo"] / card["stride"]) * card["stride"]
