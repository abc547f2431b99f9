"""Make images with a trained generator, without Keras: `generate`, `interpolate`, and `grid` to look at them."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from cvkit.arrays import VOID, Image, as_image, number, whole
from cvkit.deep.engines.onnxruntime import load
from cvkit.deep.examples import unscale
from cvkit.deep.generator_card import generator_file, generator_folder, read_generator_card, row_size
from cvkit.deep.mosaic import mosaic
from cvkit.errors import CvkitError

ROWS = 64  # images that are made at once


def generate(
    model: str | Path,
    n: int | None = None,
    *,
    condition: int | Sequence | np.ndarray | None = None,
    truncation: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Make images.

    Parameters
    ----------
    model : str or path
        A generator's folder, as `cvkit.train_gan` writes it, or the name of one that cvkit carries: ``"fashion"``.
    n : int, optional
        How many; by default 16, or one for each condition.
    condition : int, (N,) integers or (H, W) or (N, H, W) class maps, optional
        What to make; one class or map for all, or one for each. Without, the classes come in turn. Maps larger than the
        generator's images are painted in tiles that fade into each other.
    truncation : float, 0..1
        The noise is multiplied by it: less than 1 gives more usual images, and less variety.
    seed : int
        The same seed gives the same images, and the first ones of them for a smaller `n`.

    Returns
    -------
    images : (N, H, W) or (N, H, W, 3) array
        Of the dtype, and in the unit, of the images that the generator learnt from.

    Raises
    ------
    FileNotFoundError, CvkitError
        If the generator is incomplete or damaged, or the condition is not one of its own.

    Examples
    --------
    >>> generate("fashion", 4, condition=7, seed=1).shape  # four sneakers
    (4, 32, 32)
    """
    card, run = _load(generator_folder(model))
    many = np.ndim(condition) == {"none": 9, "class": 1, "map": 3}[card["condition"]]
    n = whole(len(condition) if n is None and many else 16 if n is None else n, "n")
    rng, factor = np.random.default_rng(whole(seed, "seed", 0)), np.float32(number(truncation, "truncation", 0, 1))
    hot = _one_hot(card, condition, n, large=True)

    def paint(noise: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        return _images(card, run, noise * factor, kinds)

    if hot.ndim == 2:
        return paint(rng.standard_normal((n, row_size(card)[0]), np.float32), hot)
    made = np.stack([mosaic(paint, one, card["latent"], card["shape"][0], rng) for one in hot])
    return made.astype(np.float32) if card["dtype"] == "float32" else np.rint(made).astype(card["dtype"])


def interpolate(
    model: str | Path, seeds: Sequence[int] = (0, 1), *, frames: int = 8, condition: int | np.ndarray | None = None
) -> np.ndarray:
    """Go from one image to the next, on the sphere where the noise lies.

    Parameters
    ----------
    model : path
    seeds : sequence of int
        At least two: the first image that `generate` makes of each, one after the other.
    frames : int
        Steps from one to the next.
    condition : int or (H, W) class map, optional
        One for all.

    Returns
    -------
    images : ((len(seeds) - 1) * frames + 1, H, W) or (..., H, W, 3) array
    """
    card, run = _load(generator_folder(model))
    if len(seeds) < 2:
        raise CvkitError("parameter-seeds", "`seeds` must be two or more", came=f"{len(seeds)}")
    size = row_size(card)[0]
    ends = [np.random.default_rng(whole(seed, "seed", 0)).standard_normal(size, np.float32) for seed in seeds]
    steps = np.arange(whole(frames, "frames")) / frames
    way = [_between(*pair, step) for pair in pairwise(ends) for step in steps]
    noise = np.stack([*way, ends[-1]])
    if condition is None and card["condition"] == "class":
        condition = 0
    return _images(card, run, noise, _one_hot(card, condition, len(noise)))


def grid(images: np.ndarray, *, columns: int | None = None, margin: int = 1) -> Image:
    """Lay images side by side into one.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, 3) array
    columns : int, optional
        By default as many as rows, or one more.
    margin : int
        Pixels between them, of the largest value that the dtype or the images hold.

    Returns
    -------
    image : (H', W') or (H', W', 3) array

    Examples
    --------
    >>> grid(np.zeros((3, 8, 8), np.uint8)).shape
    (17, 17)
    """
    images = np.stack([as_image(image) for image in images])
    columns = whole(columns or int(np.ceil(np.sqrt(len(images)))), "columns")
    rows, margin = -(-len(images) // columns), whole(margin, "margin", 0)
    height, width = (side + margin for side in images.shape[1:3])
    white = np.iinfo(images.dtype).max if images.dtype.kind in "ui" else images.max()
    out = np.full((rows * height, columns * width, *images.shape[3:]), white, images.dtype)
    for place, image in enumerate(images):
        row, col = place // columns * height, place % columns * width
        out[row : row + height - margin, col : col + width - margin] = image
    return out[: rows * height - margin, : columns * width - margin]


@lru_cache(maxsize=4)
def _load(folder: Path) -> tuple[dict, Callable]:
    card = read_generator_card(folder)
    path = generator_file(folder, card)
    try:
        return card, load(path)
    except Exception as fault:  # an engine has a tree of errors of its own
        raise _damaged(path, fault) from None


def _images(card: dict, run: Callable, noise: np.ndarray, condition: np.ndarray) -> np.ndarray:
    rows = np.concatenate([noise, condition], axis=1)
    try:
        made = np.concatenate([run(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)])
    except Exception as fault:
        raise _damaged(card["summary"], fault) from None
    if made.shape != (len(rows), *card["shape"]) or not np.isfinite(made).all():
        came = f"{made.shape}, {'finite' if np.isfinite(made).all() else 'not finite'}"
        raise CvkitError("model-answer", f"expected finite images {tuple(card['shape'])}", came=came)
    images = unscale(made, card["dtype"])
    return images[..., 0] if card["shape"][2] == 1 else images


def _damaged(file, fault: Exception) -> CvkitError:
    said = " ".join(str(fault).split())[:300]
    return CvkitError("model-engine", came=f"the engine cannot run this generator: {said}", file=file)


def _one_hot(card: dict, condition, n: int, *, large: bool = False) -> np.ndarray:
    """Check the condition and give it as zeros and ones: rows (n, L), L = 0 if there is none, or large maps."""
    classes, kind = len(card["classes"]), card["condition"]
    if kind == "none":
        if condition is not None:
            raise CvkitError("generate-condition", came="this generator takes no condition", remedy="leave it out")
        return np.zeros((n, 0), np.float32)
    if condition is None:
        if kind == "map":
            raise CvkitError("generate-condition", came="this generator needs a class map", remedy="give condition=map")
        condition = np.arange(n) % classes
    values = np.asarray(condition)
    shape = () if kind == "class" else tuple(card["shape"][:2])
    large = large and kind == "map" and values.shape[-2:] != shape and min(values.shape[-2:], default=0) >= shape[0]
    shape = values.shape[-2:] if large else shape
    if values.dtype.kind not in "bui" or values.shape not in (shape, (n, *shape)):
        expected = "a class, or one for each" if kind == "class" else f"a class map {shape}, or one for each"
        raise CvkitError(
            "generate-condition", f"`condition` must be {expected} of {n} images", came=f"{values.dtype} {values.shape}"
        )
    known = values[values != VOID] if kind == "map" else values
    if known.min(initial=0) < 0 or known.max(initial=0) >= classes:
        raise CvkitError(
            "generate-condition", f"classes must lie in 0..{classes - 1}", came=f"{known.min()}..{known.max()}",
            remedy=f"they are {', '.join(card['classes'][:20])}",
        )  # fmt: skip
    hot = np.asarray(values)[..., None] == np.arange(classes)
    hot = np.broadcast_to(hot, (n, *shape, classes)).astype(np.float32)
    return hot if large else hot.reshape(n, -1)


def _between(start: np.ndarray, end: np.ndarray, step: float) -> np.ndarray:
    """Spherical interpolation; K. Shoemake, SIGGRAPH 1985. doi:10.1145/325334.325242"""
    cosine = start @ end / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-6:
        return start + np.float32(step) * (end - start)
    return ((np.sin((1 - step) * angle) * start + np.sin(step * angle) * end) / np.sin(angle)).astype(np.float32)
