"""Cases of classic.py: thresholds from the histogram."""

import contextlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from skimage import filters

from cvkit.classic import segment
from cvkit.classic.histogram import Histogram
from cvkit.classic.thresholds import multi_otsu

ITK = {
    "li": "Li",
    "yen": "Yen",
    "triangle": "Triangle",
    "isodata": "IsoData",
    "intermodes": "Intermodes",
    "kapur": "MaximumEntropy",
    "renyi": "RenyiEntropy",
    "shanbhag": "Shanbhag",
    "huang": "Huang",
    "kittler": "KittlerIllingworth",
    "moments": "Moments",
}
SKIMAGE = ("li", "yen", "triangle", "isodata", "minimum", "mean")


def cases(scenes: dict[str, np.ndarray]) -> Iterator[tuple[str, Callable, dict[str, Callable]]]:
    """Give every operation with what peers do for the same mask."""
    for kind, dtype in (("grey", "uint8"), ("deep", "uint16"), ("real", "float32")):
        image = scenes[kind]
        peers = {"skimage": lambda image=image: image > filters.threshold_otsu(image)} | _more_otsu(image)
        if kind != "real":
            peers["opencv"] = lambda image=image: cv2.threshold(image, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        yield f"otsu {dtype}", lambda image=image: segment(image, "otsu"), peers
    grey = scenes["grey"]
    for method in sorted({*ITK, *SKIMAGE, "percentile"}):
        peers = _itk(grey, method)
        if method in SKIMAGE:
            by_name = getattr(filters, f"threshold_{method}")
            peers["skimage"] = lambda by_name=by_name: grey > by_name(grey)
        if method == "triangle":
            peers["opencv"] = lambda: cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_TRIANGLE)
        yield f"{method} uint8", lambda method=method: segment(grey, method), peers
    for classes in (3, 5):
        peers = {}
        if len(grey) == 512 or classes == 3:  # the time is that of the search, whatever the size
            peers["skimage"] = lambda classes=classes: np.digitize(grey, filters.threshold_multiotsu(grey, classes))
        yield f"multi_otsu {classes}", lambda classes=classes: segment(grey, "multi_otsu", classes=classes), peers
    deep = scenes["deep"]
    yield "multi_otsu 8 uint16", lambda: segment(deep, "multi_otsu", classes=8), {}
    if len(grey) == 512:
        yield from _searches(grey)
    weak, strong = 90, 150
    peers = {"skimage": lambda: filters.apply_hysteresis_threshold(grey, weak, strong)}
    yield "hysteresis uint8", lambda: segment(grey, "hysteresis", low=weak, high=strong), peers


def _searches(grey: np.ndarray) -> Iterator[tuple[str, Callable, dict[str, Callable]]]:
    """Search for several thresholds in a histogram, whatever the image."""
    found = Histogram.of(grey)
    few = {"skimage": lambda: filters.threshold_multiotsu(classes=5, hist=(found.counts, found.values))}
    yield "multi_otsu 5, 256 bins", lambda: multi_otsu.threshold(found, classes=5), few
    many = Histogram(np.random.default_rng(0).integers(1, 99, 65536), *2 * (np.arange(65536.0),))
    yield "multi_otsu 8, 65,536 bins", lambda: multi_otsu.threshold(many, classes=8), {}


def _more_otsu(image: np.ndarray) -> dict[str, Callable]:
    peers = {}
    if image.dtype != np.float32:
        with contextlib.suppress(ImportError):
            import mahotas

            peers["mahotas"] = lambda: image > mahotas.otsu(image)
    with contextlib.suppress(ImportError):
        import diplib

        peers["diplib"] = lambda: np.asarray(diplib.Threshold(image, method="otsu")[0])
    return peers


def _itk(image: np.ndarray, method: str) -> dict[str, Callable]:
    with contextlib.suppress(ImportError):
        import SimpleITK

        if method in ITK:
            made = getattr(SimpleITK, f"{ITK[method]}ThresholdImageFilter")()
            made.SetNumberOfHistogramBins(256)
            made.SetInsideValue(0)
            made.SetOutsideValue(1)
            given = SimpleITK.GetImageFromArray(image)
            return {"simpleitk": lambda: SimpleITK.GetArrayViewFromImage(made.Execute(given))}
    return {}
