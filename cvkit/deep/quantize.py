"""8-bit numbers instead of 32: a network in a third of the time, accepted only if it is as good on validation images.

Every map of features gets a scale, found from what it holds for training images; every filter has one of its own.
B. Jacob et al., CVPR 2018. doi:10.1109/CVPR.2018.00286
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cvkit.arrays import as_channels, is_void
from cvkit.compare.metrics import dice
from cvkit.deep.card import CARD, ONNX, check_file, read_card, write_card
from cvkit.deep.engines import choose
from cvkit.deep.predict import apply, segment
from cvkit.errors import CvkitError
from cvkit.io import write_bytes

MOST = 0.005  # of Dice that may be lost
TILES = 64  # to calibrate on


def quantize(
    model: str | Path, pairs: Sequence, validation: Sequence, *, engine: str = "onnxruntime", side: int = 256
) -> dict:
    """Add a network of 8-bit numbers to a model folder, for ``segment(image, model, precision="int8")``.

    Parameters
    ----------
    model : path
        A model folder.
    pairs : sequence of (image, truth) arrays
        Training images, to find the range of every map; the truths are not looked at.
    validation : sequence of (image, truth) arrays
        Images that were not learnt, to compare the two networks on.
    engine : str
        "onnxruntime": for images of any size. "litert": faster, in tiles of one size, which are blended.
    side : int
        Of the tiles, a multiple of the network's stride: about that of your images.

    Returns
    -------
    figures : dict
        ``dice`` before and ``dice_int8`` after, means over the validation images; ``flipped``, the share of pixels
        that changed; as written into the card under ``int8``. They are printed, too.

    Raises
    ------
    CvkitError
        If Dice falls by half a point or more, or there are no pairs; the folder is left as it was then.
    """
    folder = Path(model)
    card = read_card(folder)
    name, _ = choose(engine, "int8")
    if side < 1 or side % card["stride"]:
        raise CvkitError("parameter-range", f"`side` must be a multiple of {card['stride']}", came=str(side))
    if not len(pairs) or not len(validation):
        raise CvkitError("pairs-empty", "expected pairs to calibrate on and pairs to validate on", came="none")
    images = _tiles(pairs, card, side)
    with tempfile.TemporaryDirectory() as place:
        trial = Path(place) / "model"
        trial.mkdir()
        for file in {*card["checksums"], CARD}:
            (trial / file).write_bytes((folder / file).read_bytes())
        _write(folder, card, trial / name, images)
        _note(trial, name)
        figures = _compare(folder, trial, validation, engine)
        print(
            f"{engine} int8: Dice {figures['dice']:.4f} -> {figures['dice_int8']:.4f}, "
            f"{figures['flipped']:.3%} of the pixels changed."
        )
        if not figures["dice"] - figures["dice_int8"] < MOST:
            raise CvkitError(
                "int8-worse",
                f"8-bit numbers may lose less than {MOST} of Dice",
                came=f"{figures['dice'] - figures['dice_int8']:.4f}",
                remedy="calibrate on more pairs, or keep to precision='bf16' or 'f32'",
                file=folder,
            )
        write_bytes(folder / name, (trial / name).read_bytes())
    _note(folder, name, int8=card.get("int8", {}) | {engine: figures})
    return figures


def _tiles(pairs: Sequence, card: dict, side: int) -> np.ndarray:
    """What the network sees of the training images: the middle of each, (N, side, side, C)."""
    tiles = []
    for image, _ in pairs[:: max(1, len(pairs) // TILES)]:
        image = as_channels(apply(card["preprocess"], np.asarray(image)), card["channels"])
        image = np.pad(image, [(0, max(0, side - length)) for length in image.shape[:2]] + [(0, 0)], mode="edge")
        row, col = ((length - side) // 2 for length in image.shape[:2])
        tiles.append(image[row : row + side, col : col + side])
    return np.stack(tiles).astype(np.float32)


def _write(folder: Path, card: dict, path: Path, images: np.ndarray) -> None:
    if path.suffix == ".tflite":
        from cvkit.deep.convert import load_network, write_litert
        from cvkit.deep.export import answering

        write_litert(answering(load_network(folder)), path, images.shape[1], images)
    else:
        _write_onnx(check_file(folder, card, ONNX), path, images)


def _write_onnx(source: Path, path: Path, images: np.ndarray) -> None:
    from onnxruntime import InferenceSession, quantization

    name = InferenceSession(source, providers=["CPUExecutionProvider"]).get_inputs()[0].name

    class Tiles(quantization.CalibrationDataReader):
        """Hands out one image after the other."""

        def __init__(self) -> None:
            self.left = iter(images)

        def get_next(self) -> dict | None:
            image = next(self.left, None)
            return None if image is None else {name: image[None]}

    kinds = {"activation_type": quantization.QuantType.QUInt8, "weight_type": quantization.QuantType.QInt8}
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it advises a preparation that changes nothing here
    try:
        quantization.quantize_static(source, path, Tiles(), per_channel=True, **kinds)
    finally:
        logging.disable(level)


def _note(folder: Path, name: str, **fields) -> None:
    """Write the checksum of a new file into the card, and more."""
    card = json.loads((folder / CARD).read_text("utf-8"))
    card["checksums"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    write_card(folder, card | fields)


def _compare(model: Path, trial: Path, validation: Sequence, engine: str) -> dict:
    """Dice of either network against the truths, and how many pixels they disagree on."""
    before, after, changed = [], [], []
    for image, truth in validation:
        answers = segment(image, model), segment(image, trial, engine=engine, precision="int8")
        for scores, answer in zip((before, after), answers, strict=True):
            scores.append(_score(np.asarray(truth), answer))
        changed.append(np.mean((answers[0] > 0) != (answers[1] > 0)))
    means = {"dice": np.mean(before), "dice_int8": np.mean(after), "flipped": np.mean(changed)}
    return {key: round(float(value), 5) for key, value in means.items()} | {"images": len(validation)}


def _score(truth: np.ndarray, answer: np.ndarray) -> float:
    """Dice of the foreground; of several classes the mean over those that occur, void pixels left out."""
    known = ~is_void(truth)
    if answer.dtype != np.uint8:
        return dice((truth > 0) & known, (answer > 0) & known)
    return float(
        np.mean([dice((truth == one)[known][None], (answer == one)[known][None]) for one in np.unique(truth[known])])
    )
