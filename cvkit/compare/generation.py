"""How good generated images are, by their features: how near, how varied, how faithful, each beside its floor.

All functions take features, (N, D) arrays with one row an image, from whatever network: one's own classifier is best;
`cvkit.judge` takes images, and finds the network.
Numbers of different networks, or of different numbers of images, cannot be compared. Fréchet distance alone is blind to
a generator that repeats a few images well: recall and coverage see it.
"""

from collections.abc import Callable

import numpy as np

from cvkit.arrays import whole
from cvkit.errors import CvkitError

BLOCK = 1024  # rows of a table of distances that are held at once


def frechet_distance(generated: np.ndarray, real: np.ndarray) -> float:
    """Measure the Fréchet distance of two Gaussians fitted to the features (FID).

    ``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``. M. Heusel et al., NeurIPS 2017. arXiv:1706.08500

    Parameters
    ----------
    generated, real : (N, D) and (M, D) arrays
        Features. With fewer images than about ten times D the value is far too high.

    Returns
    -------
    distance : float
        0 = equal; in the square of the features' unit.

    Raises
    ------
    CvkitError
        If the features are no such arrays, or not finite.

    Examples
    --------
    >>> real = np.random.default_rng(0).normal(size=(1000, 2))
    >>> round(frechet_distance(real + [3, 0], real), 6)
    9.0
    """
    generated, real = _features(generated, real)
    means = generated.mean(axis=0) - real.mean(axis=0)
    first, second = np.cov(generated, rowvar=False, ddof=1), np.cov(real, rowvar=False, ddof=1)
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    both = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    return max(0.0, float(means @ means + np.trace(first) + np.trace(second) - 2 * both))


def kernel_distance(
    generated: np.ndarray, real: np.ndarray, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Measure the squared maximum mean discrepancy under a cubic kernel (KID), which is unbiased for any N.

    M. Binkowski et al., ICLR 2018. arXiv:1801.01401

    Parameters
    ----------
    generated, real : (N, D) and (M, D) arrays
    subsets, size : int
        Mean of so many draws of so many images each, or of as many as there are.
    seed : int

    Returns
    -------
    distance, error : float
        Mean over the subsets, and the standard deviation of one subset's value divided by the square root of their
        number. It may fall below 0 by chance.
    """
    generated, real = _features(generated, real)
    size = min(whole(size, "size", 2), len(generated), len(real))
    rng, found = np.random.default_rng(seed), []
    for _ in range(whole(subsets, "subsets", 2)):
        x = generated[rng.choice(len(generated), size, replace=False)]
        y = real[rng.choice(len(real), size, replace=False)]
        xx, yy, xy = ((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
        within = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (size * (size - 1))
        found.append(within - 2 * xy.mean())
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(subsets))


def neighbours(generated: np.ndarray, real: np.ndarray, *, near: int = 3, dense: int = 5) -> dict[str, float]:
    """Measure fidelity and variety by balls around images that reach to their k-th neighbour.

    Precision and recall: T. Kynkäänniemi et al., NeurIPS 2019. arXiv:1904.06991. Density and coverage: M. F. Naeem
    et al., ICML 2020. arXiv:2002.09797

    Parameters
    ----------
    generated, real : (N, D) and (M, D) arrays
        As many of each, for numbers that are comparable.
    near, dense : int
        k for precision and recall, and for density and coverage.

    Returns
    -------
    found : dict
        ``precision``: share of generated images within a ball of a real one. ``recall``: share of real images within a
        ball of a generated one. ``density``: how many balls of real ones a generated one lies in, by what is expected;
        about 1 is good. ``coverage``: share of real images that have a generated one in their ball.
    """
    generated, real = _features(generated, real)
    most = max(whole(near, "near"), whole(dense, "dense"))
    if min(len(generated), len(real)) <= most:
        raise CvkitError(
            "generation-few", f"more than {most} images of each are needed for neighbours",
            came=f"{len(generated)} and {len(real)}", remedy="give more images",
        )  # fmt: skip
    of_real, of_generated = _radii(real, (near, dense)), _radii(generated, (near,))
    precise = dense_sum = 0
    covered = np.zeros(len(real), bool)
    recalled = np.zeros(len(real), bool)
    for part, distances in _distances(generated, real):
        precise += (distances <= of_real[0]).any(axis=1).sum()
        within = distances <= of_real[1]
        dense_sum += within.sum()
        covered |= within.any(axis=0)
        recalled |= (distances <= of_generated[0][part, None]).any(axis=0)
    return {
        "precision": float(precise / len(generated)),
        "recall": float(recalled.mean()),
        "density": float(dense_sum / (dense * len(generated))),
        "coverage": float(covered.mean()),
    }


def nearest(images: np.ndarray, real: np.ndarray, features: Callable | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Find the real image that is nearest to each generated one: does the generator copy?

    Parameters
    ----------
    images, real : (N, H, W[, C]) and (M, H, W[, C]) arrays
    features : function, optional
        Images to (N, D) features; by default the pixels are compared.

    Returns
    -------
    index : (N,) int array
        Of the nearest real image.
    ratio : (N,) float array
        The distance to it, by that of the real image to its own nearest other one. Well below 1: near to a copy.
    """
    describe = features or (lambda batch: np.asarray(batch, np.float64).reshape(len(batch), -1))
    generated, known = _features(describe(images), describe(real))
    index, distance = np.empty(len(generated), int), np.empty(len(generated))
    for part, distances in _distances(generated, known):
        index[part] = distances.argmin(axis=1)
        distance[part] = distances.min(axis=1)
    chosen = np.unique(index)
    own = np.full(len(known), np.inf)
    for part, distances in _distances(known[chosen], known):
        distances[np.arange(len(distances)), chosen[part]] = np.inf
        own[chosen[part]] = distances.min(axis=1)
    return index, np.sqrt(distance / np.maximum(own[index], 1e-12))


def _features(first, second) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    for name, rows in (("generated", first), ("real", second)):
        if rows.ndim != 2 or len(rows) < 2 or rows.shape[1] != first.shape[-1]:
            raise CvkitError(
                "generation-features", f"features of `{name}` must have shape (N, D), N at least 2, D as the others",
                came=str(rows.shape), remedy="give one row an image",
            )  # fmt: skip
        if not np.isfinite(rows).all():
            raise CvkitError("generation-features", came=f"features of `{name}` are not finite", remedy="look at them")
    return first, second


def _distances(rows: np.ndarray, others: np.ndarray):
    """Squared distances in blocks of rows: which rows, and (rows, others)."""
    squares = (others**2).sum(axis=1)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        block = rows[part]
        yield part, ((block**2).sum(axis=1)[:, None] + squares - 2 * block @ others.T).clip(0)


def _radii(rows: np.ndarray, ks: tuple) -> list[np.ndarray]:
    """Squared distances of each row to its k-th nearest other, for each k."""
    found = [np.empty(len(rows)) for _ in ks]
    for part, distances in _distances(rows, rows):
        ordered = np.partition(distances, ks, axis=1)
        for radius, k in zip(found, ks, strict=True):
            radius[part] = ordered[:, k]  # the image itself comes first
    return found
