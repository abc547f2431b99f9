"""OpenVINO: bfloat16 where the processor has it, in about half the time of float32, without calibration."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cvkit.errors import LibraryMissing

FILES = {"f32": "model.onnx", "bf16": "model.onnx"}


def load(path: str | Path, precision: str = "f32", threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Load a network.

    Parameters
    ----------
    path : path
        An ONNX file, or an .xml of OpenVINO with its .bin beside it.
    precision : str
        "f32"; or "bf16", which a processor without bfloat16 computes in float32.
    threads : int, optional
        All cores by default.

    Returns
    -------
    run : function
        float32 (N, H, W, C) to float32 (N, H, W, K).

    Raises
    ------
    LibraryMissing
        If OpenVINO is not installed.
    """
    try:
        import openvino
    except ImportError:
        raise LibraryMissing(
            "engine-missing", came="OpenVINO is not installed", remedy="type: pip install 'cvkit[openvino]'"
        ) from None
    # Left alone it computes in bfloat16 wherever the processor can, and is wrong in the third digit.
    settings = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32", "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    network = openvino.Core().read_model(str(path))
    request = openvino.compile_model(network, "CPU", settings).create_infer_request()

    def run(images: np.ndarray) -> np.ndarray:
        return request.infer([images], share_inputs=True)[0].copy()

    return run
