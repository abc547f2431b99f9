"""Training data: pairs of image and truth become batches of patches."""

from collections.abc import Iterator, Sequence

import numpy as np

from cvkit.arrays import VOID, as_channels, as_finite, as_gray, as_image, same_shape
from cvkit.deep.augment import Augmentation
from cvkit.deep.predict import apply
from cvkit.deep.target import Target
from cvkit.errors import CvkitError

SPOTS = 20_000  # places an image that patches are centred on; they bound the memory, not what is seen
BRIGHTEST = 16.0  # augmentation is made for values around 0..1, those of fluorescence may stand out
WEAK = "light"  # how the teacher sees what the network sees augmented in full


class Patches:
    """Batches of patches, each drawn by a seed of its own, so that a resumed training draws what it would have.

    Parameters
    ----------
    pairs : sequence of (image, truth)
        float32 (H, W, C) and uint8 or int32 (H, W) arrays, as `prepare` gives them.
    target : Target
        What the network learns from a truth.
    augment : Augmentation
    batch, size, steps : int
        Patches a batch, side of a patch in pixels, batches an epoch.
    channels : int
        Of the network; grey images have one until they are augmented.
    seed : int
    unlabelled : sequence of (H, W, C) arrays
        If there are any, a batch holds besides: as many patches of them, seen weakly and fully augmented by the same
        warp, and where they show the image and no reflection.
    odds : (N,) array, optional
        How probable each pair is to be drawn; by default all alike.
    """

    def __init__(
        self,
        pairs: Sequence,
        target: Target,
        augment: Augmentation,
        *,
        batch: int,
        size: int,
        steps: int,
        channels: int,
        seed: int,
        unlabelled: Sequence = (),
        odds: np.ndarray | None = None,
    ) -> None:
        self.pairs, self.target, self.augment, self.unlabelled = pairs, target, augment, unlabelled
        self.odds = odds
        self.batch, self.size, self.steps, self.channels, self.seed, self.epoch = batch, size, steps, channels, seed, 0
        self.weak = Augmentation(WEAK)
        self.foreground = [_spots(truth, np.random.default_rng([seed, n])) for n, (_, truth) in enumerate(pairs)]

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple:
        """Give images (N, size, size, C) and what to learn of them; with unlabelled images a tuple of four for one."""
        drawn = [self._patch(index, rng) for index, rng in self._draw(step)]
        images, answers = (np.stack(part) for part in zip(*drawn, strict=True))
        if not len(self.unlabelled):
            return images, answers
        views = [self._views(index, rng) for index, rng in self._draw(step, unlabelled=True)]
        return (images, *(np.stack(part) for part in zip(*views, strict=True))), answers

    def __iter__(self) -> Iterator[tuple]:
        return (self[step] for step in range(self.steps))

    def drawn(self, step: int) -> list[int]:
        """The numbers of the pairs that a batch is cut from."""
        return [index for index, _ in self._draw(step)]

    def _draw(self, step: int, *, unlabelled: bool = False) -> list:
        """For each patch of a batch the number of its image, and the random numbers for the rest."""
        rng = np.random.default_rng([self.seed, self.epoch, step, int(unlabelled)])
        if unlabelled or self.odds is None:
            chosen = rng.integers(len(self.unlabelled if unlabelled else self.pairs), size=self.batch)
        else:
            chosen = rng.choice(len(self.pairs), size=self.batch, p=self.odds)
        return list(zip(chosen.tolist(), rng.spawn(self.batch), strict=True))

    def _patch(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        image, truth = self.pairs[index]
        spots = self.foreground[index]
        # Two in three patches are centred on foreground: an image that is mostly empty teaches all the same.
        spot = (
            rng.choice(spots[rng.integers(len(spots))]) if spots and rng.random() < 0.67 else rng.integers(truth.size)
        )
        patch, truth = self.augment(image, truth, rng, centre=divmod(spot, truth.shape[1]), size=self.size)
        return self._spread(patch), self.target.encode(truth)

    def _views(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image = self.unlabelled[index]
        centre = [rng.integers(side) for side in image.shape[:2]]
        patch, seen = self.augment.cut(image, np.zeros(image.shape[:2], np.uint8), rng, centre=centre, size=self.size)
        weak, strong = (self._spread(one.recolour(patch, rng)) for one in (self.weak, self.augment))
        return weak, strong, (seen != VOID).astype(np.float32)

    def _spread(self, image: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], self.channels)), np.float32)


def _spots(truth: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Where each class but the first is, as indices; a part of them, chosen at random, where there are many."""
    void = VOID if truth.dtype == np.uint8 else -1
    kinds = truth if truth.dtype == np.uint8 else np.sign(truth)
    found = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds) if kind not in (0, void)]
    return [spots if len(spots) <= SPOTS else rng.choice(spots, SPOTS, replace=False) for spots in found]


def centres(pairs: Sequence, target: Target, size: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut the middle out of every pair, unchanged, to validate on: (N, size, size, C) images and what to learn."""
    images, answers = [], []
    for image, truth in pairs:
        row, col = max(0, image.shape[0] - size) // 2, max(0, image.shape[1] - size) // 2
        cut = (slice(row, row + size), slice(col, col + size))
        rest = [(0, size - min(size, side)) for side in image.shape[:2]]
        images.append(np.pad(np.broadcast_to(image, (*image.shape[:2], channels))[cut], [*rest, (0, 0)], "symmetric"))
        void = VOID if truth.dtype == np.uint8 else -1
        answers.append(target.encode(np.pad(truth[cut], rest, constant_values=void)))
    return np.stack(images), np.stack(answers)


def prepare(pairs: Sequence, target: Target, card: dict, what: str = "pair") -> list[tuple[np.ndarray, np.ndarray]]:
    """Check pairs of arrays and make them ready for the network of a card.

    Parameters
    ----------
    pairs : sequence of (image, truth)
    target : Target
    card : dict
        ``preprocess`` and ``channels`` decide.
    what : str
        What to call a pair in an error.

    Returns
    -------
    ready : list of (image, truth)
        As `prepare_image` and `Target.ready` give them.

    Raises
    ------
    ValueError, TypeError
        If image and truth are of different size, or one of the two is not what the network learns from.
    """
    ready = []
    for number, pair in enumerate(pairs):
        image, truth = map(np.asarray, pair)
        try:
            same_shape(as_image(image), truth, "image and truth")
            ready.append((prepare_image(image, card), target.ready(truth)))
        except (ValueError, TypeError) as fault:
            kind = TypeError if isinstance(fault, TypeError) else ValueError
            raise kind(f"{what} {number}: {fault}") from None
    return ready


def prepare_image(image: np.ndarray, card: dict) -> np.ndarray:
    """Make an image ready, float32 (H, W, C), values around 0..1; one channel if it is grey."""
    channels = card["channels"]
    image = as_image(apply(card["preprocess"], as_finite(as_image(image), "training")))
    if (largest := float(np.abs(image).max())) > BRIGHTEST:
        raise CvkitError(
            "card-preprocess",
            came=(
                f"after {card['preprocess']!r} the values reach {largest:.4g}, and networks learn from "
                "values around 0..1"
            ),
            remedy="let `normalize` stand before the network",
        )
    if channels == 1:
        image = as_gray(image)
    elif image.ndim == 3 and (image == image[:, :, :1]).all():
        image = image[:, :, 0]
    return as_channels(image, 1 if image.ndim == 2 else channels)
