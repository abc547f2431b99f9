"""OpenCV's dnn: an engine that every installation has; it is slower, and some networks it answers wrong."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from cvkit.deep.engines import onnxruntime
from cvkit.deep.onnx_file import inspect_onnx
from cvkit.errors import CvkitError, LibraryMissing

FILES = {"f32": "model.onnx"}
TOLERANCE = 1e-4


def load(path: str | Path, precision: str = "f32", threads: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Load a network, and compare what it answers with ONNX Runtime on one small image.

    Parameters
    ----------
    path : path
        An ONNX file.
    precision : str
        "f32".
    threads : int, optional
        As OpenCV is set by default; OpenCV has one setting for all that it does.

    Returns
    -------
    run : function
        float32 (N, H, W, C) to float32 (N, H, W, K).

    Raises
    ------
    CvkitError
        If OpenCV's answer differs by more than 1e-4.
    LibraryMissing
        If OpenCV is older than 5.
    """
    content = Path(path).read_bytes()
    if not hasattr(cv2.dnn, "ENGINE_NEW"):
        raise LibraryMissing(
            "engine-missing", came=f"OpenCV is {cv2.__version__}", remedy="type: pip install 'opencv-python>=5'"
        )
    network = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8), cv2.dnn.ENGINE_NEW)
    if threads:
        cv2.setNumThreads(threads)

    def run(images: np.ndarray) -> np.ndarray:
        network.setInput(images)
        return network.forward()

    _check(run, path, content)
    return run


def _check(run: Callable, path: str | Path, content: bytes) -> None:
    """Refuse an engine that says something else than the one that was checked against Keras."""
    session = onnxruntime.load(path, threads=1)
    ((_, shape),) = inspect_onnx(content).inputs.values()
    image = np.random.default_rng(0).random((1, 45, 64, shape[3]), np.float32)
    difference = float(np.abs(run(image) - session(image)).max())
    if not difference <= TOLERANCE:
        raise CvkitError(
            "engine-wrong",
            f"OpenCV's answer may differ by at most {TOLERANCE}",
            came=f"{difference:.1e}",
            remedy="choose engine='onnxruntime'",
        )
