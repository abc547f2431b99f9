"""What a GAN learns from: images of one size, each with its condition if there is one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cvkit.arrays import VOID, as_image
from cvkit.errors import CvkitError, WrongType

# What a value of each dtype may be; -1 and 1 of the networks are the two ends.
RANGES = {"uint8": (0, 255), "uint16": (0, 65535), "float32": (0, 1)}


@dataclass(frozen=True)
class Examples:
    """Images (N, H, W, C) of uint8, uint16 or float32, and conditions: (N,) classes, (N, H, W) class maps, or None."""

    images: np.ndarray
    condition: np.ndarray | None
    classes: int

    def __len__(self) -> int:
        return len(self.images)

    @property
    def told(self) -> np.ndarray:
        """The numbers of the images whose condition is known: not of those whose class map is void everywhere."""
        if self.condition is None or self.condition.ndim == 1:
            return np.arange(len(self))
        return np.flatnonzero((self.condition != VOID).any(axis=(1, 2)))

    def scaled(self, index) -> np.ndarray:
        """Some of the images as float32 in -1..1."""
        return scale(self.images[index])

    def batches(self, batch: int, seed: int, start: int = 0) -> Iterator[tuple]:
        """Batches without an end, every image once in a pass; `start` says which is the first, in the same order."""
        passes = len(self) // batch
        while True:
            order = np.random.default_rng([seed, start // passes]).permutation(len(self))
            for part in range(start % passes, passes):
                index = order[part * batch : (part + 1) * batch]
                images = self.scaled(index)
                yield (images,) if self.condition is None else (images, self.condition[index])
                start += 1


def scale(images: np.ndarray) -> np.ndarray:
    """Images of uint8, uint16 or float32 in 0..1 as float32 in -1..1."""
    low, high = RANGES[str(images.dtype)]
    return (images.astype(np.float32) - low) * np.float32(2 / (high - low)) - 1


def unscale(images: np.ndarray, dtype: str) -> np.ndarray:
    """Images in -1..1 in the unit of a dtype again.

    Examples
    --------
    >>> unscale(np.array([-1.0, 0.0, 1.5]), "uint8")
    array([  0, 128, 255], dtype=uint8)
    """
    low, high = RANGES[dtype]
    values = ((np.asarray(images, np.float64) + 1) * ((high - low) / 2) + low).clip(low, high)
    return values.astype(np.float32) if dtype == "float32" else np.rint(values).astype(dtype)


def as_examples(images: Sequence, condition: Sequence | None, batch: int = 2) -> Examples:
    """Accept images and conditions to train a GAN on, or explain why not.

    Parameters
    ----------
    images : (N, H, W) or (N, H, W, C) array, or a sequence of images
        uint8, uint16, or floats in 0..1; at least two; all of one size and dtype.
    condition : (N,) integers, (N, H, W) bool or uint8 array or a sequence of such, optional
        A class of each image, or a class map, 255 = void.
    batch : int
        Images in a batch, of which there must be one at least.

    Returns
    -------
    examples : Examples

    Raises
    ------
    CvkitError
    """
    if len(images) < 2:
        raise CvkitError(
            "gan-few", "a GAN needs at least two images, and some hundreds to be of use", came=f"{len(images)}"
        )
    checked = [as_image(image, f"images[{number}]") for number, image in enumerate(images)]
    kinds = [(image.shape, str(image.dtype)) for image in checked]
    for number, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise CvkitError(
                "gan-sizes", f"all images must have the shape and dtype of the first, {kinds[0][0]} {kinds[0][1]}",
                came=f"{kind[0]} {kind[1]} for images[{number}]", remedy="bring them to one size and depth",
            )  # fmt: skip
    stack = np.stack(checked)
    if np.asarray(images[0]).dtype == bool:
        raise WrongType("gan-dtype", came="masks are no images", remedy="give uint8 of 0 and 255")
    stack = stack if stack.ndim == 4 else stack[..., None]
    if len(stack) < batch:
        raise CvkitError(
            "gan-few", f"a batch of {batch} images is larger than the set", came=f"{len(stack)} images",
            remedy=f"give more, or a smaller batch to the GAN: batch={len(stack)}",
        )  # fmt: skip
    return Examples(in_range(stack), *_as_condition(condition, stack))


def in_range(stack: np.ndarray) -> np.ndarray:
    """Images of a dtype that is known, floats as float32, if their values may be; else say why not."""
    if stack.dtype.kind == "f":
        stack = stack.astype(np.float32)
    name = str(stack.dtype)
    if name not in RANGES:
        raise WrongType("gan-dtype", "images must be uint8, uint16 or floats in 0..1", came=name, remedy="convert them")
    low, high = RANGES[name]
    if not (stack.min() >= low and stack.max() <= high):  # NaN is not within either
        raise CvkitError(
            "gan-range", f"{name} images must lie in {low}..{high}", came=f"{stack.min():g}..{stack.max():g}",
            remedy="divide by the largest value that can be",
        )  # fmt: skip
    return stack


def _as_condition(condition: Sequence | None, stack: np.ndarray) -> tuple[np.ndarray | None, int]:
    """The condition and the number of its classes."""
    if condition is None:
        return None, 0
    if len(condition) != len(stack):
        raise CvkitError(
            "gan-condition", f"expected a condition for each of {len(stack)} images", came=f"{len(condition)}"
        )
    shapes = {np.shape(one) for one in condition}
    if shapes not in ({()}, {stack.shape[1:3]}):
        raise CvkitError(
            "gan-condition", f"a condition is a class, or a class map of the size of its image, {stack.shape[1:3]}",
            came=", ".join(map(str, sorted(shapes))), remedy="resize image and map together",
        )  # fmt: skip
    values = np.asarray(condition)
    if values.dtype.kind not in "bui" or values.min() < 0 or values.max() > VOID:
        raise CvkitError(
            "gan-condition",
            "classes must be whole numbers in 0..255",
            came=f"{values.dtype} of {values.min()}..{values.max()}",
        )
    values = values.astype(np.int32)
    known = values[values != VOID] if values.ndim > 1 else values
    missing = sorted(set(range(known.max(initial=0) + 1)) - set(np.unique(known).tolist()))
    if missing:
        raise CvkitError(
            "gan-classes-missing", f"classes 0 to {known.max()} must all be there",
            came=f"none of {', '.join(map(str, missing[:10]))}", remedy="number the classes without gaps",
        )  # fmt: skip
    return values, int(known.max(initial=0)) + 1
