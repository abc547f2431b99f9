"""Training data: pairs of image and truth become batches of patches."""

from collections.abc import Sequence

import keras
import numpy as np

from cvkit.arrays import VOID, as_channels, as_finite, as_image, same_shape
from cvkit.deep.augment import colour, warp
from cvkit.deep.target import Target

SPOTS = 20_000  # places an image that patches are centred on; they bound the memory, not what is seen


class Patches(keras.utils.PyDataset):
    """Batches of patches, each drawn by a seed of its own, so that a resumed training draws what it would have.

    Parameters
    ----------
    pairs : sequence of (image, truth)
        float32 (H, W, C) and uint8 or int32 (H, W) arrays, as `prepare` gives them.
    target : Target
        What the network learns from a truth.
    batch, size, steps : int
        Patches a batch, side of a patch in pixels, batches an epoch.
    seed : int
    epoch : int
        The epoch to begin with.
    """

    def __init__(
        self, pairs: Sequence, target: Target, *, batch: int, size: int, steps: int, seed: int, epoch: int = 0
    ) -> None:
        super().__init__()
        self.pairs, self.target, self.batch, self.size = pairs, target, batch, size
        self.steps, self.seed, self.epoch = steps, seed, epoch
        self.foreground = [_spots(truth, np.random.default_rng([seed, n])) for n, (_, truth) in enumerate(pairs)]

    def __len__(self) -> int:
        return self.steps

    def on_epoch_end(self) -> None:
        """Go on to the patches of the next epoch."""
        self.epoch += 1

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, self.epoch, step])
        drawn = [self._patch(rng.integers(len(self.pairs)), rng) for _ in range(self.batch)]
        return np.stack([image for image, _ in drawn]), np.stack([answer for _, answer in drawn])

    def _patch(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image, truth = self.pairs[index]
        spots = self.foreground[index]
        # Two in three patches are centred on foreground: an image that is mostly empty teaches all the same.
        spot = rng.choice(spots) if len(spots) and rng.random() < 0.67 else rng.integers(truth.size)
        patch, truth = warp(image, truth, rng, centre=divmod(spot, truth.shape[1]), size=self.size)
        return colour(patch, rng), self.target.encode(truth)


def _spots(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where the foreground is, as indices; a part of it, chosen at random, if it is large."""
    spots = np.flatnonzero((truth > 0) & (truth != VOID)) if truth.dtype == np.uint8 else np.flatnonzero(truth > 0)
    return spots if len(spots) <= SPOTS else rng.choice(spots, SPOTS, replace=False)


def centres(pairs: Sequence, target: Target, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the middle out of every pair, unchanged, to validate on: (N, size, size, C) images and what to learn."""
    images, answers = [], []
    for image, truth in pairs:
        row, col = max(0, image.shape[0] - size) // 2, max(0, image.shape[1] - size) // 2
        cut = (slice(row, row + size), slice(col, col + size))
        rest = [(0, size - min(size, side)) for side in image.shape[:2]]
        images.append(np.pad(image[cut], [*rest, (0, 0)], mode="symmetric"))
        void = VOID if truth.dtype == np.uint8 else -1
        answers.append(target.encode(np.pad(truth[cut], rest, constant_values=void)))
    return np.stack(images), np.stack(answers)


def prepare(pairs: Sequence, target: Target, preprocess, channels: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Check pairs of arrays and make them ready: `preprocess` is the function that the card will name."""
    ready = []
    for number, (image, truth) in enumerate(pairs):
        image, truth = np.asarray(image), np.asarray(truth)
        same_shape(as_image(image, f"image of pair {number}"), truth, f"image and truth of pair {number}")
        ready.append((as_channels(as_finite(preprocess(image), "training"), channels), target.ready(truth)))
    if not ready:
        raise ValueError("there are no pairs to train on; expected a list of (image, truth) arrays.")
    return ready
