"""Classical segmentation: thresholds and what follows them. Knows nothing of networks."""

import importlib
import math
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType

import numpy as np

from cvkit.arrays import VOID, Classes, Image, Mask, as_gray, as_mask, one_of, same_shape
from cvkit.classic.histogram import Histogram
from cvkit.classic.surface import Surface
from cvkit.errors import CvkitError, check_parameters, unknown

__all__ = ["segment", "segment_each", "threshold"]


def segment(
    image: Image,
    method: str,
    *,
    foreground: str = "bright",
    mask: Mask | None = None,
    nan: str = "raise",
    exact: bool = False,
    **parameters,
) -> Mask | Classes:
    """Compare an image with its threshold.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
        Any real dtype. RGB is turned to grey by `cvkit.arrays.as_gray`, with the weights of ITU-R BT.601.
    method : str
        A file of `cvkit.classic.thresholds`.
    foreground : {"bright", "dark", "auto"}
        Bright: pixels above the threshold. Dark: pixels at or below it, such as ink. Auto: that side of Otsu's
        threshold which fewer pixels of the image's border are on; bright if they are equally many.
    mask : (H, W) array, optional
        Where to look: all else is not counted in any histogram or window, and is never foreground.
    nan : {"raise", "ignore"}
        What to do with NaN: refuse the image, or leave these pixels out like those outside `mask`.
    exact : bool
        For global methods on floats: count every value on its own, which takes a sort of all pixels. By default floats
        that are no whole numbers are rounded to 65,536 levels from the least to the greatest value, so that the
        threshold is one of the 65,535 points halfway between two levels; and so are integers of a wider span.
    **parameters
        Those of the method.

    Returns
    -------
    mask : (H, W) bool array
        A method of several thresholds gives uint8 classes instead, 0 the darkest, 255 where it did not look. If all
        values are equal there is nothing to tell apart: nothing is foreground whatever the method, all is class 0.

    Raises
    ------
    ValueError
        If the image holds NaN, or no pixel is left to look at, or a parameter does not fit.

    Examples
    --------
    >>> image = np.array([[10, 12, 200]], np.uint8)
    >>> segment(image, "otsu")
    array([[False, False,  True]])
    >>> segment(image, "otsu", mask=image < 100)
    array([[False,  True, False]])
    >>> segment(image, "multi_otsu", classes=3)
    array([[0, 1, 2]], dtype=uint8)
    """
    return _segment(_look(image, mask, nan, exact), method, foreground, parameters)


def segment_each(image: Image, methods: list[str], *, foreground: str = "bright") -> dict[str, Mask | str]:
    """Segment by several methods with their defaults, all from one histogram.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    methods : list of str
    foreground : {"bright", "dark", "auto"}

    Returns
    -------
    answers : dict of method -> (H, W) array, or the reason why there is none

    Examples
    --------
    >>> answers = segment_each(np.array([[10, 200]], np.uint8), ["otsu", "multi_otsu"])
    >>> answers["otsu"], answers["multi_otsu"]
    (array([[False,  True]]), '`classes` must be 2 to 255 and at most the 2 different values, got 3; ask for fewer.')
    """
    view, answers = _look(image), {}
    for method in methods:
        try:
            answers[method] = _segment(view, method, foreground, {})
        except (ValueError, TypeError) as fault:
            answers[method] = str(fault)
    return answers


def threshold(
    image: Image, method: str, *, mask: Mask | None = None, nan: str = "raise", exact: bool = False, **parameters
):
    """Give the threshold that `segment` compares an image with.

    Parameters
    ----------
    image, method, mask, nan, exact, **parameters
        As `segment`.

    Returns
    -------
    threshold : float, list of float, or (H, W) surface
        Of a global method a number in the unit of the image, of `multi_otsu` ascending ones, of a local method
        what `numpy.asarray` turns into a float64 array. NaN where all values are equal.

    Raises
    ------
    ValueError
        As `segment`; or if the method decides without a threshold.

    Examples
    --------
    >>> threshold(np.array([[10, 12, 200]], np.uint8), "otsu")
    12.0
    """
    module, view = _module(method), _look(image, mask, nan, exact)
    _check(method, module, parameters, exact)
    if not hasattr(module, "threshold"):
        raise CvkitError(
            "method-kind",
            came=f"{method} decides without a threshold",
            remedy=f"call cvkit.classic.segment(image, {method!r})",
        )
    return float("nan") if view.is_constant else _threshold(view, module, parameters)


@dataclass(frozen=True)
class _View:
    """A grey image, what of it is to be looked at, and the counts of that, made once."""

    image: np.ndarray
    left_out: np.ndarray | None
    exact: bool

    @cached_property
    def counted(self) -> np.ndarray:
        return self.image if self.left_out is None else np.ma.masked_array(self.image, self.left_out)

    @cached_property
    def histogram(self) -> Histogram:
        found = Histogram.of(self.counted)
        if self.exact and found.edges is not found.values:  # which are the same where nothing was rounded
            return Histogram.distinct(self.counted.astype(np.float64))
        return found

    @cached_property
    def is_constant(self) -> bool:
        if self.left_out is not None:
            seen = self.counted.compressed()
            return bool((seen == seen[0]).all())
        first = self.image[0, 0]  # the last pixel mostly tells, and the first row nearly always
        return bool(first == self.image[-1, -1] and (self.image[0] == first).all() and (self.image == first).all())


def _look(image: Image, mask: Mask | None = None, nan: str = "raise", exact: bool = False) -> _View:
    one_of(nan, "nan", ("raise", "ignore"))
    one_of(exact, "exact", (False, True))
    image, left_out = as_gray(image), None
    if image.dtype == np.float16:
        image = image.astype(np.float32)
    if image.dtype.kind == "f" and np.isnan(image.min()):  # which is NaN if there is one
        left_out = np.isnan(image)
        if nan == "raise":
            raise CvkitError(
                "image-nan",
                came=f"{left_out.sum()} of the {image.size} values of `image` are NaN",
                remedy=(
                    "leave them out with nan='ignore', or replace them: np.nan_to_num(image, nan=np.nanmedian(image))"
                ),
            )
    if mask is not None:
        mask = as_mask(mask)
        same_shape(image, mask, "the image and `mask`")
        left_out = ~mask if left_out is None else left_out | ~mask
    if left_out is not None and left_out.all():
        raise CvkitError(
            "image-empty",
            came="no pixel is left to look at: all are NaN or outside of `mask`",
            remedy="widen `mask`, or replace the NaN",
        )
    return _View(image, left_out, exact)


@cache
def _methods() -> list[str]:
    return sorted(file.stem for file in (Path(__file__).parent / "thresholds").glob("[!_]*.py"))


@cache
def _module(method: str) -> ModuleType:
    if method not in _methods():
        raise unknown("method", str(method), _methods())
    return importlib.import_module(f"cvkit.classic.thresholds.{method}")


def _check(method: str, module: ModuleType, parameters: dict, exact: bool) -> None:
    decide = getattr(module, "threshold", None) or module.segment
    given = [*parameters, "exact"] if exact and "histogram" not in decide.__annotations__ else parameters
    check_parameters(method, given, decide.__kwdefaults__ or {})


def _threshold(view: _View, module: ModuleType, parameters: dict):
    if "histogram" not in module.threshold.__annotations__:
        return module.threshold(view.counted, **parameters)
    if parameters.get("compat") == "skimage" and view.image.dtype.kind == "f":
        return module.threshold(Histogram.distinct(view.counted), **parameters)
    return _of_counts(view.histogram, view.image.dtype, module, parameters)


def _of_counts(histogram: Histogram, dtype: np.dtype, module: ModuleType, parameters: dict) -> float | list[float]:
    if str(parameters.get("compat")).startswith("imagej") and dtype != np.uint8:
        levels, unit = histogram.of_imagej()
        return unit(module.threshold(levels, **parameters))
    return module.threshold(histogram, **parameters)


def _segment(view: _View, method: str, foreground: str, parameters: dict) -> Mask | Classes:
    one_of(foreground, "foreground", ("bright", "dark", "auto"))
    module = _module(method)
    _check(method, module, parameters, view.exact)
    if view.is_constant:
        several = hasattr(module, "threshold") and module.threshold.__annotations__["return"] == list[float]
        return _classes(view, []) if several else np.zeros(view.image.shape, bool)
    foreground = _side(view) if foreground == "auto" else foreground
    if hasattr(module, "segment"):
        return _within(view, module.segment(view.counted, foreground=foreground, **parameters))
    return _decided(view, _threshold(view, module, parameters), foreground)


def _decided(view: _View, found, foreground: str) -> Mask | Classes:
    """Compare with a threshold, or with several."""
    return _classes(view, found) if isinstance(found, list) else _within(view, _compare(view.image, found, foreground))


def _within(view: _View, answer: Mask) -> Mask:
    if view.left_out is not None:
        answer &= ~view.left_out
    return answer


def _compare(image: np.ndarray, threshold, foreground: str) -> Mask:
    if isinstance(threshold, Surface):
        return threshold.compare(foreground)
    if np.ndim(threshold) == 0:
        threshold = _as_scalar(threshold, image.dtype)
    return image > threshold if foreground == "bright" else image <= threshold


def _as_scalar(threshold: float, dtype: np.dtype) -> int | np.floating:
    """The greatest number of the dtype up to the threshold: the same answer, without turning the image to floats."""
    if dtype.kind in "ui":
        return math.floor(threshold)
    rounded = dtype.type(threshold)
    return rounded if rounded <= threshold else np.nextafter(rounded, dtype.type(-np.inf))


def _classes(view: _View, thresholds: list[float]) -> Classes:
    classes = np.zeros(view.image.shape, np.uint8)
    for one in thresholds:
        classes += view.image > _as_scalar(one, view.image.dtype)
    if view.left_out is not None:
        classes[view.left_out] = VOID
    return classes


def _side(view: _View) -> str:
    """The side of Otsu's threshold that fewer pixels of the border are on."""
    bright = _compare(view.image, _threshold(view, _module("otsu"), {}), "bright")
    border = np.zeros(bright.shape, bool)
    border[[0, -1]] = border[:, [0, -1]] = True
    if view.left_out is not None:
        border &= ~view.left_out
    return "dark" if 2 * np.count_nonzero(bright & border) > np.count_nonzero(border) else "bright"
