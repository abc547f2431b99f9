"""From image to probabilities to answer, without Keras."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from cvkit import registry
from cvkit.arrays import Classes, Image, Labels, Mask, Probabilities, as_channels, as_finite, as_image, number
from cvkit.cores import asked
from cvkit.deep.calibration import temper
from cvkit.deep.card import CARD, check_file, read_card
from cvkit.deep.decode import decide
from cvkit.deep.decode import pixelwise as decide_pixelwise
from cvkit.deep.engines import choose
from cvkit.deep.guard import guarded
from cvkit.deep.tiles import tiled
from cvkit.deep.views import VIEWS, views
from cvkit.errors import CvkitError


def segment(
    image: Image,
    model: str | Path,
    *,
    threshold: float | None = None,
    augment: bool = False,
    engine: str = "onnxruntime",
    precision: str = "f32",
) -> Mask | Labels | Classes:
    """Segment an image with a trained model.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    model : path
        A model folder.
    threshold : float, 0..1, optional
        Probability above which a pixel is foreground; the card's, or 0.5, by default. Of no effect on a model that
        gives classes.
    augment : bool
        Whether to look at the image in eight ways, turned and mirrored, and average: better, and eight times as long.
    engine : str
        What runs the network: "onnxruntime", "openvino", "litert" or "opencv".
    precision : str
        "f32"; "bf16" with OpenVINO; or "int8" with ONNX Runtime or LiteRT, if the model has been quantized
        (`cvkit.deep.quantize.quantize`): faster, and its card says what it costs.

    Returns
    -------
    answer : (H, W) bool, int32 or uint8 array
        A mask, labels or classes, as the model's card says.

    Raises
    ------
    FileNotFoundError, ValueError
        If the model is incomplete or damaged, or the image is none or holds NaN.
    """
    if threshold is not None:
        number(threshold, "threshold", 0, 1)
    how = {"augment": augment, "engine": engine, "precision": precision}
    values, (card, _) = outputs(image, model, **how), load_model(model, engine, precision)
    return apply(card["postprocess"], decide(values, card, threshold))


def probabilities(
    image: Image,
    model: str | Path,
    *,
    augment: bool = False,
    engine: str = "onnxruntime",
    precision: str = "f32",
) -> Probabilities:
    """Give the probability of each class at each pixel.

    Large images are run in tiles that overlap as far as the network looks: the answer is the same. Where the network
    looks everywhere, or farther than 512 pixels, and its card says ``"halo": null``, tiles of images of more than a
    million pixels are blended.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    model : path
        A model folder.
    augment, engine, precision
        As of `segment`.

    Returns
    -------
    probabilities : (H, W, C) float32 array
        Sums to 1 over the classes.
    """
    values = outputs(image, model, augment=augment, engine=engine, precision=precision)
    return values[:, :, : len(load_model(model, engine, precision)[0]["classes"])]


def outputs(image: Image, model: str | Path, *, augment: bool = False, **engine: str) -> np.ndarray:
    """Give all that a network says: probabilities and, where it tells of stars, these; see `cvkit.deep.decode`."""
    if augment:
        return sum(looks(image, model, augment=True, **engine)) / np.float32(VIEWS)
    return next(looks(image, model, augment=False, **engine))


def looks(image: Image, model: str | Path, *, augment: bool, **engine: str) -> Iterator[np.ndarray]:
    """Give what a network says of an image, once or from eight sides; probabilities at the card's temperature."""
    card, run = load_model(model, **engine)
    image = apply(card["preprocess"], as_finite(as_image(image), "a network"))
    image = as_channels(image, card["channels"])
    count = len(card["classes"])

    def look(image: np.ndarray) -> np.ndarray:
        values = _tempered(tiled(run, image, card), card)
        if image.min() == image.max():  # as all methods have it: where all is alike there is nothing to be found
            values[:], values[:, :, 0] = 0, 1
        return values

    yield from views(look, image, count) if augment else [look(image)]


def pixelwise(
    image: Image,
    model: str | Path,
    *,
    threshold: float | None = None,
    engine: str = "onnxruntime",
    precision: str = "f32",
) -> Classes:
    """Say of a part of an image what can be said of each pixel alone; for `cvkit.scale`.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        The card's steps before the network are done with.
    model, threshold, engine, precision
        As of `segment`.

    Returns
    -------
    codes : (H, W) uint8 array
        See `cvkit.deep.decode.pixelwise`.
    """
    card, run = load_model(model, engine, precision)
    image = as_channels(as_finite(as_image(image), "a network"), card["channels"])
    return tiled(run, image, card, lambda values: decide_pixelwise(_tempered(values, card), card, threshold))


def _tempered(values: np.ndarray, card: dict) -> np.ndarray:
    """The same, its probabilities at the temperature of the card, if there is one; what follows them stays."""
    if "temperature" in card:
        count = len(card["classes"])
        values[:, :, :count] = temper(values[:, :, :count], card["temperature"])
    return values


def load_model(folder: str | Path, engine: str = "onnxruntime", precision: str = "f32") -> tuple:
    """A model's card and the function that runs it, kept for the next image."""
    path = Path(folder) / CARD
    return _load(Path(folder), path.stat().st_mtime_ns if path.is_file() else None, engine, precision)


@lru_cache(maxsize=4)
def _load(folder: Path, changed: int | None, engine: str, precision: str) -> tuple:
    card = read_card(folder)
    name, load = choose(engine, precision)
    if name not in card["checksums"]:
        raise CvkitError(
            "model-precision",
            came=f"the model has no {name}",
            remedy="make it: from cvkit.deep.quantize import quantize; quantize(model, pairs, validation)",
            file=folder,
        )
    return card, guarded(lambda path: load(path, precision, asked() or None), check_file(folder, card, name))


def apply(steps: str, array: np.ndarray) -> np.ndarray:
    """Run the steps that a card names, "normalize(low=1) | gaussian" for example; none if the text is empty."""
    for text in registry.split(steps) if steps else []:
        name, arguments = registry.parse(text)
        array = registry.find(name).call(array, **arguments)
    return array
