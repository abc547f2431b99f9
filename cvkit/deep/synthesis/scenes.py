"""New scenes from old ones: whole objects of an image, turned and scaled, are put into another.

G. Ghiasi et al., "Simple Copy-Paste", CVPR 2021. doi:10.1109/CVPR46437.2021.00294
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cvkit.arrays import as_channels, as_finite, as_image, same_shape, whole
from cvkit.classic.components import label
from cvkit.deep.augment import Augmentation
from cvkit.deep.predict import apply
from cvkit.deep.target import Target, find_target
from cvkit.errors import CvkitError

WARP = Augmentation("flip(vertical=True) | rotate | scale(factor=1.2) | elastic(p=0.5)")
CHANCE = 0.5  # of an object to be taken over
OVERLAP = 0.1  # of a pasted object that may lie on others
SOFT = 1.0  # standard deviation of the seam, pixels
FOREGROUND = 0.67  # of the crops are centred on some, as in training
STEP = 8  # sides of scenes are multiples of it


@dataclass(frozen=True)
class Scenes:
    """Pairs as they are cut up: float32 (H, W, C) images in 0..1, and truths, of masks with numbered components."""

    images: list[np.ndarray]
    truths: list[np.ndarray]
    target: Target

    @property
    def kind(self) -> str:
        """Of the truths that were given: "mask", "labels" or "classes"."""
        return self.target.kind

    def side(self, most: int) -> int:
        """The side of a square that every image holds, at most `most`."""
        side = min(most, *(min(truth.shape) // STEP * STEP for truth in self.truths))
        if not side:
            raise CvkitError("image-size", f"images must be at least {STEP} pixels wide and high", came="smaller ones")
        return side

    def crop(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Cut a square out of a random image, unchanged but for its position; see `turned`."""
        index = rng.integers(len(self.images))
        image, truth = self.images[index], self.truths[index]
        spots = np.flatnonzero(truth > 0) if rng.random() < FOREGROUND else ()
        spot = rng.choice(spots) if len(spots) else rng.integers(truth.size)
        corner = [
            int(np.clip(at - size // 2, 0, side - size))
            for at, side in zip(divmod(spot, truth.shape[1]), truth.shape, strict=True)
        ]
        part = tuple(slice(start, start + size) for start in corner)
        return turned(image[part], truth[part], rng, upright=self.kind == "classes")

    def recombined(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Put objects of one image into a crop of another; classes have none, and are cropped alone."""
        image, truth = self.crop(size, rng)
        if self.kind == "classes":
            return image, truth
        index = rng.integers(len(self.images))
        giver = self.truths[index]
        centre = [rng.integers(side) for side in giver.shape]
        pixels, objects = WARP.cut(self.images[index], giver, rng, centre=centre, size=size)
        objects = _chosen(objects, truth, rng)
        pasted = objects > 0
        soft = cv2.GaussianBlur(pasted.astype(np.float32), (0, 0), SOFT)[:, :, None]
        truth = np.where(pasted, objects + truth.max(), truth)
        return image + soft * (pixels - image), numbered(truth)

    def drawn(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """A truth that is in none of the images: recombined, then turned, scaled and bent as a whole."""
        wide = self.side(size * 3 // 2)  # corners that are turned into view shall not be empty
        _, truth = self.recombined(size if self.kind == "classes" else max(size, wide), rng)
        if self.kind == "classes":
            return truth
        blank, centre = np.zeros((*truth.shape, 1), np.float32), [side // 2 for side in truth.shape]
        _, warped = WARP.cut(blank, truth, rng, centre=centre, size=size)
        beside = cv2.dilate((warped < 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        warped[np.isin(warped, warped[beside])] = 0  # cut off by nothing that an image shows
        return numbered(np.maximum(warped, 0))

    def as_truth(self, truth: np.ndarray) -> np.ndarray:
        """A truth of the kind that was given."""
        return truth > 0 if self.kind == "mask" else truth

    def encode(self, truth: np.ndarray) -> np.ndarray:
        """The classes that a network is taught: of labels background, object and contact."""
        return self.target.encode((truth > 0).astype(np.uint8) if self.kind == "mask" else truth)


def as_scenes(pairs: Sequence) -> Scenes:
    """Read pairs, stretch each image to 0..1 as `normalize` does, and number the components of masks.

    Raises
    ------
    CvkitError
        If there are no pairs, or they are not of one kind.
    """
    if len(pairs) == 0:
        raise CvkitError("pairs-empty", came="there are no pairs to learn from", remedy="give (image, truth) arrays")
    given = [(as_image(image), np.asarray(truth)) for image, truth in pairs]
    for image, truth in given:
        same_shape(image, truth, "image and truth")
    target = find_target("unet", [truth for _, truth in given], getattr(pairs, "classes", ()))
    truths = [target.ready(truth) for _, truth in given]
    if target.kind == "mask":
        truths = [label(truth > 0) for truth in truths]
    colour = any(image.ndim == 3 for image, _ in given)
    return Scenes([as_pixels(image, 3 if colour else 1) for image, _ in given], truths, target)


def as_pixels(image: np.ndarray, channels: int) -> np.ndarray:
    """Stretch an image to 0..1 between its percentiles: float32 (H, W, channels)."""
    return as_channels(apply("normalize", as_finite(as_image(image), "a generator")), channels)


def as_bytes(image: np.ndarray) -> np.ndarray:
    """float (H, W, C) in 0..1 as uint8 (H, W) or (H, W, 3)."""
    image = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image)


def turned(image: np.ndarray, truth: np.ndarray, rng: np.random.Generator, *, upright: bool) -> tuple:
    """Mirror and turn by right angles, or mirror alone what has an up and down: no pixel is changed."""
    turns, flip = 0 if upright else int(rng.integers(4)), rng.choice([1, -1])
    return tuple(np.ascontiguousarray(np.rot90(array, turns)[:, ::flip]) for array in (image, truth))


def numbered(labels: np.ndarray) -> np.ndarray:
    """Number the objects without gaps; void stays -1."""
    found = np.unique(labels[labels > 0])
    return np.where(labels > 0, np.searchsorted(found, labels) + 1, labels).astype(np.int32)


def copy_paste(pairs: Sequence, n: int, *, size: int = 256, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Make pairs of real pixels: objects of one image, turned, scaled and bent, in another.

    What any generator has to beat: it costs nothing, and every object is real.

    Parameters
    ----------
    pairs : sequence of (image, truth)
        Truths: masks, whose components are the objects, or labels.
    n : int
        How many to make.
    size : int
        Side in pixels, less if an image is smaller.
    seed : int

    Returns
    -------
    pairs : list of (image, truth)
        uint8 images, stretched as `normalize` does; truths of the kind that was given.

    Raises
    ------
    CvkitError
        If the truths are classes, which have no objects.

    Examples
    --------
    >>> image, labels = np.zeros((32, 32), np.uint8), np.zeros((32, 32), np.int32)
    >>> labels[8:14, 8:14], image[8:14, 8:14] = 1, 200
    >>> made, truth = copy_paste([(image, labels)], 4)[0]
    >>> made.shape, truth.dtype
    ((32, 32), dtype('int32'))
    """
    scenes = as_scenes(pairs)
    if scenes.kind == "classes":
        raise CvkitError("truth-kind", "objects to paste: masks or labels", came="classes", remedy="synthesize instead")
    rng, size = np.random.default_rng(whole(seed, "seed", 0)), scenes.side(whole(size, "size", 16))
    made = (scenes.recombined(size, rng) for _ in range(whole(n, "n")))
    return [(as_bytes(image), scenes.as_truth(truth)) for image, truth in made]


def _chosen(objects: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some of the objects that are whole and have room, renumbered from 1; 0 elsewhere."""
    count = int(objects.max(initial=0)) + 1
    inside = cv2.erode((objects >= 0).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0, borderType=0) > 0
    found = objects.clip(0).reshape(-1)
    area = np.bincount(found, minlength=count)
    cut = np.bincount(found, weights=~inside.reshape(-1), minlength=count) > 0
    covered = np.bincount(found, weights=truth.reshape(-1) > 0, minlength=count)
    good = (area > 0) & ~cut & (covered <= OVERLAP * area) & (rng.random(count) < CHANCE)
    good[0] = False
    return np.where(good, good.cumsum(), 0)[objects.clip(0)]
