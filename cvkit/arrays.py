"""The six kinds of arrays that flow through cvkit, and the checks that accept one or explain why not.

Annotate a function with these kinds and a pipeline knows what it takes and gives.
"""

from typing import Annotated, Any, TypeVar

import numpy as np

Image = Annotated[np.ndarray, "image"]  # (H, W) grey or (H, W, 3) RGB, any real dtype, values keep their unit
Mask = Annotated[np.ndarray, "mask"]  # bool (H, W), True = foreground
Labels = Annotated[np.ndarray, "labels"]  # int32 (H, W), 0 = background, 1..N = objects
Classes = Annotated[np.ndarray, "classes"]  # uint8 (H, W), class of each pixel, 255 = void
Probabilities = Annotated[np.ndarray, "probabilities"]  # float32 (H, W, C), sums to 1 over C
Table = Annotated[dict[str, np.ndarray], "table"]  # equally long 1-D arrays, one row an object

Objects = TypeVar("Objects", Mask, Labels)  # a step that takes either and gives the same back

VOID = 255


def as_image(image: Any, name: str = "image") -> np.ndarray:
    """Accept a grey or RGB image of a real dtype that holds at least one pixel.

    Parameters
    ----------
    image : array_like, (H, W) or (H, W, 3)
        Booleans, integers or floats. NaN is allowed here, infinity is not.
    name : str
        What to call the array in an error.

    Returns
    -------
    image : ndarray
        The same values in the machine's byte order; ``(H, W, 1)`` loses its last axis, bool becomes uint8 0/1.

    Raises
    ------
    TypeError
        If it is not an array of real numbers.
    ValueError
        If the shape is not that of an image, it is empty, or it holds infinity.
    """
    if not isinstance(image, np.ndarray):
        kind = type(image).__name__
        if image is None or isinstance(image, (str, bytes, dict)) or hasattr(image, "__fspath__"):
            raise TypeError(f"`{name}` must be an array, got {kind}; read a file with cvkit.read(path).")
        image = np.asarray(image)
    if isinstance(image, np.ma.MaskedArray):
        raise TypeError(f"`{name}` is a masked array, whose mask would be lost; pass image.filled(value) instead.")
    if image.dtype.kind not in "buif":
        raise TypeError(f"`{name}` must hold real numbers, got dtype {image.dtype}.")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] == 3):
        hint = "; drop the alpha channel with image[:, :, :3]" if image.ndim == 3 and image.shape[2] == 4 else ""
        raise ValueError(f"`{name}` must have shape (H, W) or (H, W, 3), got {image.shape}{hint}.")
    if image.size == 0:
        raise ValueError(f"`{name}` is empty: its shape is {image.shape}.")
    if image.dtype.kind == "f" and np.isinf(image).any():
        raise ValueError(f"`{name}` holds infinite values; replace them first, with np.nan_to_num for example.")
    if not image.dtype.isnative:
        image = image.astype(image.dtype.newbyteorder("="))
    return image.view(np.uint8) if is_mask(image) else image


def as_gray(image: Any) -> np.ndarray:
    """Accept an image and give it in grey, in its own unit.

    RGB becomes luma, ``0.299 R + 0.587 G + 0.114 B`` (ITU-R BT.601), rounded for integers.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array

    Returns
    -------
    gray : (H, W) array
        Of the dtype of `image`; bool becomes uint8.

    Raises
    ------
    TypeError, ValueError
        As `as_image`.

    Examples
    --------
    >>> as_gray(np.array([[[255, 0, 0], [10, 10, 10]]], np.uint8))
    array([[76, 10]], dtype=uint8)
    """
    image = as_image(image)
    if image.ndim == 2:
        return image
    gray = image @ np.array([0.299, 0.587, 0.114])
    return (np.rint(gray) if image.dtype.kind in "ui" else gray).astype(image.dtype)


def as_channels(image: Any, channels: int) -> np.ndarray:
    """Give an image as float32 (H, W, channels): grey of RGB for 1, RGB of grey for 3."""
    image = as_gray(image) if channels == 1 else as_image(image)
    if image.ndim == 2:
        image = np.repeat(image[:, :, None], channels, axis=2)
    return np.ascontiguousarray(image, np.float32)


def as_finite(image: np.ndarray, why: str) -> np.ndarray:
    """Refuse an image that holds NaN, naming the operation that cannot ignore it."""
    if image.dtype.kind == "f" and (missing := int(np.isnan(image).sum())):
        raise ValueError(
            f"{why} cannot work on NaN, and {missing} of {image.size} values are NaN; "
            "replace them first: np.nan_to_num(image, nan=np.nanmedian(image))."
        )
    return image


def is_mask(array: Any) -> bool:
    """Tell whether this is an array of booleans."""
    return isinstance(array, np.ndarray) and array.dtype.kind == "b"


def as_mask(mask: Any, name: str = "mask") -> np.ndarray:
    """Accept a mask: bool, or numbers of which there are two values at most, one of them 0.

    Parameters
    ----------
    mask : (H, W) array_like
        bool, or 0 and one other value such as 1 or 255.
    name : str
        What to call the array in an error.

    Returns
    -------
    mask : (H, W) bool array

    Raises
    ------
    TypeError
        If it is not an array of real numbers.
    ValueError
        If it is not two-dimensional, is empty, or holds other values.

    Examples
    --------
    >>> as_mask(np.array([[0, 255]], np.uint8))
    array([[False,  True]])
    """
    given = mask
    mask = as_image(mask, name)
    if mask.ndim != 2:
        raise ValueError(f"`{name}` must have shape (H, W), got {mask.shape}.")
    if is_mask(given):
        return mask.view(bool)
    if not ((mask == 0) | (mask == mask.max()) if mask.max() > 0 else mask == 0).all():
        raise ValueError(
            f"`{name}` must hold 0 and one other value, got {mask.dtype} values from {mask.min()} to {mask.max()}; "
            "compare first: image > threshold."
        )
    return mask != 0


def as_labels(labels: Any, name: str = "labels") -> np.ndarray:
    """Accept labels: whole numbers, 0 for the background, one positive number an object.

    Parameters
    ----------
    labels : (H, W) array_like of integers
    name : str
        What to call the array in an error.

    Returns
    -------
    labels : (H, W) int32 array

    Raises
    ------
    TypeError
        If the numbers are not integers.
    ValueError
        If it is not two-dimensional, is empty, or holds a number below 0 or above 2**31 - 1.
    """
    labels = as_image(labels, name)
    if labels.dtype.kind not in "ui":
        raise TypeError(f"`{name}` must hold integers, one number an object, got dtype {labels.dtype}.")
    if labels.ndim != 2:
        raise ValueError(f"`{name}` must have shape (H, W), got {labels.shape}.")
    if labels.min() < 0 or labels.max() > np.iinfo(np.int32).max:
        raise ValueError(f"`{name}` must lie in 0..2**31-1, got {labels.min()}..{labels.max()}.")
    return labels.astype(np.int32, copy=False)


def kind_of(array: Any) -> str:
    """Tell the kind of an answer by its type and dtype: "mask", "labels", "classes", "probabilities" or "table".

    Examples
    --------
    >>> kind_of(np.zeros((2, 2), bool)), kind_of(np.zeros((2, 2), np.int32))
    ('mask', 'labels')
    """
    if isinstance(array, dict):
        return "table"
    dtype, ndim = getattr(array, "dtype", None), getattr(array, "ndim", None)
    known = {("bool", 2): "mask", ("int32", 2): "labels", ("uint8", 2): "classes", ("float32", 3): "probabilities"}
    if (str(dtype), ndim) not in known:
        what = f"{dtype} of {ndim} dimensions" if dtype is not None else type(array).__name__
        raise TypeError(f"an answer must be a bool mask, int32 labels or uint8 classes of shape (H, W), got {what}.")
    return known[str(dtype), ndim]


def same_shape(first: np.ndarray, second: np.ndarray, names: str) -> None:
    """Refuse two arrays of different height or width."""
    if first.shape[:2] != second.shape[:2]:
        raise ValueError(f"{names} must have the same height and width, got {first.shape[:2]} and {second.shape[:2]}.")


def odd(value: Any, name: str, least: int = 3) -> int:
    """Accept an odd whole number of at least `least`."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least and value % 2:
        return int(value)
    near = ""
    if isinstance(value, (int, float, np.integer)) and np.isfinite(value):
        near = f"; use {max(least, int(value) // 2 * 2 + 1)}"
    raise ValueError(f"`{name}` must be an odd integer of at least {least}, got {value!r}{near}.")


def number(value: Any, name: str, low: float = -np.inf, high: float = np.inf) -> float:
    """Accept a finite number within `low`..`high`, both included."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if real and np.isfinite(value) and low <= value <= high:
        return value
    bounds = {(False, False): "", (True, False): f" of at least {low}", (False, True): f" of at most {high}"}
    between = bounds.get((low > -np.inf, high < np.inf), f" between {low} and {high}")
    raise ValueError(f"`{name}` must be a finite number{between}, got {value!r}.")


def whole(value: Any, name: str, low: int = 1) -> int:
    """Accept a whole number of at least `low`."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= low:
        return int(value)
    raise ValueError(f"`{name}` must be a whole number of at least {low}, got {value!r}.")


def one_of(value: Any, name: str, allowed: tuple) -> Any:
    """Accept one of a few values."""
    if any(value is choice or (type(value) is type(choice) and value == choice) for choice in allowed):
        return value
    raise ValueError(f"`{name}` must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
