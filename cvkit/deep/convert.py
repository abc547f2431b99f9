"""A trained model in the formats of others: ONNX, LiteRT, OpenVINO, SavedModel, each checked against Keras."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cvkit.deep.build import build
from cvkit.deep.card import ONNX, WEIGHTS, check_file, read_card
from cvkit.deep.engines import litert, onnxruntime, openvino
from cvkit.deep.export import answering, quietly
from cvkit.errors import CvkitError, FileFault, LibraryMissing
from cvkit.io import write_bytes

FORMATS = {"onnx": ".onnx", "litert": ".tflite", "openvino": ".xml", "savedmodel": ""}
TOLERANCE = 1e-5


def load_network(folder: str | Path):
    """Build the Keras network of a model folder, with what it has learnt: to train it on, or to look into it.

    Nothing is deserialised: the card's text builds the network, and its weights are plain arrays.

    Parameters
    ----------
    folder : path
        A model folder.

    Returns
    -------
    network : keras.Model
        (N, H, W, C) float32 to (N, H, W, K) float32, of any H and W; of several
        outputs the first is the answer.

    Raises
    ------
    CvkitError
        If the model is damaged, or its weights are not those of its network.
    """
    import safetensors.numpy

    card = read_card(folder)
    tensors = safetensors.numpy.load_file(check_file(folder, card, WEIGHTS))
    network = build(card["network"], card["channels"], len(card["classes"]))
    values = [tensors[name] for name in sorted(tensors, key=lambda name: int(name.split()[0]))]
    if [value.shape for value in values] != [tuple(weight.shape) for weight in network.weights]:
        raise CvkitError(
            "model-weights",
            f"expected the weights of {card['network']}",
            came=f"{len(values)} arrays of other shapes",
            remedy="copy the model anew or train it again",
            file=Path(folder) / WEIGHTS,
        )
    network.set_weights(values)
    return network


def convert(model: str | Path, to: str, out: str | Path, *, side: int = 256) -> float:
    """Write a trained model in another format, compared with Keras on images.

    Parameters
    ----------
    model : path
        A model folder.
    to : str
        "onnx", "litert", "openvino" or "savedmodel".
    out : path
        The file to write, for "openvino" an .xml with a .bin beside it; for "savedmodel" a new folder.
    side : int
        LiteRT takes images of one size: of so many pixels squared. The other formats take any.

    Returns
    -------
    difference : float
        The greatest from Keras, at most 1e-5.

    Raises
    ------
    CvkitError
        If the format is not known, `out` is in the way, or the answers differ by more than 1e-5; nothing is written
        then.
    LibraryMissing
        If OpenVINO is asked for and not installed.
    """
    if to not in FORMATS:
        raise CvkitError("format-unknown", f"a format must be one of {', '.join(FORMATS)}", came=repr(to))
    out = Path(out)
    if out.suffix != FORMATS[to] and to != "savedmodel":
        raise CvkitError("file-suffix", f"a file of {to} ends in {FORMATS[to]}", came=str(out))
    if out.is_dir() and any(out.iterdir()):
        raise FileFault("folder-full", came="the folder holds other files", remedy="choose a new one", file=out)
    card, network = read_card(model), answering(load_network(model))
    rng, sizes = np.random.default_rng(0), [(side, side)] if to == "litert" else [(64, 64), (45, 71)]
    with tempfile.TemporaryDirectory() as folder:
        run = WRITERS[to](network, Path(folder), Path(model), side)
        difference = 0.0
        for size in sizes:
            images = rng.random((1, *size, card["channels"]), np.float32)
            expected = network(images, training=False)
            difference = max(difference, float(np.abs(np.asarray(expected) - run(images)).max()))
        if not difference <= TOLERANCE:
            raise CvkitError(
                "export-differs", f"{to} may differ from Keras by at most {TOLERANCE}", came=f"{difference:.1e}"
            )
        _move(Path(folder), out)
    return difference


def _onnx(network, folder: Path, model: Path, side: int) -> Callable:
    """What the model folder holds is ONNX already."""
    shutil.copy(check_file(model, read_card(model), ONNX), folder / "model.onnx")
    return onnxruntime.load(folder / "model.onnx")


def _litert(network, folder: Path, model: Path, side: int) -> Callable:
    write_litert(network, folder / "model.tflite", side)
    return litert.load(folder / "model.tflite", "f32")


def _openvino(network, folder: Path, model: Path, side: int) -> Callable:
    try:
        import openvino as library
    except ImportError:
        raise LibraryMissing(
            "engine-missing", came="OpenVINO is not installed", remedy="type: pip install 'cvkit[openvino]'"
        ) from None
    source = check_file(model, read_card(model), ONNX)
    library.save_model(library.convert_model(str(source)), folder / "model.xml", compress_to_fp16=False)
    return openvino.load(folder / "model.xml")


def _savedmodel(network, folder: Path, model: Path, side: int) -> Callable:
    import tensorflow

    quietly(network, folder / "model", format="tf_saved_model")
    loaded = tensorflow.saved_model.load(str(folder / "model"))
    return lambda images: loaded.serve(images).numpy()


WRITERS = {"onnx": _onnx, "litert": _litert, "openvino": _openvino, "savedmodel": _savedmodel}


def write_litert(network, path: Path, side: int, images: np.ndarray | None = None) -> None:
    """Write a network for LiteRT, in 8-bit numbers if it is given images (N, side, side, C) to find their range."""
    import keras

    shape = keras.InputSpec(shape=(1, side, side, network.input_shape[-1]), dtype="float32")
    more = {}
    if images is not None:
        import tensorflow

        more = {
            "optimizations": [tensorflow.lite.Optimize.DEFAULT],
            "representative_dataset": lambda: ([image[None]] for image in images),
        }
    quietly(network, path, format="litert", input_signature=[shape], **more)


def _move(folder: Path, out: Path) -> None:
    """Put what was written in its place, under its name."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for source in folder.iterdir():
        if source.is_dir():
            shutil.copytree(source, out, dirs_exist_ok=True)
        else:
            write_bytes(out.with_suffix(source.suffix), source.read_bytes())
