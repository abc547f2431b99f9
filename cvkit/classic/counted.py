"""Segment a part of an image as the whole is segmented: what is counted is that of the whole, and is given."""

from types import ModuleType

import numpy as np

from cvkit.arrays import VOID, Classes, Image, Mask, as_gray
from cvkit.classic import _check, _decided, _look, _module, _of_counts, _threshold, _View
from cvkit.classic.histogram import Extent, Histogram
from cvkit.errors import CvkitError


def module(method: str) -> ModuleType:
    """The file of a method."""
    return _module(method)


def is_counted(method: str) -> bool:
    """Tell whether a method needs counts alone: it is global."""
    decide = getattr(_module(method), "threshold", None)
    return decide is not None and "histogram" in decide.__annotations__


def is_several(method: str) -> bool:
    """Tell whether a method gives several thresholds, and so classes."""
    return _module(method).threshold.__annotations__["return"] == list[float]


def check(method: str, parameters: dict, dtype: np.dtype, *, exact: bool = False) -> None:
    """Refuse what takes all values of the whole at once, and parameters that there are not."""
    _check(method, _module(method), parameters, exact)
    every = exact or (parameters.get("compat") == "skimage" and dtype.kind == "f")
    if every and (dtype.kind == "f" or dtype.itemsize > 2) and is_counted(method):
        raise CvkitError(
            "tiles-exact",
            came=f"{method} is to sort all values of the image, which are not those of 8 or 16 bits",
            remedy="leave out exact=True or compat='skimage', or store the image with 16 bits",
        )


def extent(part: Image, nan: str = "raise") -> Extent | None:
    """What must be known of a part before values are counted; None if all of it is NaN."""
    view = _part(part, nan)
    return None if view is None else Extent.of(view.counted)


def count(part: Image, whole: Extent, nan: str = "raise") -> Histogram | None:
    """Count the values of a part; None if all of it is NaN."""
    view = _part(part, nan)
    return None if view is None else Histogram.of(view.counted, whole)


def is_constant(histogram: Histogram) -> bool:
    """Tell whether all values are equal."""
    return np.count_nonzero(histogram.counts) < 2


def side(border: Image, histogram: Histogram, nan: str = "raise") -> str:
    """The foreground that ``"auto"`` means: that side of Otsu's threshold which less of the image's border is on."""
    view = _part(border, nan)
    if view is None or is_constant(histogram):
        return "bright"
    bright = _decided(view, decide("otsu", histogram, view.image.dtype, {}), "bright")
    seen = bright.size if view.left_out is None else np.count_nonzero(~view.left_out)
    return "dark" if 2 * np.count_nonzero(bright) > seen else "bright"


def decide(method: str, histogram: Histogram, dtype: np.dtype, parameters: dict) -> float | list[float]:
    """The threshold, or several, of an image of which all is counted."""
    return _of_counts(histogram, dtype, _module(method), parameters)


def compare(
    part: Image, *, threshold: float | list[float] | None, foreground: str = "bright", nan: str = "raise"
) -> Mask | Classes:
    """Compare a part of an image with a threshold, or several; None: all values of the whole are equal."""
    if threshold is None:
        return np.zeros(part.shape[:2], bool)
    view, several = _part(part, nan), isinstance(threshold, list)
    if view is None:
        return np.full(part.shape[:2], VOID, np.uint8) if several else np.zeros(part.shape[:2], bool)
    return _decided(view, threshold, foreground)


def around(part: Image, *, method: str, foreground: str = "bright", nan: str = "raise", **parameters) -> Mask:
    """Segment a part of an image by a local threshold, even where all its values are equal."""
    view = _part(part, nan)
    if view is None:
        return np.zeros(part.shape[:2], bool)
    return _decided(view, _threshold(view, _module(method), parameters), foreground)


def _part(part: Image, nan: str) -> _View | None:
    """The part as the methods look at it, unless there is nothing but NaN, which is left out."""
    gray = as_gray(part)
    if nan == "ignore" and gray.dtype.kind == "f" and np.isnan(gray).all():
        return None
    return _look(gray, None, nan)
