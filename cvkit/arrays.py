"""The six kinds of arrays that flow through cvkit, and the checks that accept one or explain why not.

Annotate a function with these kinds and a pipeline knows what it takes and gives.
"""

from typing import Annotated, Any, TypeVar

import numpy as np

from cvkit.checks import MOST as MOST
from cvkit.checks import WIDEST as WIDEST
from cvkit.checks import as_shape as as_shape
from cvkit.checks import check_values, plain_array
from cvkit.checks import number as number
from cvkit.checks import odd as odd
from cvkit.checks import one_of as one_of
from cvkit.checks import shorten as shorten
from cvkit.checks import whole as whole
from cvkit.errors import CvkitError, WrongType

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
    image = as_stored(image, name)
    check_values(image, name)
    return image.astype(np.float64) if image.dtype.kind == "f" and image.dtype.itemsize > 8 else image


def as_stored(image: Any, name: str) -> np.ndarray:
    """Accept an image as `as_image` does, with whatever values and width of floats: for files, not for computing."""
    image = plain_array(image, name)
    if image.dtype.kind not in "buif":
        raise WrongType("array-type", f"`{name}` must hold real numbers", came=f"dtype {image.dtype}")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] == 3):
        alpha = image.ndim == 3 and image.shape[2] == 4
        raise CvkitError(
            "array-shape",
            f"`{name}` must have shape (H, W) or (H, W, 3)",
            came=f"{image.shape}",
            remedy="drop the alpha channel with image[:, :, :3]" if alpha else "give one grey or RGB image",
        )
    if image.size == 0:
        raise CvkitError(
            "array-empty", came=f"`{name}` is empty: its shape is {image.shape}", remedy="give at least one pixel"
        )
    if image.size > MOST:
        raise CvkitError(
            "array-too-large",
            f"`{name}` must hold at most {MOST:,} values",
            came=f"{image.size:,}",
            remedy="cut it into tiles",
        )
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
        raise CvkitError(
            "array-nan",
            came=f"{why} cannot work on NaN, and {missing} of {image.size} values are NaN",
            remedy="replace them first: np.nan_to_num(image, nan=np.nanmedian(image))",
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
        raise _not_flat(name, mask)
    if is_mask(given):
        return mask.view(bool)
    if not ((mask == 0) | (mask == mask.max()) if mask.max() > 0 else mask == 0).all():
        raise CvkitError(
            "array-mask",
            f"`{name}` must hold 0 and one other value",
            came=f"{mask.dtype} values from {mask.min()} to {mask.max()}",
            remedy="compare first: image > threshold",
        )
    return mask != 0


def as_labels(labels: Any, name: str = "labels", *, void: bool = False) -> np.ndarray:
    """Accept labels: whole numbers, 0 for the background, one positive number an object.

    Parameters
    ----------
    labels : (H, W) array_like of integers
    name : str
        What to call the array in an error.
    void : bool
        Accept -1 too, for pixels of a truth that do not count.

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
        raise WrongType(
            "array-type",
            f"`{name}` must hold integers, one number an object",
            came=f"dtype {labels.dtype}",
            remedy="number the objects of a mask with the step `label`",
        )
    if labels.ndim != 2:
        raise _not_flat(name, labels)
    if labels.min() < (-1 if void else 0):
        raise CvkitError(
            "array-range",
            f"`{name}` must hold 0 for what is no object, and positive numbers",
            came=f"{labels.min()}..{labels.max()}",
            remedy="set what is no object to 0: np.maximum(labels, 0)",
        )
    if not np.can_cast(labels.dtype, np.int32) and labels.max() > np.iinfo(np.int32).max:
        raise CvkitError(
            "array-range",
            f"`{name}` must lie in 0..2**31-1",
            came=f"{labels.min()}..{labels.max()}",
            remedy="number the objects anew with cvkit.classic.components.relabel",
        )
    return labels.astype(np.int32, copy=False)


def is_void(truth: np.ndarray) -> np.ndarray:
    """Tell which pixels of a truth do not count: 255 in classes, -1 in labels, none in a mask.

    Examples
    --------
    >>> is_void(np.array([[0, 1, 255]], np.uint8)), is_void(np.array([[0, -1, 255]], np.int32))
    (array([[False, False,  True]]), array([[False,  True, False]]))
    """
    return truth == VOID if truth.dtype == np.uint8 else truth < 0


def _not_flat(name: str, array: np.ndarray) -> CvkitError:
    return CvkitError(
        "array-shape", f"`{name}` must have shape (H, W)", came=f"{array.shape}", remedy="give one number a pixel"
    )


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
        raise WrongType(
            "answer-type", "an answer must be a bool mask, int32 labels or uint8 classes of shape (H, W)", came=what
        )
    return known[str(dtype), ndim]


def same_shape(first: np.ndarray, second: np.ndarray, names: str) -> None:
    """Refuse two arrays of different height or width."""
    if first.shape[:2] != second.shape[:2]:
        raise CvkitError(
            "array-sizes",
            f"{names} must have the same height and width",
            came=f"{first.shape[:2]} and {second.shape[:2]}",
            remedy="cut or resize one of them",
        )
