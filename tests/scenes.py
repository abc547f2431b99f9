"""Small scenes that several tests look at."""

from pathlib import Path

import cv2
import numpy as np

DATA = Path(__file__).parent.parent / "data"


def blobs(seed: int = 0, shape: tuple = (96, 110), dtype=np.uint8) -> tuple[np.ndarray, np.ndarray]:
    """Draw discs on a noisy ground: image and labels."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int32)
    for number in range(1, 9):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        cv2.circle(labels, centre, int(rng.integers(6, 12)), number, -1)
    present = np.unique(labels)
    labels = np.searchsorted(present, labels).astype(np.int32)
    image = 60 + 90 * (labels > 0) + rng.normal(0, 8, shape)
    return image.astype(dtype), labels
