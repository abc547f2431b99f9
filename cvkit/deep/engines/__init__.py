"""Engines that run an exported network. A file is an engine.

Its ``FILES`` says which file of a model folder it runs at which precision, and ``load(path, precision, threads)``
gives a function of a batch: float32 (N, H, W, C) to float32 (N, H, W, K). Where that takes images of one size alone it
has an attribute ``side``. What an engine needs is imported when it is chosen.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from cvkit.errors import CvkitError

HERE = Path(__file__).parent
PRECISIONS = ("f32", "bf16", "int8")


def engines() -> list[str]:
    """List the engines by name.

    Examples
    --------
    >>> engines()
    ['litert', 'onnxruntime', 'opencv', 'openvino']
    """
    return sorted(file.stem for file in HERE.glob("[!_]*.py"))


def choose(engine: str, precision: str) -> tuple[str, Callable]:
    """Find what an engine runs at a precision.

    Parameters
    ----------
    engine : str
        One of `engines()`.
    precision : str
        "f32", "bf16" or "int8".

    Returns
    -------
    file : str
        Of a model folder.
    load : function
        (path, precision, threads) to a function of a batch.

    Raises
    ------
    CvkitError
        If there is no such engine, or it has no such precision.
    LibraryMissing
        If what it needs is not installed; the line to type is given.
    """
    if engine not in engines():
        raise CvkitError("engine-unknown", f"`engine` must be one of {', '.join(engines())}", came=repr(engine))
    module = importlib.import_module(f"{__name__}.{engine}")
    if precision not in module.FILES:
        others = [name for name in engines() if name != engine]
        raise CvkitError(
            "engine-precision",
            f"{engine} runs at {' or '.join(module.FILES)}",
            came=repr(precision),
            remedy=f"choose another `precision` or another `engine`: {', '.join(others)}",
        )
    return module.FILES[precision], module.load
