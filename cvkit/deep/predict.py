"""From image to probabilities to answer, without Keras."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from cvkit import registry
from cvkit.arrays import Classes, Image, Mask, Probabilities, as_channels, as_finite, as_image, number
from cvkit.deep.card import ONNX, check_file, read_card
from cvkit.deep.decode import keep_apart
from cvkit.deep.engines.onnxruntime import load

PIECE = 432  # pixels; an image larger than this square is run in pieces that are, which bounds the memory


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
    height, width = image.shape[:2]
    out = np.empty((height, width, len(card["classes"])), np.float32)
    for rows in _cuts(height, width, card):
        for cols in _cuts(width, height, card):
            seen = tuple(_widen(part, side, card) for part, side in ((rows, height), (cols, width)))
            answer = run(image[seen][None])[0]
            row, col = rows.start - seen[0].start, cols.start - seen[1].start
            answer = answer[row : row + rows.stop - rows.start, col : col + cols.stop - cols.start]
            out[rows, cols] = answer if answer.shape[2] > 1 else np.concatenate([1 - answer, answer], axis=2)
    return out


def _mask(values: np.ndarray, card: dict, threshold: float) -> np.ndarray:
    """Foreground of enough probability; where the network knows contacts, a line of one pixel between objects."""
    inside = values[:, :, card["foreground"]].sum(axis=2)
    if not card["contact"]:
        return inside > threshold
    contact = values[:, :, card["contact"]].sum(axis=2)
    foreground = inside + contact > threshold
    return keep_apart(foreground & (inside > contact), foreground)


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


@lru_cache(maxsize=4)
def _load(folder: Path) -> tuple:
    """A model's card and the function that runs it, kept for the next image."""
    card = read_card(folder)
    path = check_file(folder, card, ONNX)
    try:
        return card, load(path)
    except Exception as fault:  # the engine has a tree of errors of its own
        raise ValueError(f"{path}: the engine cannot load this network: {fault}") from None


def apply(steps: str, array: np.ndarray) -> np.ndarray:
    """Run the steps that a card names, "normalize(low=1) | gaussian" for example; none if the text is empty."""
    for text in registry.split(steps) if steps else []:
        name, arguments = registry.parse(text)
        array = registry.find(name).call(array, **arguments)
    return array
