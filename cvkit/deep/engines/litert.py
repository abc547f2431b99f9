"""LiteRT, once TensorFlow Lite: a network of 8-bit numbers in the least time of all, on tiles of one size."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cvkit.errors import LibraryMissing

FILES = {"int8": "model.int8.tflite"}


def load(path: str | Path, precision: str = "int8", threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Load a network.

    Parameters
    ----------
    path : path
        A LiteRT file, such as `cvkit.deep.quantize` writes.
    precision : str
        That of the file.
    threads : int, optional
        One by default.

    Returns
    -------
    run : function
        float32 (1, S, S, C) to float32 (1, S, S, K); S is its attribute ``side``.

    Raises
    ------
    LibraryMissing
        If LiteRT is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own says that it will go one day
        interpreter = _interpreter()(model_content=Path(path).read_bytes(), num_threads=threads or 1)
    interpreter.allocate_tensors()
    (taken,), given = interpreter.get_input_details(), interpreter.get_output_details()[0]

    def run(images: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(taken["index"], images)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])

    run.side = int(taken["shape"][1])
    return run


def _interpreter() -> type:
    """That of ai-edge-litert; TensorFlow's own only where TensorFlow is loaded already, for that takes seconds."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        if "tensorflow" in sys.modules:
            return sys.modules["tensorflow"].lite.Interpreter
        raise LibraryMissing(
            "engine-missing", came="LiteRT is not installed", remedy="type: pip install 'cvkit[litert]'"
        ) from None
    return Interpreter
