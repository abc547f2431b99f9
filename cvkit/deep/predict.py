"""From image to probabilities to answer, without Keras."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from cvkit import registry
from cvkit.arrays import Classes, Image, Mask, Probabilities, as_channels, as_finite, as_image, number
from cvkit.deep.card import ONNX, check_file, read_card
from cvkit.deep.decode import keep_apart
from cvkit.deep.engines.onnxruntime import load
from cvkit.deep.guard import guarded
from cvkit.deep.tiles import tiled


def segment(image: Image, model: str | Path, *, threshold: float = 0.5) -> Mask | Classes:
    """Segment an image with a trained model.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    model : path
        A model folder.
    threshold : float, 0..1
        Probability above which a pixel is foreground; of no effect on a model that gives classes.

    Returns
    -------
    answer : (H, W) bool or uint8 array
        A mask or classes, as the model's card says.

    Raises
    ------
    FileNotFoundError, ValueError
        If the model is incomplete or damaged, or the image is none or holds NaN.
    """
    number(threshold, "threshold", 0, 1)
    card, _ = _load(Path(model))
    values = probabilities(image, model)
    if card["answer"] == "classes":
        return apply(card["postprocess"], values.argmax(axis=2).astype(np.uint8))
    return apply(card["postprocess"], _mask(values, card, threshold))


def probabilities(image: Image, model: str | Path) -> Probabilities:
    """Give the probability of each class at each pixel.

    Images too large for one piece are run in tiles that overlap as far as the network looks: the answer is the same.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    model : path
        A model folder.

    Returns
    -------
    probabilities : (H, W, C) float32 array
        Sums to 1 over the classes.
    """
    card, run = _load(Path(model))
    image = apply(card["preprocess"], as_finite(as_image(image), "a network"))
    image = as_channels(image, card["channels"])
    return tiled(run, image, card)


def _mask(values: np.ndarray, card: dict, threshold: float) -> np.ndarray:
    """Foreground of enough probability; where the network knows contacts, a line of one pixel between objects."""
    inside = values[:, :, card["foreground"]].sum(axis=2)
    if not card["contact"]:
        return inside > threshold
    contact = values[:, :, card["contact"]].sum(axis=2)
    foreground = inside + contact > threshold
    return keep_apart(foreground & (inside > contact), foreground)


@lru_cache(maxsize=4)
def _load(folder: Path) -> tuple:
    """A model's card and the function that runs it, kept for the next image."""
    card = read_card(folder)
    return card, guarded(load, check_file(folder, card, ONNX))


def apply(steps: str, array: np.ndarray) -> np.ndarray:
    """Run the steps that a card names, "normalize(low=1) | gaussian" for example; none if the text is empty."""
    for text in registry.split(steps) if steps else []:
        name, arguments = registry.parse(text)
        array = registry.find(name).call(array, **arguments)
    return array
