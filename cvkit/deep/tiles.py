"""Run a network over an image in tiles: the memory is that of one tile, and the answer that of the whole image."""

from collections.abc import Callable

import numpy as np

from cvkit.arrays import Image, Probabilities

PIECE = 432  # pixels; an image larger than this square is run in pieces that are, which bounds the memory


def tiled(
    run: Callable[[np.ndarray], np.ndarray],
    image: Image,
    card: dict,
    decide: Callable[[Probabilities], np.ndarray] = np.asarray,
) -> np.ndarray:
    """Run a network over an image in tiles that overlap as far as the network looks.

    Parameters
    ----------
    run : function
        float32 (1, H, W, C) to float32 (1, H, W, classes), of any H and W.
    image : (H, W, C) float32 array
    card : dict
        ``halo``: how far the network looks; ``stride``: the grid that it shrinks images by.
    decide : function
        What is kept of the probabilities (h, w, C) of a tile: an array (h, w, ...), by default all.

    Returns
    -------
    answer : (H, W, ...) array
        What `decide` gives, of the whole image.
    """
    height, width = image.shape[:2]
    out = None
    for rows in _cuts(height, width, card):
        for cols in _cuts(width, height, card):
            seen = tuple(_widen(part, side, card) for part, side in ((rows, height), (cols, width)))
            answer = run(image[seen][None])[0]
            row, col = rows.start - seen[0].start, cols.start - seen[1].start
            answer = answer[row : row + rows.stop - rows.start, col : col + cols.stop - cols.start]
            answer = decide(answer if answer.shape[2] > 1 else np.concatenate([1 - answer, answer], axis=2))
            if out is None:
                out = np.empty((height, width, *answer.shape[2:]), answer.dtype)
            out[rows, cols] = answer
    return out


def _cuts(side: int, other: int, card: dict) -> list[slice]:
    """Cut a side into parts that start at multiples of the network's stride; one part if the image is small."""
    if side * other <= PIECE**2:
        return [slice(0, side)]
    stride = card["stride"]
    step = max(stride, (PIECE - 2 * _halo(card)) // stride * stride)
    return [slice(start, min(start + step, side)) for start in range(0, side, step)]


def _widen(part: slice, side: int, card: dict) -> slice:
    """Add what the network sees beyond a part, the start kept on its grid."""
    return slice(max(0, part.start - _halo(card)), min(side, part.stop + _halo(card)))


def _halo(card: dict) -> int:
    """How far the network looks, rounded up to its grid."""
    return -(-card["halo"] // card["stride"]) * card["stride"]
