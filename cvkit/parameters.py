"""Checks of single values that a user gives: numbers, choices."""

from typing import Any

import numpy as np

from cvkit.errors import CvkitError

MOST = 2**31 - 1  # what OpenCV's whole numbers hold


def odd(value: Any, name: str, least: int = 3) -> int:
    """Accept an odd whole number of at least `least`."""
    if _is_whole(value) and least <= value <= MOST and value % 2:
        return int(value)
    near = f"use {max(least, int(value) // 2 * 2 + 1)}" if _is_real(value) and value < MOST else "use 15 for example"
    raise CvkitError(
        "parameter-odd", f"`{name}` must be an odd integer of at least {least}", came=shorten(value), remedy=near
    )


def number(value: Any, name: str, low: float = -np.inf, high: float = np.inf) -> float:
    """Accept a finite number within `low`..`high`, both included."""
    if _is_real(value) and low <= value <= high:
        return value
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
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return real and bool(abs(value) <= np.finfo(float).max)
