"""Random changes of the values of an image: (H, W, C) float32, around 0..1, in and out.

Grey images come with one channel, so they stay grey.
"""

import cv2
import numpy as np

from cvkit.errors import CvkitError

# Optical density of haematoxylin, eosin and what is left, in red, green and blue: A. C. Ruifrok, D. A. Johnston,
# Analytical and Quantitative Cytology and Histology 23(4), 2001.
STAINS = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
STAINS /= np.linalg.norm(STAINS, axis=1, keepdims=True)


def ratio(rng: np.random.Generator, factor: float, size=None):
    """Draw factors between 1 / `factor` and `factor`, their logarithms evenly."""
    if factor < 1:
        raise CvkitError(
            "augment-argument",
            "a factor of augmentation must be at least 1",
            came=str(factor),
            remedy=f"use {1 / factor if factor > 0 else 1.5:.3g}",
        )
    return np.exp(rng.uniform(-1, 1, size) * np.log(factor))


def gamma(image: np.ndarray, rng: np.random.Generator, *, factor: float = 1.6) -> np.ndarray:
    """Raise the values to a power of up to `factor`, or its inverse."""
    return cv2.pow(cv2.max(image, 0.0), ratio(rng, factor))


def contrast(image: np.ndarray, rng: np.random.Generator, *, factor: float = 1.25) -> np.ndarray:
    """Multiply the values, all channels alike."""
    return _change(image, np.full(image.shape[2], ratio(rng, factor)))


def tint(image: np.ndarray, rng: np.random.Generator, *, factor: float = 1.1) -> np.ndarray:
    """Multiply each channel by a number of its own."""
    gains = ratio(rng, factor, image.shape[2])
    return image if image.shape[2] == 1 else _change(image, gains)


def brightness(image: np.ndarray, rng: np.random.Generator, *, by: float = 0.1) -> np.ndarray:
    """Add a number of up to `by` to either side."""
    return _change(image, np.ones(image.shape[2]), rng.uniform(-by, by))


def noise(image: np.ndarray, rng: np.random.Generator, *, sigma: float = 0.06) -> np.ndarray:
    """Add normal noise of up to `sigma`, the same in every channel."""
    drawn = rng.standard_normal(image.shape[:2], np.float32)
    return image + drawn[:, :, None] * np.float32(rng.uniform(0, sigma))


def blur(image: np.ndarray, rng: np.random.Generator, *, sigma: float = 1.5) -> np.ndarray:
    """Blur by a Gaussian of up to `sigma` pixels."""
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, max(0.3, sigma)))


def coarsen(image: np.ndarray, rng: np.random.Generator, *, factor: float = 2.0) -> np.ndarray:
    """Shrink the image up to `factor` times and enlarge it again: a lower resolution."""
    height, width = image.shape[:2]
    shrunk = rng.uniform(1, max(1, factor))
    small = (max(1, round(width / shrunk)), max(1, round(height / shrunk)))
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height))


def stain(image: np.ndarray, rng: np.random.Generator, *, factor: float = 1.25, by: float = 0.03) -> np.ndarray:
    """Change how much of each dye there is, for sections stained with haematoxylin and eosin; grey images stay.

    Optical densities are split into the two dyes and a rest, each multiplied by up to `factor`, `by` added to it, and
    put together again: D. Tellez et al., IEEE Transactions on Medical Imaging 37(9), 2018.
    doi:10.1109/TMI.2018.2820199
    """
    gains, more = ratio(rng, factor, 3), rng.uniform(-by, by, 3)
    if image.shape[2] == 1:
        return image
    matrix = np.linalg.inv(STAINS) @ np.diag(gains) @ STAINS  # of row vectors
    density = -cv2.log(cv2.max(image, (1 / 255,) * 4))
    change = np.column_stack([matrix.T, more @ STAINS]).astype(np.float32)
    return cv2.exp(-cv2.transform(density, change))


def _change(image: np.ndarray, gains: np.ndarray, more: float = 0.0) -> np.ndarray:
    """Multiply each channel by its gain and add a number; OpenCV does so several times as fast as NumPy."""
    return cv2.transform(image, np.column_stack([np.diag(gains), np.full(len(gains), more)]))


COLOURS = {step.__name__: step for step in (gamma, contrast, tint, brightness, noise, blur, coarsen, stain)}
