"""What a network answers is looked at before it is used."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cvkit.errors import CvkitError

MEMORY = ("BFCArena", "bad_alloc", "bad allocation", "Failed to allocate", "annot allocate")  # what engines say


def guarded(load: Callable[[Path], Callable], path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Load a network, its faults and those of its answers told in words.

    Parameters
    ----------
    load : function
        Of an engine.
    path : Path
        Of the network, checked by `cvkit.deep.card.check_file`.

    Returns
    -------
    run : function
        That of the engine. It raises `CvkitError` with the code ``model-run`` if the engine fails, ``model-answer``
        if an answer is no float32 array (N, H, W, K) of the size of the images or holds NaN or infinity.

    Raises
    ------
    CvkitError
        With the code ``model-engine`` if the engine cannot load it.
    """
    try:
        run = load(path)
    except CvkitError:
        raise
    except Exception as fault:  # an engine has a tree of errors of its own
        raise _fault("model-engine", "the engine cannot load this network", fault, path) from None

    @functools.wraps(run)  # its attributes too
    def checked(images: np.ndarray) -> np.ndarray:
        try:
            answer = run(images)
        except Exception as fault:
            if any(word in str(fault) for word in MEMORY):
                raise _too_large(images, path) from None
            raise _fault("model-run", "the engine cannot run this network", fault, path) from None
        _check(answer, images, path)
        return answer

    return checked


def _check(answer: np.ndarray, images: np.ndarray, path: Path) -> None:
    shape, kind = getattr(answer, "shape", ()), getattr(answer, "dtype", type(answer).__name__)
    if kind != np.float32 or len(shape) != 4 or shape[:3] != images.shape[:3] or not shape[3]:
        raise CvkitError(
            "model-answer",
            f"expected float32 probabilities (N, H, W, K) for images {images.shape}",
            came=f"{kind} {shape}",
            remedy="use a model that cvkit.train has written",
            file=path,
        )
    if missing := answer.size - int(np.count_nonzero(np.isfinite(answer))):
        raise CvkitError(
            "model-answer",
            came=f"{missing} of {answer.size} probabilities are NaN or infinite",
            remedy="its training went astray: train it again, or use the model of an earlier epoch",
            file=path,
        )


def _too_large(images: np.ndarray, path: Path) -> CvkitError:
    height, width = images.shape[1:3]
    return CvkitError(
        "model-run",
        came=f"there is no memory for this network on {height} x {width} pixels at once",
        remedy="give the image in smaller parts, free memory, or train a network of less width",
        file=path,
    )


def _fault(code: str, what: str, fault: Exception, path: Path) -> CvkitError:
    said = " ".join(str(fault).split())[:300] or type(fault).__name__
    return CvkitError(code, came=f"{what}: {said}", remedy="copy the model anew or train it again", file=path)
