"""ONNX Runtime: starts in tenths of a second, runs any size of image."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

FILES = {"f32": "model.onnx", "int8": "model.int8.onnx"}
MEMORY = 8 << 30  # bytes that all networks of a process may take at once, on a machine that has twice as much


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
        float32 (N, H, W, C) to float32 (N, H, W, K). It fails where it needs more than half of the machine's memory,
        or more than 8 GB.
    """
    _bound_memory()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # faults come as errors; there is no need to print them too
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False  # it plans for one size, and images come in many
    options.intra_op_num_threads = threads or 0
    # A waiting thread that spins takes the processor from others and gains nothing here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # By path: of bytes it would keep a copy.
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (name,) = (given.name for given in session.get_inputs())

    def run(images: np.ndarray) -> np.ndarray:
        return session.run(None, {name: images})[0]

    return run


@functools.cache
def _bound_memory() -> None:
    """Let ONNX Runtime fail in words before the system ends the process."""
    names = getattr(os, "sysconf_names", {})
    known = "SC_PHYS_PAGES" in names and "SC_PAGE_SIZE" in names
    most = min(MEMORY, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2) if known else MEMORY
    arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
    # A map goes into a larger gap without taking all of it: a tenth less memory at the same speed.
    limits = onnxruntime.OrtArenaCfg({"max_mem": most, "max_dead_bytes_per_chunk": 1 << 16})
    onnxruntime.create_and_register_allocator(place, limits)
