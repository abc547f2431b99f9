"""Training data: pairs of image and truth become batches of patches."""

from collections.abc import Sequence

import cv2
import keras
import numpy as np

from cvkit.arrays import as_channels, as_finite, as_image, as_labels, kind_of, same_shape
from cvkit.deep.augment import colour, warp

CONTACT = 2  # the class of the pixels that lie between touching objects


def to_classes(truth: np.ndarray) -> np.ndarray:
    """Turn a truth of any kind into the class map that a network learns.

    Parameters
    ----------
    truth : (H, W) array
        A bool mask: classes 0 and 1. Integer labels wider than 8 bits: 0, 1 = object, and 2 = contact, the pixels
        within two of another object, which let the network keep touching objects apart. uint8 classes: as they are.

    Returns
    -------
    classes : (H, W) uint8 array
    """
    if truth.dtype.kind in "ui" and truth.dtype.itemsize > 1:
        truth = as_labels(truth)
    kind = kind_of(truth)
    if kind == "labels":
        return np.where(_contact(truth), CONTACT, truth > 0).astype(np.uint8)
    if kind not in ("mask", "classes"):
        raise ValueError(f"a truth must be a mask, labels or classes, got {kind}.")
    return truth.astype(np.uint8)


def _contact(labels: np.ndarray) -> np.ndarray:
    """Where a disc of radius 2 sees two objects: the largest label in it differs from the smallest."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    values = labels.astype(np.float64)
    largest = cv2.dilate(values, disc)
    smallest = cv2.erode(np.where(labels == 0, np.inf, values), disc)
    return (largest > 0) & (largest != smallest)


class Patches(keras.utils.PyDataset):
    """Batches of patches, each drawn by a seed of its own, so that a resumed training draws what it would have.

    Parameters
    ----------
    pairs : sequence of (image, classes)
        float32 (H, W, C) and uint8 (H, W) arrays, ready for the network.
    batch, size, steps : int
        Patches a batch, side of a patch in pixels, batches an epoch.
    seed : int
    epoch : int
        The epoch to begin with.
    """

    def __init__(self, pairs: Sequence, *, batch: int, size: int, steps: int, seed: int, epoch: int = 0) -> None:
        super().__init__()
        self.pairs, self.batch, self.size, self.steps, self.seed, self.epoch = pairs, batch, size, steps, seed, epoch
        self.foreground = [np.flatnonzero((classes > 0) & (classes < 255)) for _, classes in pairs]

    def __len__(self) -> int:
        return self.steps

    def on_epoch_end(self) -> None:
        """Go on to the patches of the next epoch."""
        self.epoch += 1

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, self.epoch, step])
        drawn = [self._patch(rng.integers(len(self.pairs)), rng) for _ in range(self.batch)]
        return np.stack([image for image, _ in drawn]), np.stack([classes for _, classes in drawn])

    def _patch(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image, classes = self.pairs[index]
        spots = self.foreground[index]
        # Two in three patches are centred on foreground: an image that is mostly empty teaches all the same.
        spot = rng.choice(spots) if len(spots) and rng.random() < 0.67 else rng.integers(classes.size)
        patch, answer = warp(image, classes, rng, centre=divmod(spot, classes.shape[1]), size=self.size)
        return colour(patch, rng), answer


def centres(pairs: Sequence, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the middle out of every pair, unchanged, to validate on: arrays (N, size, size, C) and (N, size, size)."""
    images, answers = [], []
    for image, classes in pairs:
        row, col = max(0, image.shape[0] - size) // 2, max(0, image.shape[1] - size) // 2
        cut = (slice(row, row + size), slice(col, col + size))
        rest = [(0, size - min(size, side)) for side in image.shape[:2]]
        images.append(np.pad(image[cut], [*rest, (0, 0)], mode="symmetric"))
        answers.append(np.pad(classes[cut], rest, constant_values=255))
    return np.stack(images), np.stack(answers)


def prepare(pairs: Sequence, preprocess, channels: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Check pairs of arrays and make them ready: `preprocess` is the function that the card will name."""
    ready = []
    for number, (image, truth) in enumerate(pairs):
        image, truth = np.asarray(image), np.asarray(truth)
        same_shape(as_image(image, f"image of pair {number}"), truth, f"image and truth of pair {number}")
        ready.append((as_channels(as_finite(preprocess(image), "training"), channels), to_classes(truth)))
    if not ready:
        raise ValueError("there are no pairs to train on; expected a list of (image, truth) arrays.")
    return ready
