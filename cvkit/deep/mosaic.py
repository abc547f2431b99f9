"""Class maps larger than a generator's images, painted in tiles that overlap and share their noise: no seam shows."""

import math
from collections.abc import Callable

import numpy as np


def mosaic(paint: Callable, hot: np.ndarray, latent: list[int], side: int, rng: np.random.Generator) -> np.ndarray:
    """Paint one map.

    Parameters
    ----------
    paint : function
        Noise (T, K) and one-hot conditions (T, L), float32 rows, to images (T, side, side[, C]).
    hot : (H, W, classes) float32 array
        H and W at least `side`.
    latent : list of int
        The shape of the noise of one image: (side, side, n), a number of its own at every pixel, or (n,).
    side : int
    rng : numpy.random.Generator
        Of the noise.

    Returns
    -------
    image : (H, W[, C]) float64 array
        Where tiles overlap they fade into each other.
    """
    height, width = hot.shape[:2]
    spatial = len(latent) == 3
    noise = rng.standard_normal((height, width, latent[2]) if spatial else math.prod(latent), np.float32)
    parts = [
        (slice(row, row + side), slice(col, col + side)) for row in starts(height, side) for col in starts(width, side)
    ]
    grain = np.stack([(noise[part] if spatial else noise).reshape(-1) for part in parts])
    tiles = np.asarray(paint(grain, np.stack([hot[part].reshape(-1) for part in parts])), np.float64)
    ramp = np.minimum(np.arange(side) + 0.5, side - 0.5 - np.arange(side)).clip(max=side / 4)
    weight = np.multiply.outer(ramp, ramp)
    total, weights = np.zeros((height, width, *tiles.shape[3:])), np.zeros((height, width))
    for part, tile in zip(parts, tiles, strict=True):
        total[part] += tile * (weight if tile.ndim == 2 else weight[:, :, None])
        weights[part] += weight
    return total / (weights if total.ndim == 2 else weights[:, :, None])


def starts(length: int, side: int) -> list[int]:
    """Where tiles begin that cover a length and overlap by a quarter at least.

    Examples
    --------
    >>> starts(64, 64), starts(100, 64), starts(256, 64)
    ([0], [0, 36], [0, 48, 96, 144, 192])
    """
    count = 1 + math.ceil((length - side) / (side * 3 / 4))
    return [round(at) for at in np.linspace(0, length - side, count).tolist()]
