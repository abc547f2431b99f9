"""Checks on which those of the kinds of arrays stand: single numbers, choices, what an array holds."""

import sys
from typing import Any

import numpy as np

from cvkit.errors import CvkitError, WrongType

MOST = 2**31 - 1  # what OpenCV's whole numbers hold, and so how many values an array may have
WIDEST = 4095  # of a window, whose sums are kept in memory
EXACT = 2**53  # up to here every whole number is a float64
LEAST, GREATEST = 1e-30, 1e30  # floats whose squares and sums are still floats


def odd(value: Any, name: str, least: int = 3, most: int = WIDEST) -> int:
    """Accept an odd whole number of at least `least` and at most `most`."""
    if _is_whole(value) and least <= value <= most and value % 2:
        return int(value)
    limit = f" and at most {most}" if _is_whole(value) and value > most else ""
    near = f"use {min(max(least, int(value) // 2 * 2 + 1), most)}" if _is_real(value) else "use 15 for example"
    raise CvkitError(
        "parameter-odd", f"`{name}` must be an odd integer of at least {least}{limit}", came=shorten(value), remedy=near
    )


def number(value: Any, name: str, low: float = -np.inf, high: float = np.inf) -> float:
    """Accept a finite number within `low`..`high`, both included."""
    if _is_real(value):
        plain = value.item() if isinstance(value, np.generic) else value  # NumPy would round the bounds to its dtype
        if low <= plain <= high and abs(plain) <= GREATEST:
            return value
        low, high = (low, high) if abs(plain) <= GREATEST else (-GREATEST, GREATEST)
    bounds = {(False, False): "", (True, False): f" of at least {low}", (False, True): f" of at most {high}"}
    between = bounds.get((low > -np.inf, high < np.inf), f" between {low} and {high}")
    raise CvkitError("parameter-number", f"`{name}` must be a finite number{between}", came=shorten(value))


def whole(value: Any, name: str, low: int = 1, high: int = MOST) -> int:
    """Accept a whole number of at least `low` and at most `high`."""
    if _is_whole(value) and low <= value <= high:
        return int(value)
    limit = f" and at most {high}" if _is_whole(value) and value > high else ""
    raise CvkitError(
        "parameter-whole", f"`{name}` must be a whole number of at least {low}{limit}", came=shorten(value)
    )


def one_of(value: Any, name: str, allowed: tuple) -> Any:
    """Accept one of a few values."""
    if any(value is choice or (type(value) is type(choice) and value == choice) for choice in allowed):
        return value
    raise CvkitError(
        "parameter-choice", f"`{name}` must be one of {', '.join(map(repr, allowed))}", came=shorten(value)
    )


def shorten(value: Any) -> str:
    """Write a value that a user gave as an error can show it."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        text = f"a {type(value).__name__} that is too long to write"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    """Whether this is a finite number that is no bool; whole numbers may be too large to be a float."""
    if isinstance(value, np.floating):
        return bool(np.isfinite(value))
    return (
        isinstance(value, (int, float, np.integer)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    )


def as_shape(shape: Any) -> tuple[int, int]:
    """Accept the height and the width of an image that can be held."""
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise CvkitError("parameter-shape", "`shape` must be (height, width)", came=shorten(shape))
    height, width = whole(shape[0], "height"), whole(shape[1], "width")
    if height * width > MOST:
        raise CvkitError(
            "array-too-large", f"an image must hold at most {MOST:,} pixels", came=f"{height:,} x {width:,}"
        )
    return height, width


def plain_array(given: Any, name: str) -> np.ndarray:
    """Take an array, or a list of lists; refuse what NumPy would make a riddle of."""
    if isinstance(given, np.ma.MaskedArray):
        raise WrongType(
            "array-type",
            came=f"`{name}` is a masked array, whose mask would be lost",
            remedy="pass image.filled(value) instead",
        )
    if given is None or isinstance(given, (str, bytes, dict)) or hasattr(given, "__fspath__"):
        raise WrongType(
            "array-type",
            f"`{name}` must be an array",
            came=type(given).__name__,
            remedy="read a file with cvkit.read(path)",
        )
    try:
        return np.asarray(given)
    except (ValueError, TypeError) as fault:
        raise WrongType(
            "array-type",
            f"`{name}` must be an array",
            came=f"{type(given).__name__}, of which NumPy says: {fault}",
            remedy="give rows of the same length",
        ) from None


def check_values(image: np.ndarray, name: str) -> None:
    """Refuse infinity, and whole numbers that are no longer exact when they are computed with."""
    if image.dtype.kind == "f" and (known := _magnitude(image)) != 0 and not LEAST <= known <= GREATEST:
        if np.isinf(known):
            raise CvkitError(
                "array-infinite",
                came=f"`{name}` holds infinite values",
                remedy="replace them first, with np.nan_to_num for example",
            )
        raise CvkitError(
            "array-range",
            f"`{name}` must have its greatest magnitude within {LEAST}..{GREATEST}, or squares are lost",
            came=f"{known}",
            remedy="multiply it by a constant",
        )
    if image.dtype.itemsize == 8 and image.dtype.kind in "ui" and not -EXACT <= image.min() <= image.max() <= EXACT:
        raise CvkitError(
            "array-range",
            f"`{name}` must hold whole numbers within 2**53, beyond which they are not exact",
            came=f"{image.min()}..{image.max()}",
            remedy="subtract what is common to all: image - image.min()",
        )


def _magnitude(image: np.ndarray) -> float:
    """The greatest absolute value, NaN left out."""
    low, high = image.min(), image.max()
    if np.isnan(low):
        low, high = np.fmin.reduce(image, axis=None), np.fmax.reduce(image, axis=None)
    return 0.0 if np.isnan(low) else max(-float(low), float(high), 0.0)
