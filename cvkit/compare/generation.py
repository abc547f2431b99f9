"""How good generated images are, by their features: how near, how varied, how faithful, each beside its floor.

`judge` takes images; the measures take features, (N, D) arrays with one row an image, from whatever network: one's own
classifier is best.
Numbers of different networks, or of different numbers of images, cannot be compared. Fréchet distance alone is blind to
a generator that repeats a few images well: recall and coverage see it.
"""

from collections.abc import Callable, Sequence
from inspect import isfunction
from pathlib import Path

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


def class_shares(numbers: Sequence[int], classes: int) -> np.ndarray:
    """Count classes: the share of each among the images, (classes,) floats that sum to 1.

    Examples
    --------
    >>> class_shares([0, 2, 2, 2], 3)
    array([0.25, 0.  , 0.75])
    """
    return np.bincount(np.asarray(numbers, int), minlength=classes) / max(1, len(numbers))


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


def judge(
    generated: np.ndarray,
    real: np.ndarray,
    features: str | Path | Callable = "efficientnet_lite0",
    *,
    held_back: np.ndarray | None = None,
    most: int = 5000,
    seed: int = 0,
) -> dict:
    """Judge generated images against real ones, and real ones against real ones: the floor that can be reached.

    Parameters
    ----------
    generated, real : (N, H, W[, C]) arrays
        Images in the same unit: uint8, uint16, or floats in 0..1.
    features : str, path, keras.Model or function
        What describes them, see `cvkit.deep.describing.find_describer`: ``"efficientnet_lite0"``, ``"inception_v3"``,
        one's own classifier or the file of one, or a function of images to (N, D) features. Its name is in the result:
        numbers of different features cannot be compared.
    held_back : (M, H, W[, C]) array, optional
        Real images that the floor is made of; by default `real` is cut into two halves, of which the first is what
        all is compared with.
    most : int
        Images for precision, recall, density and coverage, and for the kernel's subsets of 1000: the first so many.
    seed : int
        Of the kernel's subsets.

    Returns
    -------
    judgement : dict
        ``features``, ``images`` (generated, real, held back) and, each with ``generated`` and ``floor``, the measures
        ``frechet``, ``kernel``, ``kernel_error``, ``precision``, ``recall``, ``density``, ``coverage``. Of a classifier
        also ``class_distance``, half the sum of differences from the real images' shares of classes (0 = the same
        shares, 1 = no class in common), and the ``classes``: these shares, of the ``generated``, the ``floor`` and the
        ``real`` images. `describe` writes it as a table.

    Raises
    ------
    CvkitError
        If there are too few images, or the features are not finite.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    >>> found = judge(images[:20] // 2, images, lambda batch: batch.mean(axis=2))
    >>> found["frechet"]["generated"] > 10 * found["frechet"]["floor"]
    True
    """
    if held_back is None:
        real, held_back = real[: len(real) // 2], real[len(real) // 2 :]
    if not isfunction(features):
        from cvkit.deep.describing import find_describer

        features = find_describer(features)
    said = [
        features.run(images) if hasattr(features, "run") else [features(images)]
        for images in (generated, real, held_back)
    ]
    rows = [np.asarray(parts[0], np.float64) for parts in said]
    measured = [_measure(one, rows[1], most, seed) for one in (rows[0], rows[2])]
    found = {key: {"generated": measured[0][key], "floor": measured[1][key]} for key in measured[0]}
    if len(said[0]) > 1:
        shares = [class_shares(parts[1].argmax(axis=1), parts[1].shape[1]) for parts in said]
        apart = [float(np.abs(one - shares[1]).sum() / 2) for one in (shares[0], shares[2])]
        found["class_distance"] = dict(zip(("generated", "floor"), apart, strict=True))
        found["classes"] = dict(zip(("generated", "real", "floor"), (one.tolist() for one in shares), strict=True))
    name = getattr(features, "__name__", type(features).__name__)
    return {"features": name, "images": [len(one) for one in rows], **found}


def describe(judgement: dict) -> str:
    """Write a judgement as a table of text, floors beside."""
    counts = "generated {}, real {}, held back {}".format(*judgement["images"])
    lines = [f"features of {judgement['features']}; {counts}", f"{'':16}{'generated':>10}{'real images':>14}"]
    for key, values in judgement.items():
        if key == "classes":
            shares = zip(values["generated"], values["floor"], strict=True)
            lines += [f"{f'class {place}':16}{one:10.3f}{other:14.3f}" for place, (one, other) in enumerate(shares)]
        elif isinstance(values, dict):
            lines.append(f"{key:16}{values['generated']:10.3f}{values['floor']:14.3f}".replace("_", " "))
    return "\n".join(lines)


def _measure(rows: np.ndarray, real: np.ndarray, most: int, seed: int) -> dict[str, float]:
    count = min(len(rows), len(real), most)
    distance, error = kernel_distance(rows, real, seed=seed)
    first = {"frechet": frechet_distance(rows, real), "kernel": distance, "kernel_error": error}
    return first | neighbours(rows[:count], real[:count])


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
