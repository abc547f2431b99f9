"""An image larger than memory: written in tiles, segmented in tiles, and the objects are those of the whole.

    python examples/large_image.py [FOLDER [TILES]]

Takes seconds for 20 x 20 pictures of nuclei in one TIFF, 50 million pixels. Neither this script nor a worker holds
more than a few tiles: `tile` and `workers` set the memory, not the image. Objects on seams are one, with one number.
If the image is small, such as TILES = 3, the answer is compared with that to the whole.
"""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

import cvkit
from cvkit.compare.paint import overlay

DATA = Path(__file__).parent.parent / "data"
PIPELINE = "gaussian(sigma=1) | otsu | fill_holes | remove_small(area=50) | label"
SIDE = 352  # of a tile in the TIFF, a multiple of 16


def tiles() -> Iterator[np.ndarray]:
    """Pictures of nuclei without end, each turned in another way."""
    nuclei, rng = cvkit.read(DATA / "nuclei.png")[:SIDE, :SIDE], np.random.default_rng(0)
    while True:
        yield np.rot90(nuclei, rng.integers(4))


if __name__ == "__main__":  # the workers look at this script, and must not start workers themselves
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/large_image")
    out.mkdir(parents=True, exist_ok=True)
    count = int(sys.argv[2] if len(sys.argv) > 2 else 20)
    slide, shape = out / "slide.tif", (count * SIDE, count * SIDE)
    pictures = itertools.islice(tiles(), count**2)
    tifffile.imwrite(slide, pictures, shape=shape, dtype=np.uint8, tile=(SIDE, SIDE), compression="zlib")

    cvkit.segment_large(slide, PIPELINE, out / "labels.npy", tile=512, workers=2)
    labels = np.load(out / "labels.npy", mmap_mode="r")  # what is not looked at stays on the disk
    print(f"{labels.max()} objects in {shape[0]} x {shape[1]} pixels")
    first = np.hstack(list(itertools.islice(tiles(), 2)))
    cvkit.write(out / "seam.png", overlay(first, labels[:SIDE, : 2 * SIDE]))
    if count <= 5:
        whole = cvkit.segment(cvkit.read(slide), PIPELINE)
        print(f"{np.count_nonzero(labels != whole)} pixels differ from the answer to the whole")
    print(f"The first two pictures, with their objects, are in {out / 'seam.png'}")
