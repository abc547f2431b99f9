"""A method and a step of one's own, beside those of cvkit.

    python examples/own_method.py [FOLDER]

Takes a second. A function from image to mask is a method as it stands; one whose argument and result are annotated
with the kinds of `cvkit.arrays` is a step, and a pipeline checks that it fits.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

import cvkit
from cvkit.arrays import Image, Mask

DATA = Path(__file__).parent.parent / "data"


def above_the_median(image, factor=2.0):
    """A method: foreground is what is much brighter than most of the image."""
    return image > factor * np.median(image)


def edges(image: Image, *, size: int = 3) -> Image:
    """A step before a method: the difference of the brightest and the darkest value around each pixel."""
    return cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((size, size)))


def thicken(mask: Mask, *, size: int = 3) -> Mask:
    """A step after a method: grow the foreground by a square."""
    return cv2.dilate(mask.view(np.uint8), np.ones((size, size))) > 0


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/own_method")
    out.mkdir(parents=True, exist_ok=True)
    image, truth = cvkit.read(DATA / "coins.png"), cvkit.read_truth(DATA / "coins-truth.png")
    methods = [
        "otsu",
        above_the_median,
        [above_the_median, "fill_holes", "remove_small(area=300)"],
        [(edges, {"size": 5}), "otsu", thicken, "fill_holes", "remove_small(area=300)"],
    ]
    found = cvkit.compare(image, [cvkit.Pipeline(method) for method in methods], truth)
    print(found)
    found.plot().savefig(out / "comparison.png")
    print(f"\nThe picture is in {out}")
