"""The judgement of generated images: every measure of `cvkit.compare.generation`, beside what real images reach."""

from collections.abc import Callable, Sequence
from inspect import isfunction

import numpy as np

from cvkit.compare.generation import frechet_distance, kernel_distance, neighbours
from cvkit.errors import CvkitError


def judge(
    generated: np.ndarray,
    real: np.ndarray,
    features: str | Callable = "efficientnet_lite0",
    *,
    held_back: np.ndarray | None = None,
    most: int = 5000,
    seed: int = 0,
) -> dict:
    """Judge generated images against real ones, and real ones against real ones: the floor that can be reached.

    Parameters
    ----------
    generated, real : (N, H, W[, C]) arrays, or lists of images
        Of one size and dtype: uint8, uint16, or floats in 0..1.
    features : str, keras.Model or function
        What describes them, see `cvkit.deep.describing.find_describer`: ``"efficientnet_lite0"``, ``"inception_v3"``,
        one's own classifier, a Keras model that sees black as -1 and white as 1, or a function of images to (N, D)
        features. Its name is in the result: numbers of different features cannot be compared.
    held_back : (M, H, W[, C]) array or list of images, optional
        Real images that the floor is made of; by default half of `real`, drawn at random, and the other half is what
        all is compared with.
    most : int
        Images for precision, recall, density and coverage, drawn at random if there are more.
    seed : int
        Of what is drawn at random.

    Returns
    -------
    judgement : dict
        ``features``, ``images`` (how many generated, real, held back were compared: as many generated as held back, for
        the measures depend on it) and, each with ``generated`` and ``floor``, the measures
        ``frechet``, ``kernel``, ``kernel_error``, ``precision``, ``recall``, ``density``, ``coverage``. Of a classifier
        also ``class_distance``, half the sum of differences from the real images' shares of classes (0 = the same
        shares, 1 = no class in common), and the ``classes``: these shares, of the ``generated``, the ``floor`` and the
        ``real`` images. `as_text` writes it as a table.

    Raises
    ------
    CvkitError
        If there are too few images, they differ in size or dtype, or the features are not finite.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    >>> found = judge(images[:20] // 2, images, lambda batch: batch.mean(axis=2))
    >>> found["frechet"]["generated"] > 10 * found["frechet"]["floor"]
    True
    """
    if held_back is None:
        order = np.random.default_rng(seed).permutation(len(real))  # images are often sorted by class, or in turn
        held_back, real = ([real[place] for place in part] for part in np.split(order, [len(real) // 2]))
    generated, real, held_back = _alike({"generated": generated, "real": real, "held_back": held_back})
    count = min(len(generated), len(held_back))
    sets = [_draw(generated, count, seed), real, _draw(held_back, count, seed)]
    if not isfunction(features):
        from cvkit.deep.quiet import import_keras

        import_keras()
        from cvkit.deep.describing import find_describer

        features = find_describer(features)
    if hasattr(features, "features_and_classes"):
        said = [features.features_and_classes(images) for images in sets]
    else:
        said = [[features(images)] for images in sets]
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


def as_text(judgement: dict) -> str:
    """Write a judgement as a table of text, floors beside."""
    counts = "generated {}, real {}, held back {}".format(*judgement["images"])
    lines = [f"features of {judgement['features']}; {counts}", f"{'':16}{'generated':>10}{'real images':>14}"]
    for key, values in judgement.items():
        if key == "classes":
            shares = zip(values["generated"], values["floor"], strict=True)
            lines += [f"{f'class {place}':16}{one:10.3f}{other:14.3f}" for place, (one, other) in enumerate(shares)]
        elif isinstance(values, dict):
            lines.append(f"{key:16}{values['generated']:10.4g}{values['floor']:14.4g}".replace("_", " "))
    return "\n".join(lines)


def _alike(sets: dict) -> list[np.ndarray]:
    """Sets of images as arrays, if there are some and all are of one size and dtype."""
    for name, images in sets.items():
        if len(images) < 2:
            wanted = f"a judgement needs two images of `{name}` at least, and some thousands to be of use"
            raise CvkitError("generation-few", wanted, came=str(len(images)), remedy="give more")
    first = np.asarray(sets["generated"][0])
    for name, images in sets.items():
        for number, image in enumerate(map(np.asarray, images)):
            if (image.shape, image.dtype) != (first.shape, first.dtype):
                wanted, came = (f"{' x '.join(map(str, one.shape))} {one.dtype}" for one in (first, image))
                raise CvkitError(
                    "generation-differ", f"images are compared of one size and depth, as the first generated, {wanted}",
                    came=f"{came}, number {number} of `{name}`", remedy="resize or convert it",
                )  # fmt: skip
    return [np.asarray(images) for images in sets.values()]


def _draw(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """So many of all, at random."""
    return rows if count == len(rows) else np.random.default_rng(seed).choice(rows, count, replace=False)


def _measure(rows: np.ndarray, real: np.ndarray, most: int, seed: int) -> dict[str, float]:
    count = min(len(rows), len(real), most)
    distance, error = kernel_distance(rows, real, seed=seed)
    first = {"frechet": frechet_distance(rows, real), "kernel": distance, "kernel_error": error}
    return first | neighbours(_draw(rows, count, seed), _draw(real, count, seed))


def class_shares(numbers: Sequence[int], classes: int) -> np.ndarray:
    """Count classes: the share of each among the images, (classes,) floats that sum to 1.

    Examples
    --------
    >>> class_shares([0, 2, 2, 2], 3)
    array([0.25, 0.  , 0.75])
    """
    return np.bincount(np.asarray(numbers, int), minlength=classes) / max(1, len(numbers))
