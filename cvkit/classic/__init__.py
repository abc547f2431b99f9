"""Classical segmentation: thresholds and what follows them. Knows nothing of networks."""

import importlib

import numpy as np

from cvkit.arrays import Image, Mask, as_gray, one_of, same_shape

__all__ = ["segment"]


def segment(image: Image, method: str, *, foreground: str = "bright", **parameters) -> Mask:
    """Compare an image with its threshold.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        RGB is turned to grey. NaN is never foreground.
    method : str
        A file of `cvkit.classic.thresholds`.
    foreground : {"bright", "dark"}
        Bright: pixels above the threshold. Dark: pixels at or below it, such as ink.
    **parameters
        Those of the method.

    Returns
    -------
    mask : (H, W) bool array

    Examples
    --------
    >>> segment(np.array([[10, 12, 200]], np.uint8), "otsu")
    array([[False, False,  True]])
    """
    one_of(foreground, "foreground", ("bright", "dark"))
    image = as_gray(image)
    threshold = importlib.import_module(f"cvkit.classic.thresholds.{method}").threshold(image, **parameters)
    if np.ndim(threshold):
        same_shape(image, threshold, f"the image and the threshold of {method}")
    elif image.dtype.kind in "ui" and np.isfinite(threshold):
        threshold = int(np.floor(threshold))  # the same answer, without turning the image to floats
    return image > threshold if foreground == "bright" else image <= threshold
