"""What steps of `cvkit.preprocess` do to each value once they know, of the whole image, its percentiles or extremes."""

import numpy as np

from cvkit.arrays import as_finite, as_image, is_mask, number
from cvkit.errors import CvkitError


def between(low: float, high: float) -> tuple[float, float]:
    """Accept two percentiles of which the first is less."""
    if number(low, "low", 0, 100) >= number(high, "high", 0, 100):
        raise CvkitError(
            "parameter-range", "`low` must be less than `high`", came=f"{low} and {high}", remedy="swap them"
        )
    return low, high


def percentiles(histogram, low: float, high: float) -> dict[str, float]:
    """What `stretched` must know, from counts."""
    low, high = between(low, high)
    return {"dark": histogram.percentile(low), "bright": histogram.percentile(high)}


def stretched(image: np.ndarray, dark: float, bright: float) -> np.ndarray:
    """Stretch the values from `dark` to `bright` to 0..1, as float32."""
    image = as_finite(as_image(image), "normalize")
    if dark == bright:
        return np.zeros(image.shape, np.float32)
    wide = fine(image.dtype)
    values = np.subtract(image, dark, dtype=wide)
    return np.clip(np.divide(values, wide(bright - dark), out=values), 0, 1, out=values).astype(np.float32, copy=False)


def extremes(histogram) -> dict[str, float]:
    """What `mirrored` must know, from counts."""
    levels = histogram.trimmed()
    return {"least": levels.values[0], "greatest": levels.edges[-1]}


def mirrored(image: np.ndarray, least: float, greatest: float) -> np.ndarray:
    """Swap bright and dark within the range of an unsigned dtype, or else between the extremes."""
    given, image = image, as_image(image)
    if is_mask(given):
        return 1 - image
    if image.dtype.kind == "u":
        return np.iinfo(image.dtype).max - image
    least, greatest = image.dtype.type(least), image.dtype.type(greatest)
    return (greatest - (image - least)).astype(image.dtype)


def fine(dtype: np.dtype) -> type:
    """The floats that hold the values of a dtype."""
    return np.float32 if dtype.itemsize <= 2 or dtype == np.float32 else np.float64
