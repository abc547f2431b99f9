"""ONNX Runtime: starts in tenths of a second, runs any size of image."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

FILES = {"f32": "model.onnx", "int8": "model.int8.onnx"}


def load(path: str | Path, precision: str = "f32", threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Load a network.

    Parameters
    ----------
    path : path
        An ONNX file.
    precision : str
        "f32", or "int8" for a file that holds 8-bit numbers.
    threads : int, optional
        All cores by default.

    Returns
    -------
    run : function
        float32 (N, H, W, C) to float32 (N, H, W, K).
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # it plans for one size, and images come in many
    options.intra_op_num_threads = threads or 0
    # A waiting thread that spins takes the processor from others and gains nothing here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(Path(path).read_bytes(), options, providers=["CPUExecutionProvider"])
    (name,) = (given.name for given in session.get_inputs())

    def run(images: np.ndarray) -> np.ndarray:
        return session.run(None, {name: images})[0]

    return run
