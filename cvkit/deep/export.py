"""A trained Keras network becomes a folder that is run without Keras: model.onnx, weights.safetensors, card.json."""

import contextlib
import hashlib
import io
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import onnx
import safetensors.numpy

from cvkit.deep.build import build
from cvkit.deep.card import CARD, ONNX, WEIGHTS
from cvkit.deep.engines.onnxruntime import load
from cvkit.deep.onnx_file import inspect_onnx
from cvkit.deep.quiet import silent
from cvkit.deep.reach import reach
from cvkit.deep.simplify import simplify
from cvkit.errors import CvkitError

TOLERANCE = 1e-5
FAR = 512  # pixels; how far a network may look to be run in tiles that see all that it does


def export(network: keras.Model, folder: str | Path, card: dict, images: np.ndarray) -> Path:
    """Write a network as a model folder, checked to answer as Keras does.

    Parameters
    ----------
    network : keras.Model
        Built by the network that the card names.
    folder : path
        Made, or replaced as a whole if it is a model folder.
    card : dict
        See `cvkit.deep.card`; ``network`` is the text that builds it, ``channels`` and ``classes`` its shape. The
        checksums and the greatest difference from Keras are added.
    images : (N, H, W, C) float32 array
        What the network is made for, to compare the two on: on anything else rounding alone may part them.

    Returns
    -------
    folder : Path

    Raises
    ------
    ValueError
        If the folder holds something else, or the exported network differs from Keras by more than 1e-5.
    """
    height, width = images.shape[1:3]
    odd = images[:, : max(1, (height - 2) // 2 * 2 + 1), : max(1, (width - 4) // 2 * 2 + 1)]
    return write_model(_rebuilt(network, card), folder, card, [images, np.ascontiguousarray(odd)])


def write_model(network: keras.Model, folder: str | Path, card: dict, batches: list[np.ndarray]) -> Path:
    """Write a float32 network of one input, its weights and its card into a folder, all of them or nothing.

    The ONNX file is compared with Keras on the batches; the rest is as for `export`.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / CARD).is_file() and any(folder.iterdir()):
        raise CvkitError(
            "folder-other", came="it holds other files", remedy="choose a new folder for the model", file=folder
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        twin = answering(network)
        _write_onnx(twin, fresh / ONNX, batches[0][:1])
        difference = _difference(twin, fresh / ONNX, batches)
        if not difference <= TOLERANCE:
            raise CvkitError(
                "network-export",
                came=(
                    f"the exported network differs from Keras by {difference:.1e}, more than {TOLERANCE}: "
                    "rounding alone does that to a network that has learnt too little"
                ),
                remedy="train it for more epochs in a new folder",
            )
        values = zip(network.weights, network.get_weights(), strict=True)
        tensors = {f"{number:03d} {weight.path}": value for number, (weight, value) in enumerate(values)}
        safetensors.numpy.save_file(tensors, fresh / WEIGHTS)
        checksums = {name: hashlib.sha256((fresh / name).read_bytes()).hexdigest() for name in (ONNX, WEIGHTS)}
        card = card | {"difference_from_keras": float(f"{difference:.2g}"), "checksums": checksums}
        (fresh / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
        os.chmod(fresh, 0o755)  # a temporary folder is closed to others, and so is what safetensors writes
        os.chmod(fresh / WEIGHTS, 0o644)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


@lru_cache(maxsize=8)
def rehearse(network: str, channels: int, classes: int) -> tuple[int | None, int]:
    """Export a network untrained, and run it: what cannot be exported is refused before it is trained.

    Parameters
    ----------
    network : str
        As in a card, ``"unet(width=16)"``.
    channels, classes : int

    Returns
    -------
    halo, stride : int
        As `reach` gives them; but a halo of more than `FAR` is None: tiles that overlap so far save no memory.

    Raises
    ------
    ValueError
        If it cannot be exported or run, or gives another shape.
    """
    card = {"network": network, "channels": channels, "classes": list(range(classes))}
    images = np.random.default_rng(0).random((1, 33, 47, channels), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        try:
            twin = answering(_rebuilt(None, card))
            _write_onnx(twin, Path(folder) / ONNX, images)
            shape, expected = load(Path(folder) / ONNX)(images).shape, tuple(twin(images).shape)
        except CvkitError:
            raise
        except Exception as fault:  # the converters and engines have errors of every kind
            raise CvkitError(
                "network-export",
                came=f"{network} cannot be exported to ONNX, so it is not trained: {fault}",
                remedy="choose another network",
            ) from fault
    if shape != expected:
        raise CvkitError(
            "network-export",
            came=f"{network} cannot be trained: exported it gives {shape} in the place of {expected}",
            remedy="choose another network",
        )
    halo, stride = reach(twin)
    return (None if halo is None or halo > FAR else halo), stride


def answering(network: keras.Model) -> keras.Model:
    """The network without the outputs that are only there to be taught."""
    return network if len(network.outputs) == 1 else keras.Model(network.input, network.outputs[0])


@contextlib.contextmanager
def in_float32() -> Iterator:
    """Build networks in float32 whatever was trained in."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _rebuilt(network: keras.Model | None, card: dict) -> keras.Model:
    """Build the network anew from its card, in float32: the card is enough to do so."""
    with in_float32():
        twin = build(card["network"], card["channels"], len(card["classes"]))
    if network:
        twin.set_weights(network.get_weights())
    return twin


def _write_onnx(network: keras.Model, path: Path, batch: np.ndarray | None = None) -> None:
    quietly(network, path, batch, format="onnx")
    onnx.save(simplify(onnx.load(path)), path)
    inspect_onnx(path.read_bytes())  # what would be refused when it is loaded is not written


def quietly(network, path: Path, batch: np.ndarray | None = None, **more) -> None:
    """Let Keras export; the converters' chatter and warnings concern their own code."""
    if batch is None:
        batch = np.zeros((1, 32, 32, network.input_shape[-1]), np.float32)
    network(batch)  # a network never called is not exported
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), silent():
            warnings.simplefilter("ignore")
            network.export(str(path), verbose=False, **more)
    finally:
        logging.disable(level)


def _difference(network: keras.Model, path: Path, batches: list[np.ndarray]) -> float:
    """The greatest difference between Keras and the file on the batches."""
    run, found = load(path), []
    for batch in batches:
        expected = keras.ops.convert_to_numpy(network(batch, training=False))
        # Probabilities are compared as they are, distances above 1 by their share.
        found.append((np.abs(expected - run(batch)) / np.maximum(np.abs(expected), 1)).max())
    return float(max(found))
